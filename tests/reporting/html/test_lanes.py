"""Spikes lie where they were sent, masks are shaded where they mask."""

from __future__ import annotations

import numpy as np
import pytest

from evsnn_lava.reporting.html.lanes import activity_chart, raster_chart
from evsnn_lava.simulation import simulate


@pytest.fixture(params=[0, 1], ids=["skip", "mute"])
def case(request, study, files):
    network = files[0][request.param]
    frames = np.load(files[2])["frames"][:1]
    return study.files[request.param], network, simulate(network, frames)


def test_every_message_is_in_a_cell(case):
    file, _, trace = case
    for lane, messages in zip(file.raster.lanes[1:], trace.messages, strict=True):
        found = np.array(lane.cells)
        assert found.shape[0] == min(96, lane.neurons)
        assert found.sum(axis=0).tolist() == messages[0].reshape(lane.neurons, -1).sum(axis=0).tolist()
    assert (
        np.array(file.raster.lanes[0].cells)[:, : trace.stream.shape[-1]].tolist() == trace.stream[0, :, 0, 0].tolist()
    )


def test_what_is_masked_sends_nothing(case):
    file, network, _ = case
    for lane in file.raster.lanes:
        for step in np.flatnonzero(lane.muted):
            assert sum(row[step] for row in lane.cells) == 0
            assert lane.mean[step] == 0
    muted = sum(sum(lane.muted) for lane in file.raster.lanes)
    assert muted == sum(int((~network.masks.gate(layer)).sum()) for layer in range(network.depth))


def test_heat_maps_leave_masked_frames_empty(case):
    file, network, _ = case
    raster = file.raster
    assert set(raster.skipped) == set(range(network.masks.steps)) - set(network.masks.sent_frames.tolist())
    for trace in raster_chart(0, file).traces:
        for row in trace["z"]:
            assert len(row) == len(trace["x"])
            assert all(row[frame] is None for frame in raster.skipped)


def test_shades_cover_every_masked_frame(case):
    file, _, _ = case
    for chart in (raster_chart(0, file), activity_chart(0, file)):
        bands = [
            shape for shape in chart.layout["shapes"] if shape.get("fillcolor") == "@mask" and shape["yref"] == "paper"
        ]
        covered = {at for band in bands for at in range(round(band["x0"] + 0.5), round(band["x1"] + 0.5))}
        assert covered == set(file.raster.skipped)


def test_the_stop_is_behind_the_step_that_decides(case, study):
    file, network, _ = case
    raster, report = file.raster, file.reports[0]
    assert raster.exit_index + 1 == report.steps[0] == raster.exit_step + network.depth
    line = next(shape for shape in raster_chart(0, file).layout["shapes"] if shape["type"] == "line")
    assert line["x0"] == raster.positions[raster.exit_index] + 0.5
