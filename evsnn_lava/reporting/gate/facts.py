"""The verdict as plain numbers, for JSON."""

from __future__ import annotations

import math
from typing import Any

from evsnn_lava.reporting.gate.blame import Blame
from evsnn_lava.reporting.gate.checks import Check, LayerCheck
from evsnn_lava.reporting.gate.comparison import growth
from evsnn_lava.reporting.gate.profile_facts import Profile
from evsnn_lava.reporting.gate.rows import layer_result
from evsnn_lava.reporting.gate.verdict import Verdict
from evsnn_lava.reporting.gate.words import blame_sentences


def gate_facts(verdict: Verdict) -> dict[str, Any]:
    """The verdict as plain numbers.

    Parameters
    ----------
    verdict : Verdict
        What the gate found.

    Returns
    -------
    dict
        ``passed``, ``cause``, ``profile``, ``baseline``, ``checks``, ``layers``, ``grew_most`` and ``notes``. A ratio
        is null where there was nothing before.
    """
    return {
        "passed": verdict.passed,
        "cause": verdict.cause or None,
        "profile": _profile(verdict.new),
        "baseline": None if verdict.old is None else _profile(verdict.old),
        "checks": [_check(check) for check in verdict.checks],
        "layers": [_layer(layer) for layer in verdict.layers],
        "grew_most": None if verdict.blame is None else _blame(verdict.blame),
        "notes": list(verdict.doubts),
    }


def _profile(profile: Profile) -> dict[str, Any]:
    told = {key: getattr(profile, key) for key in ("network", "hardware", "samples", "data")}
    return {**told, "values": dict(profile.values)}


def _check(check: Check) -> dict[str, Any]:
    told = {key: getattr(check, key) for key in ("key", "limit", "old", "new", "passed", "reason")}
    return {"quantity": check.quantity.name, **told}


def _layer(layer: LayerCheck) -> dict[str, Any]:
    change = layer.change
    return {
        "name": change.name,
        "state": change.state,
        "result": layer_result(layer),
        "role": layer.role,
        "reasons": list(layer.reasons),
        "old_j": change.old_j,
        "new_j": change.new_j,
        "ratio": _finite(change.ratio),
        "old_spikes": change.old_spikes,
        "new_spikes": change.new_spikes,
        "kinds": [
            {
                "kind": kind.kind,
                "old_count": kind.old.count,
                "new_count": kind.new.count,
                "ratio": _finite(growth(kind.old.count, kind.new.count)),
                "old_j": kind.old.energy_j,
                "new_j": kind.new.energy_j,
            }
            for kind in change.kinds
        ],
    }


def _blame(blame: Blame) -> dict[str, Any]:
    return {
        "layer": blame.layer.name,
        "kind": blame.kind.kind,
        "grown_j": blame.layer.grown_j,
        "reason": blame.reason,
        "cause": None if blame.source is None else blame.source.name,
        "followers": list(blame.followers),
        "said": list(blame_sentences(blame)),
    }


def _finite(ratio: float) -> float | None:
    return ratio if math.isfinite(ratio) else None
