"""From findings to an answer: whether it fits, and what is closest to a limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from evsnn_lava.export.check.finding import LEVELS, Finding
from evsnn_lava.export.part_words import plural
from evsnn_lava.export.placement import Placement

ROOM: Final = frozenset(
    (
        *("neurons", "synapse_words", "axons_in", "axons_out", "total_words", "groups", "decays", "cores"),
        *("kernel_words", "neuron_words", "bias_words"),
    )
)
"""Rules about room: a full register is nothing to worry about, a full core is."""


@dataclass(frozen=True)
class Verdict:
    """The answer of a check.

    Parameters
    ----------
    counts : dict of str to int
        Findings of every level of ``LEVELS``.
    closest : Finding or None
        Of the rules that hold, the one with the least room.
    cores : (int, int) or None
        Cores that are needed, and cores that there are; None where a file could not be read.
    """

    counts: dict[str, int]
    closest: Finding | None
    cores: tuple[int, int] | None = None

    @classmethod
    def of(cls, findings: Sequence[Finding]) -> Verdict:
        """Sum up findings.

        Parameters
        ----------
        findings : sequence of Finding
            From :func:`evsnn_lava.export.check.rules.check`.

        Returns
        -------
        Verdict
            Counts by level, and the tightest rule that holds.
        """
        counts = {level: sum(finding.level == level for finding in findings) for level in LEVELS}
        tight = [found for found in findings if found.level == "ok" and found.rule in ROOM and found.margin is not None]
        asked = next((found for found in findings if found.rule == "cores"), None)
        cores = None if asked is None else (int(asked.value or 0), int(asked.limit or 0))
        closest = min(tight, key=lambda found: found.margin or 0.0, default=None)
        return cls(counts, closest, cores)

    @property
    def fits(self) -> bool:
        """Whether there is no error."""
        return not self.counts["error"]


def broken_rules(findings: Sequence[Finding]) -> list[str]:
    """Names of the rules that keep a network from running, each once.

    Parameters
    ----------
    findings : sequence of Finding
        From :func:`evsnn_lava.export.check.rules.check`.

    Returns
    -------
    list of str
        In alphabetical order.

    Examples
    --------
    >>> found = [Finding("du", "layer fc", "error", "du -1"), Finding("cutoff_form", "network", "note", "the host")]
    >>> broken_rules(found)
    ['du']
    """
    return sorted({found.rule for found in findings if found.level == "error"})


def summary_line(findings: Sequence[Finding], placement: Placement, file: str = "FILE") -> str:
    """Say in a line, for the end of another verb, what a check found.

    Parameters
    ----------
    findings : sequence of Finding
        From :func:`evsnn_lava.export.check.rules.check`.
    placement : Placement
        Where the layers lie on that chip.
    file : str
        The file, for the command that is named.

    Returns
    -------
    str
        Whether the network fits, on how many cores, and how to see what was found.

    Examples
    --------
    >>> found = Finding("one_decay", "layer fc", "warning", "dv differs between channels")
    >>> summary_line([found], Placement("n", "loihi2", "a rule", 120, ()))
    'check: ready for loihi2, 0 cores, 1 warning; `evsnn check FILE --hw loihi2` lists it'
    """
    verdict = Verdict.of(findings)
    counts = {level: verdict.counts[level] for level in ("error", "warning") if verdict.counts[level]}
    said = "".join(f", {count} {plural(count, level)}" for level, count in counts.items())
    shown = f"; `evsnn check {file} --hw {placement.hardware}` lists {'it' if sum(counts.values()) == 1 else 'them'}"
    cores = len(placement.cores)
    fits = "ready" if verdict.fits else "not ready"
    return f"check: {fits} for {placement.hardware}, {cores} {plural(cores, 'core')}{said}{shown if counts else ''}"
