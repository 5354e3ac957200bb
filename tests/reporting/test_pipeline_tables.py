"""What the tables of the pipeline say."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

from evsnn_lava.export.mask_choice import MaskCandidate, MaskChoice
from evsnn_lava.profiling import Estimate, Estimates
from evsnn_lava.profiling.pipeline import EarlierOf, PipelineRow
from evsnn_lava.reporting.pipeline_tables import (
    arithmetic_line,
    earlier_line,
    mask_choice_table,
    pipeline_caption,
    pipeline_table,
)


def row(name, streamed, exit_step, interval, accuracy=0.9):
    latency = np.array([exit_step + 3, exit_step + 4])
    return PipelineRow(
        name=name,
        streamed=streamed,
        depth=3,
        accuracy=accuracy,
        frames_sent=20,
        exit_step=exit_step + 0.5,
        latency_steps=Estimates.exact(latency).distribution(),
        latency_s=Estimates.exact(latency).times(Estimate.exact(1e-6)).distribution(),
        interval_steps=interval,
        interval_s=Estimate(interval * 1e-6, interval * 0.5e-6, interval * 2e-6),
        energy_j=Estimate(interval * 3e-6, interval * 1e-6, interval * 4e-6),
        dynamic_j=Estimate.exact(interval * 1e-6),
    )


@pytest.fixture
def rows():
    return [row("no cutoff", False, 20, 23.5), row("as it is", False, 8, 11.5), row("[streamed]", True, 8, 10, None)]


def printed(what):
    console = Console(file=io.StringIO(), width=100)
    console.print(what)
    return console.file.getvalue()


def test_a_row_has_means_and_percentiles(rows):
    text = printed(pipeline_table("three on a chip", rows))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "as it is 3 90.0 % 8.50 11.50 11.5 us 11.50 34.5 uJ 2.04" in lines
    assert "12 12.0 us 87.0 k/s 11.5 uJ 2.04" in lines
    assert "[streamed] 3 8.50 11.50 11.5 us 10.00 30.0 uJ 2.04" in lines
    assert "12 12.0 us 100 k/s 10.0 uJ 2.35" in lines
    assert max(map(len, text.splitlines())) <= 90


def test_the_caption_names_the_baseline(rows):
    assert "against `no cutoff`" in pipeline_caption(rows)


def test_the_arithmetic_is_written_out(rows):
    assert arithmetic_line(rows[1]) == (
        "cutoff: T/t = 20/8.50 = 2.35 x fewer frames; (T+L)/(t+L) = 23/11.50 = 2.00 x fewer steps at depth L = 3"
    )


def test_the_best_mask_is_marked():
    def candidate(name, accuracy, synops):
        return MaskCandidate(name, None, accuracy, 7.25, 10.25, 18, synops)

    choice = MaskChoice(candidate("hidden", 0.97, 2e5), (candidate("a", 0.96, 3e5), candidate("[b]", 0.96, 1e5)))
    lines = [" ".join(line.split()) for line in printed(mask_choice_table(choice)).splitlines()]
    assert "hidden 97.0 % 18 7.25 10.25 200 k" in lines
    assert "a 96.0 % 18 7.25 10.25 300 k" in lines
    assert "[b] (best) 96.0 % 18 7.25 10.25 100 k" in lines


def test_a_head_beside_the_whole_is_a_line():
    assert earlier_line(EarlierOf("head behind a", 0.9, 12.5, 0.25)).startswith(
        "head behind a beside the whole, the first decision counts: 90.0 %, 12.50 steps, 25 % of the samples"
    )
    assert "counts: 12.50 steps" in earlier_line(EarlierOf("head behind a", None, 12.5, 0.25))
