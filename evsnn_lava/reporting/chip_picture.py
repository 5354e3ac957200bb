"""A picture of the chips: every core, coloured by its layer and by its load.

SVG without scripts, so that it opens anywhere; hovering over a core tells what lies on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from evsnn_lava.export.placement.comparison import Balance
from evsnn_lava.export.placement.plan import CorePlan
from evsnn_lava.export.placement.traffic import ROWS, position, router_columns
from evsnn_lava.reporting.units import format_count, format_si

CELL: Final = 20
ROUTER: Final = 2 * CELL + 10
MARGIN: Final = 24
TITLE: Final = 64
LEGEND: Final = 210
PANEL_HEIGHT: Final = ROWS * ROUTER
HUES: Final = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#8c6bb1", "#5a5a5a")
"""Colours that colour-blind people can tell apart (Okabe and Ito), and two more."""
HEAT: Final = ((255, 243, 214), (153, 27, 30))
"""Colours of no load and of the busiest core."""
STYLE: Final = (
    "svg{font:12px system-ui,sans-serif;background:var(--paper)}"
    ":root{--paper:#fff;--ink:#1c1c1c;--dim:#6b6b6b;--router:#eef0f2;--empty:#fff}"
    "@media(prefers-color-scheme:dark){:root{--paper:#16181c;--ink:#ececec;--dim:#a3a7ad;--router:#262a30;--empty:#16181c}}"
    "text{fill:var(--ink)}.dim{fill:var(--dim)}.title{font-size:16px;font-weight:600}.head{font-weight:600}"
    ".router{fill:var(--router)}.core{stroke:var(--paper);stroke-width:1}.empty{fill:var(--empty)}"
    ".core:hover{stroke:var(--ink);stroke-width:2}"
)


def chip_picture(balance: Balance, chip: str) -> str:
    """Draw a placement.

    Parameters
    ----------
    balance : Balance
        Where the network lies, and how busy the cores are.
    chip : str
        Title of the chip.

    Returns
    -------
    str
        An SVG document with two panels for every chip.
    """
    placement = balance.placement
    panel = _panel_width(balance)
    width = 3 * MARGIN + 2 * panel + LEGEND
    height = TITLE + placement.chips * (PANEL_HEIGHT + 2 * MARGIN) + 8
    height = max(height, TITLE + MARGIN + 18 * len(placement.layers) + 48)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img"><title>{escape(placement.network)} on {escape(chip)}</title><style>{STYLE}</style>',
        f'<text x="{MARGIN}" y="26" class="title">{escape(placement.network)} on {escape(chip)}: '
        f"{len(placement.cores)} cores, {escape(placement.rule)}</text>",
        f'<text x="{MARGIN}" y="45" class="dim">busiest core: {escape(balance.busiest_layer)}, '
        f"{format_count(balance.busiest_synops)} operations a step, {format_si(balance.step_s, 's')}; "
        "cores are drawn in the order in which they are filled (assumed)</text>",
    ]
    for number in range(placement.chips):
        top = TITLE + number * (PANEL_HEIGHT + 2 * MARGIN)
        parts += _panels(balance, number, top)
    parts += _legend(balance, 2 * MARGIN + MARGIN // 2 + 2 * panel)
    return "\n".join([*parts, "</svg>\n"])


def chip_page(balance: Balance, chip: str) -> str:
    """A page with the picture and nothing from elsewhere; parameters as of :func:`chip_picture`."""
    picture = chip_picture(balance, chip)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(balance.placement.network)} on {escape(chip)}</title>"
        f"<style>body{{margin:0;background:var(--paper)}}svg{{max-width:100%;height:auto}}{STYLE}</style></head>\n"
        f"<body>{picture}</body></html>\n"
    )


def layer_colours(layers: int) -> list[str]:
    """A colour for every layer; after the first round darker, then lighter ones, and after three the first again."""
    return [SHADES[index // len(HUES) % len(SHADES)](HUES[index % len(HUES)]) for index in range(layers)]


def _panel_width(balance: Balance) -> int:
    return router_columns(balance.placement.cores_per_chip) * ROUTER


def _panels(balance: Balance, chip: int, top: int) -> Iterator[str]:
    name = f"chip {chip}: " if balance.placement.chips > 1 else ""
    for panel, (title, fills) in enumerate((("layers", _by_layer(balance)), ("load", _by_load(balance)))):
        left = MARGIN + panel * (_panel_width(balance) + MARGIN)
        yield f'<text x="{left}" y="{top + 14}" class="head">{name}{title}</text>'
        for column in range(router_columns(balance.placement.cores_per_chip)):
            for row in range(ROWS):
                x, y = left + column * ROUTER, top + MARGIN + row * ROUTER
                yield f'<rect x="{x}" y="{y}" width="{ROUTER - 6}" height="{ROUTER - 6}" rx="5" class="router"/>'
        yield from _cores(balance, chip, left, top + MARGIN, fills)


def _cores(balance: Balance, chip: int, left: int, top: int, fills: Sequence[str]) -> Iterator[str]:
    placement = balance.placement
    loads = [load for layer in balance.synops for load in layer]
    for number, core in enumerate(placement.cores):
        on_chip, column, row = position(number, placement.cores_per_chip)
        if on_chip != chip:
            continue
        place = number % placement.cores_per_chip % 4
        x = left + column * ROUTER + 2 + place % 2 * CELL
        y = top + row * ROUTER + 2 + place // 2 * CELL
        hover = escape(_words(placement.layers[core.layer].name, core, loads[number]))
        yield (
            f'<rect x="{x}" y="{y}" width="{CELL}" height="{CELL}" rx="3" class="core" fill="{fills[number]}">'
            f"<title>{hover}</title></rect>"
        )


def _words(layer: str, core: CorePlan, load: float) -> str:
    tile, words = core.tile, core.words
    part = ", ".join(
        f"{name} {low}..{high - 1}"
        for name, (low, high) in (("channels", tile.channels), ("rows", tile.rows), ("columns", tile.columns))
        if high - low > 1 or name == "channels"
    )
    return f"{layer}: {part}; {tile.neurons} neurons, {words.total} words, {format_count(load)} operations a step"


def _by_layer(balance: Balance) -> list[str]:
    colours = layer_colours(len(balance.placement.layers))
    return [colours[core.layer] for core in balance.placement.cores]


def _by_load(balance: Balance) -> list[str]:
    return [_heat(load / (balance.busiest_synops or 1)) for layer in balance.synops for load in layer]


def _legend(balance: Balance, left: int) -> Iterator[str]:
    colours = layer_colours(len(balance.placement.layers))
    yield f'<text x="{left}" y="{TITLE + 14}" class="head">layers and their cores</text>'
    for index, plan in enumerate(balance.placement.layers):
        y = TITLE + MARGIN + 18 * index
        cores = f"{len(plan.cores)}" if plan.cores else "host"
        yield f'<rect x="{left}" y="{y}" width="12" height="12" rx="2" fill="{colours[index]}"/>'
        yield f'<text x="{left + 20}" y="{y + 11}">{escape(plan.name[:20])}  <tspan class="dim">{cores}</tspan></text>'
    y = TITLE + MARGIN + 18 * len(balance.placement.layers) + 8
    for step in range(10):
        yield f'<rect x="{left + 14 * step}" y="{y}" width="14" height="12" fill="{_heat(step / 9)}"/>'
    yield f'<text x="{left}" y="{y + 27}" class="dim">load: 0 to {format_count(balance.busiest_synops)}</text>'


def _heat(share: float) -> str:
    mixed = (round(low + (high - low) * share) for low, high in zip(*HEAT, strict=True))
    return "#" + "".join(f"{value:02x}" for value in mixed)


def _mixed(colour: str, other: int, keep: float) -> str:
    """A colour with some black (0) or white (255) in it."""
    values = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return "#" + "".join(f"{round(other + (value - other) * keep):02x}" for value in values)


SHADES: Final = (str, lambda colour: _mixed(colour, 0, 0.5), lambda colour: _mixed(colour, 255, 0.45))
"""As it is, darker, lighter."""
