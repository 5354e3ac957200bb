"""The synaptic input that the states of a neuron imply: the step of the neuron, solved for what arrived."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from evsnn_lava.network import CubaNeuron, DeltaNeuron, RfIzNeuron, RfNeuron, SigmaDeltaNeuron, SigmaNeuron
from evsnn_lava.simulation.arithmetic import STATE_LIMIT, IntArray, decay, shrink, wrap_state, wrap_word
from evsnn_lava.simulation.neurons import States

TOP: Final = STATE_LIMIT - 1
"""Where the states of resonators saturate."""


@dataclass(frozen=True)
class Inlet:
    """How the input enters a neuron.

    Parameters
    ----------
    states : tuple of str
        The states to which it is added.
    fraction : callable
        Bits by which it is shifted before.
    rest : callable
        These states with no input, before they are cut, stacked.
    uncut : callable
        What they were before they were cut, from the states after the step, what there must have been, and the unit in
        which inputs count; of several numbers the one next to what there must have been.
    """

    states: tuple[str, ...]
    fraction: Callable[[Any], int]
    rest: Callable[[Any, States], IntArray]
    uncut: Callable[[IntArray, IntArray, int], IntArray]


def implied_input(neuron: Any, before: States, after: States, activation: IntArray) -> IntArray:
    """The input, next to one that is given, that leads from states to states.

    Parameters
    ----------
    neuron : CubaNeuron or another neuron
        The model with the parameters of one neuron.
    before, after : mappings from str to numpy.ndarray of int64, shape (M, 1)
        Its states.
    activation : numpy.ndarray of int64, shape (M, 1); (2, M, 1) for resonators
        What must arrive.

    Returns
    -------
    numpy.ndarray of int64
        Of the shape of `activation`; where no input does, one that comes close.

    Examples
    --------
    >>> start, end = ({"u": np.array([[0]])}, {"u": np.array([[640]])})
    >>> implied_input(CubaNeuron(1, 0, 0), start, end, np.array([[7]])).tolist()
    [[10]]
    """
    inlet = INLETS[type(neuron)]
    bits = inlet.fraction(neuron)
    must = inlet.rest(neuron, before) + wrap_word(activation << bits).reshape(len(inlet.states), *activation.shape[-2:])
    found = inlet.uncut(np.stack([after[name] for name in inlet.states]), must, 1 << bits)
    implied: IntArray = activation + (wrap_word(found - must) >> bits).reshape(activation.shape)
    return implied


def firing_input(neuron: RfIzNeuron, before: States, activation: IntArray) -> IntArray:
    """The input, next to one that is given, with which a resonator after Izhikevich fires; as `implied_input`."""
    must = _turned(neuron, before) + wrap_word(activation << neuron.state_exp)
    lacking = np.maximum(neuron.threshold - must[1], 0)
    real, imag = activation
    return np.stack([real, imag - (-lacking >> neuron.state_exp)])


def _as_it_is(found: IntArray, _: IntArray, __: int) -> IntArray:
    return found


def _unwrapped(found: IntArray, must: IntArray, _: int) -> IntArray:
    """A current wraps once, so up to three sums give it; they all differ by what the state cannot tell."""
    sums = np.stack([found, found - 2 * STATE_LIMIT, found + 2 * STATE_LIMIT])
    apart = np.where(wrap_state(sums) == found, np.abs(wrap_word(sums - must)), np.iinfo(np.int64).max)
    nearest: IntArray = np.take_along_axis(sums, apart.argmin(axis=0)[None], axis=0)[0]
    return nearest


def _unclipped(found: IntArray, must: IntArray, unit: int) -> IntArray:
    """Where a state saturates, all that is as large; inputs count in units, so the next unit above."""
    above = np.where(must >= TOP, must, TOP + unit - 1)
    return np.where(found == TOP, above, np.where(found == -TOP, np.minimum(must, -TOP), found))


def _turned(neuron: RfNeuron, states: States) -> IntArray:
    real, imag, bits = states["real"], states["imag"], neuron.decay_bits
    sin, cos = neuron.sin_decay, neuron.cos_decay
    return np.stack(
        [shrink(cos * real, bits) - shrink(sin * imag, bits), shrink(sin * real, bits) + shrink(cos * imag, bits)]
    )


_RESONATOR = Inlet(("real", "imag"), lambda neuron: neuron.state_exp, _turned, _unclipped)
_SUM = Inlet(("sigma",), lambda _: 0, lambda _, states: states["sigma"][None], _as_it_is)

INLETS: Final[Mapping[type, Inlet]] = {
    CubaNeuron: Inlet(
        ("u",),
        lambda _: 6,
        lambda neuron, states: decay(states["u"], neuron.current_decay)[None],
        _unwrapped,
    ),
    DeltaNeuron: Inlet(
        ("act",),
        lambda neuron: neuron.spike_exp + neuron.state_exp,
        lambda _, states: 0 * states["act"][None],
        _as_it_is,
    ),
    SigmaDeltaNeuron: _SUM,
    SigmaNeuron: _SUM,
    RfNeuron: _RESONATOR,
    RfIzNeuron: _RESONATOR,
}
"""Where and how the input enters each neuron."""
