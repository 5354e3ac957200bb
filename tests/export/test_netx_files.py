"""Netx files that others wrote: what is read, what is decided, what is refused."""

from __future__ import annotations

import hashlib
import random
import tracemalloc

import h5py
import numpy as np
import pytest

from evsnn_lava.errors import CapacityError, ConfigError, EvsnnError, FormatError, UnsupportedError
from evsnn_lava.export.netx.neurons import rotation
from evsnn_lava.export.netx.reader import NetxOptions, read_netx
from evsnn_lava.export.netx.weights import multiplied
from evsnn_lava.network import CubaNeuron, DeltaNeuron, RfIzNeuron, RfNeuron, SigmaDeltaNeuron, SigmaNeuron
from evsnn_lava.simulation import simulate

from .foreign_files import CUBA, DENSE, RF, SDNN, conv, dense, input_block, write


@pytest.fixture
def path(tmp_path):
    return tmp_path / "foreign.net"


def network_of(path, *blocks, options=None, **root):
    return read_netx(write(path, *blocks, **root), options).network


@pytest.mark.parametrize("shape", [(4,), (4, 1, 1), (1, 1, 4)])
@pytest.mark.parametrize("kind", ["list", "text"])
def test_dense_in_every_spelling(path, shape, kind):
    block = dense(shape=np.array(shape), type=np.array([b"dense"], "S10") if kind == "list" else "dense")
    layer = network_of(path, block).layers[0]
    assert layer.shape == (4,)
    assert layer.synapse.weights.tolist() == DENSE.tolist()
    assert (layer.neuron.vth_mant, layer.neuron.du, layer.neuron.dv) == (60, 1023, 128)
    assert layer.name == "dense0"


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "i2", ">f4", "f2"])
def test_numbers_of_any_type(path, dtype):
    assert network_of(path, dense(weight=DENSE.astype(dtype))).layers[0].synapse.weights.tolist() == DENSE.tolist()


def test_flat_weights(path):
    assert network_of(path, dense(weight=DENSE.ravel())).layers[0].synapse.weights.tolist() == DENSE.tolist()


