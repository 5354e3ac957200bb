"""Cutoff policies that misbehave in the readout process, in the fourth step of a sample."""

from __future__ import annotations

import os
import signal
import time

from evsnn_lava.network import CutoffPolicy

SEEN = 3


class LostTableError(Exception):
    """An exception of the user's own."""


class StubbornError(Exception):
    """An exception that cannot be rebuilt from its arguments."""

    def __init__(self, first, second):
        super().__init__(f"{first} {second}")


class Raising(CutoffPolicy):
    def stops(self, step, scores):
        if step == SEEN:
            raise LostTableError("the table is lost")
        return False


class Stubborn(CutoffPolicy):
    def stops(self, step, scores):
        raise StubbornError("very", "stubborn")


class Sleeping(CutoffPolicy):
    def stops(self, step, scores):
        time.sleep(1000 if step == SEEN else 0)
        return False


class Dying(CutoffPolicy):
    def stops(self, step, scores):
        os.kill(os.getpid(), signal.SIGKILL)
