"""Compare the three methods with their papers: do what a table needs and is not done yet, then print the table.

    python -m benchmarks.papers [TABLE ...] [--seeds 5] [--only DATASET ...] [--units PATTERN] [--jobs N] [--write-docs]

Without a table all of them. A unit of work that has a result is left alone: interrupt it, run it twice at once, ask for
more seeds. --quick tries everything on toy networks, its figures mean nothing.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from benchmarks.papers.children import beside
from benchmarks.papers.hoyer_units import PICTURES
from benchmarks.papers.places import RESULTS, WORK, Places
from benchmarks.papers.runner import Task, forget, run_tasks, states
from benchmarks.papers.units import DATASETS, EVENTS, QUICK, SEEDS, TABLES, tasks_of

QUICK_SEEDS: Final = 2


def parser() -> argparse.ArgumentParser:
    """Every option."""
    found = argparse.ArgumentParser(prog="python -m benchmarks.papers", description=(__doc__ or "").partition("\n")[0])
    found.add_argument("tables", nargs="*", metavar="TABLE", help=f"{', '.join(TABLES)} (default: all)")
    found.add_argument("--seeds", type=int, help=f"seeds 1..N (default: {SEEDS})")
    found.add_argument("--only", nargs="+", metavar="DATASET", help=f"of {', '.join((*EVENTS, *PICTURES[:2]))}")
    found.add_argument(
        "--units", default="*", metavar="PATTERN", help="only units of such a name: 'learned-*-s1', 'nmnist_small/*'"
    )
    found.add_argument("--list", action="store_true", help="say how far the units are, do nothing")
    found.add_argument("--train-only", action="store_true", help="train what is missing, measure nothing")
    found.add_argument("--tables-only", action="store_true", help="print what is there, do nothing")
    found.add_argument("--fresh", action="store_true", help="measure again and replace the results")
    found.add_argument("--retrain", action="store_true", help="train and measure again, replace networks and results")
    found.add_argument("--silent", action="store_true", help="print no tables")
    found.add_argument("--jobs", type=int, default=1, help="processes that share the work")
    found.add_argument("--quick", action="store_true", help="a smoke test of a few minutes, in build/papers-quick")
    found.add_argument("--results", type=Path, help="folder for the results")
    found.add_argument("--work", type=Path, help="folder for trained networks")
    found.add_argument("--write-docs", action="store_true", help="write tables and plots of docs/results.md")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what was asked for; 1 if a unit failed."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = parser().parse_args(given)
    _refuse_unknown("table", options.tables, TABLES)
    _refuse_unknown("data set", options.only or (), (*EVENTS, *PICTURES, *QUICK))
    places, tasks = places_of(options), chosen(options)
    if not tasks:
        parser().error(f"no unit is called {options.units!r} there; --list names all of them")
    if options.list:
        print("\n".join(f"{state:8s} {name}" for name, state in states(tasks, places)))
        return 0
    failed = [] if options.tables_only else _work(tasks, places, options, given)
    if not (options.train_only or options.silent):
        _show(options, places)
    return int(bool(failed))


def _refuse_unknown(kind: str, given: Sequence[str], known: Sequence[str]) -> None:
    for name in given:
        if name not in known:
            parser().error(f"no {kind} {name}; choose of {', '.join(dict.fromkeys(known))}")


def places_of(options: argparse.Namespace) -> Places:
    """Where everything lies; a quick run touches nothing that is committed."""
    quick = WORK.with_name("papers-quick")
    usual = Places(quick / "results", quick) if options.quick else Places(RESULTS, WORK)
    return Places(options.results or usual.results, options.work or usual.work)


def chosen(options: argparse.Namespace) -> list[Task]:
    """The units that were asked for, each once."""
    seeds = range(1, (options.seeds or (QUICK_SEEDS if options.quick else SEEDS)) + 1)
    datasets = options.only or (QUICK if options.quick else DATASETS)
    found = {
        (task.study, task.name): task
        for table in options.tables or TABLES
        for task in tasks_of(table, datasets, seeds)
        if fnmatch(task.name, options.units) or fnmatch(f"{task.study}/{task.name}", options.units)
    }
    return list(found.values())


def _work(tasks: list[Task], places: Places, options: argparse.Namespace, given: Sequence[str]) -> list[str]:
    warnings.simplefilter("ignore")  # Lava forks, torch and lava-dl deprecate; none of it is a result
    if options.fresh or options.retrain:
        forget(tasks, places, networks=options.retrain)
    with beside(given, options.jobs - 1):
        return run_tasks(tasks, places, options.train_only)


def _show(options: argparse.Namespace, places: Places) -> None:
    from benchmarks.papers.loaded import Results
    from benchmarks.papers.pages import show_tables, write_docs

    results = Results.read(places.results).some(options.only, options.seeds)
    show_tables(options.tables or list(TABLES), results)
    if options.write_docs:
        write_docs(places.results)


if __name__ == "__main__":
    sys.exit(main())
