"""``evsnn export``: compile a run, or a ``.net`` file again, into a ``.net`` file."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.cli.console import Output
from evsnn_lava.data import frames_of, load_part
from evsnn_lava.errors import ConfigError
from evsnn_lava.export.check import check, summary_line
from evsnn_lava.export.lowering.cutoff import CutoffLowering, lower_cutoff
from evsnn_lava.export.mask_choice import with_input_mask
from evsnn_lava.export.placement import place
from evsnn_lava.hw_profiles import load_chip
from evsnn_lava.network import CutoffPolicy, NetworkDescription

BoolArray = npt.NDArray[np.bool_]

FORMS: Final = ("host", "on-chip", "none")
"""Where the cutoff is decided: by who reads the output, by neurons of the network, or not at all."""


GOLDEN: Final = 3
"""Samples that are recorded if nobody says how many."""

MASKS: Final[dict[str, str]] = {
    "trained": "as they were trained",
    "input": "the mask of the input for all layers",
    "last": "the mask of the last layer for all layers: a shorter stream",
}
"""Which frames the layers see; no stock neuron of the chip counts frames, so hidden masks need a back-end of ours."""


@dataclass(frozen=True)
class Form:
    """What becomes of cutoff and masks.

    Parameters
    ----------
    cutoff : {"host", "on-chip", "none"}
        Who decides when to stop.
    masks : {"trained", "input", "last"}
        Which frames the layers see, see ``MASKS``.
    """

    cutoff: str = "host"
    masks: str = "trained"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("source", type=Path, help="folder of a run, as `evsnn train` wrote it, or a .net file")
    parser.add_argument("-o", "--output", type=Path, required=True, help="file to write, for example digits.net")
    parser.add_argument("--variant", help="plain or masked (default: masked if it was trained)")
    parser.add_argument(
        "--cutoff", choices=FORMS, default="host", help="who decides when to stop (default: host); see docs/cutoff.md"
    )
    parser.add_argument(
        "--no-cutoff", dest="cutoff", action="store_const", const="none", help="the same as --cutoff none"
    )
    words = "; ".join(f"{name}: {meaning}" for name, meaning in MASKS.items())
    parser.add_argument("--masks", choices=tuple(MASKS), default="trained", help=f"{words} (default: trained)")
    parser.add_argument(
        "--golden", type=int, help=f"golden samples to record, of a run (default: {GOLDEN}); a file keeps its own"
    )


def execute(options: argparse.Namespace, output: Output) -> int:
    """Compile, write and say what was written."""
    form = Form(options.cutoff, options.masks)
    if options.source.suffix == ".net":
        _require_for_file(options)
        network = export_file(options.source, options.output, form, output.show)
    else:
        golden = GOLDEN if options.golden is None else options.golden
        network = export_folder(options.source, options.output, options.variant, form, golden, output.show)
    output.show(describe(network, options.output))
    output.show(fit_line(network, options.output))
    return 0


def _require_for_file(options: argparse.Namespace) -> None:
    """Refuse what only a run can be told, and to write over the file that is read."""
    if options.variant:
        raise ConfigError(f"--variant {options.variant}: {options.source} holds one network; leave it out")
    if options.golden is not None:
        raise ConfigError(f"--golden {options.golden}: {options.source} keeps the samples that it has; leave it out")
    if options.output.resolve() == options.source.resolve():
        raise ConfigError(
            f"{options.output} is the file that is read, and what is changed in it cannot be undone; name another one"
        )


def fit_line(network: NetworkDescription, path: Path) -> str:
    """One line about whether a network fits on a Loihi 2."""
    chip = load_chip("loihi2")
    return summary_line(check(network, chip), place(network, chip), str(path))


def export_folder(
    folder: Path,
    path: Path,
    variant: str | None = None,
    form: Form | None = None,
    golden: int = GOLDEN,
    say: Callable[[str], None] = lambda _: None,
) -> NetworkDescription:
    """Compile a run and write the file.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the run.
    path : pathlib.Path
        File to write.
    variant : str, optional
        Which trained model.
    form : Form, optional
        What becomes of cutoff and masks.
    golden : int
        Number of golden samples, taken from the held-out data.
    say : callable
        Takes a line about an on-chip cutoff.

    Returns
    -------
    NetworkDescription
        What was written.

    Raises
    ------
    ConfigError
        If the run is incomplete or the number of samples negative.
    """
    from evsnn_lava.export.bundle import assemble, choose_variant, require_folder  # here: torch takes seconds to import
    from evsnn_lava.training.artefact import load_model

    if golden < 0:
        raise ConfigError(f"--golden is {golden}, it must be at least 0; choose 0 to record none")
    model = load_model(require_folder(folder) / f"{choose_variant(folder, variant)}.pt")
    frames: BoolArray | None = None
    if golden:
        held_out = load_part(model.config.data.dataset, "validation")
        frames = frames_of(held_out, model.recipe, range(min(golden, len(held_out))))
    form = form or Form()
    return _finish(assemble(folder, variant, form.cutoff != "none", None), path, form, frames, say)


def export_file(
    source: Path, path: Path, form: Form | None = None, say: Callable[[str], None] = lambda _: None
) -> NetworkDescription:
    """Write a file again with another form of its cutoff; its golden samples are recorded anew.

    Parameters
    ----------
    source : pathlib.Path
        A ``.net`` file.
    path : pathlib.Path
        File to write.
    form : Form, optional
        What becomes of cutoff and masks.
    say : callable
        Takes a line about an on-chip cutoff.

    Returns
    -------
    NetworkDescription
        What was written.

    Raises
    ------
    ConfigError
        If the file's last layers decide already and the host is to decide: its thresholds are not in the file.
    """
    from evsnn_lava.export.netfile.reader import read_net

    network, form = read_net(source), form or Form()
    if network.cutoff.layers and form.cutoff != "on-chip":
        raise ConfigError(f"{source}: its last layers decide; export the run, or the file that it was made from, again")
    frames = None if network.golden is None else network.golden.frames
    if form.cutoff == "none":
        network = network.with_cutoff(CutoffPolicy.never(network.cutoff.steps))
    return _finish(network, path, form, frames, say)


AGAIN: Final = (
    "`evsnn calibrate FILE -o NEW.net --epsilon E --delta D` fits it with these masks and gives a new one, before "
    "`--cutoff on-chip`"
)


def _finish(
    network: NetworkDescription,
    path: Path,
    form: Form,
    frames: npt.NDArray[np.generic] | None,
    say: Callable[[str], None],
) -> NetworkDescription:
    """Change masks and cutoff if that is wanted, record the golden samples, write."""
    from evsnn_lava.export.netfile.writer import write_net
    from evsnn_lava.simulation import record_golden

    if form.masks != "trained":
        promised = bool(network.guarantee)
        network = with_input_mask(network, network.masks.keep[0 if form.masks == "input" else -1])
        say(
            f"masks: all layers see the {network.masks.stream_steps} frames that are sent; the network was trained, "
            "and its cutoff fitted, with others: look at its accuracy with `evsnn run`"
        )
        if promised:
            say(f"the guarantee of its cutoff is gone: {AGAIN}")
    if form.cutoff == "on-chip" and not network.cutoff.layers:
        network, lowering = lower_cutoff(network)
        say(describe_lowering(lowering))
    if frames is not None and len(frames):
        network = replace(network, golden=record_golden(network, frames))
    write_net(network, path)
    return network


def describe_lowering(lowering: CutoffLowering) -> str:
    """A line about a cutoff in neurons."""
    scale = lowering.scale
    proof = (
        f"their voltages are off by at most {scale.error} of the {scale.allowed} units that could change a decision"
        if scale.du >= 0
        else "too many steps for a current that leaks: du is -1, exact in Lava, beyond the chip's registers"
    )
    return (
        f"cutoff on chip: {lowering.comparators} comparators, {lowering.thermometer} neurons that count steps, "
        f"{lowering.deciders} that decide; {lowering.synapses} synapses, 2 more steps of delay; {proof}"
    )


def describe(network: NetworkDescription, path: Path) -> str:
    """One line about a written file."""
    golden = 0 if network.golden is None else len(network.golden.frames)
    return (
        f"wrote {path}: {network.provenance.get('variant', 'network')}, {network.depth} layers, "
        f"{network.masks.stream_steps} of {network.masks.steps} frames sent, "
        f"cutoff {network.cutoff.kind}, {golden} golden samples, {path.stat().st_size} bytes"
    )
