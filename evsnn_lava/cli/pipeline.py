"""``evsnn pipeline``: what shortens the chain of layers, in latency and in throughput."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.cli.console import Output
from evsnn_lava.cli.evaluation import run_samples
from evsnn_lava.cli.loads import core_load
from evsnn_lava.cli.recordings import Samples, load_samples, network_labels
from evsnn_lava.data import SPLITS, WHOLE, frames_of, holds_frames, load_part
from evsnn_lava.errors import CalibrationError, ConfigError, UnsupportedError
from evsnn_lava.export.calibrate import calibrate_cutoff
from evsnn_lava.export.heads import attach_head
from evsnn_lava.export.lowering.merge_relays import merge_relays
from evsnn_lava.export.mask_choice import MaskCandidate, MaskChoice, closest_input_mask, has_hidden_masks
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.export.placement import CoreLoad
from evsnn_lava.hw_profiles import HardwareProfile, hardware_names, load_hardware
from evsnn_lava.network import CutoffPolicy, NetworkDescription, RunResult
from evsnn_lava.profiling.pipeline import PipelineRow, earlier_of, pipeline_row, step_gain
from evsnn_lava.reporting.pipeline_tables import arithmetic_line, earlier_line, mask_choice_table, pipeline_table
from evsnn_lava.simulation.streaming import check_streamable

HEAD: Final = "head behind"
EPSILON: Final = 0.02
"""For the cutoff of a head, where the file's cutoff was not fitted."""

MIN_SUPPORT: Final = 30
MOST_RECORDINGS: Final = 2000
"""Recordings that a head is fitted on, at most; its work grows with their square."""

