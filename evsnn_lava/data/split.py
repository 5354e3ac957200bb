"""Cutting a set into parts in which the classes keep their shares."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evsnn_lava.errors import ConfigError


def stratified_split(labels: NDArray[np.int64], held: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw `held` indices so that every class keeps its share.

    Parameters
    ----------
    labels : numpy.ndarray of int, (N,)
        Class of each sample.
    held : int
        How many samples to draw.
    seed : int
        The same seed draws the same samples.

    Returns
    -------
    rest, held : numpy.ndarray of int64
        Sorted indices that together are ``0..N - 1``. A class of `n` samples gives
        ``held * n / N``, rounded down or up.

    Raises
    ------
    ConfigError
        If one of the parts would be empty.

    Examples
    --------
    >>> rest, held = stratified_split(np.array([0, 0, 0, 0, 1, 1, 1, 1]), held=2, seed=0)
    >>> len(rest), len(held), sorted(int(index) // 4 for index in held)
    (6, 2, [0, 1])
    """
    if not 0 < held < len(labels):
        raise ConfigError(f"split: {held} of {len(labels)} samples to hold back; choose a number in between")
    classes, sizes = np.unique(labels, return_counts=True)
    order = np.random.default_rng(seed).random(len(labels))
    members = [np.flatnonzero(labels == number) for number in classes]
    shares = _shares(sizes, held)
    drawn = [own[np.argsort(order[own], kind="stable")][:share] for own, share in zip(members, shares, strict=True)]
    picked = np.sort(np.concatenate(drawn)).astype(np.int64)
    return np.setdiff1d(np.arange(len(labels)), picked), picked


def _shares(sizes: NDArray[np.int64], held: int) -> NDArray[np.int64]:
    """Divide `held` in proportion to `sizes`; what rounding leaves goes to the largest remainders."""
    shares: NDArray[np.int64] = held * sizes // sizes.sum()
    remainders = held * sizes % sizes.sum()
    largest = np.argsort(-remainders, kind="stable")[: held - shares.sum()]
    shares[largest] += 1
    return shares
