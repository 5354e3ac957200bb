"""``evsnn graph``: the processes that would be sent to Loihi 2, and what is known of them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from evsnn_lava.cli.console import Output
from evsnn_lava.cli.networks import read_network
from evsnn_lava.export.check import broken_rules, check
from evsnn_lava.hw_profiles import load_chip
from evsnn_lava.reporting.graph_tables import GraphRow, graph_tables
from evsnn_lava.runtime.loihi2.facts import ProcessFacts
from evsnn_lava.runtime.loihi2.session import graph_facts


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", type=Path, help="a .net file, or a plain netx file")
    parser.add_argument(
        "--hw", default="loihi2", help="chip whose registers count: a name or a TOML file (default: loihi2)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")


def execute(options: argparse.Namespace, output: Output) -> int:
    """Build the graph, walk over it and print what was found; 1 if something cannot run on the chip."""
    chip = load_chip(options.hw)
    limits = {name: (each.low, each.high) for name, each in chip.ranges.items()}
    network = read_network(options.file)
    facts = graph_facts(network, limits)
    problems = [f"{each.layer or each.name}: {problem}" for each in facts for problem in each.problems]
    if options.json:
        output.show_json({"network": network.name, "processes": [_plain(each) for each in facts], "problems": problems})
    else:
        output.show(graph_tables(network.name, [_row(each) for each in facts], problems))
        errors = broken_rules(check(network, chip))
        if errors:
            output.show(f"But it is not ready for the chip: `evsnn check` finds {', '.join(errors)}.")
    return int(bool(problems))


def _row(facts: ProcessFacts) -> GraphRow:
    return GraphRow(
        facts.layer,
        facts.name,
        facts.kind,
        facts.shape,
        facts.model.place,
        facts.model.basis,
        facts.model.source,
        tuple((each.name, each.low, each.high, each.fits) for each in facts.parameters),
        facts.present,
    )


def _plain(facts: ProcessFacts) -> dict[str, Any]:
    return {
        "layer": facts.layer,
        "process": facts.name,
        "class": facts.kind,
        "shape": facts.shape,
        "runs_on": facts.model.place,
        "known_from": facts.model.basis,
        "source": facts.model.source,
        "installed": facts.present,
        "parameters": [
            {"name": each.name, "low": each.low, "high": each.high, "limit": each.limit, "fits": each.fits}
            for each in facts.parameters
        ],
    }
