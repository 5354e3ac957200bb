"""The ledger as CSV: every row, numbers that read back, nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import dataclasses
import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsnn_lava.errors import printable
from evsnn_lava.reporting.ledger_csv import COLUMNS, FORMULA, ledger_csv
from evsnn_lava.reporting.named_report import NamedReport, told_apart

from .named_reports import BARE, WHOLE, named, report_of, reports


def read(text):
    return list(csv.DictReader(io.StringIO(text)))


@given(reports())
def test_rows_read_back_and_sum_to_the_total(report):
    rows = read(ledger_csv([named(report)]))
    assert [(row["layer"], row["kind"]) for row in rows] == [(row.layer, row.kind) for row in report.ledger.rows]
    for end, column in (("value", "energy"), ("low", "low"), ("high", "high")):
        total = math.fsum(float(row[f"{column}_j"]) for row in rows)
        assert total == getattr(report.ledger.total, end)
        mean = math.fsum(float(row[f"{column}_per_inference_j"]) for row in rows)
        assert mean == pytest.approx(total / report.samples, rel=1e-12)


@given(reports())
def test_price_times_count_is_the_energy_or_there_is_no_price(report):
    for row in read(ledger_csv([named(report)])):
        assert float(row["count_per_inference"]) * report.samples == pytest.approx(int(row["count"]))
        if row["price_j"]:
            assert float(row["price_j"]) * int(row["count"]) == pytest.approx(float(row["energy_j"]))
            assert float(row["price_low_j"]) <= float(row["price_j"]) <= float(row["price_high_j"])
        else:
            assert row["note"] or row["count"] == "0"
            assert float(row["energy_j"]) == 0


def test_what_is_not_published_says_so_instead_of_costing_nothing():
    rows = {(row["layer"], row["kind"]): row for row in read(ledger_csv([named(report_of(BARE))]))}
    free = rows["layer1", "spike"]
    assert (free["price_j"], free["note"]) == ("", "not published")
    paid = rows["layer1", "synop"]
    assert float(paid["price_j"]) == pytest.approx(7e-12)
    assert paid["note"] == ""


def test_every_report_has_its_rows_in_order():
    first, second = named(report_of(), "a"), named(report_of(BARE, steps=[3]), "b")
    rows = read(ledger_csv([first, second]))
    assert list(rows[0]) == list(COLUMNS)
    assert list(dict.fromkeys((row["file"], row["profile"], row["samples"]) for row in rows)) == [
        ("a.net", "whole", "3"),
        ("b.net", "bare", "1"),
    ]


@given(st.text(max_size=9), st.text(max_size=9))
def test_no_text_is_a_formula(path, network):
    report = dataclasses.replace(report_of(WHOLE, steps=[3]), network=network)
    text = ledger_csv([NamedReport("x", "=whole", path, report)])
    row = next(csv.DictReader(io.StringIO(text, newline="")))
    assert row["profile"] == "'=whole"
    for column, value in (("file", printable(path)), ("network", printable(network))):
        assert not row[column].startswith(FORMULA)
        assert row[column] == (f"'{value}" if value.startswith(FORMULA) else value)


def test_names_are_told_apart_only_where_they_must():
    assert told_apart(["a", "b"], ["x", "y"]) == ["a", "b"]
    assert told_apart(["a", "a"], ["x", "y"]) == ["x", "y"]
