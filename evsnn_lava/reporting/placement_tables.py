"""Tables of ``evsnn place``: the layers of one placement, traffic, and placements side by side."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from evsnn_lava.export.placement import LayerPlan
from evsnn_lava.export.placement.comparison import Balance
from evsnn_lava.reporting.layout import captioned_table
from evsnn_lava.reporting.units import format_count, format_si

DOOR = "Lava's compiler offers no door to choose: the others say what a network would have to be cut into."


def placement_tables(
    shown: Balance, balances: Sequence[Balance], chip: str, words: int | None, origin: str
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
    words : int or None
        Words that a core holds, if that is known.
    origin : str
        What the activity was measured with.

    Returns
    -------
    rich.console.RenderableType
        Three tables, one below the other.
    """
    return Group(
        layers_table(shown, chip, words), "", traffic_table(shown, origin), "", balance_table(balances, origin)
    )


def layers_table(balance: Balance, chip: str, words: int | None) -> Table:
    """Cores of every layer, how large their parts are and how full the fullest is.

    Parameters
    ----------
    balance : Balance
        The placement.
    chip : str
        Title of the chip.
    words : int or None
        Words that a core holds, if that is known.

    Returns
    -------
    rich.table.Table
        One row per layer, words of the fullest core, and the total.
    """
    placement = balance.placement
    caption = "" if words is None else f"Words of 64 bits on the fullest core; share of {words} words. "
    table = captioned_table(
        f"{placement.network} on {chip}: {placement.rule}",
        f"{caption}Part: channels x rows x columns. Operations: per step, on the busiest core.",
    )
    table.add_column("Layer", overflow="fold", min_width=14, max_width=18)
    for heading in ("Cores", "Part", "Neurons", "Bits", "Words\nweights", "\nneurons", "\naxons", "\nall", "Share"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Operations", justify="right", no_wrap=True)
    for plan, loads in zip(placement.layers, balance.synops, strict=True):
        table.add_row(*_layer_cells(plan, loads, words))
    table.add_section()
    chips = f"{placement.chips} chip{'s' * (placement.chips > 1)}"
    neurons = sum(plan.neurons for plan in placement.layers)
    table.add_row("total", f"{len(placement.cores)}", chips, f"{neurons}", style="bold")
    return table


def _layer_cells(plan: LayerPlan, loads: Sequence[float], limit: int | None) -> list[str]:
    if not plan.cores:
        return [escape(plan.name), "host"]
    fullest = max((core.words for core in plan.cores), key=lambda words: words.total)
    tile = plan.cores[0].tile
    part = f"{tile.depth}x{tile.rows[1] - tile.rows[0]}x{tile.columns[1] - tile.columns[0]}"
    return [
        escape(plan.name),
        f"{len(plan.cores)}",
        part,
        f"{plan.neurons}",
        f"{plan.weight_bits or ''}",
        f"{fullest.synapse}",
        f"{fullest.neuron}",
        f"{fullest.axon_in + fullest.axon_map}",
        f"{fullest.total}",
        "" if limit is None else f"{fullest.total / limit:.0%}",
        format_count(max(loads, default=0.0)),
    ]


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


def balance_table(balances: Sequence[Balance], origin: str) -> Table:
    """Placements side by side.

    Parameters
    ----------
    balances : sequence of Balance
        The placements.
    origin : str
        What the activity was measured with.

    Returns
    -------
    rich.table.Table
        Cores, busiest core, imbalance and the time of a step.
    """
    table = captioned_table(
        "Placements", f"A step lasts as long as its busiest core; measured with {origin}, mean over all steps. {DOOR}"
    )
    table.add_column("Rule")
    for heading in ("Cores", "Chips", "Busiest core", "Operations", "Over the mean", "Step"):
        table.add_column(heading, justify="right")
    for each in balances:
        table.add_row(
            each.placement.rule,
            f"{len(each.placement.cores)}",
            f"{each.placement.chips}",
            escape(each.busiest_layer),
            format_count(each.busiest_synops),
            f"{each.imbalance:.1f} x",
            format_si(each.step_s, "s"),
        )
    return table
