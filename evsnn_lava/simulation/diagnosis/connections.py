"""Which single connection, changed, makes a neuron do what it did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.network.ranges import RANGES
from evsnn_lava.simulation.arithmetic import IntArray, wrap_word
from evsnn_lava.simulation.diagnosis.fans import DELAYED_BITS, DELAYS, DirectFan, Fan
from evsnn_lava.simulation.diagnosis.replay import FEW, BoolArray, History, Moments

Delivery = Callable[[IntArray, Moments], IntArray]
"""What arrives in some moments with each of P values of a parameter, shape (P, moments)."""


@dataclass(frozen=True)
class Suspect:
    """Something that, wrong alone, explains everything that a neuron did.

    Parameters
    ----------
    what : str
        A parameter of the neuron or of its synapse, an entry of one such as ``weights[3, 10]``, or one of
        ``activation``, ``synaptic input``, ``mask of the next layer``, ``input frames`` and ``reset``.
    expected : int or None
        Its value in the file.
    found : (int, int) or None
        The lowest and the highest value that explain what happened.
    """

    what: str
    expected: int | None = None
    found: tuple[int, int] | None = None

    def __str__(self) -> str:
        """Name, and what is known of its value."""
        if self.found is None:
            return self.what
        low, high = self.found
        fits = f"{low} fits" if low == high else f"values within {low}..{high} fit"
        return f"{self.what} (the file says {self.expected}, {fits})"

    @classmethod
    def of_values(cls, what: str, expected: int, values: npt.NDArray[np.integer]) -> Iterator[Suspect]:
        """The suspect if there are values that explain, else nothing."""
        if values.size:
            yield cls(what, expected, (int(values.min()), int(values.max())))


@dataclass(frozen=True, eq=False)
class Trial:
    """One fan of a neuron is tried with other parameters; all else is as the file says.

    Parameters
    ----------
    history : History
        What the neuron did.
    fan : Fan or DirectFan
        The connections on trial.
    """

    history: History
    fan: Any

    @cached_property
    def delivered(self) -> IntArray:
        """What the fan must deliver, shape (M,)."""
        return np.asarray(self.fan.delivered)

    def explaining(self, values: IntArray, delivery: Delivery) -> IntArray:
        """Values with which the neuron does all that it did."""
        return self.history.sift(values, lambda some, moments: self._explain(delivery(some, moments), moments))

    def _explain(self, delivered: IntArray, moments: Moments) -> BoolArray:
        part = self.history.take(moments)
        activation = np.repeat(part.activation, len(delivered), axis=-1)
        inputs = activation.reshape(-1, len(moments), len(delivered))
        inputs[self.fan.part] += (delivered - self.delivered[moments]).T  # every neuron cuts its input to a word
        return np.asarray(part.fits(part.neuron, activation).all(axis=0))


def connection_suspects(trial: Trial) -> Iterator[Suspect]:
    """What explains, changed alone, all that a neuron did.

    Parameters
    ----------
    trial : Trial
        A neuron that did something wrong, and connections into it.

    Yields
    ------
    Suspect
        The exponent, a weight or a delay.
    """
    for search in SEARCHES[type(trial.fan)]:
        yield from search(trial)


def _exponent(trial: Trial) -> Iterator[Suspect]:
    fan, (low, high) = trial.fan, RANGES["weight_exp"]

    def delivery(values: IntArray, moments: Moments) -> IntArray:
        return np.stack([fan.scaled(fan.sums[:, moments], value).sum(axis=0) for value in values.tolist()])

    values = trial.explaining(np.arange(low, high + 1), delivery)
    yield from Suspect.of_values(_named(fan, "weight_exp"), fan.weight_exp, values)


def _weights(trial: Trial) -> Iterator[Suspect]:
    """Connections that were not silent whenever the neuron went wrong, with every weight."""
    fan, few = trial.fan, trial.history.wrong[:FEW]
    low, high = RANGES["weight"]
    for connection, (delay, weight) in enumerate(zip(fan.delays, fan.weights, strict=True)):
        if fan.arrived(connection, np.array([delay]), few).all():
            values = trial.explaining(np.arange(low, high + 1), _reweighted(fan, connection))
            yield from Suspect.of_values(_entry(fan, "weights", connection), int(weight), values)


def _reweighted(fan: Fan, connection: int) -> Delivery:
    weight, delay = fan.weights[connection], fan.delays[connection]

    def delivery(values: IntArray, moments: Moments) -> IntArray:
        here, arrived = fan.sums[delay, moments], fan.arrived(connection, np.array([delay]), moments)
        changed = here - wrap_word(weight * arrived) + wrap_word(values[:, None] * arrived)
        return fan.total[moments] - fan.scaled(here) + fan.scaled(changed)

    return delivery


def _delays(trial: Trial) -> Iterator[Suspect]:
    """Connections with another delay; a synapse that had none cuts products instead of sums then."""
    fan = replace(trial.fan, bits=DELAYED_BITS) if trial.fan.can_delay else trial.fan
    for connection in np.flatnonzero(fan.weights).tolist() if fan.can_delay else ():
        delay = fan.delays[connection]
        values = trial.explaining(np.delete(np.arange(DELAYS), delay), _redelayed(fan, connection))
        yield from Suspect.of_values(_entry(fan, "delays", connection), int(delay), values)


def _redelayed(fan: Fan, connection: int) -> Delivery:
    """Its weight is taken from one sum and added to another one."""
    weight, delay = fan.weights[connection], fan.delays[connection]

    def delivery(values: IntArray, moments: Moments) -> IntArray:
        here, there = fan.sums[delay, moments], fan.sums[np.ix_(values, moments)]
        taken = here - wrap_word(weight * fan.arrived(connection, np.array([delay]), moments)[0])
        added = there + wrap_word(weight * fan.arrived(connection, values, moments))
        return fan.total[moments] - fan.scaled(here) - fan.scaled(there) + fan.scaled(taken) + fan.scaled(added)

    return delivery


def _direct_factor(trial: Trial) -> Iterator[Suspect]:
    fan = trial.fan
    yield from _direct(trial, "weight", lambda values, moments: values[:, None] * fan.sent[moments] + fan.synapse.bias)


def _direct_bias(trial: Trial) -> Iterator[Suspect]:
    fan = trial.fan
    yield from _direct(trial, "bias", lambda values, moments: fan.synapse.weight * fan.sent[moments] + values[:, None])


def _direct(trial: Trial, name: str, delivery: Delivery) -> Iterator[Suspect]:
    low, high = RANGES["input_weight"]
    values = trial.explaining(np.arange(low, high + 1), delivery)
    yield from Suspect.of_values(f"input {name}", getattr(trial.fan.synapse, name), values)


def _entry(fan: Fan, what: str, connection: int) -> str:
    return _named(fan, f"{what}[{', '.join(map(str, fan.places[connection]))}]")


def _named(fan: Fan, what: str) -> str:
    return f"{fan.name} {what}".strip()


SEARCHES: Final[dict[type, tuple[Callable[[Trial], Iterator[Suspect]], ...]]] = {
    Fan: (_exponent, _weights, _delays),
    DirectFan: (_direct_factor, _direct_bias),
}
"""What may be wrong with which connections."""
