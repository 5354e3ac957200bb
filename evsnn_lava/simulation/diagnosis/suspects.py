"""Which single fault explains all that a wrong neuron did: every other one is ruled out by the numbers."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

import numpy as np

from evsnn_lava.network import CubaNeuron, DeltaNeuron, RfIzNeuron, RfNeuron, SigmaDeltaNeuron
from evsnn_lava.network.ranges import RANGES
from evsnn_lava.network.sigma_delta import ACTIVATIONS
from evsnn_lava.simulation.arithmetic import IntArray
from evsnn_lava.simulation.diagnosis.connections import Suspect, Trial, connection_suspects
from evsnn_lava.simulation.diagnosis.replay import BoolArray, History, Moments

SYNAPTIC_INPUT, MASK, FRAMES, RESET = "synaptic input", "mask of the next layer", "input frames", "reset"
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
        Everything that cannot be ruled out; empty if nothing alone explains it. An input that no single connection
        explains is :data:`SYNAPTIC_INPUT`.
    """
    if not history.wrong.size:
        return tuple(Suspect(what) for what, right in ((FRAMES, same_frames), (RESET, history.rested)) if not right)
    found = [suspect for fan in history.fans for suspect in connection_suspects(Trial(history, fan))]
    if not found and history.fits(history.neuron, history.implied_input).all():
        found.append(Suspect(SYNAPTIC_INPUT))
    found += [*_parameters(history), *_activation(history)]
    if history.states_fit(history.neuron, history.activation)[0].all() and _gate_explains(history):
        found.append(Suspect(MASK))
    return tuple(found)


def _gate_explains(history: History) -> bool:
    """Each message is what the neuron fired, or none."""
    fired = history.states_fit(history.neuron, history.activation)[1]
    return bool(((history.messages == fired) | (history.messages == 0)).all())


def _parameters(history: History) -> Iterator[Suspect]:
    for name in (field.name for field in dataclasses.fields(history.neuron) if field.name in RANGES):
        values = history.sift(worth_trying(history, name), _explains(history, name))
        expected = getattr(history.neuron, name)
        yield from Suspect.of_values(name, 0 if expected is None else int(np.asarray(expected).reshape(-1)[0]), values)


def _activation(history: History) -> Iterator[Suspect]:
    """A sigma-delta neuron may have the other function."""
    for other in ACTIVATIONS if isinstance(history.neuron, SigmaDeltaNeuron) else ():
        if history.fits(replace(history.neuron, activation=other)).all():
            yield Suspect("activation")


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
    return np.unique(np.clip([near - 1, near, near + 1, 0 * near + low, 0 * near + high], low, high))


def _explains(history: History, name: str) -> Callable[[IntArray, Moments], BoolArray]:
    """Which values of a parameter explain some moments."""

    def explain(values: IntArray, moments: Moments) -> BoolArray:
        return np.asarray(history.take(moments).fits(_trials(history.neuron, name, values)).all(axis=0))

    return explain


def _trials(neuron: Any, name: str, values: IntArray) -> Any:
    """A neuron with many values of one parameter, all tried at once; no constructor takes that, arithmetic does."""
    trials = copy.copy(neuron)
    object.__setattr__(trials, name, values)
    return trials
