"""Which single connection, changed, makes the input that a neuron had."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.network.ranges import RANGES
from evsnn_lava.simulation.arithmetic import IntArray, shift
from evsnn_lava.simulation.diagnosis.fans import DELAYS, DirectFan, Fan

Moments = npt.NDArray[np.int64]
FEW: Final = 8
"""Moments that sort out most candidates before the rest is looked at."""


@dataclass(frozen=True)
class Suspect:
    """Something that, wrong alone, explains everything that a neuron did.

    Parameters
    ----------
    what : str
        A parameter of the neuron or of its synapse, an entry of one such as ``weights[3, 10]``, or one of
        ``synaptic input``, ``mask of the next layer`` and ``input frames``.
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
class Wanted:
    """What the connections of a fan must have delivered.

    Parameters
    ----------
    input : numpy.ndarray of int64, shape (M,)
        Their sum in every moment.
    known : numpy.ndarray of bool, shape (M,)
        Where it is known.
    modulus : int
        Sums that differ by a multiple of it cannot be told apart: the state that shows them wraps.
    """

    input: IntArray
    known: npt.NDArray[np.bool_]
    modulus: int

    def met(self, delivered: IntArray, moments: Moments) -> npt.NDArray[np.bool_]:
        """Which candidates, of shape (P, M) with `moments` on the last axis, deliver it."""
        wrong = (delivered - self.input[moments]) % self.modulus != 0
        met: npt.NDArray[np.bool_] = ~(wrong & self.known[moments]).any(axis=-1)
        return met

    def wrong(self, delivered: IntArray) -> Moments:
        """Moments in which something else was delivered."""
        return np.flatnonzero(((delivered - self.input) % self.modulus != 0) & self.known)

    def sieves(self, delivered: IntArray) -> tuple[Moments, Moments]:
        """The first moments in which something else was delivered, then all."""
        return self.wrong(delivered)[:FEW], np.arange(len(self.input))


def connection_suspects(fan: Fan | DirectFan, wanted: Wanted) -> Iterator[Suspect]:
    """What explains, changed alone, what the connections must have delivered.

    Parameters
    ----------
    fan : Fan or DirectFan
        The connections.
    wanted : Wanted
        What they must have delivered; nothing is suspected if they do.

    Yields
    ------
    Suspect
        The exponent, a weight or a delay.
    """
    if wanted.wrong(fan.delivered).size:
        for search in SEARCHES[type(fan)]:
            yield from search(fan, wanted)


def _exponent(fan: Fan, wanted: Wanted) -> Iterator[Suspect]:
    low, high = RANGES["weight_exp"]
    every = np.arange(len(wanted.input))
    fits = [e for e in range(low, high + 1) if wanted.met(fan.shifted(e), every)]
    yield from Suspect.of_values(_named(fan, "weight_exp"), fan.weight_exp, np.array(fits))


def _weights(fan: Fan, wanted: Wanted) -> Iterator[Suspect]:
    """Connections that were not silent whenever the input was wrong, with every weight."""
    low, high = RANGES["weight"]
    few, every = wanted.sieves(fan.delivered)
    for connection, (delay, weight) in enumerate(zip(fan.delays, fan.weights, strict=True)):
        arrived = fan.arrived(connection, np.array([delay]))[0]
        if not arrived[few].all():
            continue
        values = np.arange(low, high + 1)
        for moments in (few, every):
            here = fan.sums[delay, moments]
            changed = here + (values[:, None] - weight) * arrived[moments]
            delivered = fan.delivered[moments] - shift(here, fan.weight_exp) + shift(changed, fan.weight_exp)
            values = values[wanted.met(delivered, moments)]
        yield from Suspect.of_values(_entry(fan, "weights", connection), int(weight), values)


def _delays(fan: Fan, wanted: Wanted) -> Iterator[Suspect]:
    """Connections with another delay: their weight is taken from one sum and added to another one."""
    sieves = wanted.sieves(fan.delivered)
    for connection in np.flatnonzero(fan.weights).tolist() if fan.can_delay else ():
        weight, delay = fan.weights[connection], fan.delays[connection]
        values = np.delete(np.arange(DELAYS), delay)
        for moments in sieves:
            here, there = fan.sums[delay, moments], fan.sums[np.ix_(values, moments)]
            taken = here - weight * fan.arrived(connection, np.array([delay]))[0, moments]
            added = there + weight * fan.arrived(connection, values)[:, moments]
            sums = [shift(part, fan.weight_exp) for part in (here, there, taken, added)]
            delivered = fan.delivered[moments] - sums[0] - sums[1] + sums[2] + sums[3]
            values = values[wanted.met(delivered, moments)]
        yield from Suspect.of_values(_entry(fan, "delays", connection), int(delay), values)


def _direct_factor(fan: DirectFan, wanted: Wanted) -> Iterator[Suspect]:
    yield from _direct(fan, wanted, "weight", fan.sent)


def _direct_bias(fan: DirectFan, wanted: Wanted) -> Iterator[Suspect]:
    yield from _direct(fan, wanted, "bias", np.ones_like(fan.sent))


def _direct(fan: DirectFan, wanted: Wanted, name: str, slope: IntArray) -> Iterator[Suspect]:
    low, high = RANGES["input_weight"]
    expected, values = getattr(fan.synapse, name), np.arange(low, high + 1)
    for moments in wanted.sieves(fan.delivered):
        delivered = fan.delivered[moments] + (values[:, None] - expected) * slope[moments]
        values = values[wanted.met(delivered, moments)]
    yield from Suspect.of_values(f"input {name}", expected, values)


def _entry(fan: Fan, what: str, connection: int) -> str:
    return _named(fan, f"{what}[{', '.join(map(str, fan.places[connection]))}]")


def _named(fan: Fan, what: str) -> str:
    return f"{fan.name} {what}".strip()


SEARCHES: Final[dict[type, tuple[Callable[[Any, Wanted], Iterator[Suspect]], ...]]] = {
    Fan: (_exponent, _weights, _delays),
    DirectFan: (_direct_factor, _direct_bias),
}
"""What may be wrong with which connections."""
