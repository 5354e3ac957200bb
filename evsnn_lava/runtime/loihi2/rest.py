"""Beginning a sample: how all neurons come to rest on the chip.

Step 0 of a sample resets all neurons; nothing is integrated, nothing fires. Stock neurons know no such step, so the
host writes their state twice (`Rest`). Before step 0 it holds them down, so far below their threshold that nothing can
fire, and what the sample before has still under way ends there. Before step 1 it sets them to 0.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from evsnn_lava.errors import UnsupportedError
from evsnn_lava.network import (
    ConvSynapse,
    CubaNeuron,
    DenseSynapse,
    Layer,
    NetworkDescription,
    RfNeuron,
    SigmaDeltaNeuron,
)
from evsnn_lava.network.ranges import RANGES
from evsnn_lava.runtime.layout import source_graded
from evsnn_lava.runtime.loihi2.layout import host_layers

LOWEST: Final = -(2**23 - 1)
"""The lowest voltage of a register of 24 bits."""

LOWEST_BIAS: Final = RANGES["bias_mant"][0]

STATES: Final[dict[str, tuple[str, ...]]] = {
    "LIF": ("u", "v"),
    "LIFReset": ("u", "v"),
    "SigmaDelta": ("sigma", "act", "residue"),
    "Sigma": ("sigma",),
}
"""What a process remembers, by its class."""

HOLDS: Final[dict[str, dict[str, int]]] = {
    "voltage": {"v": LOWEST},
    "bias": {"v": LOWEST, "bias_mant": LOWEST_BIAS},
    "threshold": {"vth": 2**23 - 1},
    "nothing": {},
}
"""What is written to hold a layer down; ``nothing`` is for the output, behind which nothing can be disturbed."""


def holding(layer: Layer, graded: bool, steps: int = 1) -> str | None:
    """Find the least that holds a layer down.

    Parameters
    ----------
    layer : Layer
        Its weights, bias and decay decide.
    graded : bool
        Whether numbers arrive, which have no bound here.
    steps : int
        For how many steps it must hold.

    Returns
    -------
    str or None
        A key of `HOLDS`; None if nothing is sure to.

    Examples
    --------
    >>> synapse = DenseSynapse([[20, 40]])
    >>> holding(Layer("fc", synapse, CubaNeuron(vth_mant=30, du=0, dv=128), (1,)), graded=False)
    'voltage'
    >>> holding(Layer("fc", synapse, CubaNeuron(vth_mant=30, du=0, dv=4096), (1,)), graded=False)
    'bias'
    """
    if not isinstance(layer.neuron, CubaNeuron):
        return "threshold" if isinstance(layer.neuron, SigmaDeltaNeuron) else "nothing"
    biases = {"voltage": int(layer.neuron.bias(layer.shape).max()), "bias": LOWEST_BIAS << layer.neuron.bias_exp}
    most = None if graded else sum(_most(synapse) for synapse in layer.synapses)
    sure = (name for name, bias in biases.items() if most is not None and _quiet(layer.neuron, most, bias, steps))
    return next(sure, None)


def _quiet(neuron: CubaNeuron, arriving: int, bias: int, steps: int) -> bool:
    """Whether the voltage stays below the threshold if in every step all that can excite the neuron arrives."""
    current, voltage = 0, LOWEST
    for _ in range(steps):
        current += 64 * arriving  # at most: nothing is taken off by its decay
        voltage = -((-min(voltage, 0) * (4096 - int(np.max(neuron.dv)))) >> 12) + current + bias
        if voltage > neuron.threshold:
            return False
    return True


def _most(synapse: Any) -> int:
    """The largest sum that one step can deliver to a neuron."""
    if not isinstance(synapse, DenseSynapse | ConvSynapse):
        return 0
    most = synapse.weights.clip(min=0).reshape(len(synapse.weights), -1).sum(axis=1).max()
    return int(np.ceil(float(most) * 2.0**synapse.weight_exp))


def holds(network: NetworkDescription, steps: int = 1) -> list[str | None]:
    """The least that holds each layer on the chip down, see `holding`."""
    first, graded = host_layers(network), source_graded(network)
    return [holding(layer, graded[index], steps) for index, layer in enumerate(network.layers) if index >= first]


def staggers(network: NetworkDescription) -> bool:
    """Whether resets that follow the first frame through the layers, a step each, give the same as one for all.

    Nothing that the sample before has under way meets a layer after its own reset then. But a bias starts with the
    layer's reset, and in a network all biases start together; and a layer that feeds itself meets its own past.

    Parameters
    ----------
    network : NetworkDescription
        The network.

    Returns
    -------
    bool
        True for spiking networks without recurrence, and without bias behind the first layer on the chip.
    """
    layers = network.layers[host_layers(network) :]
    spiking = all(isinstance(layer.neuron, CubaNeuron) and layer.recurrent is None for layer in layers)
    return spiking and all("bias_mant" not in layer.neuron.per_channel for layer in layers[1:])


def require_restable(network: NetworkDescription, by_interval: bool, measuring: bool, steps: int) -> None:
    """Refuse networks that cannot be brought to rest on the chip.

    Parameters
    ----------
    network : NetworkDescription
        The network.
    by_interval : bool
        Whether the neurons reset themselves, by `LIFReset`.
    measuring : bool
        Whether it runs for the sake of probes, so that a few spikes more or less at a reset do no harm.
    steps : int
        For how many steps the neurons must be held down.

    Raises
    ------
    UnsupportedError
        If messages or states of a layer would outlive the sample, or a hidden mask would have to mute a layer.
    """
    first = host_layers(network)
    for index, mean in enumerate(holds(network, steps), first):
        reason = next((text for text, applies in _reasons(network, index, mean, by_interval).items() if applies), None)
        if reason is not None:
            raise UnsupportedError(f"layer {network.layers[index].name} on Loihi 2: {reason}; use the back-end lava")
    if by_interval and not (measuring or staggers(network)):
        raise UnsupportedError(
            f"network {network.name} on Loihi 2: with biases or recurrence, spikes of one sample reach the next at a "
            "reset of LIFReset; let the host write the states (reset='write'), or add probes if it is only for them"
        )


def _reasons(network: NetworkDescription, index: int, mean: str | None, by_interval: bool) -> dict[str, bool]:
    """What may keep a layer from being brought to rest, and whether it does."""
    layer, cuba = network.layers[index], isinstance(network.layers[index].neuron, CubaNeuron)
    hidden = 0 < index < network.depth - network.cutoff.layers
    return {
        "messages that are delayed cannot be called back when a sample ends": any(
            getattr(synapse, "delays", None) is not None for synapse in layer.synapses
        ),
        "no way is known to hold a resonator down": isinstance(layer.neuron, RfNeuron),
        "only LIFReset resets itself, choose reset='write'": by_interval and not cuba,
        "no voltage and no bias is sure to hold its neurons down while a sample begins": not by_interval
        and mean is None,
        "its frame mask drops frames that the input sends, and a stock neuron cannot be muted": hidden
        and not bool(network.masks.gate(index).all()),
    }


class Rest:
    """The neurons of a graph, and how each of them is held down and let go.

    Parameters
    ----------
    neurons : list of AbstractProcess
        Neuron processes of all layers on the chip.
    means : list of str or None
        What holds each, a key of `HOLDS`; None is as ``voltage``.
    """

    def __init__(self, neurons: list[Any], means: list[str | None]) -> None:
        self._neurons = [(neuron, HOLDS[name or "voltage"]) for neuron, name in zip(neurons, means, strict=True)]
        self._usual = [
            {name: np.array(getattr(neuron, name).init) for name in written if name not in _states(neuron)}
            for neuron, written in self._neurons
        ]

    def prepare(self, voltage_only: bool) -> None:
        """Let all neurons begin held down; call it before the graph is compiled."""
        for neuron, written in self._neurons:
            for name, value in written.items():
                if name == "v" or not voltage_only:
                    getattr(neuron, name).init = value

    def hold(self) -> None:
        """Hold all neurons down before step 0 of a sample."""
        for neuron, written in self._neurons:
            for name in _states(neuron):
                _write(neuron, name, written.get(name, 0))
            for name in written.keys() - _states(neuron):
                _write(neuron, name, written[name])

    def release(self) -> None:
        """Set all states to 0 before step 1, and everything else to what it was."""
        for (neuron, _), usual in zip(self._neurons, self._usual, strict=True):
            for name in _states(neuron):
                _write(neuron, name, 0)
            for name, value in usual.items():
                _write(neuron, name, value)


def _states(neuron: Any) -> frozenset[str]:
    return frozenset(STATES[type(neuron).__name__])


def _write(neuron: Any, name: str, value: Any) -> None:
    variable = getattr(neuron, name)
    variable.set(np.broadcast_to(np.asarray(value, dtype=np.int64), variable.shape).copy())
