"""The Pareto front of accuracy over a cost."""

from __future__ import annotations

from collections.abc import Sequence

Point = tuple[float, float]
"""A cost, less is better, and an accuracy, more is better."""


def dominates(one: Point, other: Point) -> bool:
    """Whether a point is at least as good as another in both, and better in one.

    Examples
    --------
    >>> dominates((1.0, 0.9), (2.0, 0.9)), dominates((1.0, 0.9), (1.0, 0.9))
    (True, False)
    """
    return one != other and one[0] <= other[0] and one[1] >= other[1]


def pareto_front(points: Sequence[Point]) -> list[int]:
    """The points that no other one dominates.

    Parameters
    ----------
    points : sequence of (float, float)
        Cost and accuracy.

    Returns
    -------
    list of int
        Their places, cheapest first; equal points are all in it, or none is.

    Examples
    --------
    >>> pareto_front([(3.0, 0.9), (1.0, 0.5), (2.0, 0.4), (4.0, 0.9)])
    [1, 0]
    """
    order = sorted(range(len(points)), key=lambda index: (points[index][0], -points[index][1], index))
    front: list[int] = []
    for index in order:
        best = points[front[-1]] if front else None
        if best is None or points[index] == best or points[index][1] > best[1]:
            front.append(index)
    return front
