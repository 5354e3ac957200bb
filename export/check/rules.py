"""The rules, as one table, and the check that applies them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from evsnn_lava.export.check import features, memory, registers, unlike_cores
from evsnn_lava.export.check.finding import LEVELS, Finding
from evsnn_lava.export.check.subject import Subject
from evsnn_lava.export.placement import place
from evsnn_lava.hw_profiles import Chip
from evsnn_lava.network import NetworkDescription

Rule = Callable[[Subject], Iterable[Finding]]

RULES: Final[tuple[Rule, ...]] = (
    features.kinds,
    features.connections,
    registers.parameters,
    registers.message_bits,
    registers.sensor,
    features.decays,
    memory.core_memory,
    memory.cores,
    unlike_cores.large_enough,
    unlike_cores.whole_image,
    unlike_cores.cores_for_all,
    features.stock_netx,
    features.hidden_masks,
    features.cutoff_form,
    features.wide_convolution,
    features.input_rate,
)
"""In the order in which their findings are shown. A rule says nothing where the chip does not state its limit."""


def check(network: NetworkDescription, chip: Chip, chips: int = 1) -> tuple[Finding, ...]:
    """Apply every rule to a network; nothing is left out because something else is wrong.

    Parameters
    ----------
    network : NetworkDescription
        The network.
    chip : Chip
        What it is to run on, see :func:`evsnn_lava.hw_profiles.load_chip`.
    chips : int
        How many of them there are.

    Returns
    -------
    tuple of Finding
        One per rule and object, those that hold included; the worst first.

    Examples
    --------
    >>> from evsnn_lava.hw_profiles import load_chip
    >>> from evsnn_lava.network import CubaNeuron, CutoffPolicy, DenseSynapse, FrameMasks, InputRecipe, Layer
    >>> layer = Layer("fc", DenseSynapse([[2, -4], [0, 6]]), CubaNeuron(vth_mant=80, du=-1, dv=128), (2,))
    >>> recipe = InputRecipe(sensor_height=1, sensor_width=1, steps=4, dt_us=1000)
    >>> masks, cutoff = FrameMasks.all_kept(4, layers=1), CutoffPolicy.never(4)
    >>> network = NetworkDescription("tiny", (layer,), recipe, masks, cutoff, ("off", "on"))
    >>> [(found.rule, found.change.value) for found in check(network, load_chip("loihi2")) if found.level == "error"]
    [('du', 0)]
    """
    subject = Subject(network, chip, None if chip.cores else place(network, chip), chips)
    findings = [finding for rule in RULES for finding in rule(subject)]
    return worst_first(findings)


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort findings by level; within one they keep their order."""
    return tuple(sorted(findings, key=lambda finding: list(LEVELS).index(finding.level)))
