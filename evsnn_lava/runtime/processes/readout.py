"""The readout: adds up the output messages and decides when a sample is done."""

from __future__ import annotations

from typing import Any

import numpy as np

from evsnn_lava._lava import (
    CPU,
    AbstractProcess,
    InPort,
    LavaPyType,
    LoihiProtocol,
    OutPort,
    PyInPort,
    PyLoihiProcessModel,
    PyOutPort,
    Var,
    implements,
    requires,
    tag,
)
from evsnn_lava.runtime.board import BoardRow
from evsnn_lava.runtime.exchange import Exchange, Job


class Readout(AbstractProcess):
    """Accumulates the output and applies the cutoff policy of the job.

    The output for frame ``t`` arrives in step ``t + depth``; what arrives before belongs to no frame.

    Ports
    -----
    s_in : shape (classes,)
        Output messages, 0 for none.
    begin_in : shape (1,)
        Number of the sample that begins, from 1, or 0.
    stop_out : shape (1,)
        1 in the step in which the sample is decided.

    Parameters
    ----------
    classes : int
        Number of output neurons.
    depth : int
        Number of layers.
    exchange : Exchange
        Where jobs come from and decisions go.
    row : int
        Row on the board.
    name : str
        Name of the process.
    """

    def __init__(self, classes: int, depth: int, exchange: Exchange, row: int, name: str) -> None:
        super().__init__(depth=depth, exchange=exchange, row=row, name=name)
        self.s_in = InPort(shape=(classes,))
        self.begin_in = InPort(shape=(1,))
        self.stop_out = OutPort(shape=(1,))
        self.scores = Var(shape=(classes,), init=0)


@implements(proc=Readout, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyReadoutModel(PyLoihiProcessModel):
    """Uses the same `CutoffPolicy.stops` as the reference."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    begin_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    stop_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    scores: np.ndarray = LavaPyType(np.ndarray, np.int64)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.depth: int = proc_params["depth"]
        self.exchange: Exchange = proc_params["exchange"]
        self.board = BoardRow(self.exchange.board, proc_params["row"])
        self.step = 0

    def run_spk(self) -> None:
        """Receive, accumulate, decide, answer."""
        self.board.waiting()
        messages, begins = self.s_in.recv(), int(self.begin_in.recv()[0])
        self.board.working()
        self.stop_out.send(np.array([self._begin(begins) if begins else self._accumulate(messages)], dtype=np.int32))
        self.board.finished()

    def _begin(self, sample: int) -> bool:
        if sample == 1:
            self.policy = Job.load(self.exchange.job).policy
        self.step = 0
        self.scores[:] = 0
        return False

    def _accumulate(self, messages: np.ndarray) -> bool:
        self.step += 1
        frames_seen = self.step - self.depth + 1
        if frames_seen < 1:
            return False
        self.scores += messages
        stops = self.policy.stops(frames_seen, self.scores)
        if stops:
            with self.exchange.decisions.open("ab") as file:
                file.write(np.array([frames_seen, np.argmax(self.scores), *self.scores], dtype=np.int64).tobytes())
        return stops
