"""The deployed integers in stock SLAYER: what lava-dl itself computes for a network description."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt

from evsnn_lava._torch import F, Tensor, slayer, torch
from evsnn_lava.errors import UnsupportedError
from evsnn_lava.network import (
    ComplexSynapse,
    ConvSynapse,
    CubaNeuron,
    DeltaNeuron,
    DenseSynapse,
    DirectSynapse,
    Layer,
    NetworkDescription,
    RfIzNeuron,
    RfNeuron,
    SigmaDeltaNeuron,
    SigmaNeuron,
    passes_on,
)
from evsnn_lava.network.ranges import STATE_BITS, spread
from evsnn_lava.simulation.reference import checked_stream, gate_open

SCALE: Final = 64
"""Integer that stands for 1.0 in weights, thresholds and the input of CUBA neurons."""

MESSAGE_ONE: Final = 4096
"""Graded message that stands for 1.0."""

FULL_DECAYS: Final = (0, 4096)
EPSILON_LIMIT: Final = 4096
EXACT_FLOAT: Final = 1 << 24
LARGEST_STATE: Final = 1 << (STATE_BITS - 1)

Messages = npt.NDArray[Any]


def slayer_messages(network: NetworkDescription, frames: npt.NDArray[Any]) -> tuple[Messages, ...]:
    """Messages of every layer and step, computed by unmodified SLAYER synapses, neurons and delays.

    Parameters
    ----------
    network : NetworkDescription
        The network; its integers are loaded into objects of ``slayer.synapse`` and ``slayer.neuron``.
    frames : numpy.ndarray of bool or int, shape (N, C, H, W, T)
        Input frames before masking.

    Returns
    -------
    tuple of numpy.ndarray of bool or int32, each of shape (N, *layer shape, K)
        As in :class:`evsnn_lava.simulation.Trace`.

    Raises
    ------
    UnsupportedError
        If a layer has no exact counterpart in SLAYER.
    """
    stream = checked_stream(network, frames)
    silence = np.zeros((*stream.shape[:-1], network.depth), dtype=stream.dtype)
    x = torch.from_numpy(np.concatenate([stream, silence], axis=-1).astype(np.int64))
    messages = []
    with torch.no_grad():
        for index, layer in enumerate(network.layers):
            steps = range(1, network.max_steps + 1)  # SLAYER's time 0 is step 1
            gate = torch.tensor([gate_open(network, index, step) for step in steps])
            sent = _respond(layer, x, gate).round().long()
            x = slayer.axon.delay(sent, 1).unflatten(1, layer.shape)
            messages.append(x.numpy().astype(np.int32 if layer.neuron.graded else np.bool_))
    return tuple(messages)


def _respond(layer: Layer, x: Tensor, gate: Tensor) -> Tensor:
    """What the neurons of a layer send, before the step that it takes, shape (N, M, K)."""
    _require_exact_sums(layer, x)
    drive = DRIVE[type(layer.synapse)](layer, x.float())
    if isinstance(layer.neuron, SigmaDeltaNeuron | SigmaNeuron):
        drive = drive / MESSAGE_ONE
    if layer.recurrent is not None:
        return _recurrent(layer, drive, gate)
    return FIRE[type(layer.neuron)](layer, drive) * gate


def _require_exact_sums(layer: Layer, x: Tensor) -> None:
    """Large messages that cancel leave a small sum, but SLAYER's float32 has rounded on the way to it."""
    size = x.abs()
    if size.numel() == 0 or int(size.max()) <= 1:
        return
    drives = [DRIVE[type(layer.synapse)](replace(layer, synapse=part), size.float()) for part in _signs(layer.synapse)]
    for raised, lowered in zip(*(each if isinstance(each, tuple) else (each,) for each in drives), strict=True):
        if float((raised - lowered).max()) * SCALE >= EXACT_FLOAT:
            raise _refusal(layer, "adds up more than 24 bits, which SLAYER's float32 sums round")


def _signs(synapse: Any) -> tuple[Any, Any]:
    """What raises and what lowers the sums: the same connections with their positive and their negative weights."""
    names = [each.name for each in fields(synapse)]
    signed = [name for name in ("weights", "weight", "bias") if name in names]
    inner = {name: _signs(getattr(synapse, name)) for name in ("real", "imag") if name in names}
    raised, lowered = (
        replace(
            synapse,
            **{name: limit(getattr(synapse, name), 0) for name in signed},
            **{name: both[place] for name, both in inner.items()},
        )
        for place, limit in enumerate((np.maximum, np.minimum))
    )
    return raised, lowered


def _recurrent(layer: Layer, drive: Tensor, gate: Tensor) -> Tensor:
    """Step by step, as SLAYER's recurrent block does, with what passes the gate."""
    if not isinstance(layer.neuron, CubaNeuron) or _bias(layer).any():
        raise _refusal(layer, "is recurrent with a bias or graded messages, which SLAYER has not")
    neuron, sent = _cuba(layer), torch.zeros_like(drive)
    neuron.persistent_state = True
    parts = list(_parts(layer, layer.recurrent)) if layer.recurrent is not None else []
    for step in range(drive.shape[-1]):
        now = drive[..., step : step + 1]
        for delay, synapse in parts:
            if step > delay:
                now = now + synapse(sent[..., step - 1 - delay : step - delay])
        sent[..., step : step + 1] = _spikes(layer, neuron, now, int(step < _compared(drive))) * gate[step]
    return sent


