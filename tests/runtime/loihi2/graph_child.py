"""Build graphs in a process of its own, with the stand-ins on its path, and say what is in them.

    PYTHONPATH=tests/runtime/loihi2/stub python tests/runtime/loihi2/graph_child.py FILE.net FOLDER

FILE.net is loaded by stock netx and by the back-end's own way; FOLDER has an executable `sinfo`.
"""

import json
import os
import sys
import warnings
from pathlib import Path

import numpy as np

from evsnn_lava import _lava
from evsnn_lava.errors import EvsnnError
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.runtime.exchange import Exchange
from evsnn_lava.runtime.loihi2.conductor import open_files
from evsnn_lava.runtime.loihi2.config import exception_map, run_config
from evsnn_lava.runtime.loihi2.graph import build_graph
from evsnn_lava.runtime.loihi2.intel import VARIABLES, Host
from evsnn_lava.runtime.loihi2.layout import host_layers
from evsnn_lava.runtime.loihi2.walk import require_registers, walk

warnings.simplefilter("ignore")

NAMES = ("synapse", "synapse_rec", "real_synapse", "imag_synapse", "neuron")


def variables(process):
    """Initial values of all variables, and what the process hands to its models."""
    held = {var.name: np.asarray(var.init).tolist() for var in process.vars}
    others = {
        key: np.asarray(value).tolist() for key, value in process.proc_params._parameters.items() if key != "name"
    }
    return {"class": type(process).__name__, "variables": held, "parameters": others}


def blocks(made):
    return [{name: variables(getattr(block, name)) for name in NAMES if hasattr(block, name)} for block in made]


def environment(**place):
    """What the environment says after a place was chosen; the error if there was one."""
    for name in VARIABLES:
        os.environ.pop(name, None)
    try:
        Host(**place).use()
    except EvsnnError as error:
        return f"{type(error).__name__}: {error}"
    return {name: os.environ[name] for name in VARIABLES if name in os.environ}


def both_ways(path, exchange):
    """The blocks on the chip by the back-end and by stock netx, which leaves an input block to be skipped."""
    network = read_net(path)
    bits = network.recipe.message_bits
    graph = build_graph(network, exchange, period=16)
    stock = _lava.netx().hdf5.Network(net_config=str(path), reset_interval=16, input_message_bits=bits)
    return {"ours": blocks(graph.blocks), "stock": blocks(stock.layers[host_layers(network) :])}


def refused(path, exchange):
    """What is said of a network whose parameters do not fit."""
    try:
        require_registers(build_graph(read_net(path), exchange))
    except EvsnnError as error:
        return f"{type(error).__name__}: {error}"
    return None


def main(folder):
    exchange = Exchange(Path(folder))
    open_files(exchange)
    graph = build_graph(read_net(exchange.folder / "spiking.net"), exchange, period=16)
    config = run_config(graph, ["probe"])
    usual = os.environ["PATH"]
    places = {"none": environment(partition="p")}
    os.environ["PATH"] = f"{folder}{os.pathsep}{usual}"
    places |= {
        "partition": environment(partition="oheogulch"),
        "board": environment(board="kp1", generation="N3C1"),
        "unknown": environment(partition="nowhere"),
        "slurm": environment(),
        "address": environment(address="192.0.2.1", generation="N3B2"),
    }
    os.environ.clear()
    os.environ.update({"NOSLURM": "1", "NXSDKHOST": "10.0.0.1"})
    Host().use()
    return {
        "blocks": {path.stem: both_ways(path, exchange) for path in sorted(exchange.folder.glob("*.net"))},
        "refused": {path.stem: refused(path, exchange) for path in sorted(exchange.folder.glob("*.net"))},
        "walk": [(each.kind, each.layer, each.model.place, each.present, each.problems) for each in walk(graph)],
        "adapters": {side: variables(each)["parameters"] for side, each in graph.adapters.items()},
        "map": {kind.__name__: model.__name__ for kind, model in exception_map(graph).items()},
        "sums": blocks(build_graph(read_net(exchange.folder / "special" / "sums.net"), exchange, period=16).blocks)[-1],
        "config": [type(config).__name__, config.select_tag, config.callback_fxs],
        "places": places,
        "left alone": {name: os.environ[name] for name in VARIABLES if name in os.environ},
    }


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:]), default=str))
