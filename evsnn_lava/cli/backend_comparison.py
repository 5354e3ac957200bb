"""``evsnn run --backend all``: every back-end on the same samples, each held against the reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from rich.markup import escape
from rich.table import Table

from evsnn_lava.cli.console import Output
from evsnn_lava.cli.evaluation import evaluate, joined, rate, title
from evsnn_lava.cli.recordings import Samples
from evsnn_lava.cli.run_difference import Difference, first_difference, unequal_quantities
from evsnn_lava.errors import BackendUnavailableError, ConfigError, EvsnnError, UnsupportedError
from evsnn_lava.network import NetworkDescription, RunResult
from evsnn_lava.runtime.backends import BACKENDS, backend

ALL: Final = "all"
"""What the user writes instead of the name of a back-end."""

REFERENCE: Final = "reference"
MODELS: Final[Mapping[str, tuple[dict[str, Any], ...]]] = {"lava": ({"model": "layers"}, {"model": "fused"})}
"""Back-ends that are run more than once, and how."""


@dataclass(frozen=True)
class Way:
    """One way to run samples.

    Parameters
    ----------
    backend : str
        Name of the back-end.
    options : dict
        What it is told.
    """

    backend: str
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Name for people."""
        return title(self.backend, self.options)


@dataclass(frozen=True)
class Outcome:
    """What one back-end did.

    Parameters
    ----------
    way : Way
        Which back-end.
    samples_per_s, accuracy, exit_step_mean : float or None
        None where it could not be run, or the labels are not known.
    unequal : tuple of str
        The quantities in which it differs from the reference.
    difference : Difference or None
        The first of these differences.
    reason : str or None
        Why it could not be run.
    failed : bool
        Whether it began and did not come to its end, which is no better than a difference.
    """

    way: Way
    samples_per_s: float | None = None
    accuracy: float | None = None
    exit_step_mean: float | None = None
    unequal: tuple[str, ...] = ()
    difference: Difference | None = None
    reason: str | None = None
    failed: bool = False

    @property
    def ok(self) -> bool:
        """Whether nothing speaks against the back-end; one that is not usable here has done nothing wrong."""
        return self.difference is None and not self.failed


def ways_to_run(options: Mapping[str, Any]) -> tuple[Way, ...]:
    """Every way to run samples, the reference first.

    Parameters
    ----------
    options : mapping of str to object
        What the user tells the back-ends; each takes those that it knows.

    Returns
    -------
    tuple of Way
        Those that are not usable here, too.

    Raises
    ------
    ConfigError
        If the user chooses a model, as all of them are run.

    Examples
    --------
    >>> [way.title for way in ways_to_run({"threads": 1})]
    ['reference', 'engine', 'lava layers', 'lava fused', 'loihi2']
    """
    if "model" in options:
        raise ConfigError(
            f"--model {options['model']} does nothing with --backend {ALL}, which runs both; leave it out"
        )
    names = [REFERENCE, *(name for name in BACKENDS if name != REFERENCE)]
    told = {name: {key: options[key] for key in BACKENDS[name].options if key in options} for name in names}
    return tuple(Way(name, {**told[name], **model}) for name in names for model in MODELS.get(name, ({},)))


