"""Samples in flight: the buffers of one thread, and their way through the layers, a window of steps at a time.

A layer needs what its source sent in the steps before, and nothing of later layers. So it does all steps of a window
for all samples in flight before the next layer begins: its weights and states stay in the cache. A window ends where a
sample may stop, or a little later where steps cost next to nothing.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.simulation.engine.intake import InputLists
from evsnn_lava.simulation.engine.lists import MessageLists, paint
from evsnn_lava.simulation.engine.plan import Plan, Source
from evsnn_lava.simulation.engine.readout import Stops, read_out
from evsnn_lava.simulation.engine.running import Inbox, Running
from evsnn_lava.simulation.engine.sending import CAUSED, RETURNED, ROWS

IntArray = npt.NDArray[np.int64]

LIST_PLACES: Final = 1 << 21
"""Places of the message lists of all samples in flight, from which the length of a window follows."""

IDLE_PLACES: Final = 1 << 13
"""Neuron updates that are done for nothing, at most, when a sample stops in the middle of a window.

Where a sum may leave its word nothing is done for nothing: an error must not depend on what runs beside a sample."""


class Flight:
    """Samples in flight.

    Parameters
    ----------
    plan : Plan
        What to compute.
    slots : int
        How many samples at a time.
    longest : int, optional
        Steps of a window at most.
    """

    def __init__(self, plan: Plan, slots: int, longest: int | None = None) -> None:
        network = plan.network
        fitting = max(1, min(network.max_steps, LIST_PLACES // (plan.places * slots)))
        self.plan, self.window = plan, fitting if longest is None else min(fitting, longest)
        self.intake = InputLists(plan, slots)
        self.tally = np.zeros((len(plan.layers), slots, ROWS, network.max_steps), dtype=np.int64)
        self.layers = [Running.of(*pair, self.window) for pair in zip(plan.layers, self.tally, strict=True)]
        back = any(layer.back for layer in plan.layers)
        self._inboxes = [Inbox.for_layers(self.layers) for _ in range(1 + back)]
        self.first, self.steps = np.ones(slots, dtype=np.int64), np.zeros(slots, dtype=np.int64)
        self.scores = np.zeros((slots, network.layers[-1].neurons), dtype=np.int64)
        self.exit_step = np.zeros(slots, dtype=np.int64)
        self.history = np.zeros((slots, 0, network.layers[-1].neurons), dtype=np.int64)
        may_fail = any(layer.delivery.may_fail for layer in plan.layers)
        self._unhurried = 1 if may_fail else max(1, IDLE_PLACES // (plan.places * slots))

    @property
    def slots(self) -> int:
        """Samples at a time."""
        return len(self.first)

    @property
    def sources(self) -> list[tuple[Source, MessageLists]]:
        """The input and the layers, with what they have sent."""
        layers = [(layer.plan.output, layer.lists) for layer in self.layers]
        return [(self.plan.input, self.intake.lists), *layers]

    @property
    def nbytes(self) -> int:
        """Memory of all buffers but the weights."""
        inboxes = sum(inbox.activation.nbytes + inbox.touched.nbytes for inbox in self._inboxes)
        return self.intake.nbytes + inboxes + sum(layer.nbytes for layer in self.layers)

    def begin(self, slot: int, frames: npt.NDArray[Any] | None) -> None:
        """Let a sample begin: its step 0, in which everything is reset and the first frame is sent.

        Parameters
        ----------
        slot : int
            Where; what was there before is forgotten.
        frames : numpy.ndarray, shape (C, H, W, T), or None
            Recorded frames; None when the caller fills the lists of the input.
        """
        self.intake.clear(slot)
        if frames is not None:
            self.intake.load(slot, frames)
        for layer in self.layers:
            layer.forget(slot)
        self.tally[:, slot] = 0
        self.first[slot], self.steps[slot] = 1, 0
        self.scores[slot], self.exit_step[slot] = 0, 0

    def advance(self, stops: Stops, active: npt.NDArray[np.bool_], counting: bool = True) -> None:
        """Do the next window of the active slots, and decide.

        Parameters
        ----------
        stops : Stops
            When samples stop.
        active : numpy.ndarray of bool, shape (slots,)
            Slots with a sample.
        counting : bool
            Count operations.
        """
        self.first += self.steps
        self.steps[:] = np.where(active, self._lengths(stops), 0)
        clock = (self.first, self.steps)
        source = self.intake.lists
        for layer in self.layers:
            layer.advance(source, clock, self._inboxes, counting)
            source = layer.lists
        depth, order = len(self.layers), self.plan.layers[-1].output.order
        read_out(source.arrays, order, depth, stops.rule, clock, self.scores, self.exit_step, self.history)

    def _lengths(self, stops: Stops) -> IntArray:
        """Steps of the next window of each slot: to the next step in which the sample may stop, if that is not near."""
        depth, most = len(self.layers), self.plan.network.max_steps
        frame = np.clip(self.first - depth, 0, len(stops.following) - 1)
        until = stops.following[frame] + depth + 1 - self.first
        lengths: IntArray = np.minimum(np.minimum(np.maximum(until, self._unhurried), self.window), most - self.first)
        return lengths

    def keep_history(self, wanted: bool) -> None:
        """Keep the scores after every frame from now on, or keep them no more."""
        slots, classes = self.scores.shape
        frames = self.plan.network.masks.stream_steps if wanted else 0
        if self.history.shape[1] != frames:
            self.history = np.zeros((slots, frames, classes), dtype=np.int64)

    def counts(self, row: int, slots: IntArray) -> IntArray:
        """A row of the tally since some samples began, shape (samples, L, K); steps beyond an exit are counted, too."""
        return self.tally[:, slots, row].swapaxes(0, 1)

    def operations(self, slots: IntArray) -> IntArray:
        """Synaptic operations in every layer and step, as from `counts`."""
        own = self.counts(RETURNED, slots)
        own[:, 0] += self.intake.operations[slots]
        own[:, 1:] += self.counts(CAUSED, slots)[:, :-1]
        return own

    def picture(self, layer: int, slot: int, step: int) -> npt.NDArray[Any]:
        """What a layer sent in a step of the last window, as the description numbers its neurons; -1 is the input."""
        source, lists = self.sources[layer + 1]
        kind = np.int32 if source.graded else np.bool_
        flat: npt.NDArray[Any] = np.zeros(len(source.order), dtype=kind)
        column = step % lists.columns
        paint(lists.index, lists.value, lists.start[slot, column], lists.count[slot, column], source.order, flat)
        return flat.reshape(source.shape)

    def state(self, layer: int, slot: int, name: str) -> npt.NDArray[np.int32]:
        """A state of a layer after the last window, as the description numbers its neurons."""
        running = self.layers[layer]
        order, values = running.plan.output.order, running.states[running.plan.kind.states.index(name)]
        flat = np.zeros(len(order), dtype=np.int32)
        flat[order] = values[slot, : len(order)]
        return flat.reshape(running.plan.output.shape)
