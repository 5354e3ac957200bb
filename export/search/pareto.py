"""The Pareto set: what nothing else beats in everything."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def pareto_places(costs: npt.ArrayLike) -> tuple[int, ...]:
    """Rows that no other row dominates.

    A row dominates another one if it costs at most as much in every column and less in one. Of equal rows the first
    one stands for all.

    Parameters
    ----------
    costs : array-like of float, shape (N, columns)
        Less is better.

    Returns
    -------
    tuple of int
        Places of the rows, ascending.

    Examples
    --------
    >>> pareto_places([[1, 9], [5, 5], [6, 6], [9, 1], [5, 5]])
    (0, 1, 3)
    """
    table = np.atleast_2d(np.asarray(costs, dtype=np.float64))
    if not table.size:
        return ()
    no_worse = (table[:, None] <= table[None]).all(axis=-1)
    beats = no_worse & (~no_worse.T | np.triu(np.ones(no_worse.shape, dtype=bool), 1))
    return tuple(np.flatnonzero(~beats.any(axis=0)).tolist())
