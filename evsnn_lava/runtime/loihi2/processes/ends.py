"""Source and sink on the host: what is sent to the chip, and what comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

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

SAMPLE, OFFSET, PERIOD = range(3)
"""Entries of the clock: sample that began last, time steps before it, and steps until the next one begins by itself."""

NO_PERIOD: Final = 1 << 62


class Source(AbstractProcess):
    """Sends the messages of one sample after the other; silence behind the last step of a sample.

    Ports
    -----
    s_out : shape of the first synapse
        The messages, int32.

    Parameters
    ----------
    shape : tuple of int
        Shape of what the first synapse takes.
    messages : pathlib.Path
        An ``.npy`` file of int32, shape (samples, steps, *shape).
    clock : pathlib.Path
        Three int64, see `SAMPLE`; the session sets them between runs.
    name : str
        Name of the process.
    """

    def __init__(self, shape: tuple[int, ...], messages: Path, clock: Path, name: str) -> None:
        super().__init__(shape=shape, messages=messages, clock=clock, name=name)
        self.s_out = OutPort(shape=shape)


@implements(proc=Source, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PySourceModel(PyLoihiProcessModel):
    """Looks at the clock in every step."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.path, self.clock = proc_params["messages"], np.memmap(proc_params["clock"], np.int64, mode="r")
        self.silence = np.zeros(proc_params["shape"], dtype=np.int32)

    def run_spk(self) -> None:
        """Send the messages of this step."""
        first, offset, period = (int(entry) for entry in self.clock)
        more, step = divmod(self.time_step - 1 - offset, period)
        messages = np.load(self.path, mmap_mode="r")  # a job may have brought another file
        known = first + more < len(messages) and step < messages.shape[1]
        self.s_out.send(np.array(messages[first + more, step]) if known else self.silence)


class Sink(AbstractProcess):
    """Writes down what arrives in every step.

    Ports
    -----
    a_in : shape (outputs,)
        Messages of the last layer.

    Parameters
    ----------
    outputs : int
        Number of output neurons.
    path : pathlib.Path
        File that int64 are appended to.
    name : str
        Name of the process.
    """

    def __init__(self, outputs: int, path: Path, name: str) -> None:
        super().__init__(path=path, name=name)
        self.a_in = InPort(shape=(outputs,))


@implements(proc=Sink, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PySinkModel(PyLoihiProcessModel):
    """Appends without a buffer: what a step sent is there when the run pauses."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.file = proc_params["path"].open("ab", buffering=0)

    def run_spk(self) -> None:
        """Receive and write."""
        self.file.write(self.a_in.recv().astype(np.int64).tobytes())