Labelled = tuple[npt.NDArray[Any], npt.NDArray[np.int64]]
Parts = tuple[Labelled, Labelled]
"""Recordings to fit heads on, and held-out ones to fit a cutoff on."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", type=Path, help="a .net file")
    parser.add_argument("--data", help="data set, event file, folder or frames (default: what it was trained on)")
    parser.add_argument("--split", choices=(*SPLITS, WHOLE), help="part that is measured (default: test)")
    parser.add_argument("--limit", type=int, help="measure the first samples only")
    names = ", ".join(hardware_names())
    parser.add_argument("--hw", default="loihi2", help=f"hardware profile: {names} or a TOML file (default: loihi2)")
    parser.add_argument("--no-heads", action="store_true", help="fit no heads on earlier layers")
    parser.add_argument("--min-support", type=int, default=MIN_SUPPORT, help="for the cutoff of heads (default: 30)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")


def execute(options: argparse.Namespace, output: Output) -> int:
    """Measure every way and print the table."""
    hardware, network = load_hardware(options.hw), read_net(options.file)
    _check(network, options.min_support)
    samples = load_samples(network, options.data, options.split, options.limit)
    parts = None if options.no_heads else _training_parts(network, options.data, output)
    measured = [
        Measured(
            label,
            each,
            run_samples(each, samples, "engine", output, cutoff=False),
            run_samples(each, samples, "engine", output),
            core_load(each, samples.blocks(), hardware),
        )
        for label, each in variants(network, parts, options.min_support, output)
    ]
    rows = [row for each in measured for row in measured_rows(each, samples.known, hardware, output)]
    early = [
        earlier_of(each.label, measured[0].stopped, each.stopped, samples.known)
        for each in measured
        if each.label.startswith(HEAD) and each.network.depth < network.depth
    ]
    choice = _mask_choice(network, samples, parts, options.min_support, output)
    output.note(str(samples))
    if options.json:
        output.show_json({**pipeline_facts(network, hardware, rows, choice), "earlier": early})
    else:
        output.show(pipeline_table(f"{network.name} on {hardware.title}, {len(samples)} samples", rows))
        cut = next((row for row in rows[1:] if not row.streamed), rows[0])
        output.show("\n".join(["", arithmetic_line(cut), *map(earlier_line, early)]))
        if choice is not None:
            output.show("")
            output.show(mask_choice_table(choice))
    return 0


def _check(network: NetworkDescription, min_support: int) -> None:
    if min_support < 1:
        raise ConfigError(f"--min-support is {min_support}, it must be at least 1; leave it out for {MIN_SUPPORT}")
    if network.cutoff.layers:
        raise ConfigError(
            f"network {network.name}: its last {network.cutoff.layers} layers are the cutoff and cannot be left out; "
            "take the file with the cutoff of the host"
        )


@dataclass(frozen=True, eq=False)
class Measured:
    """A network and its runs.

    Parameters
    ----------
    label : str
        What was made of the network of the file; empty for that itself.
    network : NetworkDescription
        The network.
    full, stopped : RunResult
        Runs without cutoff and with it.
    load : CoreLoad or None
        What cores do in the run without cutoff.
    """

    label: str
    network: NetworkDescription
    full: RunResult
    stopped: RunResult
    load: CoreLoad | None


def variants(
    network: NetworkDescription, parts: Parts | None, min_support: int, output: Output
) -> Iterator[tuple[str, NetworkDescription]]:
    """The network, and the shorter ones that can be made of it.

    Parameters
    ----------
    network : NetworkDescription
        The network of the file.
    parts : pair of (frames, labels), optional
        Recordings to fit heads on, and held-out ones for their cutoff; without, there are no heads.
    min_support : int
        Samples that a threshold of their cutoff needs.
    output : Output
        Where to say what is not possible, and why.

    Yields
    ------
    (str, NetworkDescription)
        A name, empty for the network itself, and the network.
    """
    yield "", network
    merged, gone = merge_relays(network)
    if gone:
        output.note(f"relays merged: {', '.join(gone)}")
        yield "relays merged", merged
    else:
        output.note("relays: no layer only passes spikes on, nothing can be merged")
    if parts is None:
        return
    training, held_out = parts
    for after in range(1, merged.depth):
        name = f"{HEAD} {merged.layers[after - 1].name}"
        try:
            head = attach_head(merged, after, *training)
            policy = calibrate_cutoff(head, *held_out, network.cutoff.epsilon or EPSILON, min_support)
        except (ConfigError, UnsupportedError, CalibrationError) as error:
            output.note(f"no {name}: {error}")
            continue
        yield name, head.with_cutoff(policy)


def _training_parts(network: NetworkDescription, data: str | None, output: Output) -> Parts | None:
    try:
        return _recordings(network, data, "train"), _recordings(network, data, "validation")
    except ConfigError as error:
        output.note(f"no heads: {error}")
        return None


def _recordings(network: NetworkDescription, data: str | None, split: str) -> Labelled:
    """Frames and labels of a part of the data, evenly picked where there are very many."""
    source = data or network.recipe.dataset
    if not source or holds_frames(source, network.recipe):
        raise ConfigError("a file of frames has no training part; give a data set with --data")
    events = load_part(source, split)
    picked = np.unique(np.linspace(0, len(events) - 1, min(len(events), MOST_RECORDINGS)).astype(int))
    labels = network_labels(events, np.asarray(events.labels)[picked], network.class_names)
    if (labels < 0).any():
        raise ConfigError(f"{source} has recordings without a label in split {split}; label them")
    return frames_of(events, network.recipe, picked.tolist()), labels


def measured_rows(
    measured: Measured, known: npt.NDArray[np.int64] | None, hardware: HardwareProfile, output: Output
) -> Iterator[PipelineRow]:
    """Price a network one at a time and streamed.

    Parameters
    ----------
    measured : Measured
        Its runs; those of the network of the file also give the rows without cutoff.
    known : numpy.ndarray of int64, shape (N,), optional
        The right classes.
    hardware : HardwareProfile
        Its step times.
    output : Output
        Where to say why it cannot be streamed.

    Yields
    ------
    PipelineRow
        First the baseline, for the network of the file.
    """
    network, full = measured.network, measured.full
    ways = {"": False, "streamed": True}
    try:
        check_streamable(network)
    except UnsupportedError as error:
        output.note(f"not streamed: {error}")
        del ways["streamed"]
    cuts = {measured.label or "as it is": measured.stopped}
    if not measured.label:
        cuts = {"no cutoff": full} if network.cutoff.kind == "never" else {"no cutoff": full, **cuts}
    for name, result in cuts.items():
        accuracy = None if known is None else result.accuracy(known)
        for way, streamed in ways.items():
            title = ", ".join(part for part in (name, way) if part)
            yield pipeline_row(title, network, full, hardware, result.exit_step, streamed, accuracy, measured.load)


def _mask_choice(
    network: NetworkDescription, samples: Samples, parts: Parts | None, min_support: int, output: Output
) -> MaskChoice | None:
    """Input masks instead of hidden ones, their cutoff fitted again where there is something to fit it on."""
    if not has_hidden_masks(network.masks) or samples.known is None:
        return None
    frames, fitted = np.concatenate(list(samples.blocks())), network.cutoff.calibration_samples > 0

    def refit(candidate: NetworkDescription) -> CutoffPolicy:
        held_out = parts[1] if parts else (frames[:0], samples.labels[:0])
        return calibrate_cutoff(candidate, *held_out, network.cutoff.epsilon, min_support)

    try:
        if fitted:
            return closest_input_mask(network, frames, samples.known, refit)
    except CalibrationError as error:
        output.note(f"masks keep the thresholds that they had: {error}")
    return closest_input_mask(network, frames, samples.known)


def pipeline_facts(
    network: NetworkDescription, hardware: HardwareProfile, rows: list[PipelineRow], choice: MaskChoice | None
) -> dict[str, Any]:
    """All numbers, for JSON.

    Parameters
    ----------
    network : NetworkDescription
        The network of the file.
    hardware : HardwareProfile
        What the times are from.
    rows : list of PipelineRow
        The first one is the baseline.
    choice : MaskChoice or None
        Input masks instead of hidden ones.

    Returns
    -------
    dict
        ``rows`` and, where there are hidden masks, ``masks``.
    """
    facts: dict[str, Any] = {
        "network": network.name,
        "hardware": hardware.name,
        "rows": [
            {
                **{field.name: getattr(row, field.name) for field in fields(row)},
                "samples_per_s": row.samples_per_s,
                "latency_gain": row.latency_gain(rows[0]),
                "throughput_gain": row.throughput_gain(rows[0]),
                "frame_gain": step_gain(row.frames_sent, row.exit_step, 0),
                "step_gain": step_gain(row.frames_sent, row.exit_step, row.depth),
            }
            for row in rows
        ],
    }
    if choice is not None:
        facts["masks"] = [
            {**_mask_facts(candidate), "best": candidate is choice.best}
            for candidate in (choice.reference, *choice.candidates)
        ]
    return facts


def _mask_facts(candidate: MaskCandidate) -> dict[str, Any]:
    return {field.name: getattr(candidate, field.name) for field in fields(candidate) if field.name != "network"}
