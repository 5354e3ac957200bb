"""The Pareto set against its definition."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from evsnn_lava.export.search.pareto import pareto_places


@given(arrays(np.int64, array_shapes(min_dims=2, max_dims=2, max_side=8), elements=st.integers(0, 3)))
def test_what_nothing_else_dominates_is_left(costs):
    rows = costs.tolist()

    def beaten(place):
        mine = rows[place]
        return any(
            all(a <= b for a, b in zip(other, mine, strict=True)) and (other != mine or index < place)
            for index, other in enumerate(rows)
            if index != place
        )

    assert pareto_places(costs) == tuple(place for place in range(len(rows)) if not beaten(place))


def test_nothing_of_nothing():
    assert pareto_places([]) == ()
