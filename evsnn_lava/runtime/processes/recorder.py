"""The recorder: counts the spikes of one source and what they cost, and writes them down on request."""

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
from evsnn_lava.runtime.exchange import Exchange, pack


class Recorder(AbstractProcess):
    """Counts in every step the spikes of the feeder or of a layer, and their synaptic operations.

    Ports
    -----
    s_in : shape (W, H, C) or (N,)
        Spikes, bool.

    Parameters
    ----------
    fanout : numpy.ndarray of int, shape (W, H, C) or (N,)
        Synaptic operations that a spike of each neuron causes.
    source : int
        Number of the source in the file names; 0 is the feeder.
    exchange : Exchange
        Where counts and spikes go.
    row : int
        Row on the board.
    name : str
        Name of the process.
    """

    def __init__(self, fanout: np.ndarray, source: int, exchange: Exchange, row: int, name: str) -> None:
        super().__init__(source=source, exchange=exchange, row=row, name=name)
        self.s_in = InPort(shape=fanout.shape)
        self.fanout = Var(shape=fanout.shape, init=fanout)


@implements(proc=Recorder, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyRecorderModel(PyLoihiProcessModel):
    """Appends to its files in every step, so that nothing is lost when the run is paused or killed."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, bool, precision=1)
    fanout: np.ndarray = LavaPyType(np.ndarray, np.int64)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        exchange: Exchange = proc_params["exchange"]
        self.board = BoardRow(exchange.board, proc_params["row"])
        self.counts = exchange.counts(proc_params["source"]).open("ab", buffering=0)
        self.spikes = exchange.spikes(proc_params["source"]).open("ab", buffering=0)

    def run_spk(self) -> None:
        """Receive, count, write."""
        self.board.waiting()
        spikes = self.s_in.recv()
        self.board.working()
        self.counts.write(np.array([np.count_nonzero(spikes), self.fanout[spikes].sum()], dtype=np.int64).tobytes())
        if self.board.record:
            self.spikes.write(pack(spikes, spikes.ndim).tobytes())
        self.board.finished()
