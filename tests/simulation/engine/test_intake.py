"""Frames of every type and layout, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.errors import ConfigError
from evsnn_lava.network import ConvSynapse, CubaNeuron, CutoffPolicy, DenseSynapse, FrameMasks, InputRecipe
from evsnn_lava.simulation import run, simulate
from evsnn_lava.simulation.engine import Engine, intake
from evsnn_lava.simulation.engine.lists import list_values, sort_by_step

from . import building
from .comparing import differences

BINARY_TYPES = ["bool", "uint8", "int8", "int16", "int32", ">i4", "int64", "uint64", "float16", "float32", "float64"]
GRADED_TYPES = ["bool", "uint8", "int8", "int16", "int32", ">i4", "int64", "uint64"]


def net(bits, steps=11, masks=None, polarities=2):
    """A convolution and a head for 5 x 6 pixels."""
    rng = np.random.default_rng(6)
    recipe = InputRecipe.frames((polarities, 5, 6), steps, bits) if bits else building.binary(5, 6, steps, polarities)
    return building.network(
        recipe,
        (ConvSynapse(rng.integers(-60, 100, (3, polarities, 3, 3)), (1, 2)), CubaNeuron(20, 1023, 400)),
        (DenseSynapse(rng.integers(-60, 64, (3, 18))), CubaNeuron(20, 1023, 400)),
        masks=masks,
    )


@pytest.mark.parametrize("kind", BINARY_TYPES)
def test_spikes_of_every_type_are_taken(kind, rng):
    network = net(0)
    frames = building.spikes(rng, network, 4)
    assert differences(Engine(network, 1, 3), network, frames.astype(kind)) == []
    assert np.array_equal(Engine(network, 1).run(frames.astype(kind)).scores, run(network, frames).scores)


@pytest.mark.parametrize("kind", GRADED_TYPES)
@pytest.mark.parametrize("bits", [2, 14])
def test_numbers_of_every_type_are_taken(kind, bits, rng):
    network = net(bits)
    low, high = network.recipe.value_range
    least, most = (0, 1) if kind == "bool" else (np.iinfo(kind).min, np.iinfo(kind).max)
    shape = (4, *network.input_shape, 11)
    frames = rng.integers(max(low, least), min(high, most), shape, endpoint=True).astype(kind)
    assert differences(Engine(network, 1, 3), network, frames) == []


LAYOUTS = {
    "reversed": lambda frames: frames[:, :, ::-1, ::-1, ::-1],
    "every other step": lambda frames: np.repeat(frames, 2, axis=-1)[..., ::2],
    "columns first": np.asfortranarray,
    "time first": lambda frames: np.moveaxis(np.ascontiguousarray(np.moveaxis(frames, -1, 1)), 1, -1),
    "one sample, many times": lambda frames: np.broadcast_to(frames[:1], frames.shape),
    "of a larger one": lambda frames: np.pad(frames, 1)[1:-1, 1:-1, 1:-1, 1:-1, 1:-1],
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("bits", [0, 8])
def test_frames_may_lie_in_memory_as_they_like(name, bits, rng):
    network = net(bits)
    frames = building.numbers(rng, network, 4).astype(np.int32) if bits else building.spikes(rng, network, 4)
    laid = LAYOUTS[name](frames)
    before = laid.copy()
    assert laid.shape == frames.shape
    assert differences(Engine(network, 1, 3), network, laid) == []
    assert np.array_equal(laid, before), "frames are only read"


@pytest.mark.parametrize("kind", ["bool", "int32", "uint8"])
def test_read_only_and_memory_mapped_frames_are_taken(kind, rng, tmp_path):
    network = net(0)
    frames = building.spikes(rng, network, 4).astype(kind)
    np.save(tmp_path / "frames.npy", frames)
    mapped = np.load(tmp_path / "frames.npy", mmap_mode="r")
    frames.setflags(write=False)
    for given_frames in (frames, mapped, mapped[::-1]):
        assert differences(Engine(network, 2, 1), network, given_frames) == []


@given(data=st.data())
@settings(max_examples=60)
def test_frames_of_every_length_and_mask_are_dealt_out(data):
    """Words of eight frames, and what is left of them; skipped and muted frames; room that must grow."""
    steps, bits = data.draw(st.integers(1, 35)), data.draw(st.sampled_from([0, 0, 6]))
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    keep = rng.random(steps) < data.draw(st.sampled_from([0.2, 0.8, 1.0]))
    keep[data.draw(st.integers(0, steps - 1))] = True
    masks = FrameMasks(data.draw(st.sampled_from(["skip", "mute"])), (keep, keep))
    network = net(bits, steps, masks, data.draw(st.integers(1, 2)))
    frames = (building.numbers if bits else building.spikes)(rng, network, 5)
    frames = frames * (rng.random(frames.shape) < data.draw(st.sampled_from([0.02, 0.3, 1.0])))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intake, "FIRST_PLACES", data.draw(st.sampled_from([2, 20, 4096])))
        assert differences(Engine(network, 1, data.draw(st.integers(1, 4))), network, frames) == []


def test_room_grows_while_other_samples_are_in_flight(rng, monkeypatch):
    """Every sample has more messages than those before it; all are in flight together."""
    monkeypatch.setattr(intake, "FIRST_PLACES", 2)
    for bits in (0, 8):
        network = replace(net(bits, 8), cutoff=CutoffPolicy("topk_gap", [1] * 8))
        frames = (building.numbers if bits else building.spikes)(rng, network, 9, 1.0 if not bits else None)
        frames = frames * (rng.random(frames.shape) < np.linspace(0.01, 1, 9).reshape(-1, 1, 1, 1, 1))
        for slots in (1, 3, 9):
            engine = Engine(network, 1, slots)
            assert differences(engine, network, frames) == []
            assert engine._idle[0].intake.lists.index.size > 2 * slots


# what is refused ------------------------------------------------------------------------------------------------------


def refused(network, frames):
    """The message with which the reference, and the engine, refuse frames."""
    with pytest.raises(ConfigError) as wanted:
        simulate(network, frames)
    engine = Engine(network, 1, 2)
    for ask in (
        engine.run,
        engine.trace,
        engine.profile,
        engine.scores,
        lambda frames: next(engine.evaluate([frames])),
    ):
        with pytest.raises(ConfigError) as found:
            ask(frames)
        assert str(found.value) == str(wanted.value)
    good = np.zeros((3, *network.input_shape, network.masks.steps), dtype=bool)
    assert differences(engine, network, good) == [], "the engine is still usable"
    return str(wanted.value)


@pytest.mark.parametrize(
    "shape", [(2, 5, 6, 11), (1, 2, 5, 6, 10), (1, 1, 5, 6, 11), (1, 2, 6, 5, 11), (0, 2, 5, 6, 12)]
)
def test_a_wrong_shape_is_refused(shape):
    assert refused(net(0), np.zeros(shape, dtype=bool)).startswith(f"frames have shape {shape}, network built expects")


@pytest.mark.parametrize("kind", ["uint8", "int8", "int32", "int64", "float32", "float64"])
@pytest.mark.parametrize("value", [2, -1, 0.5, np.nan])
def test_a_spike_that_is_neither_0_nor_1_is_refused(kind, value, rng):
    if not np.can_cast(np.min_scalar_type(value), kind) and "float" not in kind:
        value = 3
    network = net(0)
    frames = building.spikes(rng, network, 3).astype(kind)
    frames[2, 1, 4, 5, 10] = value
    assert "values other than 0 and 1" in refused(network, frames)


@pytest.mark.parametrize("kind", ["int16", "int32", "int64", "float64"])
@pytest.mark.parametrize("value", [128, -129, 32767])
def test_a_number_outside_of_its_range_is_refused(kind, value):
    network = net(8)
    low, high = network.recipe.value_range
    assert not low <= value <= high
    frames = np.zeros((1, *network.input_shape, 11), dtype=kind)
    frames[0, 1, 4, 5, 10] = value
    assert f"its input takes whole numbers {low}..{high}" in refused(network, frames)


def test_a_number_of_one_bit_is_0_or_minus_1(rng):
    network = net(1)
    frames = building.numbers(rng, network, 3)
    assert set(np.unique(frames)) == {-1, 0}
    assert differences(Engine(network, 1), network, frames) == []
    assert "its input takes whole numbers -1..0" in refused(network, np.ones(frames.shape, dtype=bool))


def test_a_masked_frame_is_checked_too():
    keep = np.arange(11) != 3
    for bits, value in ((0, 2), (8, 999)):
        network = net(bits, masks=FrameMasks("skip", (keep, keep)))
        frames = np.zeros((2, *network.input_shape, 11), dtype=np.int32)
        frames[1, 0, 0, 0, 3] = value
        with pytest.raises(ConfigError, match=r"values other than|takes whole numbers"):
            Engine(network, 1).run(frames)


# frames that change after they were counted give wrong numbers, which nobody can help, but overwrite nothing ----------


def guarded(places):
    """Room for so many messages, and a row that says whether something was written behind it."""
    return np.full(places + 50, -1, dtype=np.int32)


def test_numbers_that_were_not_counted_have_no_place():
    index, value = guarded(6), guarded(6)
    start, count, operations = np.array([0, 2, 6]), np.zeros(3, dtype=np.int64), np.zeros(3, dtype=np.int64)
    frames, order = np.ones((9, 3), dtype=np.int32), np.arange(9)
    list_values(frames, order, np.arange(3), order[:0].astype(np.int32), index, value, 6, start, count, operations)
    assert (index[6:] == -1).all()
    assert (value[6:] == -1).all()
    assert (index[:6] >= 0).all()
    assert (start + count <= 6).all()


def test_spikes_that_were_not_counted_have_no_place():
    index, start, count = guarded(6), np.array([0, 2, 6]), np.zeros(3, dtype=np.int64)
    places, steps = np.arange(30, dtype=np.int32), np.repeat(np.arange(3, dtype=np.int32), 10)
    sort_by_step(places, steps, 30, index, 6, start, count)
    assert (index[6:] == -1).all()
    assert (start + count <= 6).all()
