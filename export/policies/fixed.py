"""A fixed stop: every sample takes the same number of steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from evsnn_lava.export.policies.base import IntArray, Policy
from evsnn_lava.network import CutoffPolicy


@dataclass(eq=False)
class Fixed(Policy):
    """The same step for every sample.

    Parameters
    ----------
    steps : int or None
        After how many; None takes the fewest whose accuracy on the calibration data is at most `epsilon`
        below that of all steps.
    epsilon : float
        Tolerated loss of accuracy, used where `steps` is None.

    Examples
    --------
    >>> scores = np.array([[[0, 1], [2, 1], [3, 1]]] * 4)
    >>> Fixed(epsilon=0.0).fit(scores, np.zeros(4, int)).policy_.thresholds.tolist()[:2]
    [2147483647, -1]
    """

    steps: int | None = None
    epsilon: float = 0.01

    @property
    def uses_data(self) -> bool:
        """Whether the number of steps is found on data."""
        return self.steps is None

    def _fitted(self, scores: IntArray, labels: IntArray) -> CutoffPolicy:
        total = scores.shape[1]
        if self.steps is not None:
            return CutoffPolicy.fixed(self.steps, total)
        right = (scores.argmax(axis=-1) == labels[:, None]).sum(axis=0)
        near = right >= right[-1] - self.epsilon * len(labels) - 1e-9  # whole numbers, safe from rounding
        return replace(CutoffPolicy.fixed(int(np.argmax(near)) + 1, total), epsilon=self.epsilon)

    def unfitted_family(self, scores: IntArray) -> Iterator[CutoffPolicy]:
        """All stops, from the last but one to the first."""
        total = scores.shape[1]
        return (CutoffPolicy.fixed(step, total) for step in range(total - 1, 0, -1))
