"""A dense synapse whose connections wait, and which forgets what waits when a sample begins."""

from __future__ import annotations

from typing import Any

import numpy as np

from evsnn_lava._lava import (
    CPU,
    AbstractProcess,
    AbstractPyDelayDenseModel,
    InPort,
    LavaPyType,
    LoihiProtocol,
    OutPort,
    PyInPort,
    PyOutPort,
    Var,
    implements,
    requires,
    tag,
)
from evsnn_lava.network import DenseSynapse


class DelayedDense(AbstractProcess):
    """Lava's DelayDense with a port that begins a new sample, and with the weights as they are.

    In the step in which a sample begins, all activation that still waits is dropped; the messages of the step count
    for the new sample.

    Ports
    -----
    s_in : shape (in,)
        Messages, binary or graded.
    begin_in : shape (1,)
        Not 0 in the first step of a sample.
    a_out : shape (out,)
        Activation, int32.

    Parameters
    ----------
    synapse : DenseSynapse
        Weights, exponent and delays.
    name : str
        Name of the process.
    """

    def __init__(self, synapse: DenseSynapse, name: str) -> None:
        super().__init__(weight_exp=synapse.weight_exp, name=name)
        outputs, inputs = synapse.weights.shape
        self.s_in = InPort(shape=(inputs,))
        self.begin_in = InPort(shape=(1,))
        self.a_out = OutPort(shape=(outputs,))
        self.weights = Var(shape=synapse.weights.shape, init=synapse.weights)
        self.delays = Var(shape=synapse.weights.shape, init=synapse.delays)
        self.a_buff = Var(shape=(outputs, synapse.max_delay + 1), init=0)


@implements(proc=DelayedDense, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyDelayedDenseModel(AbstractPyDelayDenseModel):
    """Leaves the arithmetic to `lava.proc.dense.models.AbstractPyDelayDenseModel`; sends before it receives."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    begin_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    a_buff: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=24)
    weights: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=9)
    delays: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=6)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.weight_exp: int = proc_params["weight_exp"]
        self.matrix: np.ndarray | None = None

    def run_spk(self) -> None:
        """Send what is due, then take in what comes."""
        self.a_out.send(self.a_buff[:, 0])
        messages, begins = self.s_in.recv(), self.begin_in.recv()[0]
        if begins:
            self.a_buff[:] = 0
        self.update_act(messages)

    def calc_act(self, s_in: np.ndarray) -> np.ndarray:
        """Sum per output and delay, each shifted by itself."""
        sums = super().calc_act(s_in)
        return np.left_shift(sums, self.weight_exp) if self.weight_exp > 0 else np.right_shift(sums, -self.weight_exp)

    def get_delay_wgts_mat(self, weights: np.ndarray, delays: np.ndarray, max_delay: int) -> np.ndarray:
        """Lay out the weights by delay, once; Lava does it in every step."""
        if self.matrix is None:
            self.matrix = super().get_delay_wgts_mat(weights, delays, max_delay)
        return self.matrix
