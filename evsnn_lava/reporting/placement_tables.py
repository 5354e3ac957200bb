"""Tables of ``evsnn place``: the layers of one placement, traffic, and placements side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from evsnn_lava.export.placement import LayerPlan
from evsnn_lava.export.placement.comparison import Balance
from evsnn_lava.reporting.layout import captioned_table
from evsnn_lava.reporting.units import format_count, format_si

DOOR = "They cannot be handed to Lava's compiler: they show what it is worth to split a layer into several."


@dataclass(frozen=True)
class Fullness:
    """How full the fullest core of a layer is.

    Parameters
    ----------
    word : str
        The limit that it is closest to.
    share : float
        Of that limit; above 1 it does not fit.
    """

    word: str
    share: float


def placement_tables(
    shown: Balance, balances: Sequence[Balance], chip: str, full: Sequence[Fullness | None], origin: str
) -> RenderableType:
    """Everything about the placement of a network.

    Parameters
    ----------
    shown : Balance
        The placement to list.
    balances : sequence of Balance
        All placements, to compare.
    chip : str
        Title of the chip.
    full : sequence of (Fullness or None)
        Of every layer of the placement that is listed; None for one that the host computes.
    origin : str
        What the activity was measured with.

    Returns
    -------
    rich.console.RenderableType
        Four tables, one below the other, and a warning first where something does not fit.
    """
    over = [
        plan.name
        for plan, each in zip(shown.placement.layers, full, strict=True)
        if each is not None and each.share > 1
    ]
    words = f"does not fit on a core: {', '.join(over)}; `evsnn check` says what helps"
    warning: list[RenderableType] = [Text(words, "bold red"), ""] if over else []
    layers, traffic = layers_table(shown, chip, full), traffic_table(shown, origin)
    return Group(*warning, layers, "", words_table(shown), "", traffic, "", balance_table(balances))


def layers_table(balance: Balance, chip: str, full: Sequence[Fullness | None]) -> Table:
    """Cores of every layer, how large their parts are, how full the fullest is and how busy the busiest.

    Parameters
    ----------
    balance : Balance
        The placement.
    chip : str
        Title of the chip.
    full : sequence of (Fullness or None)
        Of every layer.

    Returns
    -------
    rich.table.Table
        One row per layer, and the total.
    """
    placement = balance.placement
    table = captioned_table(
        f"{placement.network} on {chip}: {placement.rule}",
        "Part: channels x rows x columns of a core. Fullest: the limit that a core is closest to. "
        "Operations: per step, on the busiest core.",
    )
    _layer_column(table)
    for heading in ("Cores", "Part", "Neurons", "Fullest", "Operations"):
        table.add_column(heading, justify="right", no_wrap=True)
    for plan, loads, each in zip(placement.layers, balance.synops, full, strict=True):
        table.add_row(*_layer_cells(plan, loads, each))
    table.add_section()
    chips = f"{placement.chips} chip{'s' * (placement.chips > 1)}"
    neurons = sum(plan.neurons for plan in placement.layers)
    table.add_row("total", f"{len(placement.cores)}", chips, f"{neurons}", style="bold")
    return table


def _layer_cells(plan: LayerPlan, loads: Sequence[float], full: Fullness | None) -> list[str]:
    if full is None:
        return [escape(plan.name), "host"]
    tile = plan.cores[0].tile
    return [
        escape(plan.name),
        f"{len(plan.cores)}",
        f"{tile.depth}x{tile.rows[1] - tile.rows[0]}x{tile.columns[1] - tile.columns[0]}",
        f"{plan.neurons}",
        f"{full.word} {full.share:.0%}",
        format_count(max(loads, default=0.0)),
    ]


def words_table(balance: Balance) -> Table:
    """Words on the fullest core of every layer, by what they hold.

    Parameters
    ----------
    balance : Balance
        The placement.

    Returns
    -------
    rich.table.Table
        One row per layer that takes cores.
    """
    table = captioned_table(
        "Words of 64 bits on the fullest core", "Bits: of a weight. Blocks: of channels, on a core."
    )
    _layer_column(table)
    for heading in ("Bits", "Blocks", "Weights", "Neurons", "Axons in", "Axons out", "All"):
        table.add_column(heading, justify="right", no_wrap=True)
    for plan in balance.placement.layers:
        if plan.cores:
            words = max((core.words for core in plan.cores), key=lambda words: words.total)
            counts = (words.synapse, words.neuron, words.axon_in, words.axon_map, words.total)
            table.add_row(escape(plan.name), f"{plan.weight_bits or ''}", f"{plan.blocks}", *map(str, counts))
    return table


def _layer_column(table: Table) -> None:
    table.add_column("Layer", overflow="fold", min_width=14, max_width=18)


def traffic_table(balance: Balance, origin: str) -> Table:
    """Messages between layers, per step.

    Parameters
    ----------
    balance : Balance
        The placement.
    origin : str
        What the activity was measured with.

    Returns
    -------
    rich.table.Table
        One row per pair of layers.
    """
    table = captioned_table(
        "Traffic per step",
        f"Measured with {origin}. Copies: one for each core that a message goes to. Hops: from router to router when "
        "cores are filled in order (assumed); the way from the host is not known.",
    )
    for heading in ("From", "To"):
        table.add_column(heading, overflow="fold", max_width=18)
    for heading in ("Messages", "Copies", "Mean hops", "Across chips"):
        table.add_column(heading, justify="right")
    for each in balance.traffic:
        hops = f"{each.hops / each.copies:.1f}" if each.copies and not each.source.startswith("(") else ""
        table.add_row(
            escape(each.source),
            escape(each.target),
            format_count(each.messages),
            format_count(each.copies),
            hops,
            format_count(each.across_chips) if each.across_chips else "",
        )
    return table


def balance_table(balances: Sequence[Balance]) -> Table:
    """Placements side by side.

    Parameters
    ----------
    balances : sequence of Balance
        The placements.

    Returns
    -------
    rich.table.Table
        Cores, busiest core, imbalance and the time of a step.
    """
    table = captioned_table(
        "Placements", f"A step lasts as long as its busiest core works on operations or neurons. {DOOR}"
    )
    table.add_column("Rule")
    for heading in ("Cores", "Chips", "Busiest core", "Most\noperations", "\nover mean", "Step"):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in balances:
        table.add_row(
            each.placement.rule,
            f"{len(each.placement.cores)}",
            f"{each.placement.chips}",
            escape(f"{each.busiest_layer} ({each.bound_by})"),
            format_count(each.busiest_synops),
            f"{each.imbalance:.1f} x",
            format_si(each.step_s, "s"),
        )
    return table
