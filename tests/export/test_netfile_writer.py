"""What is written comes back; the same network gives the same bytes; a refused one leaves nothing."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import fields, is_dataclass, replace

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.errors import ConfigError, UnsupportedError
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.export.netfile.writer import content_hash, write_net
from evsnn_lava.network import (
    NEVER,
    ConvSynapse,
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
    QuantisationFacts,
)
from evsnn_lava.simulation import record_golden

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
NAME = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), max_size=12)
LINES = st.lists(NAME, max_size=3).map("\n\t".join)
SIZE = st.integers(1, 3)
PAIR = st.tuples(SIZE, SIZE)
INT64 = st.integers(-(2**63), 2**63 - 1)


def assert_equal(a, b, where="network"):
    """Compare two descriptions down to every array and type."""
    assert type(a) is type(b), where
    if is_dataclass(a):
        for field in fields(a):
            assert_equal(getattr(a, field.name), getattr(b, field.name), f"{where}.{field.name}")
    elif isinstance(a, np.ndarray):
        assert (a.dtype, a.shape, a.flags.writeable) == (b.dtype, b.shape, b.flags.writeable), where
        assert np.array_equal(a, b), where
    elif isinstance(a, tuple):
        assert len(a) == len(b), where
        for index, (one, other) in enumerate(zip(a, b, strict=True)):
            assert_equal(one, other, f"{where}[{index}]")
    else:
        assert a == b, where


def one_or_each(draw, values, channels):
    """One value, or one per channel."""
    return draw(values | st.lists(values, min_size=channels, max_size=channels).map(np.array))


@st.composite
def neurons(draw, shape):
    values, size = st.integers(-4096, 4095), draw(st.sampled_from([shape[:1], shape]))
    count = int(np.prod(size))
    bias = draw(st.none() | st.lists(values, min_size=count, max_size=count).map(lambda each: np.reshape(each, size)))
    most = 4096 if bias is None else 3900  # what netx can hold down before the first step
    du = one_or_each(draw, st.integers(-1, 4095), shape[0])
    return CubaNeuron(draw(st.integers(0, 131071)), du, one_or_each(draw, st.integers(0, most), shape[0]), bias)


def weights(draw, shape, even):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    values = rng.integers(-127, 128, shape)
    values.flat[0] = 1
    return 2 * values if even else values


@st.composite
def convolutions(draw, shape, name):
    groups = draw(st.sampled_from([g for g in (1, 2, 3) if shape[0] % g == 0]))
    outputs = groups * draw(SIZE)
    padding, dilation = draw(st.tuples(st.integers(0, 2), st.integers(0, 2))), draw(PAIR)
    room = [(size + 2 * pad - 1) // step + 1 for size, pad, step in zip(shape[1:], padding, dilation, strict=True)]
    kernel = [draw(st.integers(1, min(3, most))) for most in room]
    values = weights(draw, (outputs, shape[0] // groups, *kernel), even=False)
    synapse = ConvSynapse(values, draw(PAIR), padding, dilation, groups)
    shape = synapse.output_shape(shape)
    return Layer(name, synapse, draw(neurons(shape)), shape)


@st.composite
def denses(draw, shape, name):
    outputs, inputs = draw(st.integers(2, 5)), int(np.prod(shape))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    delays = random.integers(0, 63, (outputs, inputs)) if draw(st.booleans()) else None
    own = DenseSynapse(weights(draw, (outputs, outputs), even=True)) if delays is None and draw(st.booleans()) else None
    synapse = DenseSynapse(weights(draw, (outputs, inputs), even=True), delays=delays)
    return Layer(name, synapse, draw(neurons((outputs,))), (outputs,), own)


@st.composite
def recipes(draw):
    height, width = draw(st.integers(2, 9)), draw(st.integers(2, 9))
    crop = draw(st.none() | st.tuples(st.just(1), st.just(0), st.just(height - 1), st.just(width)))
    if draw(st.booleans()):
        shape = draw(st.tuples(SIZE, SIZE, SIZE))
        return InputRecipe.frames(shape, draw(st.integers(1, 9)), draw(st.sampled_from([0, 1, 4])), draw(TEXT))
    timed = draw(st.booleans())
    return InputRecipe(
        height,
        width,
        steps=draw(st.integers(1, 9)),
        dt_us=draw(st.integers(1, 10**9)) if timed else 0,
        binning="time" if timed else "count",
        polarities=draw(st.sampled_from([1, 2])),
        crop=crop,
        downsample=draw(SIZE),
        dataset=draw(TEXT),
    )


@st.composite
def cutoffs(draw, steps):
    thresholds = draw(st.lists(st.integers(-1, 50) | st.just(NEVER) | INT64, min_size=steps, max_size=steps))
    epsilon = draw(st.floats(allow_nan=False, allow_infinity=False))
    kind = draw(st.sampled_from(["topk_gap", "fixed", "never"]))
    return CutoffPolicy(kind, thresholds, epsilon, draw(TEXT), draw(INT64))


@st.composite
def networks(draw):
    recipe = draw(recipes())
    names = draw(st.lists(NAME, min_size=1, max_size=4, unique=True))
    layers, shape = [], recipe.input_shape
    for name in names:
        convolve = len(shape) == 3 and name != names[-1] and draw(st.booleans())
        layers.append(draw(convolutions(shape, name) if convolve else denses(shape, name)))
        shape = layers[-1].shape
    keep = [np.array(draw(st.lists(st.booleans(), min_size=recipe.steps, max_size=recipe.steps)))]
    keep[0][draw(st.integers(0, recipe.steps - 1))] = True
    masks = FrameMasks(draw(st.sampled_from(["skip", "mute"])), tuple(keep * len(layers)))
    network = NetworkDescription(
        name=draw(NAME),
        layers=tuple(layers),
        recipe=recipe,
        masks=masks,
        cutoff=draw(cutoffs(masks.stream_steps)),
        class_names=tuple(draw(st.lists(NAME, min_size=shape[0], max_size=shape[0]))),
        quantisation=tuple(QuantisationFacts(n, 64.0, draw(st.floats(0, 1)), draw(INT64), 0) for n in names[:-1]),
        provenance=draw(st.dictionaries(NAME, LINES, max_size=3)),
    )
    samples = draw(st.integers(0, 2))
    frames = random_frames(network, samples)
    return replace(network, golden=record_golden(network, frames)) if samples else network


def random_frames(network, samples):
    rng, recipe = np.random.default_rng(samples), network.recipe
    shape, (low, high) = (samples, *network.input_shape, recipe.steps), recipe.value_range
    return rng.integers(low, high + 1, shape, np.int32) if recipe.message_bits else rng.random(shape) < 0.3


@given(network=networks())
@settings(max_examples=60)
def test_a_written_network_comes_back(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("net") / "a.net"
    write_net(network, path)
    back = read_net(path)
    assert_equal(back, network)
    assert content_hash(back) == content_hash(network)
    with h5py.File(path) as file:
        assert file["evsnn/content_hash"][()].decode() == content_hash(network)


def test_networks_of_every_kind_come_back(zoo, tmp_path):
    for name, network in zoo.items():
        write_net(network, tmp_path / "a.net")
        assert_equal(read_net(tmp_path / "a.net"), network, name)


def test_networks_of_every_kind_have_the_same_bytes_in_another_process(zoo, tmp_path):
    code = (
        "import sys, pathlib; from evsnn_lava.export.netfile.reader import read_net;"
        "from evsnn_lava.export.netfile.writer import write_net;"
        "[write_net(read_net(path), path.with_suffix('.again')) for path in pathlib.Path(sys.argv[1]).glob('*.net')]"
    )
    for name, network in zoo.items():
        write_net(network, tmp_path / f"{name}.net")
    subprocess.run([sys.executable, "-c", code, tmp_path], check=True, timeout=100)
    for name in zoo:
        assert (tmp_path / f"{name}.net").read_bytes() == (tmp_path / f"{name}.again").read_bytes(), name


def test_the_hash_sees_every_part(demo):
    changed = [
        replace(demo, name="other"),
        replace(demo, provenance={**demo.provenance, "seed": "8"}),
        replace(demo, class_names=("zero", *demo.class_names[1:])),
        replace(demo, recipe=replace(demo.recipe, dataset="other")),
        replace(demo, masks=FrameMasks("skip", (demo.masks.keep[0],) * 3)),
        replace(demo, golden=None),
        replace(demo, quantisation=()),
    ]
    hashes = {content_hash(network) for network in [demo, *changed]}
    assert len(hashes) == 1 + len(changed)


def test_same_network_same_bytes(demo, tmp_path):
    write_net(demo, tmp_path / "a.net")
    time.sleep(1.1)
    write_net(demo, tmp_path / "b.net")
    assert (tmp_path / "a.net").read_bytes() == (tmp_path / "b.net").read_bytes()


def test_same_bytes_in_another_process(demo, tmp_path):
    write_net(demo, tmp_path / "a.net")
    code = (
        "import sys; from evsnn_lava.export.netfile.reader import read_net;"
        "from evsnn_lava.export.netfile.writer import write_net; write_net(read_net(sys.argv[1]), sys.argv[2])"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path / "a.net", tmp_path / "b.net"], check=True, timeout=60)
    assert (tmp_path / "a.net").read_bytes() == (tmp_path / "b.net").read_bytes()


def with_layer(network, **changes):
    return replace(network, layers=(*network.layers[:-1], replace(network.layers[-1], **changes)))


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda n: with_layer(n, neuron=CubaNeuron(80, 1, 1, [1] * 5, bias_exp=5)), UnsupportedError, "bias_exp is 5"),
        (
            lambda n: with_layer(n, synapse=DenseSynapse(n.layers[-1].synapse.weights, weight_exp=-1)),
            UnsupportedError,
            "weight_exp is -1",
        ),
        (
            lambda n: with_layer(n, synapse=DenseSynapse(0 * n.layers[-1].synapse.weights)),
            UnsupportedError,
            "weights are zero",
        ),
        (lambda n: replace(n, recipe=replace(n.recipe, dataset="a\0b")), ConfigError, "NUL"),
        (lambda n: replace(n, recipe=replace(n.recipe, dataset="\ud800")), ConfigError, "UTF-8"),
        (lambda n: replace(n, provenance={"seed": 7}), ConfigError, "'seed'"),
        (lambda n: replace(n, recipe=replace(n.recipe, dt_us=1000.5)), ConfigError, "dt_us is 1000.5"),
        (lambda n: n.with_cutoff(replace(n.cutoff, epsilon=float("nan"))), ConfigError, "epsilon is nan"),
        (lambda n: n.with_cutoff(replace(n.cutoff, calibration_samples=2**63)), ConfigError, "samples is"),
        (
            lambda n: replace(n, golden=replace(n.golden, frames=n.golden.frames[..., :-1])),
            ConfigError,
            "frames is bool",
        ),
        (
            lambda n: replace(n, golden=replace(n.golden, decision=n.golden.decision + 9)),
            ConfigError,
            "decision spans",
        ),
    ],
)
def test_what_cannot_be_written_is_refused_before_writing(demo, tmp_path, change, error, words):
    with pytest.raises(error, match=words) as caught:
        write_net(change(demo), tmp_path / "a.net")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_bias_exponent_without_a_bias_means_nothing(tiny, tmp_path):
    odd = with_layer(tiny, neuron=CubaNeuron(80, 1023, 128, bias_exp=0))
    write_net(odd, tmp_path / "a.net")
    assert read_net(tmp_path / "a.net").layers[0].neuron.bias_exp == 6
    assert content_hash(odd) == content_hash(tiny)


def test_a_folder_in_the_way_is_an_error(tiny, tmp_path):
    (tmp_path / "a.net").mkdir()
    with pytest.raises(ConfigError, match=r"a\.net"):
        write_net(tiny, tmp_path / "a.net")
    assert [path.name for path in tmp_path.iterdir()] == ["a.net"]
