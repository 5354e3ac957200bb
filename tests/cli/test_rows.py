"""One row per sample: in memory, and in the files that `evsnn run -o` writes."""

from __future__ import annotations

import json

import numpy as np
import pyarrow.parquet
import pytest

from evsnn_lava.cli.evaluation import joined
from evsnn_lava.cli.recordings import Samples
from evsnn_lava.cli.rows import Rows, require_results_file, write_rows
from evsnn_lava.errors import ConfigError
from evsnn_lava.network import (
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
)
from evsnn_lava.simulation import run

COLUMNS = {"sample_id", "label", "decision", "exit_step", "steps", "wall_time_s"}
COLUMNS |= {"scores", "input_events", "messages", "synops"}
FRAMES = np.random.default_rng(0).random((7, 3, 1, 1, 4)) < 0.5


@pytest.fixture
def network():
    """Two layers, with a cutoff that some samples use."""
    layers = (
        Layer("first", DenseSynapse([[99, 0, 50], [0, 99, 0], [50, 50, 0]]), CubaNeuron(64, 4095, 0), (3,)),
        Layer("out", DenseSynapse([[99, 0, 0], [0, 99, 30]]), CubaNeuron(64, 4095, 0), (2,)),
    )
    cutoff = CutoffPolicy("topk_gap", [0] * 4)
    return NetworkDescription(
        "n", layers, InputRecipe.frames((3, 1, 1), 4), FrameMasks.all_kept(4, 2), cutoff, ("a", "b")
    )


@pytest.fixture
def results(network):
    return [run(network, FRAMES[:4]), run(network, FRAMES[4:])]


@pytest.fixture
def samples():
    return Samples(lambda start, stop: FRAMES[start:stop], np.arange(7) % 2, np.arange(100, 107), block=4)


def test_rows_are_the_sums_over_the_steps(network, results):
    rows, whole = Rows.of(results), run(network, FRAMES)
    for name in ("decision", "exit_step", "steps", "scores"):
        assert np.array_equal(getattr(rows, name), getattr(whole, name)), name
    for name in ("input_events", "messages", "synops"):
        assert np.array_equal(getattr(rows, name), getattr(whole, name).sum(axis=-1)), name
    assert len(set(whole.exit_step.tolist())) > 1, "a cutoff that does nothing proves nothing"
    assert rows.samples == 7
    assert rows.wall_time_s == pytest.approx(sum(result.wall_time_s for result in results))
    assert rows.accuracy(whole.decision) == 1.0


def test_joined_results_are_those_of_one_run(network, results):
    found, whole = joined(results), run(network, FRAMES)
    for name in ("decision", "exit_step", "steps", "scores", "input_events", "messages", "synops"):
        assert np.array_equal(getattr(found, name), getattr(whole, name)), name
    assert found.backend == "reference"
    assert found.wall_time_s == sum(result.wall_time_s for result in results)


def test_a_parquet_file_has_a_column_for_everything(network, results, samples, tmp_path):
    rows = Rows.of(results)
    write_rows(rows, samples, network, tmp_path / "rows.parquet")
    table = pyarrow.parquet.read_table(tmp_path / "rows.parquet")
    assert set(table.column_names) == COLUMNS
    first = table.to_pylist()[1]
    assert (first["sample_id"], first["label"]) == (101, 1)
    assert first["scores"] == rows.scores[1].tolist()
    assert table["synops"].to_pylist() == rows.synops.tolist()
    assert table["wall_time_s"].to_numpy().sum() == pytest.approx(rows.wall_time_s)
    about = json.loads(table.schema.metadata[b"evsnn"])
    assert about["layers"] == ["first", "out"]
    assert about["class_names"] == ["a", "b"]
    assert (about["network"], about["backend"]) == ("n", "reference")


def test_an_npz_file_holds_the_same(network, results, samples, tmp_path):
    rows = Rows.of(results)
    write_rows(rows, samples, network, tmp_path / "rows.npz")
    write_rows(rows, samples, network, tmp_path / "rows.parquet")
    table = pyarrow.parquet.read_table(tmp_path / "rows.parquet")
    with np.load(tmp_path / "rows.npz") as found:
        assert set(found) == COLUMNS | {"network", "backend", "evsnn_lava", "layers", "class_names"}
        for name in COLUMNS:
            assert found[name].tolist() == table[name].to_pylist(), name
        assert found["layers"].tolist() == ["first", "out"]
        assert str(found["network"]) == "n"


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_nothing_half_written_is_left(network, results, samples, tmp_path, suffix):
    (tmp_path / "taken").mkdir()
    target = (tmp_path / "taken").rename(tmp_path / f"taken{suffix}")
    with pytest.raises(ConfigError, match="it is a folder"):
        write_rows(Rows.of(results), samples, network, target)
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_the_suffix_chooses_the_format(tmp_path):
    for name in ("a.npz", "a.parquet"):
        require_results_file(tmp_path / name)
    with pytest.raises(ConfigError, match=r"results go to .npz or .parquet files"):
        require_results_file(tmp_path / "a.PARQUET.txt")
