from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsnn_lava.reporting import format_count, format_range, format_si


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0 J"),
        (23.6e-12, "23.6 pJ"),
        (1.7e-12, "1.70 pJ"),
        (4.2e-14, "0.04 pJ"),
        (999.4e-9, "999 nJ"),
        (999.6e-9, "1.00 uJ"),
        (9.996e-3, "10.0 mJ"),
        (1.0935e-3, "1.09 mJ"),
        (2.0, "2.00 J"),
        (1234.0, "1234 J"),
    ],
)
def test_the_unit_fits_the_value(value, text):
    assert format_si(value, "J") == text


@pytest.mark.parametrize(("value", "text"), [(3.5e-9, "3.50 ns"), (152.8e-6, "153 us"), (2.446e-3, "2.45 ms")])
def test_times(value, text):
    assert format_si(value, "s") == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.0, 0.0, "0 J"),
        (9.9e-4, 1.06e-3, "0.99..1.06 mJ"),
        (0.0, 1e-6, "0.00..1.00 uJ"),
        (1e-6, 1e-6, "1.00..1.00 uJ"),
    ],
)
def test_a_range_has_one_unit(low, high, text):
    assert format_range(low, high, "J") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (7, "7"),
        (7.25, "7.25"),
        (999, "999"),
        (999.7, "1.00 k"),
        (158_509, "159 k"),
        (2.27e6, "2.27 M"),
        (4e9, "4.00 G"),
    ],
)
def test_counts(value, text):
    assert format_count(value) == text


@given(st.floats(min_value=1e-12, max_value=900))
def test_three_digits_are_kept(value):
    number, unit = format_si(value, "J").split()
    scale = {"pJ": 1e-12, "nJ": 1e-9, "uJ": 1e-6, "mJ": 1e-3, "J": 1.0}[unit]
    assert float(number) * scale == pytest.approx(value, rel=0.0051)
    assert len(number) <= 4
