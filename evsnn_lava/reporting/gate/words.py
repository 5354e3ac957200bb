"""The sentences and numbers that all outputs of a gate share."""

from __future__ import annotations

import math

from evsnn_lava.errors import printable
from evsnn_lava.reporting.gate.blame import OWN, STEPS, Blame
from evsnn_lava.reporting.gate.comparison import ADDED, NAMED, LayerChange, growth
from evsnn_lava.reporting.gate.quantities import kind_title
from evsnn_lava.reporting.units import format_count, format_si


def percent(share: float) -> str:
    """A change in percent with its sign.

    Examples
    --------
    >>> percent(0.05), percent(-0.25), percent(0.0), percent(float("inf")), percent(-1e-9)
    ('+5.0 %', '-25.0 %', '0.0 %', 'from 0', '0.0 %')
    """
    if math.isinf(share):
        return "from 0"
    return f"{100 * share:+.1f} %" if round(1000 * share) else "0.0 %"


def points(share: float) -> str:
    """A difference of shares in percentage points.

    Examples
    --------
    >>> points(-0.005), points(0.0)
    ('-0.50 points', '0.00 points')
    """
    return f"{100 * share:+.2f} points" if round(10_000 * share) else "0.00 points"


def times(ratio: float) -> str:
    """A ratio.

    Examples
    --------
    >>> times(2.0), times(float("inf"))
    ('2.00 times', 'from 0')
    """
    return "from 0" if math.isinf(ratio) else f"{ratio:.2f} times"


def change_text(old: str, new: str, ratio: float) -> str:
    """Two values and their change, for example ``10.0 uJ -> 12.0 uJ (+20.0 %)``."""
    return f"{old} -> {new} ({percent(ratio - 1)})"


def name_of(change: LayerChange) -> str:
    """The name of a layer, fit for a sentence."""
    return printable(change.name, NAMED)


def blame_sentences(blame: Blame | None) -> tuple[str, ...]:
    """Which layer grew most, and why.

    Parameters
    ----------
    blame : Blame or None
        From :func:`evsnn_lava.reporting.gate.blame.find_blame`.

    Returns
    -------
    tuple of str
        One or two sentences.
    """
    if blame is None:
        return ("No layer grew.",)
    return (_grew(blame), _cause(blame))


def _grew(blame: Blame) -> str:
    layer, kind = blame.layer, blame.kind
    energies = change_text(format_si(layer.old_j, "J"), format_si(layer.new_j, "J"), layer.ratio)
    counts = f"{format_count(kind.old.count)} -> {format_count(kind.new.count)}"
    ratio = times(growth(kind.old.count, kind.new.count))
    added = ", an added layer," if layer.state == ADDED else ""
    if layer.grown_j <= 0:
        return f"{name_of(layer)}{added} grew most, in spikes: {counts} ({ratio}); no layer costs more."
    most = f"{name_of(layer)}{added} grew most"
    return f"{most}: {energies}, mostly {kind_title(kind.kind)} {counts} ({ratio})."


def _cause(blame: Blame) -> str:
    old, new = blame.steps
    if blame.reason == STEPS:
        runs = f"The cause is longer runs: {old:.2f} -> {new:.2f} steps per sample ({times(growth(old, new))})"
        return f"{runs}{_busier(blame)}."
    if blame.source is None:
        return "The cause is not known."
    source, name = blame.source, name_of(blame.source)
    sends = f"it sends {times(source.spike_ratio)} the spikes"
    if math.isinf(source.spike_ratio):
        sends = "it sends spikes and did not before"
    counts = f"({format_count(source.old_spikes)} -> {format_count(source.new_spikes)})"
    if blame.reason == OWN and source.spike_ratio <= 1:
        text = f"The cause is {name} itself: no layer before it sends more spikes"
    else:
        own = " itself" if blame.reason == OWN else ""
        text = f"The cause is {name}{own}: {sends} {counts}"
    return f"{text}{_follow(blame)}."


def _busier(blame: Blame) -> str:
    """The layer that also sends more in each step, which may be why samples run longer."""
    if blame.source is None:
        return ""
    per_step = blame.source.spike_ratio / growth(*blame.steps)
    return f"; {name_of(blame.source)} also sends {times(per_step)} the spikes per step, which may be why"


def _follow(blame: Blame) -> str:
    names = [printable(name, NAMED) for name in blame.followers]
    if not names:
        return ""
    said = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"; {said} {'follows' if len(names) == 1 else 'follow'}"


def cause_name(blame: Blame) -> str:
    """The layer that is the cause, or that samples run longer."""
    if blame.reason == STEPS:
        return "longer runs" if blame.source is None else f"longer runs and {name_of(blame.source)}"
    return "longer runs" if blame.source is None else name_of(blame.source)
