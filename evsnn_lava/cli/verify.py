"""``evsnn verify``: the golden vectors of a file on every back-end; docs/verify.md."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava._files import atomic_write, require_parent
from evsnn_lava.cli.agreement import agreement_table, difference_tables
from evsnn_lava.cli.console import Output
from evsnn_lava.errors import (
    BackendUnavailableError,
    CapacityError,
    ConfigError,
    EvsnnError,
    MismatchError,
    UnsupportedError,
    unknown_name,
)
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.network import NetworkDescription, RunResult
from evsnn_lava.simulation import Trace, result_from_trace, simulate
from evsnn_lava.simulation.reference import checked_stream
from evsnn_lava.simulation.verification import Agreement, compare_trace, golden_of, require_comparable

__all__ = ["add_arguments", "agreement_table", "execute", "verify_network"]


@dataclass(frozen=True, eq=False)
class Answer:
    """What a back-end made of the golden frames.

    Parameters
    ----------
    trace : Trace
        Complete runs, with the states if the back-end tells them.
    result : RunResult or None
        Its decisions, if it makes any.
    """

    trace: Trace
    result: RunResult | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = "Exit codes: 0 all agree, 1 a back-end differs, 2 nothing could be checked."
    parser.add_argument("file", type=Path, help="a .net file")
    parser.add_argument(
        "--backends",
        help=f"comma-separated, of {', '.join(ANSWERS)} (default: all that are usable; reference with --against)",
    )
    parser.add_argument(
        "--model",
        help="what the network is in Lava: layers, a process per synapse and layer, or fused, one process (default: "
        "layers); both give the same results",
    )
    parser.add_argument(
        "--against",
        type=Path,
        metavar="OLD",
        help="take network and golden vectors of this .net file for right, and explain where FILE parts from it",
    )
    parser.add_argument("--trace", type=Path, help="write messages and states of every side to this .npz file")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")


def execute(options: argparse.Namespace, output: Output) -> int:
    """Print the agreement, and for each back-end that disagrees where and how; 1 if one does."""
    if options.trace:
        require_parent(options.trace)
        if options.trace.suffix != ".npz":
            raise ConfigError(f"--trace {options.trace} is no .npz file; give it that ending")
    network, traces = read_net(options.file), dict[str, Trace]()
    expected, backends = network, options.backends
    if options.against:
        expected, traces["against"] = _right(options.against)
        backends = "reference" if backends is None else backends
    found = verify_network(network, output, backends, traces, expected, model=options.model)
    if options.trace:
        write_traces(replace(network, golden=expected.golden), traces, options.trace)
        output.note(f"wrote {options.trace}")
    if options.json:
        output.show_json({name: asdict(v) if isinstance(v, Agreement) else v for name, v in found.items()})
    else:
        output.show(agreement_table(found))
        for table in difference_tables(found):
            output.show(table)
    return 0 if all(v.ok for v in found.values() if isinstance(v, Agreement)) else 1


def _right(path: Path) -> tuple[NetworkDescription, Trace]:
    """A file to hold others against, and what it does; it must do what its golden vectors say."""
    network = read_net(path)
    answer = _reference(network)
    if not compare_trace(network, "reference", answer.trace, answer.result).ok:
        raise MismatchError(f"{path} does not compute its own golden vectors; hold the file against another one")
    return network, answer.trace


def verify_network(
    network: NetworkDescription,
    output: Output,
    backends: str | None = None,
    traces: dict[str, Trace] | None = None,
    expected: NetworkDescription | None = None,
    model: str | None = None,
) -> dict[str, Agreement | str]:
    """Check every back-end.

    Parameters
    ----------
    network : NetworkDescription
        What the back-ends compute.
    output : Output
        Where to say what is going on.
    backends : str, optional
        Comma-separated names; a back-end that is asked for must be usable.
    traces : dict, optional
        Receives what each back-end did.
    expected : NetworkDescription, optional
        What they should compute, with golden vectors; by default the same network.
    model : str, optional
        What the network is in Lava, ``layers`` or ``fused``; only where Lava is among the back-ends.

    Returns
    -------
    dict of str to Agreement or str
        What came out, or the reason why a back-end was left out.

    Raises
    ------
    ConfigError
        If a name is unknown, if there are no golden vectors, if the two networks cannot be compared, or if there is a
        model without Lava.
    BackendUnavailableError, UnsupportedError
        If a back-end that was asked for cannot do it.
    """
    expected = expected or network
    golden = golden_of(expected)
    if expected is not network:
        require_comparable(expected, network)
        network = replace(network, golden=golden)
    names = list(ANSWERS) if backends is None else [name.strip() for name in backends.split(",")]
    for name in names:
        if name not in ANSWERS:
            raise _no_answer(name)
    if model is not None:
        _require_lava(model, names)
    options = {"lava": {} if model is None else {"model": model}}
    found: dict[str, Agreement | str] = {}
    for name in names:
        output.note(f"checking {name}")
        try:
            answer = ANSWERS[name](network, **options.get(name, {}))
        except (BackendUnavailableError, CapacityError, UnsupportedError) as error:
            if backends is not None:
                raise
            found[name] = str(error)
            continue
        found[name] = compare_trace(expected, name, answer.trace, answer.result)
        if traces is not None:
            traces[name] = answer.trace
    return found


def _no_answer(name: str) -> EvsnnError:
    """Why a back-end cannot be asked: `evsnn run` may know it all the same."""
    from evsnn_lava.runtime.backends import BACKENDS  # here: as the back-ends below

    reason = BACKENDS[name].available() if name in BACKENDS else None
    if reason:
        return BackendUnavailableError(f"back-end {name} is not available: {reason}")
    return unknown_name("back-end", name, ANSWERS)


def _require_lava(model: str, names: list[str]) -> None:
    """Refuse a model of the Lava graph that there is not, or that nobody would run."""
    from evsnn_lava.runtime.layout import MODELS  # here: as the back-ends below

    if model not in MODELS:
        raise unknown_name("model of the Lava graph", model, MODELS)
    if "lava" not in names:
        raise ConfigError(
            f"--model {model} says what the network is in Lava, and --backends {','.join(names)} leaves Lava out; "
            "add lava or leave --model out"
        )


def write_traces(network: NetworkDescription, traces: Mapping[str, Trace], path: Path) -> None:
    """Write what every side did to an npz file.

    Parameters
    ----------
    network : NetworkDescription
        The network; its golden vectors are written, too.
    traces : mapping of str to Trace
        By back-end; the reference is added if it is missing.
    path : pathlib.Path
        File to write. It holds ``layers`` (names), ``golden/...`` (frames, counts, hashes, exit steps, decisions) and
        ``<back-end>/<index of the layer>/...``: ``messages`` and the states, of shape (N, *layer shape, K).
    """
    golden = golden_of(network)
    sides = {"reference": traces.get("reference") or simulate(network, golden.frames, states=True), **traces}
    arrays: dict[str, Any] = {"layers": np.array([layer.name for layer in network.layers])}
    arrays |= {f"golden/{name}": value for name, value in vars(golden).items()}
    for side, trace in sides.items():
        for index, messages in enumerate(trace.messages):
            arrays[f"{side}/{index}/messages"] = messages
            for name, values in (trace.states[index] if trace.states else {}).items():
                arrays[f"{side}/{index}/{name}"] = values
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)


def _slayer(network: NetworkDescription) -> Answer:
    from evsnn_lava.training.twin import slayer_messages  # here: torch is optional and slow to import

    frames: npt.NDArray[Any] = golden_of(network).frames
    return Answer(Trace(checked_stream(network, frames), tuple(slayer_messages(network, frames))))


def _reference(network: NetworkDescription) -> Answer:
    trace = simulate(network, golden_of(network).frames, states=True)
    return Answer(trace, result_from_trace(network, trace, "reference", 0.0))


def _engine(network: NetworkDescription) -> Answer:
    from evsnn_lava.simulation.engine import Engine  # here: numba takes most of a second to import

    engine, frames = Engine(network), golden_of(network).frames
    return Answer(engine.trace(frames, states=True), engine.run(frames))


def _lava(network: NetworkDescription, model: str = "layers") -> Answer:
    from evsnn_lava.runtime import LavaSession  # here: Lava is optional

    frames = golden_of(network).frames
    with LavaSession(network, model=model) as session:
        return Answer(session.trace(frames, states=True), session.run(frames))


ANSWERS: Final[dict[str, Callable[..., Answer]]] = {
    "slayer": _slayer,
    "reference": _reference,
    "engine": _engine,
    "lava": _lava,
}
"""How to ask each back-end; Lava can be told its model, too."""
