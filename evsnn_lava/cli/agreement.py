"""What ``evsnn verify`` prints: the agreement of the back-ends, and the numbers where one differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from evsnn_lava.simulation.diagnosis.connections import Suspect
from evsnn_lava.simulation.diagnosis.difference import Difference, NeuronDifference
from evsnn_lava.simulation.verification import Agreement

SHOWN: Final = 4
"""Explanations that are printed; JSON has all."""

HASHED: Final = "samples x layers x steps; the messages of every layer and step are compared by hash"
CHANGED: Final = (
    "[red]the reference does not compute what the golden vectors say either:[/red] the file or the code changed. The "
    "file has counts and hashes only; --against a .net file that is right names the neuron"
)
SILENT: Final = "[yellow]silent: {names}[/yellow] (nothing is proven about what a silent layer sends)"


def agreement_table(found: Mapping[str, Agreement | str]) -> Table:
    """The agreement as a table, one row per back-end.

    Parameters
    ----------
    found : mapping of str to Agreement or str
        What came out, or why a back-end was left out.

    Returns
    -------
    rich.table.Table
        Back-end, what was compared, result.
    """
    table = Table("back-end", "messages compared", "result", box=None, pad_edge=False)
    for name, agreement in found.items():
        if isinstance(agreement, str):
            table.add_row(name, "-", f"[yellow]not checked:[/yellow] {escape(agreement)}")
            continue
        size = f"{agreement.messages} in {agreement.samples} x {agreement.layers} x {agreement.steps}"
        table.add_row(name, size, _verdict(agreement))
    checked = [agreement for agreement in found.values() if isinstance(agreement, Agreement)]
    table.caption = "\n".join([HASHED, *_remarks(checked)])
    table.caption_justify = "left"
    return table


def _remarks(checked: list[Agreement]) -> Iterator[str]:
    """What holds for the file, whatever the back-end."""
    silent = dict.fromkeys(name for agreement in checked for name in agreement.silent_layers)
    if silent:
        yield SILENT.format(names=escape(", ".join(f"layer {name}" for name in silent)))
    if any(agreement.difference and not agreement.difference.reference_agrees for agreement in checked):
        yield CHANGED


def difference_tables(found: Mapping[str, Agreement | str]) -> Iterator[RenderableType]:
    """For each back-end that differs in a neuron, that neuron on both sides.

    Parameters
    ----------
    found : mapping of str to Agreement or str
        As in :func:`agreement_table`.

    Yields
    ------
    rich.console.RenderableType
        One part for each of them.
    """
    for name, agreement in found.items():
        difference = agreement.difference if isinstance(agreement, Agreement) else None
        if difference is not None and difference.neuron is not None:
            yield Group(*_parts(name, difference, difference.neuron))


def _parts(name: str, difference: Difference, neuron: NeuronDifference) -> Iterator[RenderableType]:
    others = f"; it is one of neurons {_listed(difference.neurons)}" if len(difference.neurons) > 1 else ""
    yield Text(
        f"\n{name}: layer {difference.layer}, neuron {neuron.index} at {neuron.place}, "
        f"sample {difference.sample}{others}",
        "bold",
    )
    yield _neuron_table(name, neuron)
    if set(neuron.found) == {"message"}:
        yield Text(f"{name} tells no states; input and states are those of the reference", "dim")
        return
    yield Text(
        f"states or message differ from step {neuron.since} on; the input found is what the states found imply", "dim"
    )
    yield Text(_suspects(neuron.suspects))


def _neuron_table(name: str, neuron: NeuronDifference) -> Table:
    """A row per quantity and side, a column per step; what differs is red."""
    table = Table(box=None, pad_edge=False)
    table.add_column("step", style="dim")
    table.add_column("")
    for step in neuron.steps:
        table.add_column(str(step), justify="right")
    for quantity, expected in neuron.expected.items():
        table.add_row(quantity, "expected", *map(str, expected))
        found = neuron.found.get(quantity)
        if found is not None:
            table.add_row("", "found", *(_cell(*pair) for pair in zip(expected, found, strict=True)))
    return table


def _cell(expected: int | None, found: int | None) -> Text:
    return Text("untold" if found is None else str(found), "" if found == expected else "bold red")


def _suspects(suspects: tuple[Suspect, ...]) -> str:
    if not suspects:
        return "no single fault fits every step of this neuron: more than one parameter is wrong, or its arithmetic is"
    count = f"{len(suspects)} faults fit" if len(suspects) > 1 else "one fault fits"
    more = [f"{len(suspects) - SHOWN} more"] if len(suspects) > SHOWN else []
    return f"{count} every step of this neuron: {' or '.join([*map(str, suspects[:SHOWN]), *more])}"


def _listed(neurons: tuple[int, ...]) -> str:
    return ", ".join(map(str, neurons)) + (", ..." if len(neurons) == 8 else "")


def _verdict(agreement: Agreement) -> str:
    if agreement.difference is not None:
        return f"[red]differs:[/red] {escape(str(agreement.difference))}"
    if agreement.decision is not None:
        return f"[red]differs:[/red] same messages; {escape(str(agreement.decision))}"
    same = "[green]the same[/green]" if agreement.messages else "[yellow]the same: all layers are silent[/yellow]"
    return same + (", exit steps and decisions too" if agreement.decisions_agree else "")
