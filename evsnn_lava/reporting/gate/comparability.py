"""What makes two profiles hard or impossible to compare."""

from __future__ import annotations

from collections.abc import Iterator

from evsnn_lava.errors import ConfigError, printable
from evsnn_lava.profiling.ledger import INPUT
from evsnn_lava.reporting.gate.comparison import ADDED, NAMED, REMOVED
from evsnn_lava.reporting.gate.profile_facts import Profile
from evsnn_lava.reporting.units import format_count


def require_comparable(old: Profile, new: Profile) -> None:
    """Refuse profiles whose joules do not mean the same.

    Parameters
    ----------
    old, new : Profile
        The baseline and what is gated.

    Raises
    ------
    ConfigError
        If they are of other hardware or priced with other constants.
    """
    if old.hardware != new.hardware:
        raise ConfigError(
            f"the baseline is priced for {printable(old.hardware, NAMED)}, the profile for "
            f"{printable(new.hardware, NAMED)}; profile both with the same --hw"
        )
    names = dict.fromkeys((*old.constants, *new.constants))
    changed = [name for name in names if old.constants.get(name) != new.constants.get(name)]
    if changed:
        first = changed[0]
        prices = " -> ".join(printable(each.constants.get(first, "none"), NAMED) for each in (old, new))
        more = f" (and {len(changed) - 1} more)" if len(changed) > 1 else ""
        raise ConfigError(
            f"the baseline is priced with other constants of {printable(new.hardware, NAMED)}: "
            f"{printable(first, NAMED)} {prices}{more}; profile the baseline again"
        )


def doubts(old: Profile, new: Profile) -> tuple[str, ...]:
    """What differs between two profiles beside their costs.

    Parameters
    ----------
    old, new : Profile
        The baseline and what is gated.

    Returns
    -------
    tuple of str
        Sentences, in the order of their weight.
    """
    return tuple(printable(text) for text in (*_run_doubts(old, new), *_network_doubts(old, new)))


def _run_doubts(old: Profile, new: Profile) -> Iterator[str]:
    other_run = False
    if old.samples != new.samples:
        other_run = True
        yield f"other number of samples: the baseline has {old.samples}, the profile {new.samples}; means still compare"
    if old.data and new.data and old.data != new.data:
        other_run = True
        yield f"other data: the baseline ran {old.data}, the profile {new.data}"
    arrived = [next((part.spikes for part in each.parts if part.name == INPUT), 0.0) for each in (old, new)]
    same_steps = old.values["mean_steps"] == new.values["mean_steps"]  # else other frames were seen, by an earlier exit
    if arrived[0] != arrived[1] and same_steps and not other_run:
        counts = " -> ".join(format_count(count) for count in arrived)
        yield f"the input sends {counts} spikes per inference: other recordings, masks or recipe"
    labelled = [each.values["accuracy"] is not None for each in (old, new)]
    if labelled[0] != labelled[1]:
        yield f"only the {'baseline' if labelled[0] else 'profile'} has labels: accuracy does not compare"


def _network_doubts(old: Profile, new: Profile) -> Iterator[str]:
    if old.network != new.network:
        yield f"other name: the baseline is of {old.network[:NAMED]}, the profile of {new.network[:NAMED]}"
    if len(old.layers) != len(new.layers):
        yield f"other depth: the baseline has {len(old.layers)} layers, the profile {len(new.layers)}"
    for state, before, after in ((ADDED, old, new), (REMOVED, new, old)):
        names = [name[:NAMED] for name in after.layers if name not in before.layers]
        if names:
            yield f"{state}: {', '.join(names)}"
