"""What a page shows, as plain data: whoever fills it has run the networks, nobody runs anything after that."""

from __future__ import annotations

from dataclasses import dataclass

from evsnn_lava.export.placement.comparison import Balance
from evsnn_lava.profiling import CostReport, Estimate


@dataclass(frozen=True)
class TradePoint:
    """One way to stop, and what it reaches.

    Parameters
    ----------
    label : str
        For example ``stop after 3 frames``.
    frames, steps : float
        Frames seen by the decision and steps executed, means over the samples.
    accuracy : float or None
        Share of right decisions, 0..1; None without labels.
    energy_j : tuple of Estimate
        Mean energy per inference, one for every chip of the study.
    """

    label: str
    frames: float
    steps: float
    accuracy: float | None
    energy_j: tuple[Estimate, ...]


@dataclass(frozen=True)
class Lane:
    """The input or a layer over the K steps of a run.

    Parameters
    ----------
    name : str
        Name of the layer, or ``(input)``.
    neurons : int
        How many there are.
    cells : tuple of tuple of int
        Messages of one sample: a row for every neuron, or for as many neighbours as it takes to keep rows few; K
        columns.
    mean, mean_cut : tuple of float
        Messages per step, mean over all samples: run to the last step, and stopped by the cutoff of the file. `mean`
        is empty where nothing runs without the cutoff.
    muted : tuple of bool
        Steps in which a frame mask holds back what the lane sends.
    """

    name: str
    neurons: int
    cells: tuple[tuple[int, ...], ...]
    mean: tuple[float, ...]
    mean_cut: tuple[float, ...]
    muted: tuple[bool, ...]


@dataclass(frozen=True)
class Raster:
    """One sample, run to its last step.

    Parameters
    ----------
    sample : str
        Which one.
    label, decision : str
        The right class, empty if not known, and the chosen one.
    exit_step : int
        Frames seen by the decision.
    exit_index : int
        The last step that is executed with the cutoff, from 0.
    positions : tuple of int
        Where each of the K steps lies on the axis of the recorded frames; steps behind the last frame follow it.
    frames : int
        Frames of a recording.
    skipped : tuple of int
        Recorded frames that are never sent.
    lanes : tuple of Lane
        The input, then every layer.
    """

    sample: str
    label: str
    decision: str
    exit_step: int
    exit_index: int
    positions: tuple[int, ...]
    frames: int
    skipped: tuple[int, ...]
    lanes: tuple[Lane, ...]


@dataclass(frozen=True)
class Check:
    """What became of the golden vectors on one back-end.

    Parameters
    ----------
    backend : str
        Who computed.
    ok : bool or None
        Whether everything agreed; None if it was not checked.
    said : str
        What was compared, or why nothing was.
    """

    backend: str
    ok: bool | None
    said: str


@dataclass(frozen=True, eq=False)
class FileStudy:
    """One network and what was found out about it.

    Parameters
    ----------
    name : str
        For the charts, unlike that of any other file of the study.
    file, sha256 : str
        Name and hash of the file.
    samples : str
        What was run, in words.
    guarantee : str
        What its cutoff promises on new data, in a sentence; empty if nothing.
    misfits : tuple of str
        Why a chip does not take it, a sentence for every chip of the study; empty if it does, or nobody knows.
    facts : tuple of (str, str)
        What the network is, for people: name of the fact and its value.
    reports : tuple of CostReport
        One for every chip of the study, with the cutoff of the file.
    balances : tuple of Balance or None
        Where it lies, one for every chip; None where nobody knows.
    own : TradePoint
        The cutoff of the file.
    curve : tuple of TradePoint
        Every sample stopped after the same frame, for every frame; empty where that is not possible.
    full : TradePoint or None
        No cutoff at all.
    no_curve : str
        Why there is no curve; empty where there is one.
    raster : Raster
        One sample, step by step.
    checks : tuple of Check
        The golden vectors.
    provenance : tuple of (str, str)
        What the file says about where it comes from.
    """

    name: str
    file: str
    sha256: str
    samples: str
    guarantee: str
    misfits: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    reports: tuple[CostReport, ...]
    balances: tuple[Balance | None, ...]
    own: TradePoint
    curve: tuple[TradePoint, ...]
    full: TradePoint | None
    no_curve: str
    raster: Raster
    checks: tuple[Check, ...]
    provenance: tuple[tuple[str, str], ...]

    @property
    def points(self) -> tuple[TradePoint, ...]:
        """Every way to stop: the curve, the cutoff of the file and no cutoff."""
        return (*self.curve, self.own, *(() if self.full is None else (self.full,)))


@dataclass(frozen=True, eq=False)
class Study:
    """Everything on a page.

    Parameters
    ----------
    title : str
        Of the page.
    version : str
        Of the program.
    backend : str
        Who ran the samples.
    files : tuple of FileStudy
        At least one; all with the same chips in the same order.
    """

    title: str
    version: str
    backend: str
    files: tuple[FileStudy, ...]

    @property
    def chips(self) -> tuple[str, ...]:
        """Titles of the chips that the numbers are for."""
        return tuple(report.hardware.title for report in self.files[0].reports)
