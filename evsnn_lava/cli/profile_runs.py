"""Files, each run once, and priced with as many hardware profiles as are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from evsnn_lava.cli.console import Output
from evsnn_lava.cli.evaluation import run_samples, without_cutoff
from evsnn_lava.cli.loads import core_load
from evsnn_lava.cli.recordings import Samples
from evsnn_lava.errors import ConfigError
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.export.placement import CoreLoad, place
from evsnn_lava.hw_profiles import CostProfile, load_profile
from evsnn_lava.network import NetworkDescription, RunResult
from evsnn_lava.profiling import is_placeable, profile_run
from evsnn_lava.reporting.named_report import NamedReport, told_apart


@dataclass(frozen=True, eq=False)
class NetFile:
    """A network and the file it was read from.

    Parameters
    ----------
    label : str
        What the file is called among the others.
    path : pathlib.Path
        Where it is.
    network : NetworkDescription
        What is in it.
    """

    label: str
    path: Path
    network: NetworkDescription


@dataclass(frozen=True, eq=False)
class FileRun:
    """A file that has run.

    Parameters
    ----------
    file : NetFile
        The file.
    samples : Samples
        What it was run on.
    result : RunResult
        The run.
    """

    file: NetFile
    samples: Samples
    result: RunResult


def read_files(paths: Sequence[Path], cutoff: bool = True) -> list[NetFile]:
    """Read files and name them.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        At least one.
    cutoff : bool
        Whether the networks may stop early; without, their cutoff is left out.

    Returns
    -------
    list of NetFile
        In the same order; files of one name are called by their path.

    Raises
    ------
    ConfigError
        If a file is given twice, is missing or cannot be read, or is to be without a cutoff that is its last layers.
    """
    places = [path.resolve() for path in paths]
    if twice := [path for index, path in enumerate(paths) if places[index] in places[:index]]:
        raise ConfigError(f"{twice[0]} is given twice; give every file once")
    labels = told_apart([path.stem for path in paths], [str(path) for path in paths])
    networks = [read_net(path) for path in paths]
    if not cutoff:
        networks = [without_cutoff(network) for network in networks]
    return [NetFile(*each) for each in zip(labels, paths, networks, strict=True)]


def read_profiles(names: Sequence[str]) -> dict[str, CostProfile]:
    """Read hardware profiles and name them.

    Parameters
    ----------
    names : sequence of str
        Names or paths.

    Returns
    -------
    dict of str to CostProfile
        In the same order; profiles of one name are called as they were asked for.

    Raises
    ------
    ConfigError
        If one of them is unknown or wrong.
    """
    profiles = [load_profile(name) for name in names]
    return dict(zip(told_apart([profile.name for profile in profiles], names), profiles, strict=True))


def require_run(file: NetFile, profiles: Iterable[CostProfile]) -> None:
    """Refuse what cannot run or cannot be priced, before anything runs.

    Parameters
    ----------
    file : NetFile
        The network.
    profiles : iterable of CostProfile
        What to price it with.

    Raises
    ------
    ConfigError
        If a chip runs at the pace of the recording and frames are no slices of time.
    CapacityError
        If no part of a layer is small enough for a core.
    """
    for hardware in profiles:
        if hardware.pace == "recorded" and not file.network.recipe.dt_us:
            raise ConfigError(
                f"{file.path} on {hardware.name}: a step lasts as long as the events it shows, and these frames are "
                "no slices of time; choose another profile"
            )
        if is_placeable(hardware):
            place(file.network, hardware)


def run_file(file: NetFile, samples: Samples, backend: str, output: Output, told: Mapping[str, Any]) -> FileRun:
    """Run a file; parameters as of :func:`evsnn_lava.cli.evaluation.evaluate`."""
    return FileRun(file, samples, run_samples(file.network, samples, backend, output, **told))


def price(run: FileRun, profiles: Mapping[str, CostProfile], output: Output) -> list[NamedReport]:
    """Price a run with every profile; what cores do is measured once for every way to cut the network.

    Parameters
    ----------
    run : FileRun
        The run.
    profiles : mapping of str to CostProfile
        By name.
    output : Output
        Where to show how far the cores are.

    Returns
    -------
    list of NamedReport
        One for each profile, in their order.
    """
    loads: dict[str, CoreLoad | None] = {}
    reports = []
    for name, hardware in profiles.items():
        cut = hardware.limits.model_dump_json() if is_placeable(hardware) else ""
        if cut not in loads:
            loads[cut] = _load(run, name, hardware, output)
        report = profile_run(run.file.network, run.result, hardware, run.samples.known, loads[cut])
        reports.append(NamedReport(run.file.label, name, str(run.file.path), report))
    return reports


def _load(run: FileRun, name: str, hardware: CostProfile, output: Output) -> CoreLoad | None:
    if not is_placeable(hardware):
        return None
    with output.progress("samples") as progress:
        task = progress.add_task(f"cores, {name}", total=len(run.samples), said="")

        def shown() -> Iterator[npt.NDArray[Any]]:
            for frames in run.samples.blocks():
                yield frames
                progress.update(task, advance=len(frames))

        return core_load(run.file.network, shown(), hardware)
