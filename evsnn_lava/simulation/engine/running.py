"""A layer at work: its buffers for the samples in flight, and how it does a window of steps, tile by tile."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import CapacityError
from evsnn_lava.simulation.engine.compiled import kernel
from evsnn_lava.simulation.engine.lists import BLOCK, MessageLists
from evsnn_lava.simulation.engine.plan import LayerPlan
from evsnn_lava.simulation.engine.rows import LANES

IntArray = npt.NDArray[np.int64]

TILE_PLACES: Final = 1 << 18
"""Synaptic inputs that wait for their neurons at a time, 1 MiB; with fewer, threads wait for the GIL too often."""

NOTHING: Final = np.zeros(0, dtype=np.int32)
"""Costs where nobody counts."""


@kernel
def _merge(activation, touched, back, back_touched):
    """Add what came back to the layer to the rest, and empty it."""
    for i in range(len(back)):
        activation[i] = np.int32(activation[i] + back[i])
        back[i] = 0
    for i in range(len(back_touched)):
        touched[i] |= back_touched[i]
        back_touched[i] = 0


@dataclass(frozen=True, eq=False)
class Running:
    """Buffers of a layer.

    Parameters
    ----------
    plan : LayerPlan
        Its kernels.
    lists : MessageLists
        What it sends.
    states : numpy.ndarray of int32, shape (states, slots, places)
        In the order of ``plan.kind.states``.
    awake : numpy.ndarray of uint8, shape (slots, blocks)
        Which blocks are awake.
    tally : numpy.ndarray of int64, shape (slots, ROWS, K)
        Counts, see `evsnn_lava.simulation.engine.sending`; those of all layers are one array.
    memory, back_memory : object
        Of the synapses.
    slots, steps : int
        Samples and steps of a tile.
    """

    plan: LayerPlan
    lists: MessageLists
    states: npt.NDArray[np.int32]
    awake: npt.NDArray[np.uint8]
    tally: IntArray
    memory: Any
    back_memory: Any
    slots: int
    steps: int

    @classmethod
    def of(cls, plan: LayerPlan, tally: IntArray, window: int) -> Running:
        """Make the buffers."""
        places, kind, slots = plan.places, plan.kind, len(tally)
        steps = 1 if plan.back else max(1, min(window, TILE_PLACES // (kind.inputs * places)))
        return cls(
            plan,
            MessageLists.empty(slots, window + 1, places + BLOCK, plan.output.graded),
            np.zeros((len(kind.states), slots, places), dtype=np.int32),
            np.ones((slots, places // BLOCK), dtype=np.uint8),
            tally,
            plan.delivery.memory(slots),
            plan.back.memory(slots) if plan.back else None,
            max(1, min(slots, TILE_PLACES // (kind.inputs * places * steps))),
            steps,
        )

    @property
    def tile_shapes(self) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        """Shapes of the inbox of a tile: of what arrives, and of where."""
        return (self.slots, self.steps, self.plan.kind.inputs * self.plan.places), (
            self.slots,
            self.steps,
            self.awake.shape[1],
        )

    @property
    def nbytes(self) -> int:
        """Memory of all samples in flight."""
        arrays: list[npt.NDArray[Any]] = [self.states, self.awake, self.tally]
        for memory in (self.memory, self.back_memory):
            arrays += memory if isinstance(memory, tuple) else [] if memory is None else [memory]
        return self.lists.nbytes + sum(array.nbytes for array in arrays)

    def forget(self, slot: int) -> None:
        """Begin a new sample."""
        self.states[:, slot] = 0
        self.awake[slot] = 1
        self.lists.count[slot] = 0

    def advance(
        self, source: MessageLists, clock: tuple[IntArray, IntArray], inboxes: list[Inbox], counting: bool
    ) -> None:
        """Do a window, tile by tile; count operations on the way, if that is wanted."""
        costs = self.plan.costs if counting else (NOTHING, NOTHING)
        slots, longest = len(self.awake), int(clock[1].max())
        boxes = [inbox.views(*self.tile_shapes) for inbox in inboxes]
        for slot in range(0, slots, self.slots):
            for step in range(0, longest, self.steps):
                tile = (slot, min(slot + self.slots, slots), step, min(step + self.steps, longest))
                self._advance_tile(source, costs, clock, tile, boxes)

    def _advance_tile(self, source: MessageLists, costs: Any, clock: Any, tile: Any, boxes: list[Any]) -> None:
        plan, inbox = self.plan, boxes[0]
        try:
            plan.delivery.deliver(source, clock, tile, inbox, self.memory)
        except CapacityError as error:
            for part in inbox:
                part[:] = 0  # what has arrived belongs to no later sample
            raise CapacityError(f"layer {plan.layer.name}: {error}") from error
        if plan.back:
            plan.back.deliver(self.lists, clock, tile, boxes[1], self.back_memory)
            _merge(*(part.reshape(-1) for box in boxes for part in box))
        plan.neurons.advance(
            self.states, self.awake, self.lists.arrays, plan.gates, costs, clock, tile, inbox, self.tally
        )


@dataclass(frozen=True, eq=False)
class Inbox:
    """Synaptic input of a tile on its way to the neurons, zero in between.

    Parameters
    ----------
    activation : numpy.ndarray of int32
        Room for the largest tile.
    touched : numpy.ndarray of uint8
        Whether anything arrived at a block.
    """

    activation: npt.NDArray[np.int32]
    touched: npt.NDArray[np.uint8]

    @classmethod
    def for_layers(cls, layers: list[Running]) -> Inbox:
        """Room for any of the layers."""
        places, blocks = (
            max(map(math.prod, shapes)) for shapes in zip(*(layer.tile_shapes for layer in layers), strict=True)
        )
        return cls(np.zeros(places + LANES, dtype=np.int32), np.zeros(blocks, dtype=np.uint8))

    def views(self, places: tuple[int, ...], blocks: tuple[int, ...]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """The part of it that a tile of a layer needs, in these shapes."""
        activation = self.activation[: math.prod(places)].reshape(places)
        return activation, self.touched[: math.prod(blocks)].reshape(blocks)
