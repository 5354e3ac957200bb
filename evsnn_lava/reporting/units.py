"""Numbers for people: three digits and the unit that fits."""

from __future__ import annotations

from typing import Final

PREFIXES: Final = ((1.0, ""), (1e3, "m"), (1e6, "u"), (1e9, "n"), (1e12, "p"))
"""How many of the unit make one SI unit, and its prefix."""

LARGE: Final = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
"""Size and letter of large counts."""


def format_si(value: float, unit: str) -> str:
    """Write a quantity with three digits and a prefix.

    Parameters
    ----------
    value : float
        In the SI unit.
    unit : str
        ``J``, ``s`` or ``W``.

    Returns
    -------
    str
        For example ``1.09 mJ``; ASCII, so ``u`` stands for micro.

    Examples
    --------
    >>> format_si(1.0935e-3, "J"), format_si(152.8e-6, "s"), format_si(0.0, "J")
    ('1.09 mJ', '153 us', '0 J')
    """
    if not value:
        return f"0 {unit}"
    return _scaled(value, *_prefix(value), unit)


def format_range(low: float, high: float, unit: str) -> str:
    """Write a range in one unit, chosen by its upper end.

    Parameters
    ----------
    low, high : float
        In the SI unit.
    unit : str
        ``J``, ``s`` or ``W``.

    Returns
    -------
    str
        For example ``0.96..1.06 mJ``.

    Examples
    --------
    >>> format_range(9.9e-4, 1.062e-3, "J")
    '0.99..1.06 mJ'
    """
    if not high:
        return f"0 {unit}"
    size, prefix = _prefix(high)
    return f"{_three_digits(low * size)}..{_scaled(high, size, prefix, unit)}"


def format_count(value: float) -> str:
    """Write a count: whole ones below a thousand as they are, others with three digits and ``k``, ``M`` or ``G``.

    Parameters
    ----------
    value : float
        A count or a mean of counts.

    Returns
    -------
    str
        At most six characters below a thousand ``G``.

    Examples
    --------
    >>> format_count(7), format_count(12.34), format_count(158509), format_count(2.27e6), format_count(999_999)
    ('7', '12.3', '159 k', '2.27 M', '1.00 M')
    """
    for size, letter in LARGE:
        if float(f"{value:.3g}") >= size:
            return f"{_three_digits(value / size)} {letter}"
    return f"{value:.0f}" if float(value).is_integer() else _three_digits(value)


def _prefix(value: float) -> tuple[float, str]:
    rounded = float(f"{abs(value):.3g}")
    return next(((size, prefix) for size, prefix in PREFIXES if rounded * size >= 1), PREFIXES[-1])


def _scaled(value: float, size: float, prefix: str, unit: str) -> str:
    return f"{_three_digits(value * size)} {prefix}{unit}"


def _three_digits(value: float) -> str:
    rounded = abs(float(f"{value:.3g}"))
    return f"{value:.{0 if rounded >= 100 else 1 if rounded >= 10 else 2}f}"
