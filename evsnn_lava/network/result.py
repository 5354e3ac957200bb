"""What a run of samples gives back, the same for every back-end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RunResult:
    """Decisions, steps and event counts of N samples.

    A sample takes ``exit_step + depth`` steps. Step 0 resets every neuron and sends the first
    frame; a layer's neurons first update in step 1, and the output for frame ``t`` (from 0)
    appears in step ``t + depth``. Counts of steps that were not executed are zero.

    Parameters
    ----------
    backend : str
        Who computed it.
    exit_step : numpy.ndarray of int64, shape (N,)
        Frames seen by the decision, 1..T'.
    decision : numpy.ndarray of int64, shape (N,)
        Index of the chosen class.
    scores : numpy.ndarray of int64, shape (N, classes)
        Output spikes, or graded messages, summed over the frames seen.
    steps : numpy.ndarray of int64, shape (N,)
        Steps executed, counted by the back-end.
    input_events : numpy.ndarray of int64, shape (N, K)
        Input spikes sent in each step.
    messages : numpy.ndarray of int64, shape (N, L, K)
        Messages sent by each layer in each step, after the frame masks; a graded message of 0 is none.
    synops : numpy.ndarray of int64, shape (N, L, K)
        Synaptic operations over non-zero weights in each layer in each step, its recurrent ones too.
    wall_time_s : float
        Time the whole run took, without start-up.

    Raises
    ------
    ConfigError
        If the arrays do not fit together.
    """

    backend: str
    exit_step: IntArray
    decision: IntArray
    scores: IntArray
    steps: IntArray
    input_events: IntArray
    messages: IntArray
    synops: IntArray
    wall_time_s: float = 0.0

    def __post_init__(self) -> None:
        """Check that every array speaks of the same samples."""
        lengths = {len(array) for array in (self.exit_step, self.decision, self.scores, self.steps)}
        lengths |= {len(self.input_events), len(self.messages), len(self.synops)}
        if len(lengths) != 1 or self.messages.shape != self.synops.shape:
            raise ConfigError(f"run result of {self.backend}: arrays of different lengths {sorted(lengths)}; run again")

    @property
    def samples(self) -> int:
        """Number of samples N."""
        return len(self.exit_step)

    def accuracy(self, labels: npt.NDArray[np.integer]) -> float:
        """Share of right decisions.

        Parameters
        ----------
        labels : numpy.ndarray of int, shape (N,)
            The right classes.

        Returns
        -------
        float
            0..1.
        """
        return float(np.mean(self.decision == np.asarray(labels)))
