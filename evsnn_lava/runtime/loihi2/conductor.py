"""The conductor: leads samples through a compiled graph, one after the other, and reads what comes back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from evsnn_lava import _lava
from evsnn_lava.network import CutoffPolicy, NetworkDescription
from evsnn_lava.runtime.exchange import Exchange
from evsnn_lava.runtime.loihi2.graph import Graph
from evsnn_lava.runtime.loihi2.layout import steps_period
from evsnn_lava.runtime.loihi2.processes.ends import NO_PERIOD
from evsnn_lava.runtime.loihi2.request import Options, Run
from evsnn_lava.runtime.loihi2.rest import Rest, holds, staggers

Report = Callable[[int, int], None]
"""Called with the samples done and the steps executed, both of the job."""

IntArray = npt.NDArray[np.int64]


class Conductor:
    """Host writes in between (``write``), or one run for all samples (``interval``).

    Parameters
    ----------
    graph : Graph
        Compiled, but not run yet.
    network : NetworkDescription
        What is in it.
    options : Options
        How samples begin.
    exchange : Exchange
        Files of the session.
    """

    def __init__(self, graph: Graph, network: NetworkDescription, options: Options, exchange: Exchange) -> None:
        self._graph, self._network, self._options, self._exchange = graph, network, options, exchange
        means = holds(network, 1 + options.input_delay)
        self._rest, self._time, self._held = Rest(graph.neurons, means), 0, True
        self._rest.prepare(voltage_only=options.reset == "interval")

    def run(self, job: Run, report: Report) -> IntArray:
        """Run the samples of a job.

        Parameters
        ----------
        job : Run
            How many, and the policy that ends them.
        report : callable
            Hears of every sample.

        Returns
        -------
        numpy.ndarray of int64, shape (N, classes, K)
            What the last layer sent in every step; 0 in steps that were not executed.
        """
        lead = {"write": self._one_by_one, "interval": self._in_one_go}[self._options.reset]
        return lead(job, report)

    def _one_by_one(self, job: Run, report: Report) -> IntArray:
        outputs, begun = self._empty(job.samples), self._time
        for sample in range(job.samples):
            self._begin(sample)
            sent = outputs[sample]
            for step in range(1, self._network.max_steps, self._options.slice_steps):
                ahead = min(self._options.slice_steps, self._network.max_steps - step)
                self._step(ahead)
                sent[:, : step + ahead] = self._arrived()[: step + ahead].T
                if self._decided(job.policy, sent, step, step + ahead):
                    break
            report(sample + 1, self._time - begun)
        return outputs

    def _begin(self, sample: int) -> None:
        """Step 0: everything rests, while the first frame is under way to the first synapse."""
        if not self._held:
            self._rest.hold()
        self._set_clock(sample, NO_PERIOD)
        self._held, self._first = False, self._time
        self._step(1 + self._options.input_delay)
        self._rest.release()
        if self._options.output_delay:
            self._step(self._options.output_delay)

    def _decided(self, policy: CutoffPolicy, sent: IntArray, before: int, until: int) -> bool:
        """Whether the policy stops in one of the last steps; what came later than that is not looked at again."""
        depth = self._network.depth
        for step in range(max(before, depth), until):
            if policy.stops(step - depth + 1, sent[:, depth : step + 1].sum(axis=1)):
                sent[:, step + 1 :] = 0
                return True
        return False

    def _in_one_go(self, job: Run, report: Report) -> IntArray:
        period, delay = steps_period(self._network.max_steps), self._options.delay
        self._set_clock(0, period)
        self._first = self._time
        self._step(job.samples * period + delay)
        arrived = self._arrived()[: job.samples * period]
        report(job.samples, self._time - self._first)
        by_sample = arrived.reshape(job.samples, period, -1)[:, : self._network.max_steps].transpose(0, 2, 1).copy()
        if staggers(self._network):
            by_sample[..., : self._network.depth] = 0  # the last layer was still at the sample before
        return by_sample

    def _arrived(self) -> IntArray:
        """What the sink has got since the sample began, without what the adapters held up."""
        outputs = self._network.layers[-1].neurons
        offset = 8 * outputs * (self._first + self._options.delay)
        return np.fromfile(self._exchange.decisions, np.int64, offset=offset).reshape(-1, outputs)

    def _set_clock(self, sample: int, period: int) -> None:
        np.array([sample, self._time, period], dtype=np.int64).tofile(self._exchange.board)

    def _step(self, steps: int) -> None:
        self._graph.source.run(condition=_lava.RunSteps(num_steps=steps))
        self._time += steps

    def _empty(self, samples: int) -> IntArray:
        return np.zeros((samples, self._network.layers[-1].neurons, self._network.max_steps), dtype=np.int64)


def open_files(exchange: Exchange) -> None:
    """Make the files that the graph's processes open: an empty one for the sink, and a clock that stands at 0."""
    exchange.decisions.write_bytes(b"")
    np.array([0, 0, NO_PERIOD], dtype=np.int64).tofile(exchange.board)
