"""The network: one process that is either a graph of processes of its own, or the engine in one piece."""

from __future__ import annotations

from typing import Any

import numpy as np

from evsnn_lava._lava import (
    CPU,
    AbstractProcess,
    AbstractSubProcessModel,
    InPort,
    LavaPyType,
    LoihiProtocol,
    OutPort,
    PyInPort,
    PyLoihiProcessModel,
    PyOutPort,
    implements,
    requires,
    tag,
)
from evsnn_lava.network import NetworkDescription
from evsnn_lava.runtime.board import BoardRow
from evsnn_lava.runtime.exchange import Exchange
from evsnn_lava.runtime.layers import build_layers
from evsnn_lava.runtime.layout import lava_shape
from evsnn_lava.runtime.records import NetworkRecords


class Network(AbstractProcess):
    """All layers, between the feeder and the readout.

    Ports
    -----
    s_in : shape (W, H, C)
        The frame, 0 for no event.
    begin_in : shape (1,)
        Not 0 in the first step of a sample.
    s_out : shape (W, H, C) or (N,)
        Messages of the last layer.

    Parameters
    ----------
    description : NetworkDescription
        What to compute.
    exchange : Exchange
        Where counts, messages and states go.
    row : int
        Row on the board of the model that is one process.
    name : str
        Name of the process.
    """

    def __init__(self, description: NetworkDescription, exchange: Exchange, row: int, name: str) -> None:
        super().__init__(description=description, exchange=exchange, row=row, name=name)
        self.s_in = InPort(shape=lava_shape(description.input_shape))
        self.begin_in = InPort(shape=(1,))
        self.s_out = OutPort(shape=lava_shape(description.layers[-1].shape))


@implements(proc=Network, protocol=LoihiProtocol)
@tag("fixed_pt")
class LayersModel(AbstractSubProcessModel):
    """A process per synapse and per layer of neurons, as netx builds it and as it can stand on Loihi 2.

    Parameters
    ----------
    proc : Network
        The process to take apart.
    """

    def __init__(self, proc: Any) -> None:
        parameters = proc.proc_params
        built = build_layers(parameters["description"], parameters["exchange"], proc.s_in, proc.begin_in, proc.s_out)
        for index, process in enumerate(built):  # Lava finds the parts of a model among its attributes
            setattr(self, f"part{index}", process)


@implements(proc=Network, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyFusedModel(PyLoihiProcessModel):
    """The engine, step by step; it counts and records what the recorders do in the other model."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    begin_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)

    def __init__(self, proc_params: Any) -> None:
        from evsnn_lava.simulation.engine import Stepper  # here: it brings numba, which no other process needs

        super().__init__(proc_params)
        network: NetworkDescription = proc_params["description"]
        exchange: Exchange = proc_params["exchange"]
        self.board = BoardRow(exchange.board, proc_params["row"])
        self.layers = range(network.depth)
        self.records = NetworkRecords(network, exchange)
        self.stepper = Stepper(network)
        self.stepper.begin(None)
        self.stepper.advance(None)  # loads its kernels, or compiles them: here nobody takes that for a hang

    def run_spk(self) -> None:
        """Receive, compute, send; then write down what happened, while the readout is at work."""
        self.board.waiting()
        frame, begins = self.s_in.recv(), self.begin_in.recv()[0]
        self.board.working()
        step = self.stepper.begin if begins else self.stepper.advance
        step(frame.transpose())
        self.s_out.send(self.stepper.messages(self.layers[-1]).transpose())
        self.records.count(self.stepper.counts())
        if self.board.record_messages:
            self.records.keep_messages([self.stepper.messages(index) for index in (-1, *self.layers)])
        if self.board.record_states:
            self.records.keep_states([self.stepper.states(index) for index in self.layers])
        self.board.finished()
