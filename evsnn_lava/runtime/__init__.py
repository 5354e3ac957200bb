"""The Lava runtime: networks as graphs of Lava processes, in a watched child process."""

from evsnn_lava.runtime.session import LavaSession, run

__all__ = ["LavaSession", "run"]
