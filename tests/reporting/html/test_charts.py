"""Bars, points and lines are the numbers of the reports."""

from __future__ import annotations

from collections import Counter

import pytest

from evsnn_lava.reporting.html.energy import energy_chart
from evsnn_lava.reporting.html.exits import exit_chart
from evsnn_lava.reporting.html.pareto import pareto_front
from evsnn_lava.reporting.html.trade_off import all_points, doubt, steps_chart
from evsnn_lava.reporting.html.trade_off import energy_chart as trade_energy


@pytest.mark.parametrize("chip", [0, 1])
@pytest.mark.parametrize("index", [0, 1])
def test_stacked_bars_sum_to_the_dynamic_energy(study, index, chip):
    chart = energy_chart(study, index, chip, "")
    factor = {"µJ": 1e-6, "nJ": 1e-9, "mJ": 1e-3, "pJ": 1e-12}[chart.layout["xaxis"]["title"]["text"][-3:-1]]
    bars = [trace for trace in chart.traces if trace["type"] == "bar" and "yaxis" not in trace]
    total = factor * sum(sum(trace["x"]) for trace in bars)
    assert total == pytest.approx(study.files[index].reports[chip].distributions["dynamic_j"].mean.value, rel=1e-4)


def test_files_of_a_chip_share_their_axes(study):
    ranges = {tuple(energy_chart(study, index, 0, "").layout[axis]["range"]) for index in (0, 1) for axis in ("xaxis",)}
    assert len(ranges) == 1


def test_the_histogram_counts_every_sample(study):
    for trace, file in zip(exit_chart(study).traces, study.files, strict=True):
        steps = file.reports[0].exit_steps.tolist()
        assert len(set(steps)) > 2
        assert sum(trace["y"]) == pytest.approx(1, rel=1e-5)
        assert dict(zip(trace["x"], trace["y"], strict=True)) == pytest.approx(
            {frame: count / len(steps) for frame, count in Counter(steps).items()}, rel=1e-5
        )


@pytest.mark.parametrize("chart", [steps_chart, lambda study: trade_energy(study, 1, "")], ids=["steps", "energy"])
def test_the_front_passes_through_points_of_the_files(study, chart):
    front, *others = chart(study).traces
    points = [point for trace in others for point in zip(trace["x"], trace["y"], strict=True)]
    assert list(zip(front["x"], front["y"], strict=True)) == [points[index] for index in pareto_front(points)]
    assert len(points) == len(all_points(study))
    assert 1 < len(pareto_front(points)) < len(points)


def test_an_accuracy_of_one_is_in_doubt_too(study):
    assert 0 < doubt(study) < 0.5
