"""What every synapse kernel offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from evsnn_lava.simulation.engine.lists import MessageLists


class Delivery(ABC):
    """The kernel of a synapse: weights laid out for the engine, and what it does with them."""

    may_fail: ClassVar[bool] = False
    """Whether messages can be too large for it."""

    def memory(self, slots: int) -> Any:
        """What the kernel needs beside its inputs for so many samples in flight; empty at first."""
        return ()

    @abstractmethod
    def deliver(self, lists: MessageLists, clock: Any, tile: Any, inbox: Any, memory: Any) -> None:
        """Add what arrives in a tile to its inbox; `sending` says what `clock`, `tile` and `inbox` are.

        Parameters
        ----------
        lists : MessageLists
            What the source has sent.
        clock, tile, inbox : tuple
            When and where.
        memory : object
            From `memory`.
        """
