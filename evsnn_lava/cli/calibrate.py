"""``evsnn calibrate``: a cutoff from held-out data, for a run or for a file."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from rich.console import Group

from evsnn_lava.cli.calibrate_table import CalibratedRow, calibration_table, say_what_is_gone
from evsnn_lava.cli.console import Output
from evsnn_lava.cli.outputs import require_outputs
from evsnn_lava.cli.recordings import load_samples
from evsnn_lava.data import frames_of, load_part
from evsnn_lava.errors import ConfigError, FormatError
from evsnn_lava.export.part_words import plural
from evsnn_lava.export.policies import Certificate, ExitSummary, PolicyChoice, decide, exit_summary
from evsnn_lava.network import CutoffPolicy, NetworkDescription

if TYPE_CHECKING:
    from evsnn_lava.export.policies import Policy

POLICIES: Final = ("topk_gap", "confidence", "conformal", "fixed")
OPTIONS: Final = ("policy", "epsilon", "min_support", "delta", "monotone", "steps")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("source", type=Path, help="folder of a run, as `evsnn train` wrote it, or a .net file")
    parser.add_argument("--policy", choices=POLICIES, help="kind of cutoff (default: as configured, or the file's)")
    parser.add_argument(
        "--epsilon",
        type=float,
        help="tolerated share of wrong early stops (default: as configured, or the file's)",
    )
    parser.add_argument(
        "--delta",
        type=float,
        help="guarantee that at most epsilon of accuracy is lost, but for this probability "
        "(default: the configuration's; of a file no guarantee)",
    )
    parser.add_argument(
        "--min-support",
        type=int,
        help="policies topk_gap and confidence: samples that a threshold needs "
        f"(default: the configuration's; of a file {PolicyChoice.min_support})",
    )
    parser.add_argument("--monotone", action="store_true", default=None, help="thresholds never rise with the step")
    parser.epilog = (
        "An option that would have no effect, as --min-support with policy fixed, is refused. Exit codes: 0 all is "
        "well, 1 there is no guarantee although --delta asks for one, 2 you have to act."
    )
    parser.add_argument("--steps", type=int, help="policy fixed: after how many frames every sample stops")
    parser.add_argument("--data", help="of a file: data to fit on (default: its own data set, split validation)")
    parser.add_argument("--split", help="of a file: part of the data (default: validation)")
    parser.add_argument("-o", "--output", type=Path, help="of a file: file to write")


def execute(options: argparse.Namespace, output: Output) -> int:
    """Calibrate a run or a file and print how it did; 1 if a guarantee was asked for and there is none."""
    changes = {name: given for name in OPTIONS if (given := getattr(options, name)) is not None}
    if options.source.is_file() or options.source.suffix == ".net":
        shown, granted = calibrate_file(options, changes, output)
    elif options.output or options.data or options.split:
        raise ConfigError(
            f"{options.source} is no file: --output, --data and --split go with a .net file; leave them out, "
            "`evsnn export` writes the file of a run"
        )
    else:
        shown, granted = calibrate_folder(options.source, output, **changes)
    output.show(shown)
    return int(not granted)


def calibrate_folder(folder: Path, output: Output, **changes: Any) -> tuple[Group, bool]:
    """Calibrate every trained variant of a run and write ``calibration.json``.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the run.
    output : Output
        Where to say what is going on.
    **changes : object
        Instead of the configuration's: fields of :class:`~evsnn_lava.export.policies.PolicyChoice`.

    Returns
    -------
    shown : rich.console.Group
        What came out on the held-out data, and what is guaranteed of other data.
    granted : bool
        False if a guarantee was asked for, and a network got none.

    Raises
    ------
    ConfigError
        If the folder holds no trained model or a number is out of range.
    """
    from evsnn_lava.export.bundle import calibrate_variant, require_folder  # here: torch takes seconds to import
    from evsnn_lava.export.calibration_file import trained_variants, write_calibration
    from evsnn_lava.training.artefact import load_model

    variants = trained_variants(require_folder(folder))
    model = load_model(folder / f"{variants[0]}.pt")
    chosen = {name: value for name, value in model.config.cutoff.model_dump().items() if name in OPTIONS}
    choice = PolicyChoice.of(chosen, changes)
    promised = [name for name in variants if _promised_before(folder, name)]
    held_out = load_part(model.config.data.dataset, "validation")
    frames = frames_of(held_out, model.recipe)
    _say(choice, len(frames), output)
    policy = choice.make()
    found = {name: calibrate_variant(folder, name, frames, held_out.labels, policy=policy) for name in variants}
    output.note(f"wrote {write_calibration(folder, found)}")
    rows = [CalibratedRow(name, model.recipe.steps, v.policy, v.summary, v.certificate) for name, v in found.items()]
    say_what_is_gone([row for row in rows if row.name in promised], output)
    return calibration_table(rows, choice, output), _granted(rows)


def calibrate_file(options: argparse.Namespace, changes: dict[str, Any], output: Output) -> tuple[Group, bool]:
    """Calibrate the network of a file and write it with the new cutoff; golden vectors are recorded anew.

    Parameters
    ----------
    options : argparse.Namespace
        Of the command line.
    changes : dict of str to object
        Fields of :class:`~evsnn_lava.export.policies.PolicyChoice` that were given.
    output : Output
        Where to say what is going on.

    Returns
    -------
    shown : rich.console.Group
        What came out on the held-out data, and what is guaranteed of other data.
    granted : bool
        False if a guarantee was asked for, and a network got none.

    Raises
    ------
    ConfigError
        If there is no file to write, the data have no labels, or the network decides itself.
    """
    from evsnn_lava.export.netfile.reader import read_net
    from evsnn_lava.export.netfile.writer import write_net

    if options.output is None:
        raise ConfigError(f"{options.source} is a file: say with -o where to write the network with its new cutoff")
    require_outputs({"--output": options.output}, [options.source])
    network = read_net(options.source)
    if network.cutoff.layers:
        raise ConfigError(f"{options.source}: its last layers decide; take the file that it was made from")
    choice = PolicyChoice.of(_fitted_before(network.cutoff), changes)
    samples = load_samples(network, options.data, options.split or "validation", None)
    if samples.known is None:
        raise ConfigError(f"{samples} without labels: a cutoff is fitted on known classes; give others with --data")
    frames, policy = np.concatenate(list(samples.blocks())), choice.make()
    _say(choice, len(frames), output)
    made, summary = _fit(network, frames, samples.known, policy)
    write_net(made, options.output)
    output.note(f"wrote {options.output}")
    row = CalibratedRow(network.name, network.masks.steps, made.cutoff, summary, getattr(policy, "certificate_", None))
    say_what_is_gone([row] if network.guarantee else [], output)
    return calibration_table([row], choice, output), _granted([row])


def _granted(rows: list[CalibratedRow]) -> bool:
    """Whether every guarantee that was asked for is given."""
    return all(row.certificate is None or row.certificate.granted for row in rows)


def _fitted_before(cutoff: CutoffPolicy) -> dict[str, Any]:
    """What a file's cutoff was fitted with, for what is not asked for; one that never stops tells nothing."""
    kind = {"policy": cutoff.kind} if cutoff.kind in POLICIES else {}
    return {**kind, "epsilon": cutoff.epsilon or PolicyChoice.epsilon}


