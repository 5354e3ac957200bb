"""``evsnn convert``: other people's networks into a ``.net`` file, and ours into a NIR graph."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from rich.console import RenderableType
from rich.text import Text

from evsnn_lava._files import read_regular
from evsnn_lava.cli.console import Output
from evsnn_lava.errors import CapacityError, ConfigError, EvsnnError, unknown_name
from evsnn_lava.export.netfile.container import LAYOUTS, SIGNATURE
from evsnn_lava.export.netfile.golden import GOLDEN_LIMIT
from evsnn_lava.export.netfile.reader import SIZE_LIMIT, read_net
from evsnn_lava.export.netfile.writer import write_net
from evsnn_lava.export.netx.reader import NetxOptions, read_netx
from evsnn_lava.export.nir.reader import DEFAULT_DT_S, read_nir, recipe_for
from evsnn_lava.export.nir.writer import write_nir
from evsnn_lava.network import NetworkDescription
from evsnn_lava.reporting.conversion_tables import decision_table, feature_table, parameter_table, weight_table
from evsnn_lava.simulation import record_golden
from evsnn_lava.simulation.stimulus import waking_frames
from evsnn_lava.simulation.witness import silent_layers

SEED: Final = 0
"""Of random golden frames."""


@dataclass(frozen=True)
class Converted:
    """A network and what to say about it.

    Parameters
    ----------
    network : NetworkDescription
        The network.
    report : dict
        For JSON.
    tables : tuple of rich.console.RenderableType or None
        The same, to read; None where there is nothing to say.
    notes : tuple of str
        What holds for all of it.
    warning : str
        What may be wrong with it.
    """

    network: NetworkDescription
    report: dict[str, Any] = field(default_factory=dict)
    tables: tuple[RenderableType | None, ...] = ()
    notes: tuple[str, ...] = ()
    warning: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("source", type=Path, help="a .nir file, a netx .net file or one of ours")
    parser.add_argument("target", type=Path, help="file to write: .net or .nir")
    parser.add_argument("--steps", type=int, help="frames of a sample, where the source does not say it")
    parser.add_argument("--bits", type=int, help="bits of a weight, from .nir (default: 8)")
    parser.add_argument(
        "--dt-ms", type=float, help="milliseconds of a step, from or to .nir (default: the file's, else 1)"
    )
    parser.add_argument("--shape", help="C,H,W of the input, where the source has a flat one or none")
    parser.add_argument(
        "--inclusive",
        action="store_true",
        default=None,
        help="from .nir: neurons were trained to spike at the threshold",
    )
    parser.add_argument(
        "--message-bits",
        type=int,
        help="from netx: bits of an input value, 0 for spikes (default: 16 for input neurons, else 0)",
    )
    parser.add_argument("--clamp-delays", action="store_true", help="from netx: delays beyond 62 become 62")
    parser.add_argument(
        "--fold-input",
        action="store_true",
        help="from netx: the network applies weight and bias of its input neurons to numbers, too",
    )
    parser.add_argument("--name", help="name of the network (default: its own, else that of the file)")
    parser.add_argument("--classes", help="comma-separated names of the classes, one per output neuron")
    parser.add_argument("--golden", type=int, help="record so many seeded random samples, for `evsnn verify`")
    parser.add_argument(
        "--golden-density",
        type=float,
        help="share of input values that are set in them, above 0 up to 1 (default: one at which most layers send)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")


def execute(options: argparse.Namespace, output: Output) -> int:
    """Read, write and say what was decided, rounded and lost."""
    read, write = _format(READERS, options.source), _format(WRITERS, options.target)
    _refuse_idle(options)
    _refuse_same(options.source, options.target)
    converted = _named(read(options), options)
    if options.golden is not None:
        converted = _with_golden(converted, options.golden, options.golden_density)
    converted = write(options, converted)
    if options.json:
        output.show_json({"written": str(options.target), **converted.report})
        return 0
    if not output.quiet:
        _show_report(converted, output)
    network = converted.network
    size = f"{network.depth} layer{'s' * (network.depth > 1)}, {network.recipe.steps} frames of {network.input_shape}"
    output.show(f"wrote {options.target}: {size}")
    return 0


def _show_report(converted: Converted, output: Output) -> None:
    for table in converted.tables:
        if table is not None:
            output.show(table)
    if any(converted.tables):
        output.show("")
    for note in converted.notes:
        output.show(note)
    if converted.warning:
        output.show(Text(converted.warning, "yellow"))


def _format(table: dict[str, Any], path: Path) -> Any:
    if path.suffix not in table:
        raise unknown_name("file type", path.suffix or path.name, table)
    return table[path.suffix]


def _refuse_idle(options: argparse.Namespace) -> None:
    """Refuse options that would do nothing."""
    kinds = (options.source.suffix, options.target.suffix)
    foreign = {name: options.source.suffix == ".nir" and bool(given) for name, given in _netx_options(options).items()}
    idle = {
        **foreign,
        "--bits": options.bits is not None and kinds[0] != ".nir",
        "--inclusive": options.inclusive is not None and kinds[0] != ".nir",
        "--dt-ms": options.dt_ms is not None and ".nir" not in kinds,
        "--golden": options.golden is not None and kinds[1] != ".net",
    }
    for name, refused in idle.items():
        if refused:
            raise ConfigError(f"{name} does nothing from {kinds[0]} to {kinds[1]}; leave it out")
    if options.golden is None and options.golden_density is not None:
        raise ConfigError("--golden-density does nothing without --golden; give both or none")
    if options.golden is not None and options.golden < 1:
        raise ConfigError(f"--golden is {options.golden}, it must be at least 1; leave it out to record none")


def _netx_options(options: argparse.Namespace) -> dict[str, bool]:
    """Which options are given that only a netx file takes."""
    return {
        "--message-bits": options.message_bits is not None,
        "--clamp-delays": options.clamp_delays,
        "--fold-input": options.fold_input,
    }


def _refuse_same(source: Path, target: Path) -> None:
    """Refuse to write over what is read."""
    if source.exists() and target.exists() and source.samefile(target):
        raise ConfigError(f"{target} is the source itself, which would be lost; give another target")


def _named(converted: Converted, options: argparse.Namespace) -> Converted:
    """The network with the names that the options give."""
    network = converted.network
    if options.name is not None:
        if not options.name.strip():
            raise ConfigError("--name is empty; give a name or leave it out")
        network = replace(network, name=options.name.strip())
    if options.classes is not None:
        names = tuple(name.strip() for name in options.classes.split(","))
        if len(names) != network.layers[-1].neurons or not all(names):
            raise ConfigError(
                f"--classes names {len([name for name in names if name])} classes, the network has "
                f"{network.layers[-1].neurons} output neurons; name each of them"
            )
        network = replace(network, class_names=names)
    return replace(converted, network=network)


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
    counted = ", ".join(f"{count} {status}" for status, count in report.statuses.items() if count)
    notes = (f"parameters: {counted}", *report.notes)
    return Converted(
        network,
        {"import": asdict(report)},
        (weight_table(report.layers), parameter_table(report.layers)),
        notes if report.doubtful else (*notes, report.dt),
        report.dt if report.doubtful else "",
    )


def _from_net(options: argparse.Namespace) -> Converted:
    if not _is_ours(options.source):
        chosen = NetxOptions(
            steps=options.steps,
            message_bits=options.message_bits,
            input_shape=_shape(options),
            clamp_delays=options.clamp_delays,
            fold_input=options.fold_input,
        )
        found = read_netx(options.source, chosen)
        report = {"decisions": [asdict(decision) for decision in found.decisions]}
        return Converted(found.network, report, (decision_table(found.decisions),))
    given = {"--steps": options.steps is not None, "--shape": options.shape is not None, **_netx_options(options)}
    for name, idle in given.items():
        if idle:
            raise ConfigError(f"{name} does nothing here, {options.source} has an input recipe; leave it out")
    return Converted(read_net(options.source))


def _is_ours(path: Path) -> bool:
    """Whether the file is laid out as ours are; what cannot be read is left to the strict reader to explain."""
    try:
        start = read_regular(path, SIZE_LIMIT)[: len(SIGNATURE) + 1]
    except EvsnnError:
        return True
    return start[:-1] != SIGNATURE or start[-1] in LAYOUTS


def _to_net(options: argparse.Namespace, converted: Converted) -> Converted:
    write_net(converted.network, options.target)
    return converted


def _to_nir(options: argparse.Namespace, converted: Converted) -> Converted:
    report = write_nir(converted.network, options.target, _dt_s(options))
    said = {**converted.report, "export": asdict(report)}
    return replace(converted, report=said, tables=(*converted.tables, feature_table(report.features)))


READERS: Final[dict[str, Callable[[argparse.Namespace], Converted]]] = {".nir": _from_nir, ".net": _from_net}
WRITERS: Final[dict[str, Callable[[argparse.Namespace, Converted], Converted]]] = {".nir": _to_nir, ".net": _to_net}


def _dt_s(options: argparse.Namespace) -> float | None:
    return None if options.dt_ms is None else options.dt_ms / 1000


def _shape(options: argparse.Namespace) -> tuple[int, int, int] | None:
    if options.shape is None:
        return None
    sizes = options.shape.split(",")
    if len(sizes) != 3 or not all(size.strip().isdecimal() and int(size) for size in sizes):
        raise ConfigError(f"--shape is {options.shape!r}, expected three positive numbers C,H,W, for example 2,34,34")
    channels, height, width = map(int, sizes)
    return channels, height, width


def _with_golden(converted: Converted, samples: int, density: float | None) -> Converted:
    """Record what the network makes of random frames, and say which layers that leaves silent."""
    network = converted.network
    values = samples * math.prod(network.input_shape) * network.masks.steps
    if values > GOLDEN_LIMIT:
        raise CapacityError(
            f"--golden {samples} are {values} values, the limit is {GOLDEN_LIMIT}; record fewer samples"
        )
    frames, drawn = waking_frames(network, samples, SEED, density)
    ways = ", ".join(dict.fromkeys(map(str, drawn)))
    said = f"{samples} sample{'s' * (samples > 1)} of random frames, {ways}, seed {SEED}; the reference's answers"
    golden = record_golden(network, frames)
    silent = silent_layers(network, golden)
    names = ", ".join(f"layer {name}" for name in silent)
    notes = (f"silent in all of them: {names} (nothing is proven about what a silent layer sends)",) if silent else ()
    return replace(
        converted,
        network=replace(network, golden=golden, provenance={**network.provenance, "golden": said}),
        report={**converted.report, "golden": {"drawn": said, "silent_layers": silent}},
        notes=(*converted.notes, f"golden vectors: {said}", *notes),
    )
