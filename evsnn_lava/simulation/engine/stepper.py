"""One sample, step by step: the engine for those who keep the clock themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError
from evsnn_lava.network import NetworkDescription
from evsnn_lava.simulation.engine.flight import Flight
from evsnn_lava.simulation.engine.intake import InputLists
from evsnn_lava.simulation.engine.lists import list_frame
from evsnn_lava.simulation.engine.plan import Plan
from evsnn_lava.simulation.engine.readout import Stops
from evsnn_lava.simulation.engine.sending import CAUSED, RETURNED, SENT
from evsnn_lava.simulation.neurons import DYNAMICS

IntArray = npt.NDArray[np.int64]


class Stepper:
    """A network that advances by one step at a time, as the reference does.

    A step has the number that it has in the sample: in step 0 everything is reset and silent, and the first frame is
    sent; a frame reaches the first layer in the step after the one in which it is sent.

    Parameters
    ----------
    network : NetworkDescription
        What to compute. Masks of deeper layers are applied; the mask of the input and the cutoff are the caller's.

    Examples
    --------
    >>> from evsnn_lava.network import *
    >>> layer = Layer("out", DenseSynapse([[80, 0], [0, 80]]), CubaNeuron(20, 4095, 4096), (2,))
    >>> recipe, masks = InputRecipe(1, 1, steps=4, dt_us=1000), FrameMasks.all_kept(4, 1)
    >>> stepper = Stepper(NetworkDescription("tiny", (layer,), recipe, masks, CutoffPolicy.never(4), ("off", "on")))
    >>> stepper.begin(np.array([[[0]], [[1]]]))
    >>> stepper.advance(None)
    >>> stepper.messages(0).tolist()
    [False, True]
    """

    def __init__(self, network: NetworkDescription) -> None:
        self._flight = Flight(Plan.of(network), slots=1, longest=1)
        self._flight.intake = self._frames = FrameLists(self._flight.plan, 1)
        self._stops = Stops.at_the_end(network.masks.stream_steps)
        self._active = np.ones(1, dtype=np.bool_)
        self._names = [DYNAMICS[type(layer.neuron)].states for layer in network.layers]
        self._steps, self.step = network.max_steps, -1

    def begin(self, frame: npt.NDArray[Any] | None) -> None:
        """Do step 0 of a sample.

        Parameters
        ----------
        frame : numpy.ndarray, shape (C, H, W), or None
            What the input sends in it, after masking; None for nothing. Other limits are the caller's.

        Raises
        ------
        ConfigError
            If the frame has another shape, or values that are no integers of 32 bits.
        """
        self._flight.begin(0, None)
        self.step = 0
        self._frames.send(frame, 0)

    def advance(self, frame: npt.NDArray[Any] | None) -> None:
        """Do the next step of the sample; parameters as for `begin`.

        Raises
        ------
        ConfigError
            If no sample has begun, or this one has no further step; as for `begin`, if the frame does not fit.
        """
        if not 0 <= self.step < self._steps - 1:
            raise ConfigError(
                f"step {self.step + 1} does not exist, a sample has steps 0..{self._steps - 1}; begin one"
            )
        self._flight.advance(self._stops, self._active)
        self.step += 1
        self._frames.send(frame, self.step)

    def messages(self, layer: int) -> npt.NDArray[Any]:
        """What a layer sent in this step, of its shape: bool, or int32 where messages are graded; -1 is the input."""
        return self._flight.picture(layer, 0, self.step)

    def states(self, layer: int) -> dict[str, npt.NDArray[np.int32]]:
        """States of a layer after this step, by name, of its shape."""
        return {name: self._flight.state(layer, 0, name) for name in self._names[layer]}

    def counts(self) -> IntArray:
        """Messages of this step and what they cause.

        Returns
        -------
        numpy.ndarray of int64, shape (L + 1, 3)
            For the input and each layer: messages, synaptic operations in the next layer and in the layer itself.
        """
        flight = self._flight
        found = np.zeros((len(flight.layers) + 1, 3), dtype=np.int64)
        found[0, :2] = flight.intake.lists.count[0, self.step], flight.intake.operations[0, self.step]
        found[1:] = flight.tally[:, 0, (SENT, CAUSED, RETURNED), self.step]
        return found


class FrameLists(InputLists):
    """Input that comes frame by frame: only those of this step and of the one before are kept."""

    def send(self, frame: npt.NDArray[Any] | None, step: int) -> None:
        """Note the frame of a step.

        Parameters
        ----------
        frame : numpy.ndarray, shape (C, H, W), or None
            What is sent.
        step : int
            Step of the sample.
        """
        size = len(self._source.order)
        if len(self.lists.index) < 2 * size:
            self._grow(2 * size)
        lists, begin = self.lists, (step % 2) * size
        number, caused = 0, 0
        if frame is not None:
            flat, width_first = np.empty(size, dtype=np.int32), self._words(frame).transpose()
            number, caused = list_frame(width_first, flat, self._cost, begin, lists.index, lists.value)
        lists.start[0, step], lists.count[0, step] = begin, number
        self.operations[0, step] = caused

    def _words(self, frame: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The frame in a type of 32 bits or fewer, if it has the right shape and loses nothing by that."""
        if frame.shape == self._source.shape:
            if np.can_cast(frame.dtype, np.int32):
                return frame
            with np.errstate(invalid="ignore"):  # of what is no number
                words = frame.astype(np.int32)
            if (words == frame).all():
                return words
        raise ConfigError(
            f"a frame is {frame.dtype} of shape {frame.shape}, the network expects whole numbers of 32 bits in shape "
            f"{self._source.shape}; convert it"
        )
