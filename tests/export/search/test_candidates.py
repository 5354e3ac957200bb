"""Networks that are made of one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsnn_lava.errors import ConfigError, UnsupportedError
from evsnn_lava.export.search.candidates import Grid, as_it_is, candidates, derive
from evsnn_lava.network import (
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
)

KEEP = ([1, 1, 0, 1, 1, 1, 1, 0, 1, 1], [1, 0, 0, 1, 1, 0, 1, 0, 0, 1])
"""Eight of ten frames are sent; the last layer sees five of them."""


def network(masks=None, weights=(80, 3)):
    layers = tuple(
        Layer(name, DenseSynapse([[weights[0], 0], [-2, weights[1]]]), CubaNeuron(20, 4095, 4095), (2,))
        for name in "ab"
    )
    masks = masks or FrameMasks("skip", KEEP)
    never = CutoffPolicy.never(masks.stream_steps)
    return NetworkDescription("n", layers, InputRecipe(1, 1, masks.steps, 1000), masks, never, ("off", "on"))


@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=3), st.lists(st.integers(1, 12), max_size=3))
def test_masks_are_nested_in_those_of_the_file_and_no_network_comes_twice(keep, frames):
    made = network()
    found = candidates(made, Grid(tuple(keep), tuple(frames), (8, 6)))
    networks = [derive(made, each) for each in found]
    for each, own in zip(networks, found, strict=True):
        assert each.masks.sent_frames.tolist() == list(own.frames)
        assert all(not (new & ~old).any() for new, old in zip(each.masks.keep, made.masks.keep, strict=True))
        assert each.cutoff.kind == "never"
        assert len(own.frames) <= max([1, round(own.keep * 8)])
    keys = {(own.frames, each.layers[0].synapse.weights.tobytes()) for own, each in zip(found, networks, strict=True)}
    assert len(keys) == len(found)


def test_a_grid_goes_from_the_most_to_the_least():
    found = candidates(network(), Grid(keep=(0.5, 1.0), bits=(8,)))
    assert [str(each) for each in found] == [
        "keep 1, 8 frames, 8 bits",
        "keep 1, 6 frames, 8 bits",
        "keep 1, 4 frames, 8 bits",
        "keep 0.5, 4 frames, 8 bits",
    ]
    assert found[0] == as_it_is(network())
    assert found[2].frames == (0, 1, 3, 4)
    assert found[3].frames == (1, 4, 6, 9)  # the middle ones of pairs of 0 1 3 4 5 6 8 9


def test_a_last_layer_that_sees_nothing_is_no_candidate():
    masks = FrameMasks("skip", ([1, 1, 1, 1], [0, 1, 0, 1]))
    found = candidates(network(masks), Grid(keep=(1.0,), frames=(2, 1), bits=(8,)))
    assert [each.frames for each in found] == [(0, 1)]


def test_bits_that_change_nothing_are_no_candidate():
    found = candidates(network(weights=(64, 32)), Grid(keep=(1.0,), frames=(8,)))
    assert [each.bits for each in found] == [8, 7, 6]  # -2 is rounded away; then -4, then nothing is left to round


def test_all_kept_but_called_mute_is_searched_and_muted_frames_are_not():
    all_kept = FrameMasks.all_kept(6, 2, "mute")
    assert [each.frames for each in candidates(network(all_kept), Grid(keep=(0.5,), frames=(3,), bits=(8,)))] == [
        (1, 3, 5)
    ]
    muting = network(FrameMasks("mute", ([1, 0, 1, 1], [1, 0, 1, 1])))
    with pytest.raises(UnsupportedError, match="its masks mute frames"):
        candidates(muting, Grid())
    (only,) = candidates(muting, Grid(keep=(1.0,), bits=(8,)))
    assert derive(muting, only).masks is muting.masks


def test_layers_that_decide_are_refused():
    made = network(FrameMasks.all_kept(4, 2))
    on_chip = CutoffPolicy("on_chip", np.zeros(4, int), layers=2)
    layers = (*made.layers, replace(made.layers[0], name="c"))
    deciding = replace(made, layers=layers, masks=FrameMasks.all_kept(4, 3), cutoff=on_chip)
    with pytest.raises(UnsupportedError, match="its last 2 layers decide"):
        candidates(deciding, Grid())


@pytest.mark.parametrize(
    ("grid", "said"),
    [
        ({"keep": (0.0,)}, "keep ratios"),
        ({"keep": (1.5,)}, "keep ratios"),
        ({"keep": ()}, "keep ratios"),
        ({"frames": (0,)}, "frames are"),
        ({"bits": (1,)}, "weight bits"),
        ({"bits": (9,)}, "weight bits"),
    ],
)
def test_a_wrong_grid_is_refused(grid, said):
    with pytest.raises(ConfigError, match=said):
        Grid(**grid)
