"""The fast engine: the integers of the reference on all cores, whole test sets at a time."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError
from evsnn_lava.network import CutoffPolicy, NetworkDescription, RunResult
from evsnn_lava.network.fanout import connections
from evsnn_lava.simulation.engine.crew import Logbook, Progress, Run, Wanted
from evsnn_lava.simulation.engine.flight import Flight
from evsnn_lava.simulation.engine.plan import Plan
from evsnn_lava.simulation.engine.readout import Stops
from evsnn_lava.simulation.neurons import DYNAMICS
from evsnn_lava.simulation.reference import Trace, checked_stream, require_frames

IntArray = npt.NDArray[np.int64]

MOST_SLOTS: Final = 32
"""Samples in flight of a thread, at most; more save nothing."""

LEAST_UPDATES: Final = 1 << 14
"""Neuron updates of a sample from which threads are worth their while; smaller ones are handed out one by one."""

SLOT_PLACES: Final = 1 << 16
"""Neurons and inputs of all samples in flight of a thread that a cache can hold."""


@dataclass(frozen=True, eq=False)
class Activity:
    """What the engine did, for N samples, L layers and K steps; zero for steps that were not executed.

    Parameters
    ----------
    fired : numpy.ndarray of int64, shape (N, L, K)
        Messages that the neurons made; `RunResult.messages` are those that passed the masks.
    updates : numpy.ndarray of int64, shape (N, L, K)
        Neuron updates in the sense of the network: every neuron in every step but the first, which resets.
    computed_updates : numpy.ndarray of int64, shape (N, L, K)
        Updates that the engine computed, in whole blocks; the others would have changed nothing.
    dense_operations : numpy.ndarray of int64, shape (N, L, K)
        What a machine that knows no zeros, neither in weights nor in messages, would compute.
    """

    fired: IntArray
    updates: IntArray
    computed_updates: IntArray
    dense_operations: IntArray


class Engine:
    """A network, made ready once, through which any number of samples can run.

    Every number is that of `evsnn_lava.simulation.reference`. Samples run independently of each other: the cutoff stops
    each on its own, and the next one takes its place. An engine may be used by several threads at a time.

    Parameters
    ----------
    network : NetworkDescription
        What to compute.
    threads : int, optional
        Threads to use; by default all cores that this process may use, or one where a sample is very little work.
    slots : int, optional
        Samples in flight of each thread; chosen by the size of the network by default.

    Raises
    ------
    ConfigError
        If a number is not a whole one from 1 on.

    Examples
    --------
    >>> from evsnn_lava.network import *
    >>> layer = Layer("out", DenseSynapse([[80, 0], [0, 80]]), CubaNeuron(20, 4095, 4096), (2,))
    >>> recipe, masks = InputRecipe(1, 1, steps=4, dt_us=1000), FrameMasks.all_kept(4, 1)
    >>> network = NetworkDescription("tiny", (layer,), recipe, masks, CutoffPolicy.never(4), ("off", "on"))
    >>> frames = np.zeros((1, 2, 1, 1, 4), dtype=bool)
    >>> frames[0, 1] = True
    >>> Engine(network, threads=1).run(frames).scores.tolist()
    [[0, 4]]
    """

    def __init__(self, network: NetworkDescription, threads: int | None = None, slots: int | None = None) -> None:
        self.network = network
        self._plan = Plan.of(network)
        suggested = max(1, min(MOST_SLOTS, SLOT_PLACES // (self._plan.places + len(self._plan.cost))))
        large = self._plan.places * network.max_steps >= LEAST_UPDATES
        self.threads = _number("threads", threads, len(os.sched_getaffinity(0)) if large else 1)
        self.slots = _number("slots", slots, suggested)
        self._idle: list[Flight] = []

    @property
    def memory_per_sample_bytes(self) -> int:
        """Memory of the buffers of a sample in flight, as large as its samples have needed; the weights come once."""
        flight = self._flight()
        self._idle.append(flight)
        return flight.nbytes // self.slots

    def run(
        self,
        frames: npt.NDArray[Any],
        progress: Progress | None = None,
        policy: CutoffPolicy | None = None,
        counters: bool = True,
    ) -> RunResult:
        """Run samples; the cutoff really stops each of them.

        Parameters
        ----------
        frames : numpy.ndarray of bool or int, shape (N, C, H, W, T)
            Input frames before masking; a memory-mapped file will do. They must not change meanwhile.
        progress : callable, optional
            Called several times per second with samples done, samples, steps.
        policy : CutoffPolicy, optional
            Instead of the cutoff of the network.
        counters : bool
            Count events, messages and operations; without, these are zero.

        Returns
        -------
        RunResult
            That of `evsnn_lava.simulation.run`, of back-end ``engine``.

        Raises
        ------
        ConfigError
            If frames or policy do not fit the network.
        CapacityError
            If a sum of a convolution leaves 32 bits, where Lava does not define it.
        """
        return self._run(frames, progress, policy, Wanted(counters))[0]

    def profile(self, frames: npt.NDArray[Any]) -> tuple[RunResult, Activity]:
        """Run samples, and say what that took besides messages and operations.

        Parameters
        ----------
        frames : numpy.ndarray of bool or int, shape (N, C, H, W, T)
            Input frames before masking.

        Returns
        -------
        RunResult
            As from `run`.
        Activity
            Counts of the same samples, layers and steps.
        """
        result, book = self._run(frames, None, None, Wanted(activity=True))
        step = np.arange(self.network.max_steps)
        worked = ((step > 0) & (step < result.steps[:, None]))[:, None]
        neurons = np.array([layer.neurons for layer in self.network.layers])[:, None]
        dense = np.array(connections(self.network))[:, None]
        return result, Activity(book.fired, neurons * worked, book.updated, dense * worked)

    def scores(self, frames: npt.NDArray[Any]) -> IntArray:
        """Run samples to their last step and give the scores after every frame, from which a cutoff is calibrated.

        Parameters
        ----------
        frames : numpy.ndarray of bool or int, shape (N, C, H, W, T)
            Input frames before masking.

        Returns
        -------
        numpy.ndarray of int64, shape (N, T', classes)
            That of `evsnn_lava.simulation.cumulative_scores`.
        """
        never = CutoffPolicy.never(self.network.masks.stream_steps)
        return self._run(frames, None, never, Wanted(counters=False, history=True))[1].history

    def evaluate(
        self,
        blocks: Iterable[npt.NDArray[Any]],
        progress: Progress | None = None,
        policy: CutoffPolicy | None = None,
    ) -> Iterator[RunResult]:
        """Run blocks of samples one after the other, however many there are.

        Parameters
        ----------
        blocks : iterable of numpy.ndarray
            Frames as for `run`.
        progress, policy
            As for `run`, for each block.

        Yields
        ------
        RunResult
            Of each block.
        """
        for frames in blocks:
            yield self.run(frames, progress, policy)

    def _run(
        self, frames: npt.NDArray[Any], progress: Progress | None, policy: CutoffPolicy | None, wanted: Wanted
    ) -> tuple[RunResult, Logbook]:
        network = self.network if policy is None else self.network.with_cutoff(policy)
        require_frames(network, frames)
        start = time.perf_counter()
        book = Logbook.blank(len(frames), network, wanted)
        flights = [self._flight() for _ in range(max(1, min(self.threads, len(frames))))]
        run = Run(frames, Stops.of(network.cutoff), book, wanted)
        run.go(flights, progress)
        self._idle += flights  # only now: what an error leaves behind is not used again
        steps = book.exit_step + network.depth
        result = RunResult(
            backend="engine",
            exit_step=book.exit_step,
            decision=np.argmax(book.scores, axis=1),
            scores=book.scores,
            steps=steps,
            input_events=book.input_events,
            messages=book.sent,
            synops=book.operations,
            wall_time_s=time.perf_counter() - start,
        )
        return result, book

    def _flight(self) -> Flight:
        try:
            return self._idle.pop()
        except IndexError:
            return Flight(self._plan, self.slots)

    def trace(self, frames: npt.NDArray[Any], states: bool = False) -> Trace:
        """Run samples to their last step and give all messages.

        Parameters
        ----------
        frames : numpy.ndarray of bool or int, shape (N, C, H, W, T)
            Input frames before masking.
        states : bool
            Give the states of all neurons in every step, too.

        Returns
        -------
        Trace
            What `evsnn_lava.simulation.simulate` gives.

        Raises
        ------
        ConfigError, CapacityError
            As for `run`.
        """
        stream = checked_stream(self.network, frames)
        picture = _Picture(self._plan, len(frames), states)
        flight = Flight(self._plan, 1, longest=1)
        never = Stops.at_the_end(self.network.masks.stream_steps)
        for sample in range(len(frames)):
            flight.begin(0, frames[sample])
            for _ in range(1, self.network.max_steps):
                flight.advance(never, np.ones(1, dtype=np.bool_))
                picture.add(flight, sample)
        return Trace(stream, tuple(picture.messages), tuple(picture.states))


class _Picture:
    """All messages, and all states if they are wanted."""

    def __init__(self, plan: Plan, samples: int, states: bool) -> None:
        self.messages: list[npt.NDArray[Any]] = []
        self.states: list[dict[str, IntArray]] = []
        for layer in plan.layers:
            shape = (samples, *layer.layer.shape, len(layer.gates))
            self.messages.append(np.zeros(shape, np.int32 if layer.output.graded else np.bool_))
            names = DYNAMICS[type(layer.layer.neuron)].states if states else ()
            if states:
                self.states.append({name: np.zeros(shape, np.int64) for name in names})

    def add(self, flight: Flight, sample: int) -> None:
        """Note the step of a flight of one sample."""
        step = int(flight.first[0])
        for index, messages in enumerate(self.messages):
            messages[sample, ..., step] = flight.picture(index, 0, step)
            if self.states:
                for name, history in self.states[index].items():
                    history[sample, ..., step] = flight.state(index, 0, name)


def _number(what: str, given: int | None, default: int) -> int:
    whole = isinstance(given, int | np.integer) and not isinstance(given, bool)
    if given is not None and not (whole and given >= 1):
        raise ConfigError(
            f"{what} of the engine is {given}, it must be a whole number from 1 on; leave it out to have it chosen"
        )
    return default if given is None else int(given)
