"""``evsnn run``: recordings through a ``.net`` file, on one back-end or on all of them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table
from rich.text import Text

from evsnn_lava.cli.backend_comparison import ALL, compare_backends, comparison_facts, comparison_table, ways_to_run
from evsnn_lava.cli.console import Output
from evsnn_lava.cli.evaluation import add_run_arguments, backend_options, evaluate, rate
from evsnn_lava.cli.recordings import Samples, load_samples
from evsnn_lava.cli.rows import WRITERS, Rows, require_results_file, write_rows
from evsnn_lava.errors import ConfigError
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.network import NetworkDescription
from evsnn_lava.reporting import format_si
from evsnn_lava.runtime.backends import backend


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_run_arguments(parser, f", or {ALL} to compare them")
    parser.add_argument(
        "-o", "--output", type=Path, help=f"write one row per sample to this {' or '.join(WRITERS)} file"
    )
    parser.epilog = f"Exit codes: 0 all is well, 1 a back-end differs or fails (--backend {ALL}), 2 you have to act."


def execute(options: argparse.Namespace, output: Output) -> int:
    """Run and print accuracy and steps, or compare the back-ends."""
    return _compare(options, output) if options.backend == ALL else _run(options, output)


def _run(options: argparse.Namespace, output: Output) -> int:
    told = backend_options(options)
    backend(options.backend).require(**told)
    if options.output:
        require_results_file(options.output, options.data)
    network = read_net(options.file)
    samples = load_samples(network, options.data, options.split, options.limit)
    rows = Rows.of(evaluate(network, samples, options.backend, output, not options.no_cutoff, **told))
    output.note(str(samples))
    if options.output:
        write_rows(rows, samples, network, options.output)
        output.note(f"wrote {options.output}")
    facts = run_facts(network, rows, samples)
    if network.guarantee and not options.no_cutoff:
        shared = told if options.backend == "engine" else {}
        facts |= promise_facts(network, rows, samples, output, **shared)
    if options.json:
        output.show_json(facts)
    else:
        output.show(facts_table(facts))
    return 0


def _compare(options: argparse.Namespace, output: Output) -> int:
    """1 if a back-end differs from the reference, or fails."""
    if options.output:
        raise ConfigError(f"-o writes the rows of one back-end, --backend is {ALL}; name one or leave -o out")
    ways = ways_to_run(backend_options(options))
    network = read_net(options.file)
    samples = load_samples(network, options.data, options.split, options.limit)
    output.note(str(samples))
    found = compare_backends(network, samples, ways, output, not options.no_cutoff)
    if options.json:
        output.show_json(comparison_facts(network, samples, found))
    else:
        output.show(comparison_table(found))
    return int(not all(item.ok for item in found))


def run_facts(network: NetworkDescription, rows: Rows, samples: Samples) -> dict[str, Any]:
    """What a run says about itself.

    Parameters
    ----------
    network : NetworkDescription
        What was run.
    rows : Rows
        What came out.
    samples : Samples
        What it was run on.

    Returns
    -------
    dict
        Plain numbers with their units in the names.
    """
    exits = rows.exit_step
    return {
        "network": network.name,
        "backend": rows.backend,
        "samples": rows.samples,
        "accuracy": None if samples.known is None else rows.accuracy(samples.known),
        "exit_step_mean": float(exits.mean()),
        "exit_step_p50": int(np.percentile(exits, 50, method="inverted_cdf")),
        "exit_step_p95": int(np.percentile(exits, 95, method="inverted_cdf")),
        "frames_sent_at_most": network.masks.stream_steps,
        "frames_recorded": network.masks.steps,
        "pipeline_depth_steps": network.depth,
        "steps_executed": int(rows.steps.sum()),
        "messages_per_sample": float(rows.messages.sum() / rows.samples),
        "synops_per_sample": float(rows.synops.sum() / rows.samples),
        "wall_time_s": rows.wall_time_s,
    }


def promise_facts(
    network: NetworkDescription, rows: Rows, samples: Samples, output: Output, **options: Any
) -> dict[str, Any]:
    """What the cutoff promises, and what it costs these samples; the engine runs them to their last step for that.

    Parameters
    ----------
    network : NetworkDescription
        With a guarantee.
    rows : Rows
        What came out with its cutoff.
    samples : Samples
        What it was run on.
    output : Output
        Where to show progress.
    **options
        For the engine.

    Returns
    -------
    dict
        ``guarantee``, a sentence; where classes are known, ``accuracy_all_steps``, and ``lost_samples``, those that are
        right after all steps and wrong at the exit.
    """
    facts: dict[str, Any] = {"guarantee": network.guarantee}
    if samples.known is None or network.cutoff.layers:
        return facts
    output.note("once more without the cutoff, to see what it costs these samples")
    full = Rows.of(evaluate(network, samples, "engine", output, cutoff=False, **options))
    lost = (full.decision == samples.known) & (rows.decision != samples.known)
    return {**facts, "accuracy_all_steps": full.accuracy(samples.known), "lost_samples": int(lost.sum())}


def facts_table(facts: dict[str, Any]) -> Table:
    """The facts of a run for people."""
    table = Table.grid(padding=(0, 2))
    accuracy = (
        "unknown, the recordings have no labels" if facts["accuracy"] is None else f"{100 * facts['accuracy']:.1f} %"
    )
    mean, p50, p95 = (facts[f"exit_step_{key}"] for key in ("mean", "p50", "p95"))
    kept = f"of {facts['frames_sent_at_most']} frames sent, {facts['frames_recorded']} recorded"
    per_second = rate(facts["samples"], facts["wall_time_s"])
    depth, events = facts["pipeline_depth_steps"], (facts["messages_per_sample"], facts["synops_per_sample"])
    rows = {
        "network": f"{facts['network']} on {facts['backend']}",
        "samples": str(facts["samples"]),
        "accuracy": accuracy,
        "exit step": f"mean {mean:.2f}, p50 {p50}, p95 {p95} {kept}",
        "steps executed": f"{facts['steps_executed']} (exit steps + {depth} of depth per sample)",
        "per sample": f"{events[0]:.0f} messages, {events[1]:.0f} synaptic operations",
        "wall time": f"{format_si(facts['wall_time_s'], 's')}, {per_second:.1f} samples/s",
    }
    for name, value in (rows | _promise(facts)).items():
        table.add_row(Text(name, "dim"), Text(value))
    return table


def _promise(facts: dict[str, Any]) -> dict[str, str]:
    """What is guaranteed, and what became of it here."""
    if "guarantee" not in facts:
        return {}
    said = {"guarantee": facts["guarantee"]}
    if "lost_samples" not in facts:
        unknown = facts["accuracy"] is None
        why = "the recordings have no labels" if unknown else "its last layers decide, and nothing runs without them"
        return {**said, "cost here": f"unknown, {why}"}
    lost, all_steps = facts["lost_samples"], 100 * facts["accuracy_all_steps"]
    gained = 100 * facts["accuracy"] - all_steps
    return {**said, "cost here": f"{gained:+.1f} points, {lost} lost; {all_steps:.1f} % with all steps"}
