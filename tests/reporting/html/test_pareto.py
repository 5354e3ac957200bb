"""The front holds what nothing else beats, and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from evsnn_lava.reporting.html.pareto import dominates, pareto_front

few = st.integers(0, 6).map(float)  # few values, so that ties are frequent
points = st.lists(st.tuples(few, few), max_size=30)


@given(points)
def test_no_point_of_the_front_is_dominated_and_every_other_one_is(points):
    front = set(pareto_front(points))
    for index, point in enumerate(points):
        assert (index in front) != any(dominates(other, point) for other in points)


@given(points)
def test_the_front_rises_with_the_cost(points):
    front = [points[index] for index in pareto_front(points)]
    assert front == sorted(front)
    assert [accuracy for _, accuracy in front] == sorted(accuracy for _, accuracy in front)


def test_nothing_has_an_empty_front():
    assert pareto_front([]) == []
