"""``evsnn search``: fewer frames, a cutoff, a shorter stream, fewer bits; whatever is cheapest within limits."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any, Final

from evsnn_lava.cli.console import Output
from evsnn_lava.cli.fitness import misfit
from evsnn_lava.cli.profile_runs import NetFile, require_run
from evsnn_lava.cli.search_crew import Alone, Crew, Workers
from evsnn_lava.cli.search_data import read_parts
from evsnn_lava.cli.search_options import Wish, declare, read_wish
from evsnn_lava.cli.search_outcome import (
    Outcome,
    broken_on_test,
    chosen_network,
    outcome_facts,
    row_facts,
    takes_part,
    write_csv,
)
from evsnn_lava.cli.search_store import Store
from evsnn_lava.cli.search_work import Answer, Job, Task
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.export.netfile.writer import content_hash, write_net
from evsnn_lava.export.search.candidates import Candidate, as_it_is, candidates
from evsnn_lava.export.search.rows import FILE, Figures, Policy, Row, cheapest, pareto_rows
from evsnn_lava.hw_profiles import load_profile
from evsnn_lava.network import NetworkDescription
from evsnn_lava.reporting.search_tables import search_table, search_verdict

RESAMPLES: Final = 1000
"""How often the test samples are drawn again for an interval."""

KEPT, NOT_KEPT = 0, 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    declare(parser)


def execute(options: argparse.Namespace, output: Output) -> int:
    """Search, measure, write; 1 if the limits are not kept."""
    hardware = load_profile(options.hw)
    wish = read_wish(options, hardware)
    network = read_net(options.file)
    ways = candidates(network, wish.grid)
    require_run(NetFile(options.file.stem, options.file, network), [hardware])
    parts, said = read_parts(network, options)
    for line in said:
        output.note(line)
    content = content_hash(network)
    rules = (wish.min_support, wish.delta, RESAMPLES, options.seed)
    task = Task(replace(network, golden=None), content, parts, hardware, *rules)
    outcome = _found(task, ways, wish, options, output)
    about = {"network": network.name, "content": content, "hardware": hardware.name, "data": said, "seed": options.seed}
    written = _write(network, outcome, wish, about, options, output)
    for label, each in ((options.file.stem, network), *written):
        if wrong := misfit(label, each, hardware):
            output.note(wrong)
    verdict = search_verdict(wish.limits, outcome.ways, outcome.chosen, outcome.own)
    if options.json:
        output.show_json({**outcome_facts(outcome, wish, about), "verdict": verdict})
    else:
        if not output.quiet:
            title = f"{network.name} on {hardware.title}: {len(outcome.pareto)} of {len(outcome.ways)} ways"
            output.show(search_table(title, outcome.own, outcome.pareto, outcome.chosen))
        output.show(verdict)
    return KEPT if _kept(outcome, wish) else NOT_KEPT


def _found(task: Task, ways: Sequence[Candidate], wish: Wish, options: argparse.Namespace, output: Output) -> Outcome:
    """Try everything on the selection part, then measure what is worth it on the test part."""
    store, own = Store(options.resume, task.digest), as_it_is(task.network)
    policy = Policy.of(FILE, task.network.cutoff, task.network.guarantee)
    jobs = [Job("selection", way, wish.epsilons, with_never=True) for way in ways]
    jobs.append(Job("selection", own, policies=(policy,)))
    with closing(_crew(task, wish, len(jobs), options)) as crew:
        answers = _answers(jobs, crew, store, output, "searching")
        tried = [row for job, answer in zip(jobs, answers, strict=True) for row in _rows(job, answer)]
        *tried, own_row = tried
        taking_part = takes_part(own_row, wish)
        pareto = pareto_rows([own_row, *tried] if taking_part else tried)
        measured = _measured([own_row, *(row for row in pareto if row is not own_row)], crew, store, output)
    tested = {(row.candidate, row.policy): row for row in measured}
    tried = [tested.get((row.candidate, row.policy), row) for row in tried]
    pareto = tuple(tested[row.candidate, row.policy] for row in pareto)
    chosen = cheapest(pareto, wish.limits) if wish.limits.given else None
    return Outcome(tested[own_row.candidate, own_row.policy], tuple(tried), pareto, chosen, taking_part)


def _crew(task: Task, wish: Wish, units: int, options: argparse.Namespace) -> Crew:
    if options.ray is not None:
        from evsnn_lava.cli.search_ray import RayCrew  # here: an optional package

        return RayCrew(task, options.ray)
    workers = min(wish.workers, units)
    return Alone(task) if workers == 1 else Workers(task, workers)


def _answers(jobs: Sequence[Job], crew: Crew, store: Store, output: Output, title: str) -> list[Answer]:
    """Answers in the order of the jobs, whoever gave them and when."""
    found = {job: answer for job in jobs if (answer := store.get(job)) is not None}
    networks = "network" if len(jobs) == 1 else "networks"
    with output.progress(networks) as progress:
        row = progress.add_task(title, total=len(jobs), completed=len(found), said="")
        for job, answer in crew.results([job for job in jobs if job not in found]):
            store.put(job, answer)
            found[job] = answer
            progress.update(row, completed=len(found), said=str(job.candidate))
            output.sign_of_life(f"{title}: {len(found)} of {len(jobs)} {networks}")
        progress.update(row, said="")
    return [found[job] for job in jobs]


def _rows(job: Job, answer: Answer) -> list[Row]:
    return [
        Row(job.candidate, Policy.of_json(each["policy"]), Figures.of_json(each["figures"])) for each in answer["rows"]
    ]


def _measured(rows: Sequence[Row], crew: Crew, store: Store, output: Output) -> list[Row]:
    """The rows with figures of the test part; each network runs once, whatever number of its policies is asked for."""
    groups: dict[Candidate, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.candidate, []).append(row)
    jobs = [Job("test", way, policies=tuple(row.policy for row in group)) for way, group in groups.items()]
    answers = _answers(jobs, crew, store, output, "measuring")
    return [
        replace(row, test=Figures.of_json(each["figures"]))
        for group, answer in zip(groups.values(), answers, strict=True)
        for row, each in zip(group, answer["rows"], strict=True)
    ]


def _write(
    network: NetworkDescription,
    outcome: Outcome,
    wish: Wish,
    about: dict[str, Any],
    options: argparse.Namespace,
    output: Output,
) -> list[tuple[str, NetworkDescription]]:
    """Write the files that are asked for; the network that was written, if one was, and its name."""
    if options.csv is not None:
        write_csv(outcome, options.csv)
        output.note(f"wrote {options.csv}")
    if options.output is None or outcome.chosen is None:
        return []
    own = row_facts(outcome.chosen)
    del own["cutoff"]["thresholds"], own["cutoff"]["guarantee"]  # they are in the file themselves
    facts = {**about, "limits": wish.limits.given, "delta": wish.delta, "tried": len(outcome.tried), "chosen": own}
    facts["broken_on_test"] = list(broken_on_test(outcome, wish))
    made = chosen_network(network, outcome.chosen, facts)
    write_net(made, options.output)
    output.note(f"wrote {options.output}")
    if network.guarantee and not made.guarantee:
        output.note("the guarantee of the file is gone, its cutoff is another one; --delta asks for a new one")
    return [(options.output.stem, made)]


def _kept(outcome: Outcome, wish: Wish) -> bool:
    return not wish.limits.given or (outcome.chosen is not None and not broken_on_test(outcome, wish))
