"""CUBA neurons: current-based leaky integrate-and-fire."""

from __future__ import annotations

from typing import Any

import numpy as np

from evsnn_lava._lava import (
    CPU,
    AbstractPyLifModelFixed,
    LavaPyType,
    LoihiProtocol,
    PyInPort,
    PyOutPort,
    Var,
    implements,
    requires,
    tag,
)
from evsnn_lava.network import CubaNeuron
from evsnn_lava.runtime.layout import lava_parameter
from evsnn_lava.runtime.processes.neurons import NeuronModel, Neurons


class CubaReset(Neurons):
    """Lava's bit-accurate LIF neurons, with one decay and one bias for all, per channel or (the bias) per neuron.

    Parameters
    ----------
    shape, neuron, **options
        As for `Neurons`; the neuron is a `CubaNeuron`.
    """

    def __init__(self, shape: tuple[int, ...], neuron: CubaNeuron, **options: Any) -> None:
        super().__init__(shape, neuron, **options)
        du, dv = lava_parameter(neuron.du), lava_parameter(neuron.dv)
        bias_mant = lava_parameter(0 if neuron.bias_mant is None else neuron.bias_mant)
        self.vth = Var(shape=(1,), init=neuron.vth_mant)
        self.du = Var(shape=du.shape, init=du)
        self.dv = Var(shape=dv.shape, init=dv)
        self.bias_mant = Var(shape=shape, init=np.broadcast_to(bias_mant, shape))
        self.bias_exp = Var(shape=shape, init=neuron.bias_exp)


@implements(proc=CubaReset, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyCubaResetModel(NeuronModel, AbstractPyLifModelFixed):
    """Leaves the arithmetic of current and voltage to `lava.proc.lif.models.AbstractPyLifModelFixed`."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, bool, precision=1)
    vth: int = LavaPyType(int, np.int32, precision=17)
    du: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=12)
    dv: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=12)

    def _advance(self, activation: np.ndarray) -> np.ndarray:  # type: ignore[override]  # one port
        if not self.isbiasscaled:
            self.scale_bias()
        self.subthr_dynamics(activation)
        fired: np.ndarray = self.v > self.vth << self.vth_shift
        self.reset_voltage(fired)
        return fired