def _fit(
    network: NetworkDescription, frames: Any, labels: Any, policy: Policy
) -> tuple[NetworkDescription, ExitSummary]:
    """The network with a new cutoff, and how it does."""
    from evsnn_lava.export.calibrate import calibrate_cutoff
    from evsnn_lava.export.calibration_file import with_guarantee
    from evsnn_lava.simulation import record_golden
    from evsnn_lava.simulation.engine import Engine

    scores = Engine(network).scores(frames)
    cutoff = calibrate_cutoff(network, frames, labels, 0.0, scores=scores, policy=policy)
    found, full = (decide(each, scores) for each in (cutoff, CutoffPolicy.never(cutoff.steps)))
    certificate: Certificate | None = getattr(policy, "certificate_", None)
    made = with_guarantee(network.with_cutoff(cutoff), certificate.sentence if certificate else "")
    if network.golden is not None:
        made = replace(made, golden=record_golden(made, network.golden.frames))
    return made, exit_summary(found.exit_step, found.decision, labels, network.depth, full)


def _promised_before(folder: Path, variant: str) -> bool:
    """Whether the old calibration guarantees something of a cutoff that stops early, if it can be read."""
    from evsnn_lava.export.calibration_file import read_calibration, read_certificate

    try:
        return read_calibration(folder, variant).kind != "never" and bool(read_certificate(folder, variant))
    except (ConfigError, FormatError):
        return False


def _say(choice: PolicyChoice, samples: int, output: Output) -> None:
    if choice.steps is not None:
        steps = f"{choice.steps} {plural(choice.steps, 'frame')}"
        output.note(f"{choice.policy}: stops after {steps}, nothing is fitted; measured on {samples} held-out samples")
        return
    bound = "" if choice.delta is None else f", delta {choice.delta:g}"
    output.note(f"calibrating on {samples} held-out samples: {choice.policy}, epsilon {choice.epsilon:g}{bound}")
