"""What is measured of every network; a result that has less is not done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from benchmarks.papers.variants import CONTROL_MASK, LEARNING, WINDOW_MASK, Variant

EPSILONS: Final = (0.0, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1)
"""Of every policy."""

DELTA: Final = 0.1
"""Of the guaranteed one."""

HEADLINE: Final = "topk_gap"
GUARANTEED: Final = "guaranteed"
POLICY_NAMES: Final = (HEADLINE, "confidence", "conformal", GUARANTEED, "fixed")

CONTROLS: Final = (HEADLINE, "fixed")
"""What controls of masks are stopped with; there are many of them."""

SHOWN_CONTROL: Final = (*CONTROLS, GUARANTEED)
"""The controls that stand beside all methods."""

SPLITS: Final = 200
BOUNDS: Final = tuple((epsilon, delta) for epsilon in (0.01, 0.02, 0.05, 0.1) for delta in (None, 0.1, 0.05))
"""Epsilon and delta of the guarantees that are tried over many splits."""


def policies_of(variant: Variant) -> tuple[str, ...]:
    """What a variant is stopped with.

    Examples
    --------
    >>> policies_of(Variant()) == POLICY_NAMES, policies_of(Variant("plain", "first", 0.5, "input"))
    (True, ('topk_gap', 'fixed'))
    """
    if variant.method in ("", *LEARNING):
        return POLICY_NAMES
    return SHOWN_CONTROL if variant in (CONTROL_MASK, WINDOW_MASK) else CONTROLS


def has_cutoffs(found: Mapping[str, Any], variant: Variant) -> bool:
    """Whether a result has every policy at every epsilon."""
    rows = {(row["policy"], row["epsilon"]) for row in found.get("cutoffs", ())}
    return rows == {(policy, epsilon) for policy in policies_of(variant) for epsilon in EPSILONS}


def has_bounds(found: Mapping[str, Any]) -> bool:
    """Whether a result has every guarantee over all splits."""
    rows = [(row["epsilon"], row["delta"]) for row in found.get("bounds", ())]
    return found.get("splits") == SPLITS and rows == list(BOUNDS)
