"""Single blocks with which netx tests itself, for 2000 steps each."""

import numpy as np
import pytest

from evsnn_lava.export.netx.neurons import rotation
from evsnn_lava.network import ComplexSynapse, CubaNeuron, DenseSynapse, Layer, RfNeuron

from .staggered import drive


@pytest.fixture
def arrays(netx_tests, request):
    """The goldens of one block; what arrives in a step was sent the step before."""
    found = {path.stem: np.load(path).T for path in (netx_tests / "gts" / request.param).glob("*.npy")}
    spikes = found["in"] != 0
    return {**found, "late": np.concatenate([np.zeros_like(spikes[:1]), spikes[:-1]])}


@pytest.mark.parametrize("arrays", ["dense"], indirect=True)
def test_dense(arrays):
    layer = Layer("dense", DenseSynapse(arrays["weight"].T), CubaNeuron(vth_mant=6, du=4095, dv=415), (256,))
    spikes, states = drive(layer, arrays["late"], set())
    assert spikes.any()
    np.testing.assert_array_equal(spikes, arrays["out"])
    np.testing.assert_array_equal(states["u"], 64 * arrays["current"])


@pytest.mark.parametrize("arrays", ["complex_dense"], indirect=True)
def test_resonators(arrays):
    turn = 0.95 * np.exp(2j * np.pi / 11) * 4096
    sin, cos = int(turn.imag), int(turn.real)
    real, imag = (DenseSynapse(arrays[name].T.astype(int)) for name in ("weight_r", "weight_img"))
    layer = Layer("resonators", ComplexSynapse(real, imag), RfNeuron(25, sin, cos), (256,))
    spikes, _ = drive(layer, arrays["late"], set())
    assert spikes.any()
    np.testing.assert_array_equal(spikes, arrays["out"])
    assert np.abs(np.subtract(rotation(sin, cos), (sin, cos))).max() <= 1
