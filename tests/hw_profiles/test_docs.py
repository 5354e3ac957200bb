"""The tables of ``docs/hardware.md`` are the profiles."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from evsnn_lava.hw_profiles import load_profile
from evsnn_lava.hw_profiles.faults import faults
from evsnn_lava.hw_profiles.load import built_in_names, load_any, model_for

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PAGE = Path(__file__).resolve().parents[2] / "docs" / "hardware.md"
TABLE = re.compile(r"<!-- table: (?P<name>\S+) -->\n(?P<rows>.*?)<!-- end -->", re.S)
SAME_NUMBERS = {"speck:live": "speck"}


def table_of(name):
    """The table as it has to stand in the page; run this file to write all of them anew."""
    rows = ["| number | value | range | status | source |", "|---|---|---|---|---|"]
    for key, each in load_profile(name).quantities().items():
        low, high = (each.value if end is None else end for end in (each.low, each.high))
        span = f"{low:g}..{high:g}" if low < high else ""
        value = f"{each.value:g} {each.unit}".removesuffix(" count")
        rows.append(f"| `{key}` | {value} | {span} | {each.status}, {each.scope} | {each.source} ({each.year}) |")
    return "\n".join(rows) + "\n"


def with_tables(text):
    return TABLE.sub(lambda found: f"<!-- table: {found['name']} -->\n{table_of(found['name'])}<!-- end -->", text)


def test_every_number_stands_in_the_page():
    text = PAGE.read_text(encoding="utf-8")
    assert {found["name"] for found in TABLE.finditer(text)} == set(built_in_names()) - set(SAME_NUMBERS)
    assert with_tables(text) == text


@pytest.mark.parametrize(("one", "other"), SAME_NUMBERS.items())
def test_what_is_left_out_has_the_same_numbers(one, other):
    assert table_of(one) == table_of(other)


def test_the_example_is_a_right_profile(tmp_path):
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    content = tomllib.loads(example)
    assert faults(content, model_for(content), "example") == ()
    path = tmp_path / "mine.toml"
    path.write_text(example, encoding="utf-8")
    assert (load_any(path).static_power.si, load_any(f"{path}:cold").static_power.si) == (0.08, 0.06)


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