def _drive_dense(layer: Layer, x: Tensor) -> Tensor:
    flat = x.flatten(1, -2)
    return sum(synapse(slayer.axon.delay(flat, delay)) for delay, synapse in _parts(layer, layer.synapse))


def _drive_conv(layer: Layer, x: Tensor) -> Tensor:
    conv = cast(ConvSynapse, layer.synapse)
    outputs, per_group, *kernel = conv.weights.shape
    synapse = slayer.synapse.Conv(
        per_group * conv.groups, outputs, tuple(kernel), conv.stride, conv.padding, conv.dilation, conv.groups
    )
    return _loaded(layer, synapse, conv.weights, conv.weight_exp)(x).flatten(1, -2)


def _drive_direct(layer: Layer, x: Tensor) -> Tensor:
    direct = cast(DirectSynapse, layer.synapse)
    return (x * (direct.weight / SCALE) + direct.bias / SCALE).flatten(1, -2)


def _drive_complex(layer: Layer, x: Tensor) -> tuple[Tensor, Tensor]:
    both = cast(ComplexSynapse, layer.synapse)
    flat = x.flatten(1, -2)
    real, imag = (next(_parts(layer, part))[1](flat) for part in (both.real, both.imag))
    return real, imag


def _parts(layer: Layer, dense: Any) -> Iterator[tuple[int, Any]]:
    """A dense synapse of SLAYER for each delay that occurs."""
    delays = np.zeros(dense.weights.shape, int) if dense.delays is None else dense.delays
    for delay in np.unique(delays):
        weights = np.where(delays == delay, dense.weights, 0)
        yield int(delay), _loaded(layer, slayer.synapse.Dense(*weights.shape[::-1]), weights, dense.weight_exp)


def _loaded(layer: Layer, synapse: Any, weights: npt.NDArray[np.integer], weight_exp: int) -> Any:
    """A SLAYER synapse with integer weights; SLAYER's own quantisation stays on where it keeps them."""
    if weight_exp < 0:
        raise _refusal(layer, "has a negative weight exponent, which SLAYER does not know")
    scaled = weights.astype(np.int64) << weight_exp
    synapse.weight.data = (torch.from_numpy(scaled).float() / SCALE).reshape(synapse.weight.shape)
    if not (scaled % 2).any() and scaled.min() >= -256 and scaled.max() <= 254:
        synapse.pre_hook_fx = slayer.neuron.cuba.Neuron(1, 0, 0, scale=SCALE).quantize_8bit
    return synapse


def _fire_cuba(layer: Layer, drive: Tensor) -> Tensor:
    return _spikes(layer, _cuba(layer), drive, _compared(drive))


def _spikes(layer: Layer, cuba: Any, drive: Tensor, compared: int) -> Tensor:
    """SLAYER's `forward`, with a look at the states of the steps that are compared."""
    _, voltage = _states(layer, cuba, drive, compared)
    return cuba.spike(voltage)


def _compared(values: Tensor) -> int:
    """Steps whose spikes are heard: a layer delays by one, so that those of the last step are not."""
    return int(values.shape[-1]) - 1


def _states(layer: Layer, neuron: Any, drive: Any, compared: int) -> tuple[Tensor, Tensor]:
    """SLAYER's two states; those of the chip wrap or stop at 24 bits, SLAYER's go on."""
    states: tuple[Tensor, Tensor] = neuron.dynamics(drive)
    seen = [state[..., :compared] for state in states]
    if any(float(state.abs().max()) * neuron.s_scale >= LARGEST_STATE for state in seen if state.numel()):
        raise _refusal(
            layer, f"leaves the {STATE_BITS} bits of a state, where the chip wraps or stops and SLAYER does not"
        )
    return states


def _cuba(layer: Layer) -> Any:
    """SLAYER's neuron; the neurons of the layer are its channels, so that each may have its own decays and bias."""
    neuron = cast(CubaNeuron, layer.neuron)
    decays = {"current_decay": neuron.current_decay, "voltage_decay": neuron.dv}
    cuba = slayer.neuron.cuba.Neuron(_threshold(layer, neuron) / SCALE, 0, 0, scale=SCALE)
    for name, value in decays.items():
        getattr(cuba, name).data = torch.from_numpy(_each(value, layer)).float()
    bias = _bias(layer)
    if bias.any():
        cuba.norm = slayer.neuron.norm.MeanOnlyBatchNorm(num_features=layer.neurons)
        cuba.norm.running_mean = torch.from_numpy(-bias / (SCALE * SCALE)).float()
    return cuba.eval()


