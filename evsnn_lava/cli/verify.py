"""``evsnn verify``: the golden vectors of a file on every back-end."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Final

from rich.markup import escape
from rich.table import Table

from evsnn_lava.cli.console import Output
from evsnn_lava.errors import BackendUnavailableError, CapacityError, UnsupportedError, unknown_name
from evsnn_lava.export.netfile_reader import read_net
from evsnn_lava.network import NetworkDescription
from evsnn_lava.simulation import result_from_trace, simulate
from evsnn_lava.simulation.verification import Agreement, compare_messages, golden_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", type=Path, help="a .net file")
    parser.add_argument("--backends", help=f"comma-separated, of {', '.join(CHECKS)} (default: all that are usable)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def execute(options: argparse.Namespace, output: Output) -> int:
    """Print the agreement; 1 if a back-end disagrees."""
    found = verify_network(read_net(options.file), output, options.backends)
    if options.json:
        output.show_json({name: asdict(v) if isinstance(v, Agreement) else v for name, v in found.items()})
    else:
        output.show(agreement_table(found))
    return 0 if all(v.ok for v in found.values() if isinstance(v, Agreement)) else 1


def verify_network(
    network: NetworkDescription, output: Output, backends: str | None = None
) -> dict[str, Agreement | str]:
    """Check every back-end.

    Parameters
    ----------
    network : NetworkDescription
        A network with golden vectors.
    output : Output
        Where to say what is going on.
    backends : str, optional
        Comma-separated names; a back-end that is asked for must be usable.

    Returns
    -------
    dict of str to Agreement or str
        What came out, or the reason why a back-end was left out.

    Raises
    ------
    ConfigError
        If a name is unknown or the network carries no golden vectors.
    BackendUnavailableError, UnsupportedError
        If a back-end that was asked for cannot do it.
    """
    golden_of(network)
    names = list(CHECKS) if backends is None else [name.strip() for name in backends.split(",")]
    for name in names:
        if name not in CHECKS:
            raise unknown_name("back-end", name, CHECKS)
    found: dict[str, Agreement | str] = {}
    for name in names:
        output.note(f"checking {name}")
        try:
            found[name] = CHECKS[name](network)
        except (BackendUnavailableError, CapacityError, UnsupportedError) as error:
            if backends is not None:
                raise
            found[name] = str(error)
    return found


def agreement_table(found: dict[str, Agreement | str]) -> Table:
    """The agreement as a table, one row per back-end."""
    table = Table("back-end", "messages compared", "result", box=None, pad_edge=False)
    for name, agreement in found.items():
        if isinstance(agreement, str):
            table.add_row(name, "-", f"[yellow]not checked:[/yellow] {escape(agreement)}")
            continue
        size = f"{agreement.messages} in {agreement.samples} x {agreement.layers} x {agreement.steps}"
        table.add_row(name, size, _verdict(agreement))
    table.caption = "samples x layers x steps; the messages of every layer and step are compared by hash"
    table.caption_justify = "left"
    return table


def _verdict(agreement: Agreement) -> str:
    if agreement.difference is not None:
        return f"[red]differs:[/red] {escape(str(agreement.difference))}"
    if agreement.decisions_agree is False:
        return "[red]differs:[/red] same messages, other exit step or decision"
    return "[green]the same[/green]" + (", exit steps and decisions too" if agreement.decisions_agree else "")


def _slayer(network: NetworkDescription) -> Agreement:
    from evsnn_lava.training.twin import slayer_messages  # here: torch is optional and slow to import

    return compare_messages(network, "slayer", slayer_messages(network, golden_of(network).frames))


def _reference(network: NetworkDescription) -> Agreement:
    trace = simulate(network, golden_of(network).frames)
    result = result_from_trace(network, trace, "reference", 0.0)
    return compare_messages(network, "reference", trace.messages, result)


def _lava(network: NetworkDescription) -> Agreement:
    from evsnn_lava.runtime import LavaSession  # here: Lava is optional

    frames = golden_of(network).frames
    with LavaSession(network) as session:
        return compare_messages(network, "lava", session.trace(frames).messages, session.run(frames))


CHECKS: Final[dict[str, Callable[[NetworkDescription], Agreement]]] = {
    "slayer": _slayer,
    "reference": _reference,
    "lava": _lava,
}
