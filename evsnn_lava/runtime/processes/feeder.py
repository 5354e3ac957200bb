"""The feeder: sends the frames of one sample after the other and resets the neurons in between."""

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
    implements,
    requires,
    tag,
)
from evsnn_lava.runtime.board import BoardRow
from evsnn_lava.runtime.exchange import Exchange, Job, packed_size, unpack


class Feeder(AbstractProcess):
    """Sends frames, announces new samples and learns from the readout when a sample is decided.

    In step 0 of a sample it sends the first frame and announces the sample; after the last frame it sends silence.
    The step after a decision is step 0 of the next sample. After the last sample it asks the runtime to pause.

    Ports
    -----
    s_out : shape (W, H, C) or (N,)
        The frame, int32: 0 or 1, or the values of a graded one.
    begin_out : shape (1,)
        Number of the sample that begins, from 1; 0 in all other steps.
    stop_in : shape (1,)
        1 when the readout has decided.

    Parameters
    ----------
    shape : tuple of int
        Shape of a frame as the first synapse wants it.
    stream_steps : int
        Number of frames of a sample.
    graded : bool
        Whether frames hold numbers.
    exchange : Exchange
        Where jobs come from and step counts go.
    row : int
        Row on the board.
    name : str
        Name of the process.
    """

    def __init__(
        self, shape: tuple[int, ...], stream_steps: int, graded: bool, exchange: Exchange, row: int, name: str
    ) -> None:
        super().__init__(shape=shape, stream_steps=stream_steps, graded=graded, exchange=exchange, row=row, name=name)
        self.s_out = OutPort(shape=shape)
        self.begin_out = OutPort(shape=(1,))
        self.stop_in = InPort(shape=(1,))


@implements(proc=Feeder, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyFeederModel(PyLoihiProcessModel):
    """Reads one sample at a time; sends before it receives, or the graph would wait for itself."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    begin_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    stop_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.shape: tuple[int, ...] = proc_params["shape"]
        self.stream_steps: int = proc_params["stream_steps"]
        self.graded: bool = proc_params["graded"]
        self.exchange: Exchange = proc_params["exchange"]
        self.board = BoardRow(self.exchange.board, proc_params["row"])
        self.silence = np.zeros(self.shape, dtype=np.int32)
        self.job: Job | None = None
        self.sample = self.step = 0

    def run_spk(self) -> None:
        """Send a frame, then hear whether the sample is decided."""
        self.board.working()
        if self.job is None:
            self.job, self.sample, self.step = Job.load(self.exchange.job), 0, 0
        if self.step == 0:
            self.frames = self._read_sample()
        self.board.at(self.sample, self.step)
        self.s_out.send(self.frames[self.step] if self.step < self.stream_steps else self.silence)
        self.begin_out.send(np.array([0 if self.step else self.sample + 1], dtype=np.int32))
        self.board.waiting()
        decided = self.stop_in.recv()[0]
        self.step += 1
        if decided:
            self._end_sample(self.job)
        self.board.finished()

    def _read_sample(self) -> np.ndarray:
        size = self.stream_steps * packed_size(self.shape, self.graded)
        packed = np.fromfile(self.exchange.frames, np.uint8, count=size, offset=self.sample * size)
        return unpack(packed.reshape(self.stream_steps, -1), self.shape, self.graded)

    def _end_sample(self, job: Job) -> None:
        with self.exchange.steps.open("ab") as file:
            file.write(np.int64(self.step).tobytes())
        self.sample, self.step = self.sample + 1, 0
        self.board.at(self.sample, 0)
        if self.sample == job.samples:
            self.job = None
            self._req_pause = True
