"""``evsnn gate``: a cost gate for continuous integration."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from pydantic_core import to_jsonable_python

from evsnn_lava._files import atomic_write
from evsnn_lava.cli.console import Output
from evsnn_lava.cli.evaluation import DEFAULT_BACKEND, run_samples
from evsnn_lava.cli.hardware_option import named_files
from evsnn_lava.cli.loads import core_load
from evsnn_lava.cli.outputs import given_path, require_outputs
from evsnn_lava.cli.profile import report_facts
from evsnn_lava.cli.recordings import load_samples
from evsnn_lava.data import SPLITS, WHOLE
from evsnn_lava.errors import ConfigError
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.hw_profiles import load_profile, profile_names
from evsnn_lava.profiling import profile_run
from evsnn_lava.reporting.gate import (
    Budget,
    Profile,
    Verdict,
    answer,
    gate_facts,
    gate_junit,
    gate_markdown,
    gate_tables,
    judge,
    profile_of,
    read_budget,
    read_profile,
)

STDOUT: Final = "-"
LIMITS: Final = {
    "min_accuracy": ("--min-accuracy", "SHARE", "share of right decisions, 0.93 or 93%%"),
    "max_p95_steps": ("--p95-steps", "N", "executed steps that 95%% of the samples keep"),
    "max_energy": ("--max-energy", "J", "mean energy of an inference, such as 12uJ"),
    "max_cores": ("--max-cores", "N", "neuro-cores"),
}
"""Options that set or replace a limit of the budget: its key, the option, its value and help."""

RUNS: Final = ("hw", "data", "split", "limit")
"""Options that say how a .net file is profiled."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", type=Path, help="a .net file, or what `evsnn profile --json` wrote")
    parser.add_argument("--budget", type=Path, metavar="TOML", help="limits (default: those of a comparison)")
    parser.add_argument("--baseline", type=Path, metavar="FILE", help="what it cost before: .net, or JSON of a profile")
    for key, (option, value, text) in LIMITS.items():
        parser.add_argument(option, dest=key, metavar=value, help=f"limit: {text}")
    names = ", ".join(profile_names())
    parser.add_argument("--hw", help=f"hardware profile: {names} or a TOML file (default: loihi2)")
    parser.add_argument("--data", help="recordings or frames for .net files (default: what they were trained on)")
    parser.add_argument("--split", choices=(*SPLITS, WHOLE), help="part of the data set (default: test)")
    parser.add_argument("--limit", type=int, help="run the first samples only")
    parser.add_argument("--markdown", metavar="FILE", help="write Markdown, for a pull request; - prints it")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.epilog = "Exit codes: 0 within all limits, 1 outside of one, 2 nothing could be compared."


def execute(options: argparse.Namespace, output: Output) -> int:
    """Profile, compare, write; 1 if a limit does not hold."""
    _require_sense(options)
    budget = None if options.budget is None else read_budget(options.budget)
    told = {key: getattr(options, key) for key in LIMITS}
    Budget().with_limits(told)  # a wrong one is refused before anything runs
    new = _profile(options.file, options, output)
    old = None if options.baseline is None else _profile(options.baseline, options, output)
    verdict = judge(new, old, budget, told)
    _write(verdict, options)
    _show(verdict, options, output)
    return int(not verdict.passed)


def _require_sense(options: argparse.Namespace) -> None:
    """Refuse options that exclude each other or do nothing, before anything runs."""
    if options.json and options.markdown == STDOUT:
        raise ConfigError("--json and --markdown - both print; give --markdown a file")
    markdown = None if options.markdown in (None, STDOUT) else Path(options.markdown)
    inputs = [
        options.file,
        options.baseline,
        options.budget,
        *named_files([options.hw or ""]),
        *given_path(options.data),
    ]
    require_outputs({"--markdown": markdown, "--junit": options.junit}, inputs)
    files = [path for path in (options.file, options.baseline) if path is not None]
    told = [name for name in RUNS if getattr(options, name) is not None]
    if told and all(_is_json(path) for path in files):
        raise ConfigError(f"--{told[0]} does nothing with a profile in JSON; leave it out or give the .net file")


def _outputs(options: argparse.Namespace) -> dict[str | Path, Callable[[Verdict], str]]:
    wanted = {options.markdown: gate_markdown, options.junit: gate_junit}
    return {path: write for path, write in wanted.items() if path not in (None, STDOUT)}


def _profile(path: Path, options: argparse.Namespace, output: Output) -> Profile:
    return read_profile(path) if _is_json(path) else _profile_now(path, options, output)


def _is_json(path: Path) -> bool:
    """Whether a file is a profile; a .net file is an archive, whatever it is called."""
    try:
        with path.open("rb") as file:
            return path.suffix == ".json" or file.read(64).lstrip()[:1] in (b"{", b"[")
    except OSError:
        return path.suffix == ".json"


def _profile_now(path: Path, options: argparse.Namespace, output: Output) -> Profile:
    hardware, network = load_profile(options.hw or "loihi2"), read_net(path)
    samples = load_samples(network, options.data, options.split, options.limit)
    result = run_samples(network, samples, DEFAULT_BACKEND, output)
    output.note(f"{path}: {samples}")
    load = core_load(network, samples.blocks(), hardware)
    report = profile_run(network, result, hardware, samples.known, load)
    facts = to_jsonable_python(report_facts(report), fallback=_numbers)
    source = options.data or network.recipe.dataset
    return profile_of({**facts, "data": f"{source}, {samples}"}, str(path))


def _numbers(value: Any) -> Any:
    return value.tolist()


def _write(verdict: Verdict, options: argparse.Namespace) -> None:
    for path, write in _outputs(options).items():
        with atomic_write(path) as temporary:
            temporary.write_text(write(verdict), encoding="utf-8")


def _show(verdict: Verdict, options: argparse.Namespace, output: Output) -> None:
    if options.json:
        output.show_json(gate_facts(verdict))
    elif options.markdown == STDOUT:
        output.show(gate_markdown(verdict).rstrip())
    else:
        output.show(answer(verdict) if output.quiet else gate_tables(verdict))
