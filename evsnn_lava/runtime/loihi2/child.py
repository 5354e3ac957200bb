"""The child of a session on Loihi 2: `evsnn_lava.runtime.child` with another worker in it."""

from __future__ import annotations

from evsnn_lava.runtime import child
from evsnn_lava.runtime.loihi2.worker import work


def main(arguments: list[str]) -> None:
    """Fork the worker and watch over it; arguments as for `evsnn_lava.runtime.child.main`."""
    child.main(arguments, work)
