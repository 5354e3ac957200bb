"""What the page says is what the results say, and the results say nothing of whose machine it was."""

import json
import re
import socket

import pytest

from benchmarks import report
from benchmarks.plot import digest, write_growth
from evsnn_lava.errors import FormatError

RESULTS = sorted(report.RESULTS.glob("*.json"))


def test_tables_are_those_of_the_results():
    document = report.DOCUMENT.read_text(encoding="utf-8")
    assert report.filled(document) == document


def test_every_table_has_its_place():
    found = [match["name"] for match in report.BLOCK.finditer(report.DOCUMENT.read_text(encoding="utf-8"))]
    assert sorted(found) == sorted(report.TABLES)


def test_the_plot_is_that_of_the_results():
    data = report.load("growth")
    if data is None:
        assert not report.PLOT.exists()
    else:
        assert digest(data) in report.PLOT.read_text(encoding="utf-8")


def test_an_unknown_table_is_refused():
    with pytest.raises(FormatError, match="no table 'speed'"):
        report.filled("<!-- table: speed -->\nold\n<!-- end -->\n")


def test_a_missing_result_is_said(tmp_path):
    text = report.filled("<!-- table: memory -->\nold\n<!-- end -->\n", tmp_path)
    assert "Not measured yet." in text
    assert "old" not in text


def test_a_result_fills_its_table(tmp_path):
    timing = {"median": 0.002, "min": 0.001, "max": 0.003, "repetitions": 3}
    row = {"title": "net", "with_s": timing, "without_s": timing, "ratio": 1.0}
    (tmp_path / "counters.json").write_text(json.dumps({"rows": [row]}))
    text = report.filled("<!-- table: counters -->\nold\n<!-- end -->\n", tmp_path)
    assert "| net | 1.00 x | 2.00 ms | 2.00 ms |" in text
    assert report.filled(text, tmp_path) == text


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_results_name_no_machine(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r'"/|[^ ]/(home|root|tmp|work)/', text)
    assert socket.gethostname() not in text or len(socket.gethostname()) < 4


def test_the_plot_is_deterministic(tmp_path):
    timing = {"median": 1e-4, "min": 9e-5, "max": 2e-4}
    counts = {"synops": 1e5, "updates": 1e4, "events": 1e3, "sample_s": timing}
    points = [
        {"axis": axis, "value": 10.0**k, **counts} for axis in ("neurons", "fan_in", "steps", "rate") for k in (1, 2)
    ]
    fit = {"synop_ns": 0.1, "update_ns": 1.0, "event_ns": 1.0, "sample_ns": 100.0}
    files = [tmp_path / name for name in ("a.svg", "b.svg")]
    for file in files:
        write_growth({"points": points, "fit": fit}, file)
    assert files[0].read_bytes() == files[1].read_bytes()
