"""``evsnn place``: where a network lies on a chip."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava._files import atomic_write, require_parent
from evsnn_lava.cli.console import Output
from evsnn_lava.cli.networks import read_network
from evsnn_lava.cli.recordings import load_samples
from evsnn_lava.errors import ConfigError, unknown_name
from evsnn_lava.export.placement import place
from evsnn_lava.export.placement.activity import Activity, measure_activity
from evsnn_lava.export.placement.alternatives import place_balanced, place_fewest
from evsnn_lava.export.placement.comparison import Balance, balance_of
from evsnn_lava.export.placement.fullness import fullest
from evsnn_lava.hw_profiles import HardwareProfile, hardware_names, load_hardware
from evsnn_lava.network import NetworkDescription
from evsnn_lava.reporting.chip_picture import chip_page, chip_picture
from evsnn_lava.reporting.placement_tables import Fullness, placement_tables

WAYS: Final = ("compiler", "fewest", "balanced")
PICTURES: Final = {".svg": chip_picture, ".html": chip_page}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", type=Path, help="a .net file, of this package or of lava-dl")
    names = ", ".join(hardware_names())
    parser.add_argument("--hw", default="loihi2", help=f"hardware profile: {names} or a TOML file (default: loihi2)")
    parser.add_argument("--data", help="recordings to measure the activity with (default: the golden samples)")
    parser.add_argument("--split", help="part of the data set (default: test)")
    parser.add_argument("--limit", type=int, default=16, help="so many recordings (default: 16)")
    parser.add_argument("--cores", type=int, help="cores for the balanced placement (default: all of the chips)")
    parser.add_argument(
        "--show", choices=WAYS, default="compiler", help="which placement to list and draw (default: compiler)"
    )
    parser.add_argument("-o", "--output", type=Path, help="picture to write: .svg or .html")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")


def execute(options: argparse.Namespace, output: Output) -> int:
    """Place, print and draw."""
    if options.output is not None:
        if options.output.suffix not in PICTURES:
            raise unknown_name("kind of picture", options.output.suffix, PICTURES)
        require_parent(options.output)
    hardware, network = load_hardware(options.hw), read_network(options.file)
    frames, origin = _frames(network, options)
    balances = place_all(network, hardware, measure_activity(network, frames), options.cores)
    shown = balances[WAYS.index(options.show)]
    if options.json:
        output.show_json(place_facts(balances, origin))
    else:
        limits = hardware.limits
        full = [Fullness(*fullest(plan, limits)) if plan.cores else None for plan in shown.placement.layers]
        output.show(placement_tables(shown, balances, hardware.title, full, origin))
    if options.output is not None:
        with atomic_write(options.output) as temporary:
            temporary.write_text(PICTURES[options.output.suffix](shown, hardware.title), encoding="utf-8")
        output.note(f"wrote {options.output}")
    return 0


def place_all(
    network: NetworkDescription, hardware: HardwareProfile, activity: Activity, cores: int | None = None
) -> tuple[Balance, ...]:
    """Place a network in every way.

    Parameters
    ----------
    network : NetworkDescription
        The network.
    hardware : HardwareProfile
        What fits on a core, and what operations take.
    activity : Activity
        What its neurons send.
    cores : int, optional
        Cores that the balanced placement may use; by default all of the chips that the compiler needs.

    Returns
    -------
    tuple of Balance
        In the order of ``WAYS``.

    Raises
    ------
    ConfigError
        If there are fewer cores than the network needs.
    """
    compiler, fewest = place(network, hardware), place_fewest(network, hardware)
    room = compiler.chips * compiler.cores_per_chip if cores is None else cores
    if room < len(fewest.cores):
        raise ConfigError(
            f"--cores is {room}, network {network.name} takes at least {len(fewest.cores)}; give it as many"
        )
    balanced = place_balanced(network, hardware, activity, room)
    return tuple(balance_of(network, each, activity, hardware) for each in (compiler, fewest, balanced))


def _frames(network: NetworkDescription, options: argparse.Namespace) -> tuple[npt.NDArray[np.generic], str]:
    """Frames to measure the activity with, and the words for where they are from."""
    if options.data is not None or options.split is not None:
        samples = load_samples(network, options.data, options.split, options.limit)
        return np.concatenate(list(samples.blocks())), str(samples)
    if network.golden is not None and len(network.golden.frames):
        return network.golden.frames, f"{len(network.golden.frames)} golden samples"
    silence = np.zeros((1, *network.input_shape, network.masks.steps), dtype=np.int32)
    return silence, "no input: biases alone make the neurons fire; give --data"


def place_facts(balances: tuple[Balance, ...], origin: str) -> dict[str, Any]:
    """Placements as plain data.

    Parameters
    ----------
    balances : tuple of Balance
        In the order of ``WAYS``.
    origin : str
        What the activity was measured with.

    Returns
    -------
    dict
        Every core with its layer, its part and its words.
    """
    return {
        "network": balances[0].placement.network,
        "hardware": balances[0].placement.hardware,
        "activity": origin,
        "placements": {way: _facts(balance) for way, balance in zip(WAYS, balances, strict=True)},
    }


def _facts(balance: Balance) -> dict[str, Any]:
    placement = balance.placement
    return {
        "rule": placement.rule,
        "cores": len(placement.cores),
        "chips": placement.chips,
        "busiest_layer": balance.busiest_layer,
        "bound_by": balance.bound_by,
        "busiest_synops": balance.busiest_synops,
        "imbalance": balance.imbalance,
        "step_s": balance.step_s,
        "traffic": [asdict(each) for each in balance.traffic],
        "layers": [
            {
                "name": plan.name,
                "weight_bits": plan.weight_bits,
                "blocks": plan.blocks,
                "cores": [
                    asdict(core.tile) | {"words": asdict(core.words) | {"total": core.words.total}, "synops": load}
                    for core, load in zip(plan.cores, loads, strict=True)
                ],
            }
            for plan, loads in zip(placement.layers, balance.synops, strict=True)
        ],
    }
