"""A softmax in whole numbers, the same on every back-end."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError

SOFTMAX_BITS: Final = 15
"""Bits of a confidence: 2^15 is certainty."""

SOFTMAX_LIMIT: Final = 65536
"""Entries of a table of exponentials."""


def softmax_table(temperature: float) -> npt.NDArray[np.int64]:
    """Exponentials of how far a class is behind, as integers: ``E[d] = round(2^15 exp(-d / temperature))``.

    Parameters
    ----------
    temperature : float
        Lead, in output spikes or units of a sum, that makes a class e times as likely; above 0.

    Returns
    -------
    numpy.ndarray of int64, shape (length,)
        ``E[0]`` is 2^15; the table ends before its first 0.

    Raises
    ------
    ConfigError
        If the temperature is not above 0, or needs more than ``SOFTMAX_LIMIT`` entries.

    Examples
    --------
    >>> softmax_table(0.5).tolist()
    [32768, 4435, 600, 81, 11, 1]
    """
    longest = SOFTMAX_LIMIT / ((SOFTMAX_BITS + 1) * np.log(2))
    if not 0 < temperature <= longest:
        raise ConfigError(
            f"softmax temperature is {temperature:g}, the limit is above 0 and at most {longest:.0f}, which fills a "
            f"table of {SOFTMAX_LIMIT} entries; use a gap policy for scores so large"
        )
    exponentials = np.rint(2**SOFTMAX_BITS * np.exp(-np.arange(SOFTMAX_LIMIT) / temperature)).astype(np.int64)
    table: npt.NDArray[np.int64] = exponentials[exponentials > 0]
    return table


def confidence(scores: npt.NDArray[np.integer], softmax: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Softmax probability of the best class, computed with integers only.

    ``2^30 // sum over c of E[Y_best - Y_c]``, where E is 0 beyond its end; the same on every back-end.

    Parameters
    ----------
    scores : numpy.ndarray of int, shape (..., classes)
        Output of every class, spikes or sums, summed over the steps so far.
    softmax : numpy.ndarray of int64, shape (length,)
        See :func:`softmax_table`.

    Returns
    -------
    numpy.ndarray of int64, shape (...)
        0..2^15; at most 2^14 where two classes share the lead.

    Examples
    --------
    >>> confidence(np.array([[4, 4], [4, 2]]), softmax_table(1.0)).tolist()
    [16384, 28861]
    """
    scores = np.asarray(scores, dtype=np.int64)
    behind = scores.max(axis=-1, keepdims=True) - scores
    total = np.append(softmax, 0)[np.minimum(behind, len(softmax))].sum(axis=-1)
    share: npt.NDArray[np.int64] = 2 ** (2 * SOFTMAX_BITS) // total
    return share


def checked_softmax(kind: str, table: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
    """Refuse a table of exponentials that cannot be one.

    Parameters
    ----------
    kind : str
        Of the policy; only ``confidence`` has a table.
    table : numpy.ndarray
        See :func:`softmax_table`; empty for all other kinds.

    Returns
    -------
    numpy.ndarray of int, shape (length,)
        The table.

    Raises
    ------
    ConfigError
        If it is none.
    """
    if kind != "confidence":
        if table.size:
            raise ConfigError(f"CutoffPolicy: kind {kind} with a softmax table; only confidence has one, leave it out")
        return table
    right = (
        table.ndim == 1
        and 0 < table.size <= SOFTMAX_LIMIT
        and np.issubdtype(table.dtype, np.integer)
        and table[0] == 2**SOFTMAX_BITS
        and bool((np.diff(table) <= 0).all())
        and table[-1] > 0
    )
    if not right:
        raise ConfigError(
            f"CutoffPolicy: softmax table of {table.dtype} and shape {table.shape} is none: it has at most "
            f"{SOFTMAX_LIMIT} whole numbers above 0, starts with {2**SOFTMAX_BITS} and never rises; make it with "
            "softmax_table"
        )
    return table
