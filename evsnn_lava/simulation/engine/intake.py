"""The input of samples in flight: recorded frames become message lists."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import FrameMasks
from evsnn_lava.simulation.engine.lists import MessageLists, count_values, list_spikes, list_values, sort_by_step
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
        self._network, self._source, self._slots = plan.network, plan.input, slots
        self._cost = plan.cost if plan.cost.any() else plan.cost[:0]
        self._limits = plan.network.recipe.value_range
        self.operations = np.zeros((slots, plan.network.max_steps), dtype=np.int64)
        self._sent = _stream_columns(self._network.masks)
        self.lists = self._room(FIRST_PLACES)

    def _room(self, places: int) -> MessageLists:
        """Empty lists with room for samples of so many messages."""
        self._places = places
        self._notes = np.zeros(places, dtype=np.int32), np.zeros(places, dtype=np.int32)
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
        rows = np.ascontiguousarray(self._usual(frames)).reshape(-1, frames.shape[-1])
        load = self._load_spikes if rows.dtype == np.bool_ else self._load_values
        load(slot, rows, frames)

    def _load_spikes(self, slot: int, rows: npt.NDArray[np.bool_], _: npt.NDArray[Any]) -> None:
        """Note the spikes as they come, then deal them out to their frames."""
        fixed = (rows.view(np.uint8), self._source.order, self._sent, self._cost)
        counts = np.zeros((2, self._network.max_steps), dtype=np.int64)
        found = list_spikes(*fixed, *self._notes, counts)
        if found > self._places:
            self._grow(2 * found)
            counts[:] = 0
            found = min(list_spikes(*fixed, *self._notes, counts), self._places)
        lists, end = self.lists, self._begin_lists(slot, counts[0])
        sort_by_step(*self._notes, found, lists.index, end, lists.start[slot], lists.count[slot])
        self.operations[slot] = counts[1]
        if self._source.graded:
            lists.value[end - self._places : end] = 1

    def _load_values(self, slot: int, rows: npt.NDArray[np.int32], frames: npt.NDArray[Any]) -> None:
        """Count the numbers of every frame, then write each to its place."""
        recorded = np.zeros(rows.shape[1], dtype=np.int64)
        if not count_values(rows, self._limits, recorded):
            checked_stream(self._network, frames[None])  # says what is wrong
        counts = np.zeros(self._network.max_steps, dtype=np.int64)
        counts[self._sent[self._sent >= 0]] = recorded[self._sent >= 0]
        if counts.sum() > self._places:
            self._grow(2 * int(counts.sum()))
        end = self._begin_lists(slot, counts)
        fixed, lists = (rows, self._source.order, self._sent, self._cost), self.lists
        own = lists.start[slot], lists.count[slot], self.operations[slot]
        list_values(*fixed, lists.index, lists.value, end, *own)

    def _begin_lists(self, slot: int, counts: npt.NDArray[np.int64]) -> int:
        """Let the lists of a slot follow each other; gives the end of its places."""
        self.lists.start[slot] = slot * self._places + np.cumsum(counts) - counts
        return (slot + 1) * self._places

    def _usual(self, frames: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Frames as bool or int32, the types that kernels take; values of others are checked before."""
        fitting = frames.dtype == np.bool_ and self._limits[1] > 0  # numbers of one bit are 0 and -1
        if fitting or frames.dtype == np.int32:
            return frames
        checked_stream(self._network, frames[None])
        return frames.astype(np.int32 if self._source.graded else np.bool_)

    @property
    def nbytes(self) -> int:
        """Memory of all samples in flight, and of the notes."""
        return self.lists.nbytes + self.operations.nbytes + sum(note.nbytes for note in self._notes)

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
