"""The page: one file with its style, its script, Plotly and all data."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from evsnn_lava.reporting.html.sections import SECTIONS, Page
from evsnn_lava.reporting.html.study import Study
from evsnn_lava.reporting.html.words import script_json, text

POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; "
    "form-action 'none'"
)
"""What the browser may load: nothing from anywhere."""

FEW: Final = 3
"""Chips that have a button each."""


def render(study: Study) -> str:
    """Write a study as a page that stands alone.

    Parameters
    ----------
    study : Study
        What to show.

    Returns
    -------
    str
        HTML; the same study gives the same text.

    Raises
    ------
    ModuleNotFoundError
        If plotly is not installed.
    """
    from plotly.offline import get_plotlyjs  # here: plotly is optional

    page = Page(study)
    sections = "".join(
        f'<section id="{key}" aria-labelledby="{key}-head"><h2 id="{key}-head">{title}</h2>'
        f"{''.join(write(page))}</section>"
        for key, (title, write) in SECTIONS.items()
    )
    drawings = script_json([chart.drawing() for chart in page.charts])
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>{text(study.title)}</title>\n<style>{_asset('page.css')}</style>\n</head>\n<body>\n"
        f"{_header(study)}\n<main id=main>{sections}</main>\n"
        f"<footer><p>Made by evsnn {text(study.version)}; samples run by back-end {text(study.backend)}. "
        "This file is complete: it loads nothing from elsewhere.</p></footer>\n"
        f'<script type="application/json" id="drawings">{drawings}</script>\n'
        f"<script>{get_plotlyjs()}</script>\n<script>{_asset('page.js')}</script>\n</body>\n</html>\n"
    )


def _header(study: Study) -> str:
    links = "".join(f'<a href="#{key}">{title}</a>' for key, (title, _) in SECTIONS.items())
    return (
        '<a class="skip" href="#main">Skip to the content</a>'
        f'<header><div class="top"><h1>{text(study.title)}</h1><div class="controls">{_chips(study)}'
        '<button type="button" id="theme" aria-pressed="false">Dark</button></div></div>'
        f'<nav aria-label="Sections">{links}</nav></header>'
        "<noscript><p>Without scripts the charts are empty; all texts and tables are there.</p></noscript>"
    )


def _chips(study: Study) -> str:
    if len(study.chips) < 2:
        return ""
    if len(study.chips) > FEW:
        options = "".join(f'<option value="{chip}">{text(title)}</option>' for chip, title in enumerate(study.chips))
        return f'<label>Chip <select id="pick">{options}</select></label>'
    buttons = "".join(
        f'<button type="button" data-pick="{chip}" aria-pressed="{str(not chip).lower()}">{text(title)}</button>'
        for chip, title in enumerate(study.chips)
    )
    return f'<div class="chips" role="group" aria-label="Chip that the costs are for">{buttons}</div>'


def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
