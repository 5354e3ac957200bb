"""Masks that would be deployed as something else than what was trained are refused."""

from __future__ import annotations

import pytest

from evsnn_lava.errors import ConfigError
from evsnn_lava.training.config import RunConfig
from evsnn_lava.training.mask_checks import check_recurrent, check_shares

DENSE, RECURRENT = {"type": "dense", "units": 3}, {"type": "recurrent", "units": 3}


def config(layers, **masks):
    values = {"name": "n", "data": {"dataset": "d"}, "network": {"layers": layers}, "masks": masks}
    return RunConfig.model_validate(values)


@pytest.mark.parametrize(
    ("layers", "keep", "semantics", "right"),
    [
        ([RECURRENT], [0.5], "skip", True),
        ([RECURRENT], [0.5, 0.5], "skip", True),
        ([RECURRENT], [0.5, 0.4], "skip", False),
        ([RECURRENT], [1.0, 0.5], "skip", False),
        ([RECURRENT], [0.5], "mute", False),
        ([RECURRENT], [1.0], "mute", True),
        ([DENSE, RECURRENT], [1.0, 0.5, 0.5], "skip", False),  # the first layer still runs in all frames
        ([RECURRENT, DENSE], [0.5, 0.5, 0.3], "skip", True),  # only what follows the recurrent layer counts
        ([DENSE], [0.5, 0.3], "mute", True),
    ],
)
def test_a_recurrent_layer_is_not_followed_by_a_mask_that_drops_frames_that_run(layers, keep, semantics, right):
    settings = config(layers, keep=keep, semantics=semantics)
    if right:
        check_recurrent(settings, 10)
    else:
        with pytest.raises(ConfigError, match="is recurrent, and the mask behind it drops frames"):
            check_recurrent(settings, 10)


@pytest.mark.parametrize("masks", [{"keep": [0.5, 0.4]}, {"semantics": "mute"}])
def test_the_busiest_frames_are_one_skipped_input_mask(masks):
    with pytest.raises(ConfigError, match=r'masks\.method "energy" chooses frames of each recording'):
        check_shares(config([DENSE], method="energy", **masks))
    check_shares(config([DENSE], method="energy", keep=[0.5, 0.5]))
    check_recurrent(config([RECURRENT], method="energy"), 10)
