"""CUBA neurons that all reset in the same step, and whose spikes a frame mask can hold back."""

from __future__ import annotations

from typing import Any

import numpy as np

from evsnn_lava._lava import (
    CPU,
    AbstractProcess,
    AbstractPyLifModelFixed,
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
from evsnn_lava.network import CubaNeuron
from evsnn_lava.runtime.board import BoardRow
from evsnn_lava.runtime.exchange import Exchange


class CubaReset(AbstractProcess):
    """Lava's bit-accurate LIF neurons with a port that begins a new sample.

    In the step in which a sample begins, the neurons forget their state, drop the activation that arrives (it belongs
    to the sample before), take no bias and send no spike.

    Ports
    -----
    a_in : shape (W, H, C) or (N,)
        Activation, int32.
    begin_in : shape (1,)
        Not 0 in the first step of a sample.
    s_out : shape (W, H, C) or (N,)
        Spikes that pass the gate, bool.

    Parameters
    ----------
    shape : tuple of int
        Shape of the neurons.
    neuron : CubaNeuron
        Threshold, decays and bias; the bias is one number per channel, the last axis of `shape`.
    gate : numpy.ndarray of bool, shape (K,)
        Whether spikes are sent, per step of a sample.
    exchange : Exchange
        Where the board is.
    row : int
        Row on the board.
    name : str
        Name of the process.
    """

    def __init__(
        self, shape: tuple[int, ...], neuron: CubaNeuron, gate: np.ndarray, exchange: Exchange, row: int, name: str
    ) -> None:
        super().__init__(exchange=exchange, row=row, name=name)
        self.a_in = InPort(shape=shape)
        self.begin_in = InPort(shape=(1,))
        self.s_out = OutPort(shape=shape)
        self.u = Var(shape=shape, init=0)
        self.v = Var(shape=shape, init=0)
        self.vth = Var(shape=(1,), init=neuron.vth_mant)
        self.du = Var(shape=(1,), init=neuron.du)
        self.dv = Var(shape=(1,), init=neuron.dv)
        bias_mant = 0 if neuron.bias_mant is None else neuron.bias_mant
        self.bias_mant = Var(shape=shape, init=np.broadcast_to(bias_mant, shape))
        self.bias_exp = Var(shape=shape, init=neuron.bias_exp)
        self.gate = Var(shape=gate.shape, init=gate)


@implements(proc=CubaReset, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyCubaResetModel(AbstractPyLifModelFixed):
    """Leaves the arithmetic of current and voltage to `lava.proc.lif.models.AbstractPyLifModelFixed`."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    begin_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, bool, precision=1)
    vth: int = LavaPyType(int, np.int32, precision=17)
    gate: np.ndarray = LavaPyType(np.ndarray, bool)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.board = BoardRow(proc_params["exchange"].board, proc_params["row"])
        self.step = 0

    def run_spk(self) -> None:
        """Receive, update or reset, send."""
        self.board.waiting()
        activation, begins = self.a_in.recv(), self.begin_in.recv()[0]
        self.board.working()
        self.s_out.send(self._reset() if begins else self._update(activation))
        self.board.finished()

    def _reset(self) -> np.ndarray:
        self.step = 0
        self.u[:] = 0
        self.v[:] = 0
        return np.zeros(self.v.shape, dtype=bool)

    def _update(self, activation: np.ndarray) -> np.ndarray:
        self.step += 1
        if not self.isbiasscaled:
            self.scale_bias()
        self.subthr_dynamics(activation)
        fired: np.ndarray = self.v > self.vth << self.vth_shift
        self.reset_voltage(fired)
        return fired & self.gate[self.step]
