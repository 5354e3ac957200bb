"""Texts of the page: escaped, with readable numbers."""

from __future__ import annotations

import json
from html import escape
from typing import Any, Final

from evsnn_lava.profiling import Estimate
from evsnn_lava.reporting.units import PREFIXES, format_range, format_si

NOT_PUBLISHED: Final = "not published"
NOTHING: Final = "–"
"""Where a number would stand and there is none."""
LONGEST_LABEL: Final = 28
"""Characters of a name in a chart; the tables have it whole."""
TAIL: Final = 9
"""The last of them, by which names often differ."""


def text(value: object) -> str:
    """Anything as text of a page: names come from files and may look like markup.

    Examples
    --------
    >>> text('<b> & "c"')
    '&lt;b&gt; &amp; &quot;c&quot;'
    """
    return escape(str(value))


def label(name: str) -> str:
    """A name for a chart, shortened; Plotly reads a few tags of its own in texts, so they are escaped there, too.

    Examples
    --------
    >>> label("<b>x</b>"), label("a" * 40 + "-masked")[-10:]
    ('&lt;b&gt;x&lt;/b&gt;', '…aa-masked')
    """
    short = name if len(name) <= LONGEST_LABEL else f"{name[: LONGEST_LABEL - TAIL - 1]}…{name[-TAIL:]}"
    return escape(short, quote=False)


def si(value: float, unit: str) -> str:
    r"""A quantity with three digits and a prefix, µ for micro.

    Examples
    --------
    >>> si(1.5e-6, "J")
    '1.50\xa0µJ'
    """
    return _micro(format_si(value, unit))


def spread(estimate: Estimate, unit: str) -> str:
    r"""The range of an estimate, in words where it has none.

    Examples
    --------
    >>> spread(Estimate(2e-6, 1e-6, 4e-6), "J")
    '1.00–4.00\xa0µJ'
    """
    if estimate.low == estimate.high:
        return "no range given"
    return _micro(format_range(estimate.low, estimate.high, unit)).replace("..", "–")


def percent(share: float | None) -> str:
    r"""A share in percent; a dash where it is not known.

    Examples
    --------
    >>> percent(0.925), percent(None)
    ('92.5\xa0%', '–')
    """
    return "–" if share is None else f"{100 * share:.1f}\N{NO-BREAK SPACE}%"


def scale(largest: float, unit: str) -> tuple[float, str]:
    """Factor and unit in which the largest of some numbers in an SI unit reads well.

    Examples
    --------
    >>> scale(3e-6, "J"), scale(0.0, "J")
    ((1000000.0, 'µJ'), (1.0, 'J'))
    """
    if not largest:
        return 1.0, unit
    size, prefix = next(((size, prefix) for size, prefix in PREFIXES if largest * size >= 1), PREFIXES[-1])
    return size, f"{prefix}{unit}".replace("u", "µ", 1) if prefix == "u" else f"{prefix}{unit}"


def rounded(value: float, digits: int = 6) -> float:
    """A number with few digits, to keep the page small."""
    return float(f"{value:.{digits}g}")


def script_json(value: Any) -> str:
    r"""JSON that may stand inside a script element, whatever texts it holds.

    Examples
    --------
    >>> script_json({"a": "</script>"})
    '{"a":"\\u003c/script\\u003e"}'
    """
    written = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    for character in "<>&\u2028\u2029":
        written = written.replace(character, f"\\u{ord(character):04x}")
    return written


def _micro(written: str) -> str:
    number, _, unit = written.rpartition(" ")
    return f"{number}\N{NO-BREAK SPACE}{'µ' + unit[1:] if unit.startswith('u') else unit}"