def _threshold(layer: Layer, neuron: CubaNeuron) -> int:
    """From here on, SLAYER fires at the threshold itself, the integers above it."""
    if neuron.vth_mant < EPSILON_LIMIT:
        return neuron.vth_mant
    decays = np.concatenate([np.ravel(neuron.current_decay), np.ravel(neuron.dv)])
    if np.isin(decays, FULL_DECAYS).all() and not (_bias(layer) % SCALE).any():
        return neuron.vth_mant + 1  # voltages are multiples of 64
    raise _refusal(layer, f"has a threshold of {neuron.vth_mant}, from {EPSILON_LIMIT} on SLAYER fires at equality")


def _bias(layer: Layer) -> npt.NDArray[np.int64]:
    """Bias of each neuron in units of the voltage."""
    return _each(layer.neuron.bias(layer.shape), layer) if isinstance(layer.neuron, CubaNeuron) else np.zeros(1, int)


def _each(value: Any, layer: Layer) -> npt.NDArray[np.int64]:
    """One value per neuron."""
    array = np.asarray(value, dtype=np.int64)
    if array.ndim < len(layer.shape):
        array = spread(array, layer.shape)
    return np.array(np.broadcast_to(array, layer.shape)).reshape(-1)


def _fire_delta(layer: Layer, drive: Tensor) -> Tensor:
    return _within_float(layer, _delta(layer)(drive)) * MESSAGE_ONE


def _delta(layer: Layer) -> Any:
    neuron = cast(DeltaNeuron | SigmaDeltaNeuron, layer.neuron)
    if (neuron.spike_exp, neuron.state_exp) != (6, 6) or neuron.vth_mant == 0:
        raise _refusal(layer, "has a threshold of 0 or other exponents than 6, which SLAYER has not")
    return slayer.axon.Delta(neuron.vth_mant / SCALE, scale=MESSAGE_ONE)


def _fire_sigma_delta(layer: Layer, drive: Tensor) -> Tensor:
    neuron = cast(SigmaDeltaNeuron, layer.neuron)
    if passes_on(neuron):
        return _within_float(layer, drive.double()) * (MESSAGE_ONE * SCALE)
    act = F.relu if neuron.activation == "relu" else torch.nn.Identity()
    unit = slayer.neuron.sigma_delta.Neuron(neuron.vth_mant / SCALE, act, scale=SCALE)
    unit.delta = _delta(layer)
    if neuron.bias_mant is not None:
        per_neuron = _each(neuron.bias_mant, layer)
        unit.set_bias(torch.from_numpy(per_neuron / SCALE).float())
    _within_float(layer, torch.cumsum(drive.double(), dim=-1))
    return unit(drive) * MESSAGE_ONE


def _fire_sigma(layer: Layer, drive: Tensor) -> Tensor:
    _within_float(layer, torch.cumsum(drive.double(), dim=-1))
    return slayer.dendrite.Sigma()(drive).double() * (MESSAGE_ONE * SCALE)


def _within_float(layer: Layer, values: Tensor) -> Tensor:
    """SLAYER's sums are float32: exact in steps of 2**-18 up to 64."""
    if values.numel() and float(values.abs().max()) * MESSAGE_ONE * SCALE >= EXACT_FLOAT:
        raise _refusal(layer, "reaches values beyond 64, where SLAYER's float32 sums are rounded")
    return values


def _fire_rf(layer: Layer, drive: tuple[Tensor, Tensor]) -> Tensor:
    neuron = cast(RfNeuron, layer.neuron)
    if (neuron.state_exp, neuron.decay_bits) != (6, 12):
        raise _refusal(layer, "has other exponents than SLAYER's 6 and 12")
    family = slayer.neuron.rf_iz if isinstance(neuron, RfIzNeuron) else slayer.neuron.rf
    rf = family.Neuron(neuron.vth_mant / SCALE, 8, 0, scale=SCALE)
    rf.sin_decay.data.fill_(neuron.sin_decay)
    rf.cos_decay.data.fill_(neuron.cos_decay)
    return rf.spike(*_states(layer, rf, drive, _compared(drive[0])))


def _refusal(layer: Layer, reason: str) -> UnsupportedError:
    return UnsupportedError(f"layer {layer.name} {reason}; leave SLAYER out of the comparison")


DRIVE: Final[dict[type, Callable[[Layer, Tensor], Any]]] = {
    ConvSynapse: _drive_conv,
    DenseSynapse: _drive_dense,
    DirectSynapse: _drive_direct,
    ComplexSynapse: _drive_complex,
}
"""Synaptic input in SLAYER's units, shape (N, M, K); a pair of them for resonators."""

FIRE: Final[dict[type, Callable[[Layer, Any], Tensor]]] = {
    CubaNeuron: _fire_cuba,
    DeltaNeuron: _fire_delta,
    SigmaDeltaNeuron: _fire_sigma_delta,
    SigmaNeuron: _fire_sigma,
    RfNeuron: _fire_rf,
    RfIzNeuron: _fire_rf,
}
"""Messages in the integers of the description."""
