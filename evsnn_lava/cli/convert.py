"""``evsnn convert``: other people's networks into a ``.net`` file, and ours into a NIR graph."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np
from rich.table import Table

from evsnn_lava.cli.console import Output
from evsnn_lava.errors import ConfigError, unknown_name
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.export.netfile.writer import write_net
from evsnn_lava.export.netx.reader import NetxOptions, read_netx
from evsnn_lava.export.nir.reader import DEFAULT_DT_S, read_nir, recipe_for
from evsnn_lava.export.nir.report import STATUS, LayerFacts, ParameterFact
from evsnn_lava.export.nir.writer import write_nir
from evsnn_lava.network import NetworkDescription
from evsnn_lava.simulation import record_golden

DENSITY: Final = 0.05
"""Share of ones in random golden frames."""

SEED: Final = 0


@dataclass(frozen=True)
class Converted:
    """A network and what to say about it.

    Parameters
    ----------
    network : NetworkDescription
        The network.
    report : dict
        For JSON.
    tables : list of rich.table.Table
        The same, to read.
    notes : tuple of str
        What holds for all of it.
    """

    network: NetworkDescription
    report: dict[str, Any] = field(default_factory=dict)
    tables: list[Table] = field(default_factory=list)
    notes: tuple[str, ...] = ()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("source", type=Path, help="a .nir file, a netx .net file or one of ours")
    parser.add_argument("target", type=Path, help="file to write: .net or .nir")
    parser.add_argument("--steps", type=int, help="frames of a sample, where the source does not say it")
    parser.add_argument("--bits", type=int, help="bits of a weight, from .nir (default: 8)")
    parser.add_argument("--dt-ms", type=float, help="milliseconds of a step, from or to .nir (default: 1)")
    parser.add_argument("--shape", help="C,H,W of the input, where the source has a flat one or none")
    parser.add_argument(
        "--inclusive",
        action="store_true",
        default=None,
        help="from .nir: neurons were trained to spike at the threshold",
    )
    parser.add_argument("--golden", type=int, help="record so many seeded random samples, for `evsnn verify`")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")


def execute(options: argparse.Namespace, output: Output) -> int:
    """Read, write and say what was decided, rounded and lost."""
    read, write = _format(READERS, options.source), _format(WRITERS, options.target)
    _refuse_idle(options)
    converted = read(options)
    if options.golden is not None:
        converted = replace(converted, network=_with_golden(converted.network, options.golden))
    converted = write(options, converted)
    if options.json:
        output.show_json({"written": str(options.target), **converted.report})
        return 0
    for table in converted.tables:
        output.show(table)
    for note in converted.notes:
        output.show(note)
    network = converted.network
    output.show(
        f"wrote {options.target}: {network.depth} layers, {network.recipe.steps} frames of {network.input_shape}"
    )
    return 0


def _format(table: dict[str, Any], path: Path) -> Any:
    if path.suffix not in table:
        raise unknown_name("file type", path.suffix or path.name, table)
    return table[path.suffix]


def _refuse_idle(options: argparse.Namespace) -> None:
    """Refuse options that would do nothing."""
    kinds = (options.source.suffix, options.target.suffix)
    idle = {
        "--bits": options.bits is not None and kinds[0] != ".nir",
        "--inclusive": options.inclusive is not None and kinds[0] != ".nir",
        "--dt-ms": options.dt_ms is not None and ".nir" not in kinds,
        "--golden": options.golden is not None and kinds[1] != ".net",
    }
    for name, refused in idle.items():
        if refused:
            raise ConfigError(f"{name} does nothing from {kinds[0]} to {kinds[1]}; leave it out")
    if options.golden is not None and options.golden < 1:
        raise ConfigError(f"--golden is {options.golden}, it must be at least 1; leave it out to record none")


def _from_nir(options: argparse.Namespace) -> Converted:
    shape, dt_s = _shape(options), _dt_s(options)
    recipe = None
    if shape is not None:
        if options.steps is None:
            raise ConfigError("--shape needs --steps: together they are the input; give both")
        recipe = recipe_for(shape, options.steps, dt_s or DEFAULT_DT_S)
    network, report = read_nir(
        options.source,
        steps=options.steps,
        weight_bits=8 if options.bits is None else options.bits,
        dt_s=dt_s,
        recipe=recipe,
        inclusive=bool(options.inclusive),
    )
    counted = ", ".join(f"{count} {status}" for status, count in report.statuses.items())
    return Converted(
        network,
        {"import": asdict(report)},
        [_layer_table(report.layers), _parameter_table(report.layers)],
        (f"parameters: {counted}", *report.notes),
    )


def _from_net(options: argparse.Namespace) -> Converted:
    if not _is_ours(options.source):
        found = read_netx(options.source, NetxOptions(steps=options.steps, input_shape=_shape(options)))
        decisions = [asdict(decision) for decision in found.decisions]
        return Converted(found.network, {"decisions": decisions}, [_decision_table(decisions)] if decisions else [])
    for name, value in (("--steps", options.steps), ("--shape", options.shape)):
        if value is not None:
            raise ConfigError(f"{name} does nothing here, {options.source} has an input recipe; leave it out")
    return Converted(read_net(options.source))


def _is_ours(path: Path) -> bool:
    """Whether the file has our group; what cannot be opened is left to the strict reader to explain."""
    try:
        with h5py.File(path, "r") as file:
            return bool(file.id.links.exists(b"evsnn"))
    except (OSError, RuntimeError):
        return True


def _to_net(options: argparse.Namespace, converted: Converted) -> Converted:
    write_net(converted.network, options.target)
    return converted


def _to_nir(options: argparse.Namespace, converted: Converted) -> Converted:
    report = write_nir(converted.network, options.target, _dt_s(options))
    table = _feature_table(report.features)
    return replace(converted, report={**converted.report, "export": asdict(report)}, tables=[*converted.tables, table])


READERS: Final[dict[str, Callable[[argparse.Namespace], Converted]]] = {".nir": _from_nir, ".net": _from_net}
WRITERS: Final[dict[str, Callable[[argparse.Namespace, Converted], Converted]]] = {".nir": _to_nir, ".net": _to_net}


def _dt_s(options: argparse.Namespace) -> float | None:
    return None if options.dt_ms is None else options.dt_ms / 1000


def _shape(options: argparse.Namespace) -> tuple[int, int, int] | None:
    if options.shape is None:
        return None
    sizes = options.shape.split(",")
    if len(sizes) != 3 or not all(size.strip().isdigit() and int(size) for size in sizes):
        raise ConfigError(f"--shape is {options.shape!r}, expected three positive numbers C,H,W, for example 2,34,34")
    channels, height, width = map(int, sizes)
    return channels, height, width


def _with_golden(network: NetworkDescription, samples: int) -> NetworkDescription:
    """Record what the network makes of random frames."""
    rng = np.random.default_rng(SEED)
    shape = (samples, *network.input_shape, network.masks.steps)
    frames: np.ndarray[Any, Any] = rng.random(shape) < DENSITY
    if network.recipe.message_bits:
        low, high = network.recipe.value_range
        frames = frames * rng.integers(low, high + 1, shape, dtype=np.int32)
    said = f"{samples} samples of random frames, {DENSITY:.0%} of the values set, seed {SEED}; the reference's answers"
    golden = record_golden(network, frames)
    return replace(network, golden=golden, provenance={**network.provenance, "golden": said})


def _layer_table(layers: tuple[LayerFacts, ...]) -> Table:
    table = Table(title="Weights: what rounding did", title_justify="left")
    names = ("layer", "weights", "float range", "scale", "max error", "mean error", "clipped", "zeroed")
    for name in names:
        table.add_column(name, justify="left" if name == "layer" else "right")
    for row in layers:
        span = f"{row.low:.4g}..{row.high:.4g}"
        errors = (f"{row.max_error:.2g}", f"{row.mean_error:.2g}")
        table.add_row(row.layer, str(row.weights), span, f"{row.scale:.6g}", *errors, str(row.clipped), str(row.zeroed))
    return table


def _parameter_table(layers: tuple[LayerFacts, ...]) -> Table:
    table = Table(title="Parameters that are not faithful", title_justify="left")
    for name in ("layer", "parameter", "float", "stored", "relative error", "status", "why"):
        table.add_column(name, justify="right" if name == "relative error" else "left")
    for row in layers:
        for fact in row.parameters:
            if fact.status != next(iter(STATUS)):
                error = f"{fact.error:.2g}"
                table.add_row(row.layer, fact.parameter, fact.value, fact.stored, error, fact.status, fact.remark)
    return table


def _feature_table(features: tuple[ParameterFact, ...]) -> Table:
    table = Table(title="What the NIR graph says", title_justify="left")
    for name in ("feature", "status", "remark"):
        table.add_column(name)
    for fact in features:
        table.add_row(fact.parameter, fact.status, fact.remark)
    return table


def _decision_table(decisions: list[dict[str, Any]]) -> Table:
    table = Table(title="What the file left open", title_justify="left")
    for name in decisions[0]:
        table.add_column(name)
    for decision in decisions:
        table.add_row(*(str(value) for value in decision.values()))
    return table
