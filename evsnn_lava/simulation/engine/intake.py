"""The input of samples in flight: recorded frames become message lists."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import FrameMasks
from evsnn_lava.simulation.engine.lists import MessageLists, list_spikes, list_values, sort_by_step
from evsnn_lava.simulation.engine.plan import Plan
from evsnn_lava.simulation.reference import checked_stream

FIRST_PLACES: Final = 1 << 12
"""Messages of a sample for which there is room at first."""


class InputLists:
    """Message lists of whole samples; the masks are applied while they are made.

    Parameters
    ----------
    plan : Plan
        Its recipe, masks and input.
    slots : int
        Samples in flight.
    """

    def __init__(self, plan: Plan, slots: int) -> None:
        self._network, self._source, self._cost, self._slots = plan.network, plan.input, plan.cost, slots
        self._limits = plan.network.recipe.value_range
        self.operations = np.zeros((slots, plan.network.max_steps), dtype=np.int64)
        self._sent = _stream_columns(self._network.masks)
        self.lists = self._room(FIRST_PLACES)

    def _room(self, places: int) -> MessageLists:
        """Empty lists with room for samples of so many messages."""
        self._places = places
        self._notes = tuple(np.zeros(places, dtype=np.int32) for _ in range(3))
        size = self._slots * places
        start = np.zeros((self._slots, self._network.max_steps), dtype=np.int64)
        value = np.zeros(size if self._source.graded else 1, dtype=np.int32)
        return MessageLists(np.zeros(size, dtype=np.int32), value, start, np.zeros_like(start))

    def _grow(self, places: int) -> None:
        """Make room for samples of so many messages; what other slots hold is kept."""
        old, self.lists = self.lists, self._room(places)
        _copy(old, self.lists, places)

    def load(self, slot: int, frames: npt.NDArray[Any]) -> None:
        """Put a sample into a slot.

        Parameters
        ----------
        slot : int
            Where.
        frames : numpy.ndarray, shape (C, H, W, T)
            Recorded frames, of which those that are bool need no check of their values.

        Raises
        ------
        ConfigError
            If shape or values do not fit the network.
        """
        found, counts = self._note(frames)
        if found > self._places:
            self._grow(2 * found)
            found, counts = self._note(frames)
        lists = self.lists
        lists.start[slot] = slot * self._places + np.cumsum(counts[0]) - counts[0]
        self.operations[slot] = counts[1]
        places, steps, values = self._notes
        sort_by_step(places, steps, values, found, lists.index, lists.value, lists.start[slot], lists.count[slot])

    def _note(self, frames: npt.NDArray[Any]) -> tuple[int, npt.NDArray[np.int64]]:
        """List the messages of a sample in the order of its neurons; gives their number, and counts per frame."""
        counts = np.zeros((2, self._network.max_steps), dtype=np.int64)
        fixed = (self._source.order, self._sent, self._cost)
        rows = np.ascontiguousarray(self._usual(frames)).reshape(-1, frames.shape[-1])
        places, steps, values = self._notes
        if rows.dtype != np.bool_:
            found = list_values(rows, *fixed, self._limits, places, steps, values, counts)
            if found < 0:
                checked_stream(self._network, frames[None])  # says what is wrong
            return found, counts
        values[:] = 1
        return list_spikes(rows.view(np.uint8), *fixed, places, steps, counts), counts

    def _usual(self, frames: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Frames as bool or int32, the types that kernels take; values of others are checked before."""
        fitting = frames.dtype == np.bool_ and self._limits[1] > 0  # numbers of one bit are 0 and -1
        if fitting or frames.dtype == np.int32:
            return frames
        checked_stream(self._network, frames[None])
        return frames.astype(np.int32 if self._source.graded else np.bool_)

    def clear(self, slot: int) -> None:
        """Take the sample out of a slot."""
        self.lists.count[slot] = 0


def _stream_columns(masks: FrameMasks) -> npt.NDArray[np.int64]:
    """Frame of the stream that each recorded frame becomes, -1 for those that are skipped or muted; shape (T,)."""
    column = np.full(masks.steps, -1, dtype=np.int64)
    sent = masks.sent_frames
    column[sent] = np.where(masks.gate(0), np.arange(len(sent)), -1)
    return column


def _copy(old: MessageLists, new: MessageLists, places: int) -> None:
    new.count[:] = old.count
    for slot in range(len(old.start)):
        begin, size = old.start[slot, 0], int(old.count[slot].sum())
        new.index[slot * places : slot * places + size] = old.index[begin : begin + size]
        if len(old.value) > 1:
            new.value[slot * places : slot * places + size] = old.value[begin : begin + size]
        new.start[slot] = slot * places + old.start[slot] - begin
