"""The input block: scales each input and hands it to the neuron of the same place."""

from __future__ import annotations

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
from evsnn_lava.network import DirectSynapse


class Direct(AbstractProcess):
    """Delivers ``weight * x + bias`` one step later, as a synapse of Lava does.

    Ports
    -----
    s_in : shape (W, H, C)
        The frame.
    a_out : shape (W, H, C)
        Activation, int32.

    Parameters
    ----------
    shape : tuple of int
        Shape of a frame.
    synapse : DirectSynapse
        Weight and bias.
    name : str
        Name of the process.
    """

    def __init__(self, shape: tuple[int, ...], synapse: DirectSynapse, name: str) -> None:
        super().__init__(name=name)
        self.s_in = InPort(shape=shape)
        self.a_out = OutPort(shape=shape)
        self.weight = Var(shape=(1,), init=synapse.weight)
        self.bias = Var(shape=(1,), init=synapse.bias)
        self.a_buff = Var(shape=shape, init=0)


@implements(proc=Direct, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyDirectModel(PyLoihiProcessModel):
    """Sends what it computed in the step before; the neurons drop what belongs to the sample before."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    weight: np.ndarray = LavaPyType(np.ndarray, np.int64, precision=16)
    bias: np.ndarray = LavaPyType(np.ndarray, np.int64, precision=16)
    a_buff: np.ndarray = LavaPyType(np.ndarray, np.int64)

    def run_spk(self) -> None:
        """Send, receive, scale."""
        self.a_out.send(self.a_buff)
        self.a_buff = self.weight * self.s_in.recv() + self.bias
