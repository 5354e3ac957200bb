"""The recorder: counts the messages of one source and what they cost, and writes them down on request."""

from __future__ import annotations

from typing import Any

import numpy as np

from evsnn_lava._lava import (
    CPU,
    AbstractProcess,
    InPort,
    LavaPyType,
    LoihiProtocol,
    PyInPort,
    PyLoihiProcessModel,
    Var,
    implements,
    requires,
    tag,
)
from evsnn_lava.runtime.board import BoardRow
from evsnn_lava.runtime.exchange import Exchange
from evsnn_lava.runtime.records import Records


class Recorder(AbstractProcess):
    """Counts in every step the messages of the feeder or of a layer, and their synaptic operations.

    Ports
    -----
    s_in : shape (W, H, C) or (N,)
        Messages, 0 for none.

    Parameters
    ----------
    costs : numpy.ndarray of int, shape (2, W, H, C) or (2, N)
        Synaptic operations that a message of each neuron causes in the next layer, and in the layer itself.
    source : int
        Number of the source in the file names; 0 is the feeder.
    graded : bool
        Whether the messages are numbers.
    exchange : Exchange
        Where counts and messages go.
    row : int
        Row on the board.
    name : str
        Name of the process.
    """

    def __init__(self, costs: np.ndarray, source: int, graded: bool, exchange: Exchange, row: int, name: str) -> None:
        super().__init__(source=source, graded=graded, exchange=exchange, row=row, name=name)
        self.s_in = InPort(shape=costs.shape[1:])
        self.costs = Var(shape=costs.shape, init=costs)


@implements(proc=Recorder, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyRecorderModel(PyLoihiProcessModel):
    """Counts in every step, and leaves the files to `Records`."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    costs: np.ndarray = LavaPyType(np.ndarray, np.int64)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        exchange: Exchange = proc_params["exchange"]
        self.board = BoardRow(exchange.board, proc_params["row"])
        self.records = Records(exchange, proc_params["source"], proc_params["graded"])

    def run_spk(self) -> None:
        """Receive, count, write."""
        self.board.waiting()
        messages = self.s_in.recv()
        self.board.working()
        sent = messages != 0
        self.records.count(np.array([np.count_nonzero(sent), *self.costs[:, sent].sum(axis=1)], dtype=np.int64))
        if self.board.record_messages:
            self.records.keep(messages)
        self.board.finished()
