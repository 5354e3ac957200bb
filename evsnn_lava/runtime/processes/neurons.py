"""What all neuron processes share: they reset in the same step, a frame mask gates what they send, states are noted."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from evsnn_lava._lava import (
    AbstractProcess,
    InPort,
    LavaPyType,
    OutPort,
    PyInPort,
    PyLoihiProcessModel,
    Var,
)
from evsnn_lava.network import Neuron
from evsnn_lava.runtime.board import BoardRow
from evsnn_lava.runtime.exchange import Exchange
from evsnn_lava.simulation.neurons import DYNAMICS


class Neurons(AbstractProcess):
    """Neurons with a port that begins a new sample; every family of neurons is a subclass.

    In the step in which a sample begins, the neurons forget their states, drop the activation that arrives (it belongs
    to the sample before), take no bias and send nothing.

    Ports
    -----
    a_in : shape (W, H, C) or (N,)
        Activation, int32; a family may have other ports, see `inputs`.
    begin_in : shape (1,)
        Not 0 in the first step of a sample.
    s_out : shape (W, H, C) or (N,)
        Messages that pass the gate.

    Parameters
    ----------
    shape : tuple of int
        Shape of the neurons.
    neuron : Neuron
        What the description says of them; arrays in its axis order.
    gate : numpy.ndarray of bool, shape (K,)
        Whether messages are sent, per step of a sample.
    layer : int
        Index of the layer, for the file of its states.
    exchange : Exchange
        Where the board is, and where states go.
    row : int
        Row on the board.
    name : str
        Name of the process.
    **options : Any
        Further parameters that a model of Lava reads.
    """

    inputs: ClassVar[tuple[str, ...]] = ("a_in",)
    """Ports on which activation arrives."""

    def __init__(
        self,
        shape: tuple[int, ...],
        neuron: Neuron,
        gate: np.ndarray,
        layer: int,
        exchange: Exchange,
        row: int,
        name: str,
        **options: Any,
    ) -> None:
        states = DYNAMICS[type(neuron)].states
        common = {"inputs": self.inputs, "states": states, "layer": layer, "exchange": exchange, "row": row}
        super().__init__(name=name, **common, **options)
        for port in self.inputs:
            setattr(self, port, InPort(shape=shape))
        self.begin_in = InPort(shape=(1,))
        self.s_out = OutPort(shape=shape)
        for state in states:
            setattr(self, state, Var(shape=shape, init=0))
        self.gate = Var(shape=gate.shape, init=gate)


class NeuronModel(PyLoihiProcessModel):
    """The course of a step; a family adds `_advance`, which leaves the arithmetic to an abstract model of Lava."""

    begin_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    gate: np.ndarray = LavaPyType(np.ndarray, bool)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        exchange: Exchange = proc_params["exchange"]
        self.inputs: tuple[str, ...] = proc_params["inputs"]
        self.states: tuple[str, ...] = proc_params["states"]
        self.board = BoardRow(exchange.board, proc_params["row"])
        self.history = exchange.states(proc_params["layer"])
        self.step = 0

    def run_spk(self) -> None:
        """Receive, update or reset, send."""
        self.board.waiting()
        activation = [getattr(self, port).recv() for port in self.inputs]
        begins = self.begin_in.recv()[0]
        self.board.working()
        self.s_out.send(self._reset() if begins else self._update(*activation))
        if self.board.record_states:
            self._note_states()
        self.board.finished()

    def _reset(self) -> np.ndarray:
        self.step = 0
        for state in self.states:
            getattr(self, state)[:] = 0
        return np.zeros(getattr(self, self.states[0]).shape, dtype=bool)

    def _update(self, *activation: np.ndarray) -> np.ndarray:
        self.step += 1
        messages = self._advance(*activation)
        return messages if self.gate[self.step] else np.zeros_like(messages)

    def _advance(self, *activation: np.ndarray) -> np.ndarray:
        """Update the states by a step and give the messages."""
        raise NotImplementedError

    def _note_states(self) -> None:
        with self.history.open("ab") as file:
            for state in self.states:
                file.write(getattr(self, state).astype(np.int32).tobytes())
