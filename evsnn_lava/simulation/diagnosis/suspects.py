"""Which single fault explains all that a wrong neuron did: every other one is ruled out by the numbers."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import CubaNeuron, DeltaNeuron, RfIzNeuron, RfNeuron, SigmaDeltaNeuron
from evsnn_lava.network.ranges import RANGES
from evsnn_lava.simulation.arithmetic import IntArray
from evsnn_lava.simulation.diagnosis.connections import FEW, Suspect, Wanted, connection_suspects
from evsnn_lava.simulation.diagnosis.replay import History

SYNAPTIC_INPUT, MASK, FRAMES = "synaptic input", "mask of the next layer", "input frames"
"""Suspects that are no parameter of the neuron."""

FIRING: Final[dict[type, str]] = {
    CubaNeuron: "v",
    DeltaNeuron: "residue",
    SigmaDeltaNeuron: "residue",
    RfNeuron: "real",
    RfIzNeuron: "imag",
}
"""The state that shows what is compared with the threshold, as long as the neuron does not fire."""


def suspects(history: History, same_frames: bool = True) -> tuple[Suspect, ...]:
    """What explains a neuron that went wrong, if a single thing is wrong.

    Every explanation is put to the test in every step of every sample: with one parameter free and all else as the file
    says, the neuron must go from its states before to its states after and send what it sent.

    Parameters
    ----------
    history : History
        What the neuron did.
    same_frames : bool
        Whether the frames that were sent are those that should have been.

    Returns
    -------
    tuple of Suspect
        Everything that cannot be ruled out; empty if more than one thing is wrong. An input that no single connection
        explains is :data:`SYNAPTIC_INPUT`.
    """
    wrong = np.flatnonzero(~history.fits(history.neuron)[:, 0])
    if not wrong.size:
        return () if same_frames else (Suspect(FRAMES),)
    found = []
    if _input_explains(history):
        found += list(_connections(history)) or [Suspect(SYNAPTIC_INPUT)]
    found += _parameters(history, history.take(wrong[:FEW]))
    if history.states_fit(history.neuron, history.activation)[0].all() and _gate_explains(history):
        found.append(Suspect(MASK))
    return tuple(found)


def _input_explains(history: History) -> bool:
    fits = history.fits(history.neuron, history.implied_input)[:, 0]
    return bool((fits | _input_hidden(history)).all())


def _input_hidden(history: History) -> npt.NDArray[np.bool_]:
    """A resonator after Izhikevich that fires forgets what made it fire."""
    if not isinstance(history.neuron, RfIzNeuron):
        return np.zeros(len(history.gate), dtype=bool)
    reset = (history.after["real"] == 0) & (history.after["imag"] == history.neuron.threshold - 1)
    hidden: npt.NDArray[np.bool_] = (reset & (history.messages == history.gate))[:, 0]
    return hidden


def _connections(history: History) -> Iterator[Suspect]:
    """Parts of the synapses that, changed alone, make the input that the states imply.

    Nothing where sums are so large that they wrap on the way: the fans do not.
    """
    known = history.input_fits(history.implied_input) & ~_input_hidden(history)
    expected, implied = (value.reshape(-1, len(known)) for value in (history.activation, history.implied_input))
    parts = np.zeros_like(expected)
    for fan in history.fans:
        parts[fan.part] += fan.delivered
    if not np.array_equal(parts, expected):
        return
    for fan in history.fans:
        others = np.delete(implied != expected, fan.part, axis=0)
        if not others[:, known].any():
            wanted = implied[fan.part] - expected[fan.part] + fan.delivered
            yield from connection_suspects(fan, Wanted(wanted, known, history.input_modulus))


def _gate_explains(history: History) -> bool:
    """Each message is what the neuron fired, or none."""
    fired = history.states_fit(history.neuron, history.activation)[1]
    return bool(((history.messages == fired) | (history.messages == 0)).all())


def _parameters(history: History, few: History) -> Iterator[Suspect]:
    for name in (field.name for field in dataclasses.fields(history.neuron) if field.name in RANGES):
        values = worth_trying(history, name)
        for moments in (few, history):
            values = values[_explains(moments, name, values)]
        expected = getattr(history.neuron, name)
        yield from Suspect.of_values(name, 0 if expected is None else int(np.asarray(expected).reshape(-1)[0]), values)


def worth_trying(history: History, name: str) -> IntArray:
    """Values of a parameter that are worth a try.

    Parameters
    ----------
    history : History
        Moments of the neuron.
    name : str
        The parameter.

    Returns
    -------
    numpy.ndarray of int64
        All values of its range; of the threshold, those next to a number that it was compared with, and the ends.
    """
    low, high = RANGES[name]
    if name != "vth_mant":
        return np.arange(low, high + 1)
    name, unit = FIRING[type(history.neuron)], replace(history.neuron, vth_mant=1).threshold
    seen = np.stack([history.unfired_states(history.activation)[name], history.after[name]])
    near = np.abs(seen) // unit
    return np.unique(np.clip([near - 1, near, near + 1, 0 * near + high], low, high))


def _explains(history: History, name: str, values: IntArray) -> npt.NDArray[np.bool_]:
    """Which values of a parameter explain all moments, shape (P,)."""
    return np.asarray(history.fits(_trials(history.neuron, name, values)).all(axis=0))


def _trials(neuron: Any, name: str, values: IntArray) -> Any:
    """A neuron with many values of one parameter, all tried at once; no constructor takes that, arithmetic does."""
    trials = copy.copy(neuron)
    object.__setattr__(trials, name, values)
    return trials
