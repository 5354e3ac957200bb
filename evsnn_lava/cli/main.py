"""Which verb is asked for, and what becomes of errors."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Final

from evsnn_lava import __version__
from evsnn_lava.cli.console import Output
from evsnn_lava.errors import BackendUnavailableError, EvsnnError, RunError

VERBS: Final = {
    "doctor": "say what is installed, which back-ends work and why others do not",
    "train": "train a network from a TOML file",
    "calibrate": "fit the cutoff of a trained run, or of a file, on held-out data",
    "export": "compile a run into a .net file: weights, masks, cutoff, golden vectors",
    "check": "say whether a .net file fits on a chip: every finding at once, with what helps",
    "place": "say on how many cores a network lies, how full and how busy they are, and draw the chip",
    "inspect": "show what is in a .net file",
    "verify": "check that every back-end computes the integers of a .net file",
    "convert": "turn a NIR graph or a netx file into a .net file, or a .net file into a NIR graph",
    "migrate": "bring a .net file of an older version to the newest one",
    "diff": "say what changed between two .net files, and what that does to size and cost",
    "run": "run recordings, or a whole test set, through a .net file",
    "graph": "show the processes that would be sent to Loihi 2, and which of them the chip has",
    "profile": "say what an inference costs, on one chip or several: steps, events, time, energy",
    "gate": "hold what an inference costs against a budget and a baseline; say which layer made it grow",
    "search": "find the cheapest way to run a network within limits: frames, cutoff, steps, weight bits",
    "report": "write all of it into one HTML page: curves, activity, energy, cores, sources",
    "hw": "list, show and check hardware profiles: every number with its source",
    "pipeline": "say what shortens the chain of layers: streaming, merging, earlier heads; and which masks fit a chip",
    "demo": "all of it, one after the other, for plain, masks, cutoff and both",
}

EXTRAS: Final = {
    "torch": "train",
    "lightning": "train",
    "tensorboard": "train",
    "matplotlib": "train",
    "tonic": "data",
    "nir": "nir",
    "pyarrow": "parquet",
    "plotly": "report",
    "ray": "cluster",
    "PIL": "data",
    "lava": "lava",
}
"""Packages that only some verbs need, and the extra that brings them."""

EXIT_OK, EXIT_FINDINGS, EXIT_ERROR, EXIT_INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Instead of the process's own.

    Returns
    -------
    int
        0 when all is well, 1 when a check found something, 2 when the user has to act, 130 after
        Ctrl-C.
    """
    output = Output()
    try:
        return _execute(list(sys.argv[1:] if arguments is None else arguments), output)
    except EvsnnError as error:
        output.error(error)
        return EXIT_ERROR
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        extra = EXTRAS.get(package)
        if extra is None:
            raise
        output.error(
            BackendUnavailableError(
                f"{package} is not installed; run `pip install 'evsnn-lava[{extra}]'` or `make setup`"
            )
        )
        return EXIT_ERROR
    except MemoryError as error:
        output.error(
            RunError(f"memory ran out ({' '.join(str(error).split())}); take fewer samples or a smaller network")
        )
        return EXIT_ERROR
    except KeyboardInterrupt:
        output.note("interrupted")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output went away; nothing can be said any more
        return EXIT_OK


def _execute(arguments: list[str], output: Output) -> int:
    options = _parser(arguments).parse_args(arguments)
    output.quiet = options.quiet
    verb = importlib.import_module(f"evsnn_lava.cli.{options.verb}")
    return int(verb.execute(options, output))


def _parser(arguments: list[str]) -> argparse.ArgumentParser:
    """A parser with all verbs; only the chosen one is imported, so that --help is quick."""
    parser = argparse.ArgumentParser(
        prog="evsnn", description="Train, compile, run and cost event networks for Loihi 2."
    )
    parser.add_argument("--version", action="version", version=f"evsnn {__version__}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    chosen = next((word for word in arguments if word in VERBS), None)
    for name, summary in VERBS.items():
        verb = verbs.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        verb.add_argument("--quiet", action="store_true", help="say only the result")
        if name == chosen:
            importlib.import_module(f"evsnn_lava.cli.{name}").add_arguments(verb)
    return parser
