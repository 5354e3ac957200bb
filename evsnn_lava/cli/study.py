"""What ``evsnn report`` shows of a file: runs, costs, every fixed stop, one sample, checks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.cli.console import Output
from evsnn_lava.cli.evaluation import run_samples
from evsnn_lava.cli.fitness import misfit
from evsnn_lava.cli.loads import core_load
from evsnn_lava.cli.recordings import Samples, load_samples
from evsnn_lava.cli.study_raster import raster_of
from evsnn_lava.cli.study_stops import Priced, fixed_stops, priced, trade_point
from evsnn_lava.cli.verify import verify_network
from evsnn_lava.errors import ConfigError
from evsnn_lava.export.placement import place
from evsnn_lava.export.placement.activity import measure_activity
from evsnn_lava.export.placement.comparison import Balance, balance_of
from evsnn_lava.hw_profiles import CostProfile
from evsnn_lava.network import CutoffPolicy, NetworkDescription, RunResult
from evsnn_lava.profiling import is_placeable
from evsnn_lava.reporting.html import Check, FileStudy
from evsnn_lava.simulation.verification import Agreement

CHECKED_BY: Final = "reference,engine"
ACTIVITY_SAMPLES: Final = 16
"""Samples that the load of the cores is measured with."""

IntArray = npt.NDArray[np.int64]
Hardware = tuple[CostProfile, ...]


@dataclass(frozen=True)
class Question:
    """What is to be run, and where.

    Parameters
    ----------
    data, split : str or None
        As of :func:`~evsnn_lava.cli.recordings.load_samples`.
    limit : int or None
        Samples to take at most.
    sample : int
        Whose spikes are drawn.
    backend : str
        Who runs.
    told : mapping
        Options of the back-end.
    """

    data: str | None
    split: str | None
    limit: int | None
    sample: int
    backend: str
    told: Mapping[str, Any]


def study_file(
    name: str, path: Path, network: NetworkDescription, hardware: Hardware, question: Question, output: Output
) -> FileStudy:
    """Run a network and collect what the page shows of it.

    Parameters
    ----------
    name : str
        For the page.
    path : pathlib.Path
        Its file.
    network : NetworkDescription
        What is in it.
    hardware : tuple of CostProfile
        Chips to price it on.
    question : Question
        What to run.
    output : Output
        Where to say how far it is.

    Returns
    -------
    FileStudy
        Everything.

    Raises
    ------
    ConfigError
        If there is no sample of that number, or nothing to run.
    """
    output.heading(name)
    samples = load_samples(network, question.data, question.split, question.limit)
    if not 0 <= question.sample < len(samples):
        raise ConfigError(f"--sample is {question.sample}, it must be 0..{len(samples) - 1}; choose one of these")
    output.note(str(samples))
    own = run_samples(network, samples, question.backend, output, **question.told)
    full = _complete(network, samples, question, output)
    chips = tuple(Priced(chip, core_load(network, samples.blocks(), chip)) for chip in hardware)
    reports = tuple(chip.report(network, own, samples.known) for chip in chips)
    never = network if full is None else network.with_cutoff(CutoffPolicy.never(network.masks.stream_steps))
    curve = () if full is None else fixed_stops(never, full, _scores(never, samples), samples.known, chips)
    return FileStudy(
        name=name,
        file=path.name,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        samples=str(samples),
        guarantee=network.guarantee,
        misfits=tuple(misfit(name, network, report.hardware, report.chips) for report in reports),
        facts=_facts(network),
        reports=reports,
        balances=_balances(network, samples, hardware),
        own=trade_point("its cutoff", reports),
        curve=curve,
        full=None if full is None else priced("no cutoff", never, full, samples.known, chips),
        no_curve="its last layers decide on the chip, nothing runs without them" if full is None else "",
        raster=raster_of(network, samples, question.sample, own, full),
        checks=_checks(network, output),
        provenance=tuple((str(key), str(value)) for key, value in network.provenance.items()),
    )


def _complete(network: NetworkDescription, samples: Samples, question: Question, output: Output) -> RunResult | None:
    """A run in which nothing stops a sample; None for a network that decides itself."""
    if network.cutoff.layers:
        return None
    return run_samples(network, samples, question.backend, output, cutoff=False, **question.told)


def _scores(network: NetworkDescription, samples: Samples) -> IntArray:
    from evsnn_lava.simulation.engine import Engine  # here: numba takes most of a second to import

    engine = Engine(network)
    return np.concatenate([engine.scores(frames) for frames in samples.blocks()])


def _balances(network: NetworkDescription, samples: Samples, hardware: Hardware) -> tuple[Balance | None, ...]:
    frames = np.concatenate(list(islice(samples.first(ACTIVITY_SAMPLES).blocks(), ACTIVITY_SAMPLES)))
    activity = measure_activity(network, frames)
    return tuple(
        balance_of(network, place(network, chip), activity, chip) if is_placeable(chip) else None for chip in hardware
    )


def _facts(network: NetworkDescription) -> tuple[tuple[str, str], ...]:
    masks, cutoff = network.masks, network.cutoff
    shapes = ", ".join(f"{layer.name} {'×'.join(map(str, layer.shape))}" for layer in network.layers)
    sent = f"{masks.stream_steps} of {masks.steps} frames sent ({masks.semantics})"
    fitted = f", fitted on {cutoff.calibration_samples} samples" if cutoff.calibration_samples else ""
    return (
        ("input", "×".join(map(str, network.input_shape))),
        ("layers", shapes),
        ("frame masks", sent),
        ("cutoff", f"{cutoff.kind}, epsilon {cutoff.epsilon:g}{fitted}"),
        ("classes", ", ".join(network.class_names)),
        ("trained on", network.recipe.dataset or "not said"),
    )


def _checks(network: NetworkDescription, output: Output) -> tuple[Check, ...]:
    """The golden vectors on the back-ends that are always there."""
    if network.golden is None:
        return (Check("golden vectors", None, "the file carries none; add some with evsnn convert --golden 2"),)
    found = verify_network(network, output, CHECKED_BY)
    return tuple(_check(backend, answer) for backend, answer in found.items())


def _check(backend: str, found: Agreement | str) -> Check:
    if isinstance(found, str):
        return Check(backend, None, found)
    also = "" if found.decisions_agree is None else ", exit steps and classes"
    said = f"compared: {found.samples} golden samples, {found.steps} steps of {found.layers} layers, "
    said += f"{found.messages} messages{also}"
    silent = (
        f"; nothing is proven about {', '.join(found.silent_layers)}, which never send" if found.silent_layers else ""
    )
    wrong = "".join(f"; {each}" for each in (found.difference, found.decision) if each is not None)
    return Check(backend, found.ok, said + silent + wrong)
