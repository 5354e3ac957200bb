"""Terminal tables of a cost report, made for 100 columns; whoever prints them is the command line."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from evsnn_lava.errors import ConfigError
from evsnn_lava.export.part_words import plural
from evsnn_lava.profiling import LEFT_OUT, SHOWN_KINDS, Constant, CostReport, Distribution, Estimate, LayerCost
from evsnn_lava.profiling.ledger import READOUT
from evsnn_lava.reporting.layout import captioned_table
from evsnn_lava.reporting.units import format_count, format_range, format_si

UNKNOWN: Final = "—"
STATUS_STYLES = {"measured": "green", "published": "cyan", "fitted": "yellow", "assumed": "red"}


def cost_tables(report: CostReport, constants: bool = False) -> RenderableType:
    """Everything about one report: layers, summary and, if wanted, the constants behind them.

    Parameters
    ----------
    report : CostReport
        From :func:`evsnn_lava.profiling.profile_run`.
    constants : bool
        Whether to add a table of every constant; a line says where they come from without.

    Returns
    -------
    rich.console.RenderableType
        Tables, one below the other.
    """
    origin = constants_table(report) if constants else Text(_origin(report), style="dim")
    return Group(layer_table(report), "", summary_table(report), "", origin)


def layer_table(report: CostReport) -> Table:
    """Events and energy of every layer per inference, mean over the samples.

    Parameters
    ----------
    report : CostReport
        The report.

    Returns
    -------
    rich.table.Table
        One row per layer, what is beside the layers, static energy and the total; what of it a cutoff on chip takes.
    """
    table = captioned_table(f"{_title(report)}: layers, mean per inference", _off_core_caption(report))
    table.add_column("Layer", overflow="ellipsis", max_width=16)
    counted = ("Neurons", "Cores", "Spikes", "Synops")
    for heading in (*counted, "Energy\nsynops", "\nneurons", "\nmessages", "\ntotal", "Share"):
        table.add_column(heading, justify="right")
    total = report.ledger.per_inference(report.ledger.total)
    for layer in report.layers:
        table.add_row(*_layer_cells(report, layer, total.value))
    table.add_section()
    for name, energy in _beside_layers(report).items():
        known = name != "static" or report.knows("static")
        cells = (_joule(energy), _share(energy, total.value)) if known else (UNKNOWN, "")
        table.add_row(name, *[""] * 7, *cells)
    table.add_row("total", *_total_cells(report), style="bold")
    if report.cutoff is not None:
        table.add_row(*_layer_cells(report, report.cutoff, total.value))
    return table


def summary_table(report: CostReport) -> Table:
    """Accuracy, steps, time and energy of one inference and how they spread over the samples.

    Parameters
    ----------
    report : CostReport
        The report.

    Returns
    -------
    rich.table.Table
        One row per quantity: mean, range of the mean, p50, p95, maximum.
    """
    table = captioned_table(f"{_title(report)}: one inference, {_samples(report)}", _summary_caption(report))
    table.add_column("Quantity")
    for heading in ("Mean", "Range of the mean", "p50", "p95", "Max"):
        table.add_column(heading, justify="right")
    if report.accuracy is not None:
        table.add_row("accuracy", _percent(report.accuracy))
    spread = report.distributions
    table.add_row("steps, algorithmic", *_step_cells(spread["exit_steps"]))
    table.add_row("steps, hardware", *_step_cells(spread["steps"]))
    table.add_row("time", *(_si_cells(spread["time_s"], "s") if report.hardware.timed else ["not published"]))
    table.add_row("energy", *_si_cells(spread["energy_j"], "J"), style="bold")
    dynamic = _si_cells(spread["dynamic_j"], "J")
    table.add_row("  dynamic", *(dynamic if report.knows_work else ("not published",)))
    static = (_joule(report.static_j), _range(report.static_j, "J"))
    table.add_row("  static", *(static if report.knows("static") else ("not published",)))
    for name, power in report.power_w.items():
        table.add_row(f"power, {name}", format_si(power.value, "W"), _range(power, "W"))
    return table


def constants_table(report: CostReport, notes: bool = False) -> Table:
    """Every constant that the report used, and where it comes from.

    Parameters
    ----------
    report : CostReport
        The report.
    notes : bool
        Whether to add the notes of the profile, which say what each end of a range is.

    Returns
    -------
    rich.table.Table
        One row per constant.
    """
    table = captioned_table(f"Constants of profile {report.hardware.name}: {report.hardware.chip}")
    table.add_column("Constant", no_wrap=True)
    table.add_column("Value (range)", no_wrap=True)
    for heading in ("Status", "Scope", "Source"):
        table.add_column(heading)
    for group, constants in groupby(report.constants, key=lambda constant: constant.name.partition(".")[0]):
        members = list(constants)
        if len(members) > 1:
            table.add_row(Text(group, style="bold"))
        for constant in members:
            table.add_row(*_constant_cells(constant, notes))
    return table


def comparison_table(rows: Sequence[tuple[str, CostReport]]) -> Table:
    """Variants of a network side by side, for example plain, masks, cutoff and both.

    Parameters
    ----------
    rows : sequence of (str, CostReport)
        Name and report of every variant; the first one is the baseline.

    Returns
    -------
    rich.table.Table
        Two lines per variant: the values, and below them hardware steps and ranges.

    Raises
    ------
    ConfigError
        If there is no row, or the rows are not priced with one profile.
    """
    profiles = {report.hardware.model_dump_json() for _, report in rows}
    if len(profiles) != 1:
        raise ConfigError(f"comparison table: {len(profiles)} hardware profiles; compare variants on exactly one")
    baseline_name, baseline = rows[0]
    table = captioned_table(
        f"One inference on {baseline.hardware.title}, {_samples(baseline)}",
        "Second line: steps that the chip executes, and the range of a mean. "
        f"Change: mean energy against {baseline_name}.",
    )
    table.add_column("Variant", overflow="ellipsis", max_width=16)
    for heading in ("Accuracy", "Steps\nmean", "\np50", "\np95", "Time", "Energy", "Dynamic", "Change"):
        table.add_column(heading, justify="right")
    for name, report in rows:
        table.add_row(name, *_variant_cells(report, baseline.energy_j.distribution().mean.value))
    return table


def _title(report: CostReport) -> str:
    return f"{report.network or 'network'} on {report.hardware.title}"


def _samples(report: CostReport) -> str:
    return "1 sample" if report.samples == 1 else f"{report.samples} samples"


def _off_core_caption(report: CostReport) -> str:
    counts = {kind: report.ledger.count(kinds=[kind]) / report.samples for kind in ("readout", "cutoff", "mask")}
    price = "energy not published, charged 0" if report.hardware.energy.host_operation is None else "priced below"
    return (
        f"Beside the cores: {format_count(counts['readout'])} {plural(counts['readout'], 'addition')} of the readout, "
        f"{format_count(counts['cutoff'])} comparisons of the cutoff, {format_count(counts['mask'])} mask questions; "
        f"{price}. Messages: spikes, copies to cores and hops."
    )


def _summary_caption(report: CostReport) -> str:
    """What the numbers stand for, and what is not in them."""
    unpriced = [name.removeprefix("energy.") for name in report.hardware.unpriced]
    return (
        f"{_extent(report)} "
        "Steps: frames that the decision saw (algorithmic), with the delay of the layers (hardware). "
        "A range takes every constant at its lower or upper end. "
        f"Not contained: {'; '.join(LEFT_OUT)}" + (f"; without a price: {', '.join(unpriced)}." if unpriced else ".")
    )


def _extent(report: CostReport) -> str:
    if not report.cores:
        return "How the network lies on it is not known."
    chips = f"{report.cores} cores on {report.chips} chip{'s' * (report.chips > 1)}"
    return f"{chips}; the static power of {'all of them' if report.chips > 1 else 'the whole chip'} is charged."


def _origin(report: CostReport) -> str:
    """How many constants there are of each status, and how to see them."""
    found = [constant.quantity.status for constant in report.constants]
    counts = ", ".join(f"{found.count(status)} {status}" for status in STATUS_STYLES if status in found)
    name = report.hardware.name
    return f"Priced with {len(found)} constants ({counts}): --constants, or evsnn hw show {name}."


def _beside_layers(report: CostReport) -> dict[str, Estimate]:
    """Energy that no layer takes, per inference: the host's, the barrier's, and static power at the end."""
    kinds = {
        "masks": ["mask"],
        "readout, cutoff": ["readout", "cutoff"],
        "barriers": ["barrier"],
        "while working": ["working"],
    }
    ledger = report.ledger
    found = {name: ledger.per_inference(ledger.energy(kinds=each)) for name, each in kinds.items()}
    outputs = ledger.per_inference(ledger.energy(READOUT, ["io"]))
    priced = {name: energy for name, energy in {**found, "output": outputs}.items() if energy.high}
    return {**priced, "static": report.static_j}


def _layer_cells(report: CostReport, layer: LayerCost, total: float) -> list[str]:
    def part(shown: str, energy: Estimate) -> str:
        return _joule(energy) if report.knows(*SHOWN_KINDS[shown]) else UNKNOWN

    known = report.knows(*(kind for kinds in SHOWN_KINDS.values() for kind in kinds))
    return [
        escape(layer.name),
        format_count(layer.neurons) if layer.neurons else "",
        format_count(layer.cores) if layer.cores else "",
        format_count(layer.spikes),
        format_count(layer.synops) if layer.neurons else "",
        part("synop", layer.synop_j) if layer.neurons else "",
        part("neuron", layer.neuron_j) if layer.neurons else "",
        part("message", layer.message_j),
        *((_joule(layer.total_j), _share(layer.total_j, total)) if known else (UNKNOWN, "")),
    ]


def _total_cells(report: CostReport) -> list[str]:
    ledger = report.ledger
    parts = [
        _joule(ledger.per_inference(ledger.energy(kinds=kinds))) if report.knows(*kinds) else UNKNOWN
        for kinds in SHOWN_KINDS.values()
    ]
    return [
        format_count(sum(layer.neurons for layer in report.layers)),
        format_count(report.cores) if report.cores else "",
        format_count(sum(layer.spikes for layer in report.layers)),
        format_count(ledger.count(kinds=["synop"]) / ledger.samples),
        *parts,
        _joule(ledger.per_inference(ledger.total)),
        _percent(1.0),
    ]


def _step_cells(spread: Distribution) -> list[str]:
    return [f"{spread.mean.value:.1f}", "", *(f"{part.value:.0f}" for part in (spread.p50, spread.p95, spread.max))]


def _si_cells(spread: Distribution, unit: str) -> list[str]:
    others = [format_si(part.value, unit) for part in (spread.p50, spread.p95, spread.max)]
    return [format_si(spread.mean.value, unit), _range(spread.mean, unit), *others]


def _constant_cells(constant: Constant, notes: bool) -> list[str | Text]:
    quantity = constant.quantity
    source = Text(f"{quantity.source} ({quantity.year})")
    if notes and quantity.note:
        source.append(f"\n{quantity.note}", style="dim")
    status = Text(quantity.status, style=STATUS_STYLES[quantity.status])
    group, _, leaf = constant.name.rpartition(".")
    return [f"  {leaf}" if group else leaf, _constant_value(constant), status, quantity.scope, source]


def _constant_value(constant: Constant) -> str:
    quantity = constant.quantity
    low, high = (quantity.value if end is None else end for end in (quantity.low, quantity.high))
    span = f" ({low:.6g}..{high:.6g})" if low < high else ""
    return f"{quantity.value:.6g}{span} {quantity.unit}".removesuffix(" count")


def _variant_cells(report: CostReport, baseline_j: float) -> list[str | Text]:
    spread = report.distributions
    algorithmic, hardware = spread["exit_steps"], spread["steps"]
    energy = spread["energy_j"].mean.value
    return [
        "" if report.accuracy is None else _percent(report.accuracy),
        _two_lines(f"{algorithmic.mean.value:.1f}", f"{hardware.mean.value:.1f}"),
        _two_lines(f"{algorithmic.p50.value:.0f}", f"{hardware.p50.value:.0f}"),
        _two_lines(f"{algorithmic.p95.value:.0f}", f"{hardware.p95.value:.0f}"),
        *(
            _with_range(spread[key].mean, unit)
            for key, unit in (("time_s", "s"), ("energy_j", "J"), ("dynamic_j", "J"))
        ),
        f"{100 * (energy / baseline_j - 1):+.0f} %" if baseline_j and energy != baseline_j else "",
    ]


def _two_lines(first: str, second: str) -> Text:
    return Text.assemble(first, "\n", (second, "dim"))


def _with_range(estimate: Estimate, unit: str) -> Text:
    return _two_lines(format_si(estimate.value, unit), _range(estimate, unit))


def _range(estimate: Estimate, unit: str) -> str:
    """The range, or nothing where the profile gives none."""
    if estimate.low == estimate.high:
        return ""
    return format_range(estimate.low, estimate.high, unit)


def _joule(estimate: Estimate) -> str:
    return format_si(estimate.value, "J")


def _share(part: Estimate, total: float) -> str:
    return _percent(part.value / total if total else 0.0)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