def test_old_neuron_and_its_training_parameters(path):
    old = {**CUBA, "type": "LOIHI", "theta": 3840, "tauRho": 0.5, "scaleRho": 10.0, "wgtExp": 0}
    found = read_netx(write(path, dense(neuron=old)))
    assert isinstance(found.network.layers[0].neuron, CubaNeuron)
    assert found.network.provenance == {
        "source_format": "netx, old dialect",
        "source_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def test_decays_per_neuron(path):
    decays = {"iDecay": [1, 2, 3, 4096], "vDecay": [0, 5, 6, 4096]}
    neuron = network_of(path, dense(neuron={**CUBA, **decays})).layers[0].neuron
    assert neuron.du.tolist() == [0, 1, 2, 4095]
    assert neuron.dv.tolist() == [0, 5, 6, 4096]


def test_input_block_without_neuron_says_the_shape(path):
    network = network_of(path, {"type": "input", "shape": [1, 1, 3]}, {"type": "flatten", "shape": [3, 1, 1]}, dense())
    assert network.input_shape == (1, 1, 3)
    assert network.recipe.message_bits == 0
    assert network.depth == 1


@pytest.mark.parametrize("five", [False, True])
@pytest.mark.parametrize("pairs", [False, True])
def test_convolution(path, five, pairs):
    """A pair is (vertical, horizontal); here a single number says the same."""
    weights = np.arange(-8, 10).reshape(2, 1, 3, 3)
    block = conv(weight=weights[..., None] if five else weights, shape=[2, 2, 3], stride=[2, 2] if pairs else 2)
    layer = network_of(path, {"type": "input", "shape": [1, 4, 6]}, block).layers[0]
    assert (layer.synapse.stride, layer.synapse.padding, layer.synapse.dilation) == ((2, 2), (1, 1), (1, 1))
    np.testing.assert_array_equal(layer.synapse.weights, weights)


def test_vertical_before_horizontal(path):
    block = conv(shape=[2, 4, 3], stride=[1, 2], padding=[1, 1])
    synapse = network_of(path, block, options=NetxOptions(input_shape=(1, 4, 6))).layers[0].synapse
    assert synapse.stride == (1, 2)


def test_bias_per_neuron_is_in_the_order_of_netx(path):
    bias = np.arange(12).reshape(3, 2, 2)  # x, y, channel
    neuron = network_of(path, {"type": "input", "shape": [1, 4, 6]}, conv(bias=bias)).layers[0].neuron
    np.testing.assert_array_equal(neuron.bias_mant, bias.transpose(2, 1, 0))


def test_flatten_between_convolution_and_dense(path):
    network = network_of(
        path,
        {"type": "input", "shape": [1, 4, 6]},
        conv(bias=[3.0, -4.0]),
        {"type": "flatten", "shape": [1, 1, 12]},
        dense(weight=np.ones((4, 12))),
    )
    assert [layer.name for layer in network.layers] == ["conv1", "dense3"]
    assert network.layers[0].neuron.bias_mant.tolist() == [3, -4]


@pytest.mark.parametrize("block", ["dense_rec", "recurrent"])
def test_recurrent(path, block):
    back = 2 * np.arange(16).reshape(4, 4)
    name = "weight_rec" if block == "dense_rec" else "recWeight"
    found = read_netx(write(path, dense(type=block, **{name: back})))
    assert found.network.layers[0].recurrent.weights.tolist() == back.tolist()
    assert [decision.path for decision in found.decisions] == ([] if block == "dense_rec" else ["/layer/0/type"])


@pytest.mark.parametrize(
    ("delay", "expected"),
    [
        (3, np.full((4, 3), 3)),
        ([0.0, 1.0, 2.0, 62.0], np.repeat([[0], [1], [2], [62]], 3, axis=1)),
        ([1, 2, 3], np.repeat([[1, 2, 3]], 4, axis=0)),
        (np.arange(12).reshape(4, 3), np.arange(12).reshape(4, 3)),
    ],
)
def test_delays(path, delay, expected):
    delays = network_of(path, dense(delay=delay)).layers[0].synapse.delays
    np.testing.assert_array_equal(np.broadcast_to(delays, (4, 3)), expected)


def test_delay_that_could_be_per_output_or_per_input(path):
    """As many inputs as outputs: netx takes it per output."""
    layer = network_of(path, dense(shape=[3], weight=2 * np.eye(3), delay=[1, 2, 3])).layers[0]
    np.testing.assert_array_equal(layer.synapse.delays, [[1] * 3, [2] * 3, [3] * 3])


def test_long_delays_only_on_request(path):
    write(path, dense(delay=[0, 1, 2, 70]))
    with pytest.raises(UnsupportedError, match="/layer/0/delay goes up to 70, the limit is 62"):
        read_netx(path)
    found = read_netx(path, NetxOptions(clamp_delays=True))
    assert found.network.layers[0].synapse.delays[:, 0].tolist() == [0, 1, 2, 62]
    assert [decision.path for decision in found.decisions] == ["/layer/0/delay"]


def test_sigma_delta_network(path):
    network = network_of(
        path,
        input_block(neuron=SDNN),
        dense(neuron=SDNN, bias=[1, 2, 3, -4]),
        dense(neuron={**SDNN, "sigma_output": True}, shape=[2], weight=2 * np.ones((2, 4))),
    )
    delta, sigma_delta, sigma = (layer.neuron for layer in network.layers)
    assert isinstance(delta, DeltaNeuron)
    assert isinstance(sigma_delta, SigmaDeltaNeuron)
    assert isinstance(sigma, SigmaNeuron)
    assert (delta.vth_mant, sigma_delta.vth_mant, sigma_delta.bias_mant.tolist()) == (6, 6, [1, 2, 3, -4])
    assert network.recipe.value_range == (-32768, 32767)


@pytest.mark.parametrize(("kind", "expected"), [("RF_PHASE", RfNeuron), ("RF_IZHIKEVICH", RfIzNeuron)])
def test_resonators(path, kind, expected):
    block = dense(neuron={**RF, "type": kind})
    del block["weight"]
    found = read_netx(write(path, {**block, "weight/real": DENSE, "weight/imag": -DENSE}))
    layer = found.network.layers[0]
    assert type(layer.neuron) is expected
    assert (layer.neuron.sin_decay, layer.neuron.cos_decay) == rotation(1234, 3800)
    assert layer.synapse.imag.weights.tolist() == (-DENSE).tolist()


def test_input_values_or_spikes(path):
    write(path, input_block(weight=[36.0], bias=[34.0]), dense())
    graded, binary = read_netx(path), read_netx(path, NetxOptions(message_bits=0))
    synapses = [found.network.layers[0].synapse for found in (graded, binary)]
    assert [(synapse.weight, synapse.bias) for synapse in synapses] == [(1, 0), (36, 34)]
    assert "36 x value + 34 is left to the user" in graded.decisions[0].fact
    assert "36 x spike + 34" in binary.decisions[0].fact


def test_numbers_get_the_transform_of_the_file_on_request(path):
    write(path, input_block(weight=[36.0], bias=[34.0]), dense())
    found = read_netx(path, NetxOptions(fold_input=True))
    synapse = found.network.layers[0].synapse
    assert (synapse.weight, synapse.bias, found.network.recipe.message_bits) == (36, 34, 16)
    assert found.decisions[0].fact == "an input neuron gets 36 x value + 34, the transform in the file"
    frames = np.random.default_rng(0).integers(-20, 20, (2, *found.network.input_shape, 16))
    raw = simulate(read_netx(path).network, 36 * frames + 34)
    assert np.array_equal(simulate(found.network, frames).messages[-1], raw.messages[-1])


def test_a_transform_that_is_not_there_is_not_applied(path):
    with pytest.raises(ConfigError, match="no block of input neurons"):
        read_netx(write(path, dense()), NetxOptions(fold_input=True))


def test_a_leaky_input_current_is_noted(path):
    found = read_netx(write(path, input_block(neuron={**CUBA, "iDecay": 2048}), dense()))
    assert "enters the current" in found.decisions[1].fact


def test_missing_neuron_is_an_integrator(path):
    block = dense()
    found = read_netx(write(path, {name: value for name, value in block.items() if not name.startswith("neuron")}))
    neuron = found.network.layers[0].neuron
    assert (neuron.vth_mant, neuron.du, neuron.dv) == (131071, -1, 4096)
    assert found.decisions[0].path == "/layer/0/neuron"
    assert "131072 became 131071" in found.decisions[0].fact


@pytest.mark.parametrize(("threshold", "words"), [(131071, "not meant to fire"), (262143, "262143 became 131071")])
def test_threshold_of_a_silent_output(path, threshold, words):
    found = read_netx(write(path, dense(neuron={**CUBA, "vThMant": threshold})))
    assert found.network.layers[0].neuron.vth_mant == 131071
    assert words in found.decisions[0].fact


@pytest.mark.parametrize(
    ("weights", "expected", "words"),
    [
        ([[-256, -2]], [[-254, -2]], "netx changes 1 of 2 weights"),
        ([[0, 0]], [[0, 0]], "all weights are zero"),
        ([[-255, 254]], [[-255, 254]], "take 9 bits"),
        ([[255, -2]], [[254, -2]], "first 255 to 254"),
    ],
)
def test_weights_that_netx_runs(path, weights, expected, words):
    found = read_netx(write(path, dense(shape=[1], weight=np.array(weights))))
    assert found.network.layers[0].synapse.weights.tolist() == expected
    assert words in found.decisions[0].fact
    assert found.decisions[0].path == "/layer/0/weight"


def test_recurrent_weights_are_scaled_together():
    """Lava truncates each matrix by its own signs, with the bits that both together need."""
    alone, _ = multiplied("/layer/0/weight", np.array([[-256, -2]]))
    together, _ = multiplied("/layer/0/weight", np.array([[-256, -2]]), np.array([[255]]))
    assert [part.tolist() for part in alone] == [[[-254, -2]]]
    assert [part.tolist() for part in together] == [[[-255, -2]], [[254]]]


@pytest.mark.parametrize(
    ("root", "options", "steps"),
    [
        ({}, {}, 16),
        ({"simulation/tSample": 64, "simulation/Ts": 1}, {}, 64),
        ({"simulation/tSample": 64}, {"steps": 5}, 5),
    ],
)
def test_steps(path, root, options, steps):
    network = network_of(path, dense(), options=NetxOptions(**options), **root)
    assert (network.recipe.steps, network.masks.steps, network.cutoff.kind) == (steps, steps, "never")
    assert network.class_names == ("0", "1", "2", "3")


def test_first_blocks_only(path):
    write(path, dense(), {"type": "average", "shape": [2, 1, 1]})
    assert read_netx(path, NetxOptions(blocks=1)).network.depth == 1


def without(block, *names):
    return {name: value for name, value in block.items() if name not in names}


FIRST = {"type": "input", "shape": [1, 4, 6]}
BARE = {name: value for name, value in conv().items() if not name.startswith("neuron/")}
REFUSED = {
    "unknown data set": ([dense(weird=1)], FormatError, "/layer/0/weird is unknown"),
    "unknown neuron data set": (
        [dense(neuron={**CUBA, "messageBits": 4})],
        FormatError,
        "/layer/0/neuron/messageBits is",
    ),
    "unknown block": ([{"type": "what"}], FormatError, "/layer/0/type is what; the known ones are"),
    "no type": ([without(dense(), "type")], FormatError, "/layer/0/type is missing"),
    "type as number": ([dense(type=3)], FormatError, "/layer/0/type holds int64"),
    "no weights": ([without(dense(), "weight")], FormatError, "/layer/0/weight is missing"),
    "fraction": ([dense(weight=DENSE + 0.5)], FormatError, "/layer/0/weight holds 12 numbers with a fraction"),
    "not finite": ([dense(weight=DENSE * np.nan)], FormatError, "/layer/0/weight holds numbers beyond 32 bits"),
    "fraction of a bias": ([dense(bias=[1, 2, 3, 4.5])], FormatError, "/layer/0/bias holds 1 numbers with"),
    "bias of another size": ([dense(bias=[1, 2, 3])], FormatError, r"/layer/0/bias is \(3,\)"),
    "large weights": ([dense(weight=DENSE + 300)], CapacityError, "/layer/0/weight: weights: weight spans 280"),
    "weights of another size": ([dense(weight=DENSE.T)], FormatError, r"/layer/0/weight has shape \(3, 4\)"),
    "sizes": ([dense(inFeatures=7)], FormatError, r"/layer/0/inFeatures is \(7,\)"),
    "kernel size": ([FIRST, conv(kernelSize=[3, 2])], FormatError, "/layer/1/kernelSize is"),
    "shape of a convolution": ([FIRST, conv(shape=[2, 4, 6])], FormatError, "/layer/1/shape is"),
    "channels": ([FIRST, conv(weight=np.ones((2, 3, 3, 3)))], FormatError, "/layer/1: ConvSynapse: input"),
    "no input shape": ([conv()], FormatError, "/layer/0: a convolution without an input block"),
    "no flatten": ([FIRST, conv(), dense(weight=np.ones((4, 12)))], FormatError, "without flatten"),
    "flatten before a convolution": (
        [FIRST, {"type": "flatten"}, conv()],
        FormatError,
        "/layer/2: a convolution after",
    ),
    "flatten of another size": ([FIRST, {"type": "flatten", "shape": [7]}, dense()], FormatError, "/layer/1/shape is"),
    "second input": ([dense(), FIRST], FormatError, "/layer/1 is an input block, which stands first"),
    "input transform without neuron": ([{**FIRST, "weight": 3}, conv()], FormatError, "/layer/0/weight is unknown"),
    "huge shape": ([{**FIRST, "shape": [2**20, 2**20, 4]}, conv()], FormatError, "the limit is 16777216 neurons"),
    "negative shape": ([{**FIRST, "shape": [1, -4, 6]}, conv()], FormatError, "/layer/0/shape has shape"),
    "no neuron behind a convolution": ([FIRST, BARE], FormatError, "/layer/1/neuron/type is missing"),
    "only an input": ([FIRST], FormatError, "/layer has no neurons"),
    "pool": ([{"type": "pool"}], UnsupportedError, "/layer/0/type is pool, which netx cannot load; export"),
    "average": ([dense(), {"type": "average"}], UnsupportedError, "/layer/1/type is average"),
    "transposed convolution": ([{"type": "convT"}], UnsupportedError, "/layer/0/type is convT"),
    "unpool": ([{"type": "unpool"}], UnsupportedError, "/layer/0/type is unpool"),
    "concat": ([{"type": "concat"}], UnsupportedError, "/layer/0/type is concat"),
    "adaptive": ([dense(neuron={"type": "ALIF"})], UnsupportedError, "/layer/0/neuron/type is ALIF"),
    "adaptive resonator": ([dense(neuron={"type": "ADRF_PHASE"})], UnsupportedError, "netx drops the adaptation"),
    "unknown neuron": ([dense(neuron={"type": "LIF"})], FormatError, "/layer/0/neuron/type is LIF; the known ones"),
    "graded spikes": (
        [dense(neuron={**CUBA, "gradedSpike": True})],
        UnsupportedError,
        "/layer/0/neuron/gradedSpike is 1",
    ),
    "refractory": ([dense(neuron={**CUBA, "refDelay": 2})], UnsupportedError, "/layer/0/neuron/refDelay is 2"),
    "weight exponent": ([dense(neuron={**CUBA, "weight_exp": -2.0})], UnsupportedError, "weight_exp is -2, which netx"),
    "old weight exponent": ([dense(neuron={**CUBA, "wgtExp": 1})], UnsupportedError, "/layer/0/neuron/wgtExp is 1"),
    "decay out of range": ([dense(neuron={**CUBA, "vDecay": 4097})], CapacityError, "/layer/0/neuron/vDecay: CUBA: dv"),
    "negative threshold": (
        [dense(neuron={**CUBA, "vThMant": -4})],
        CapacityError,
        "/layer/0/neuron/vThMant: CUBA: vth_mant spans -4",
    ),
    "negative threshold of a sigma-delta neuron": (
        [dense(neuron={**SDNN, "vThMant": -4})],
        CapacityError,
        "/layer/0/neuron/vThMant: SDNN: vth_mant spans -4",
    ),
    "current decay out of range": (
        [dense(neuron={**CUBA, "iDecay": -1})],
        CapacityError,
        "/layer/0/neuron/iDecay: CUBA: dv spans -1",
    ),
    "rotation out of range": (
        [dense(neuron={**RF, "sinDecay": 5000})],
        CapacityError,
        "/layer/0/neuron/sinDecay: RF_PHASE: sin_decay spans 5000",
    ),
    "large kernel": ([FIRST, conv(weight=300 * np.ones((2, 1, 3, 3)))], CapacityError, "/layer/1/weight: weights: w"),
    "decays of another size": ([dense(neuron={**CUBA, "vDecay": [1, 2]})], FormatError, "dv has shape"),
    "threshold per neuron": (
        [dense(neuron={**CUBA, "vThMant": [1, 2]})],
        FormatError,
        "/layer/0/neuron/vThMant has shape",
    ),
    "delay of a convolution": ([FIRST, conv(delay=[1, 2])], UnsupportedError, "/layer/1/delay: netx ignores"),
    "delay of another size": ([dense(delay=[1, 2])], FormatError, r"/layer/0/delay has shape \(2,\)"),
    "negative delay": ([dense(delay=-1)], CapacityError, "/layer/0/delay: delays: delay spans -1"),
    "recurrent delay": (
        [dense(type="dense_rec", weight_rec=2 * np.eye(4), delay=1)],
        UnsupportedError,
        "/layer/0/delay: netx gives a recurrent block",
    ),
    "recurrent graded": (
        [dense(type="dense_rec", weight_rec=2 * np.eye(4), neuron=SDNN)],
        UnsupportedError,
        "/layer/0: netx takes recurrent graded messages for spikes",
    ),
    "recurrent of another size": (
        [dense(type="dense_rec", weight_rec=np.ones((4, 3)))],
        FormatError,
        "expected a square",
    ),
    "activation": (
        [dense(neuron={**SDNN, "activation": "tanh"})],
        UnsupportedError,
        "/layer/0/neuron/activation is tanh",
    ),
    "sigma that is none": ([dense(neuron={**SDNN, "sigma_output": False})], FormatError, "netx takes for True"),
    "bias of a sigma neuron": (
        [dense(neuron={**SDNN, "sigma_output": True}, bias=[1] * 4)],
        UnsupportedError,
        "/layer/0/neuron: a sigma neuron has no bias",
    ),
    "resonator behind plain weights": ([dense(neuron=RF)], FormatError, "resonators, and only they"),
    "undefined scaling": ([dense(shape=[1], weight=[[-255, 0, -1]])], UnsupportedError, "netx's scaling is undefined"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(path, case):
    blocks, error, words = REFUSED[case]
    write(path, *blocks)
    with pytest.raises(error, match=words) as caught:
        read_netx(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_our_own_file_is_not_foreign(path):
    with pytest.raises(FormatError, match="has a group /evsnn"):
        read_netx(write(path, dense(), **{"evsnn/name": "n"}))


@pytest.mark.parametrize(
    ("root", "words"),
    [
        ({"extra": 1}, "/extra is unknown"),
        ({"simulation/dt": 1}, "/simulation/dt is unknown"),
        ({"layer/7/type": "x"}, "/layer/7 is"),
    ],
)
def test_unknown_groups(path, root, words):
    with pytest.raises(FormatError, match=words):
        read_netx(write(path, dense(), **root))


@pytest.mark.parametrize("options", [{"steps": 0}, {"steps": 10**6}, {"message_bits": 30}, {"input_shape": (2, 4, 6)}])
def test_options_out_of_range(path, options):
    with pytest.raises(EvsnnError, match=r"foreign\.net: "):
        read_netx(write(path, FIRST, conv()), NetxOptions(**options))


def test_no_such_file(tmp_path):
    with pytest.raises(ConfigError, match=r"^cannot read .*missing.net: No such file or directory; check the path$"):
        read_netx(tmp_path / "missing.net")


def link(file):
    file["layer/0/bias"] = h5py.ExternalLink("/etc/hostname", "/x")


def attribute(file):
    file["layer/0"].attrs["x"] = 1


def chunks(file):
    file.create_dataset("layer/0/bias", (2**40,), "f4", chunks=(1024,), compression="gzip")


def late(file):
    file.create_dataset("layer/0/bias", (2**40,), "f4")


def texts(file):
    file.create_dataset("layer/0/bias", data=["a", "b"], dtype=h5py.string_dtype())


def long_text(file):
    file["layer/0/neuron/activation"] = "x" * 100


def reference(file):
    file.create_dataset("layer/0/bias", data=file["layer"].ref, dtype=h5py.ref_dtype)


def deep(file):
    file["layer/0/a/b/c/d/e"] = 1


def loop(file):
    file["layer/0/again"] = file["layer"]


def named_type(file):
    file["layer/0/kind"] = np.dtype("f4")


def empty(file):
    file["layer/0/bias"] = h5py.Empty("f4")


@pytest.mark.parametrize(
    "attack", [link, attribute, chunks, late, texts, long_text, reference, deep, loop, named_type, empty]
)
def test_attacks(path, attack):
    """Each is refused by its path, before it takes memory."""
    write(path, dense())
    with h5py.File(path, "r+") as file:
        attack(file)
    tracemalloc.start()
    with pytest.raises(FormatError, match=r"foreign\.net: .*/layer/0"):
        read_netx(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


def test_text_that_claims_gigabytes(path):
    """The HDF5 library would allocate what the file says before it looks whether it is there."""
    write(path, dense())
    with h5py.File(path) as file:
        start = file["layer/0/type"].id.get_offset()
    data = bytearray(path.read_bytes())
    data[start : start + 4] = (2**32 - 1).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(FormatError, match="/layer/0/type holds 1 texts of up to 4294967295 bytes"):
        read_netx(path)


def test_damaged_files(path):
    """Flipped and missing bytes: read or refused, never anything else."""
    data = write(path, dense(), dense(shape=[2], weight=np.ones((2, 4)))).read_bytes()
    draw = random.Random(5)
    refused = 0
    for _ in range(400):
        damaged = bytearray(data)
        for _ in range(draw.choice((1, 2, 8))):
            damaged[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged[: draw.choice((len(data), draw.randrange(len(data))))])
        try:
            read_netx(path)
        except EvsnnError:
            refused += 1
    assert refused > 100
