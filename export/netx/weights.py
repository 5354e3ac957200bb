"""The dense weights that stock netx really multiplies with.

netx shifts a dense matrix to fill eight bits, and Lava's fixed-point synapse truncates it again. For most matrices
nothing changes; where something does, the description gets the changed weights, because they are what netx runs.

Source: ``lava.lib.dl.netx.utils.optimize_weight_bits``, ``lava.utils.weightutils``.
"""

from __future__ import annotations

import numpy as np

from evsnn_lava.errors import UnsupportedError
from evsnn_lava.export.netfile.netx_weights import WEIGHT_BITS, netx_dense_weights, netx_weight_bits
from evsnn_lava.export.netx.groups import Decision, IntArray


def multiplied(path: str, forward: IntArray, back: IntArray | None = None) -> tuple[list[IntArray], list[Decision]]:
    """What netx makes of dense weights.

    Parameters
    ----------
    path : str
        Where they stand in the file.
    forward : numpy.ndarray of int64, shape (out, in)
        Weights from the layer before.
    back : numpy.ndarray of int64, shape (out, out), optional
        Recurrent weights, which netx scales together with the others.

    Returns
    -------
    list of numpy.ndarray of int64
        The effective weights, of as many matrices.
    list of Decision
        What changed.

    Raises
    ------
    UnsupportedError
        If netx's scaling is undefined for them.

    Examples
    --------
    >>> parts, decisions = multiplied("/layer/0", np.array([[-256, -2]]))
    >>> parts[0].tolist(), decisions[0].fact
    ([[-254, -2]], 'netx changes 1 of 2 weights (first -256 to -254); the network has those')
    """
    parts = [forward] if back is None else [forward, back]
    stored = np.hstack(parts)
    if not stored.any():
        return parts, [Decision(path, "all weights are zero, which stock netx cannot load; kept as they are")]
    effective = netx_dense_weights(stored, None if back is None else back.shape[1])
    if np.isnan(effective).any() or np.any(effective % 1):
        raise UnsupportedError(
            f"{path}: netx's scaling is undefined for weights {stored.min()}..{stored.max()}; make them even, -254..254"
        )
    used = effective.astype(np.int64)
    return np.split(used, [forward.shape[1]], axis=1)[: len(parts)], _decisions(path, stored, used)


def _decisions(path: str, stored: IntArray, used: IntArray) -> list[Decision]:
    facts = []
    if (changed := stored != used).any():
        first = f"first {stored[changed][0]} to {used[changed][0]}"
        facts.append(f"netx changes {changed.sum()} of {stored.size} weights ({first}); the network has those")
    if (bits := netx_weight_bits(stored)[1]) > WEIGHT_BITS:
        facts.append(f"mixed odd weights take {bits} bits: right in simulation, a synapse has {WEIGHT_BITS}")
    return [Decision(path, fact) for fact in facts]
