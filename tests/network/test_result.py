"""The result of a run speaks of the same samples everywhere."""

from __future__ import annotations

import numpy as np
import pytest

from evsnn_lava.errors import ConfigError
from evsnn_lava.network import RunResult


def arrays(samples=3):
    return {
        "exit_step": np.ones(samples, dtype=np.int64),
        "decision": np.arange(samples),
        "scores": np.zeros((samples, 4), dtype=np.int64),
        "steps": np.full(samples, 3),
        "input_events": np.zeros((samples, 6), dtype=np.int64),
        "messages": np.zeros((samples, 2, 6), dtype=np.int64),
        "synops": np.zeros((samples, 2, 6), dtype=np.int64),
    }


@pytest.mark.parametrize("name", list(arrays()))
def test_an_array_of_other_samples_is_refused(name):
    with pytest.raises(ConfigError) as caught:
        RunResult("lava", **{**arrays(), name: arrays(5)[name]})
    assert str(caught.value) == "run result of lava: arrays of different lengths [3, 5]; run again"


def test_messages_and_synops_cover_the_same_layers_and_steps():
    with pytest.raises(ConfigError, match="run result of lava: arrays of different lengths"):
        RunResult("lava", **{**arrays(), "synops": np.zeros((3, 1, 6), dtype=np.int64)})


def test_accuracy_counts_right_decisions():
    result = RunResult("lava", **arrays())
    assert result.samples == 3
    assert result.accuracy(np.array([0, 1, 2])) == 1
    assert result.accuracy([0, 0, 0]) == pytest.approx(1 / 3)
