"""The Lava process graph of a network: feeder, network and readout.

The messages go round: ``feeder -> network -> readout -> feeder``, and the feeder tells the others when a sample begins.
The network is one process with two models, `evsnn_lava.runtime.layout.MODELS`; the run configuration chooses.
"""

from __future__ import annotations

from typing import Any

from evsnn_lava._lava import AbstractProcess, Loihi2SimCfg
from evsnn_lava.network import NetworkDescription
from evsnn_lava.runtime.exchange import Exchange
from evsnn_lava.runtime.layers import fit
from evsnn_lava.runtime.layout import LAYERS, lava_shape, process_names, source_graded
from evsnn_lava.runtime.processes.feeder import Feeder
from evsnn_lava.runtime.processes.network import Network
from evsnn_lava.runtime.processes.readout import Readout


def build(network: NetworkDescription, exchange: Exchange, model: str = LAYERS) -> AbstractProcess:
    """Connect the processes of a network; nothing is compiled yet.

    Parameters
    ----------
    network : NetworkDescription
        What to run.
    exchange : Exchange
        Files of the session.
    model : str
        The model that the run configuration will choose; the rows of the board depend on it.

    Returns
    -------
    AbstractProcess
        The feeder, by which the whole graph can be compiled, run and stopped.
    """
    readout_row = process_names(network, model).index("readout")
    stream = network.masks.stream_steps, source_graded(network)[0]
    feeder: Any = Feeder(lava_shape(network.input_shape), *stream, exchange=exchange, row=0, name="feeder")
    whole = Network(network, exchange, row=1, name="network")
    readout = Readout(network.layers[-1].neurons, network.depth, exchange, row=readout_row, name="readout")
    feeder.s_out.connect(whole.s_in)
    feeder.begin_out.connect([whole.begin_in, readout.begin_in])
    fit(whole.s_out, readout.s_in.shape).connect(readout.s_in)
    readout.stop_out.connect(feeder.stop_in)
    return feeder


def run_config(model: str) -> Loihi2SimCfg:
    """Make the run configuration that chooses a model of the network.

    Parameters
    ----------
    model : str
        ``layers`` is the model that consists of processes, ``fused`` the one that is code.

    Returns
    -------
    Loihi2SimCfg
        For the CPU, in fixed-point arithmetic.
    """
    return Loihi2SimCfg(select_tag="fixed_pt", select_sub_proc_model=model == LAYERS)
