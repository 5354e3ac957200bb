"""The command line: ``evsnn``. The only room that prints."""

from evsnn_lava.cli.main import main

__all__ = ["main"]
