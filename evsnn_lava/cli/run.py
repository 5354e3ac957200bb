"""``evsnn run``: recordings through a ``.net`` file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table
from rich.text import Text

from evsnn_lava.cli.console import Output
from evsnn_lava.cli.recordings import Samples, add_run_arguments, load_samples, run_samples, write_results
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.network import NetworkDescription, RunResult


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_run_arguments(parser)
    parser.add_argument("-o", "--output", type=Path, help="write one row per sample to this .npz file")


def execute(options: argparse.Namespace, output: Output) -> int:
    """Run and print accuracy and steps."""
    network = read_net(options.file)
    samples = load_samples(network, options.data, options.split, options.limit)
    result = run_samples(network, samples, options.backend, not options.no_cutoff, output)
    facts = run_facts(network, result, samples)
    if options.json:
        output.show_json(facts)
    else:
        output.show(facts_table(facts))
    if options.output:
        write_results(result, samples, options.output)
        output.note(f"wrote {options.output}")
    return 0


def run_facts(network: NetworkDescription, result: RunResult, samples: Samples) -> dict[str, Any]:
    """What a run says about itself.

    Parameters
    ----------
    network : NetworkDescription
        What was run.
    result : RunResult
        What came out.
    samples : Samples
        What it was run on.

    Returns
    -------
    dict
        Plain numbers with their units in the names.
    """
    exits = result.exit_step
    return {
        "network": network.name,
        "backend": result.backend,
        "samples": result.samples,
        "accuracy": None if samples.known is None else result.accuracy(samples.known),
        "exit_step_mean": float(exits.mean()),
        "exit_step_p50": int(np.percentile(exits, 50, method="inverted_cdf")),
        "exit_step_p95": int(np.percentile(exits, 95, method="inverted_cdf")),
        "frames_sent_at_most": network.masks.stream_steps,
        "frames_recorded": network.masks.steps,
        "pipeline_depth_steps": network.depth,
        "steps_executed": int(result.steps.sum()),
        "messages_per_sample": float(result.messages.sum() / result.samples),
        "synops_per_sample": float(result.synops.sum() / result.samples),
        "wall_time_s": result.wall_time_s,
    }


def facts_table(facts: dict[str, Any]) -> Table:
    """The facts of a run for people."""
    table = Table.grid(padding=(0, 2))
    accuracy = (
        "unknown, the recordings have no labels" if facts["accuracy"] is None else f"{100 * facts['accuracy']:.1f} %"
    )
    mean, p50, p95 = (facts[f"exit_step_{key}"] for key in ("mean", "p50", "p95"))
    kept = f"of {facts['frames_sent_at_most']} frames sent, {facts['frames_recorded']} recorded"
    rate = facts["samples"] / facts["wall_time_s"] if facts["wall_time_s"] else float("inf")
    depth, events = facts["pipeline_depth_steps"], (facts["messages_per_sample"], facts["synops_per_sample"])
    rows = {
        "network": f"{facts['network']} on {facts['backend']}",
        "samples": str(facts["samples"]),
        "accuracy": accuracy,
        "exit step": f"mean {mean:.2f}, p50 {p50}, p95 {p95} {kept}",
        "steps executed": f"{facts['steps_executed']} (exit steps + {depth} of depth per sample)",
        "per sample": f"{events[0]:.0f} messages, {events[1]:.0f} synaptic operations",
        "wall time": f"{facts['wall_time_s']:.2f} s, {rate:.1f} samples/s",
    }
    for name, value in rows.items():
        table.add_row(Text(name, "dim"), Text(value))
    return table