def compare_backends(
    network: NetworkDescription, samples: Samples, ways: tuple[Way, ...], output: Output, cutoff: bool = True
) -> list[Outcome]:
    """Run the same samples in every way, one after the other.

    Parameters
    ----------
    network : NetworkDescription
        What to run.
    samples : Samples
        What to run it on.
    ways : tuple of Way
        The reference first.
    output : Output
        Where to show progress.
    cutoff : bool
        Whether the network's cutoff may stop samples.

    Returns
    -------
    list of Outcome
        One for each way. A back-end that is not usable here, cannot say the network or fails, has a reason.

    Raises
    ------
    EvsnnError
        If the reference cannot be run, as there is nothing to compare with.
    """
    expected: RunResult | None = None
    found = []
    for way in ways:
        reason = backend(way.backend).available()
        if reason is not None:
            found.append(Outcome(way, reason=reason))
            continue
        results: list[RunResult] = []
        try:
            results.extend(evaluate(network, samples, way.backend, output, cutoff, **way.options))
        except Exception as error:  # whatever a back-end does, the others are still compared
            if expected is None:
                raise
            cannot = isinstance(error, (BackendUnavailableError, UnsupportedError)) and not results
            found.append(Outcome(way, reason=_words(error), failed=not cannot))
            continue
        done = sum(result.samples for result in results)
        if done != len(samples):
            found.append(Outcome(way, reason=f"{done} of {len(samples)} samples came out", failed=True))
            continue
        result = joined(results)
        expected = expected or result
        found.append(_outcome(way, network, expected, result, samples))
    return found


def _words(error: Exception) -> str:
    """An error of ours as it is, another one with its name."""
    return str(error) if isinstance(error, EvsnnError) else f"{type(error).__name__}: {error}"


def _outcome(
    way: Way, network: NetworkDescription, expected: RunResult, result: RunResult, samples: Samples
) -> Outcome:
    return Outcome(
        way,
        samples_per_s=rate(result.samples, result.wall_time_s),
        accuracy=None if samples.known is None else result.accuracy(samples.known),
        exit_step_mean=float(result.exit_step.mean()),
        unequal=unequal_quantities(expected, result),
        difference=first_difference(network, expected, result),
    )


def comparison_facts(network: NetworkDescription, samples: Samples, found: list[Outcome]) -> dict[str, Any]:
    """The comparison as plain values.

    Parameters
    ----------
    network : NetworkDescription
        What was run.
    samples : Samples
        What it was run on.
    found : list of Outcome
        What came out.

    Returns
    -------
    dict
        Name, number of samples, whether all is the same, and a list of what each back-end did.
    """
    outcomes = [{"backend": item.way.backend, "options": item.way.options, **_facts(item)} for item in found]
    return {
        "network": network.name,
        "samples": len(samples),
        "same": all(item.ok for item in found),
        "backends": outcomes,
    }


def _facts(item: Outcome) -> dict[str, Any]:
    return {
        "samples_per_s": item.samples_per_s,
        "accuracy": item.accuracy,
        "exit_step_mean": item.exit_step_mean,
        "same": None if item.reason else not item.unequal,
        "unequal": item.unequal,
        "difference": item.difference,
        "reason": item.reason,
        "failed": item.failed,
    }


def comparison_table(found: list[Outcome]) -> Table:
    """The comparison for people.

    Parameters
    ----------
    found : list of Outcome
        What came out.

    Returns
    -------
    rich.table.Table
        One row per back-end, and below it what is compared.
    """
    table = Table(box=None, pad_edge=False)
    table.add_column("back-end", no_wrap=True)
    for heading in ("samples/s", "accuracy", "exit step"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("against the reference")
    for item in found:
        table.add_row(item.way.title, *_numbers(item), _verdict(item))
    table.caption = "compared: decisions, exit steps, scores, and the counts of every sample, layer and step"
    table.caption_justify = "left"
    return table


def _numbers(item: Outcome) -> tuple[str, str, str]:
    if item.samples_per_s is None or item.exit_step_mean is None:
        return "-", "-", "-"
    accuracy = "unknown" if item.accuracy is None else f"{100 * item.accuracy:.1f} %"
    return f"{item.samples_per_s:.1f}", accuracy, f"{item.exit_step_mean:.2f}"


def _verdict(item: Outcome) -> str:
    if item.failed:
        return f"[red]failed:[/red] {escape(item.reason or '')}"
    if item.reason is not None:
        return f"[yellow]not run:[/yellow] {escape(item.reason)}"
    if item.difference is not None:
        return f"[red]differs in {', '.join(item.unequal)};[/red] first {escape(str(item.difference))}"
    return "-" if item.way.backend == REFERENCE else "[green]the same[/green]"
