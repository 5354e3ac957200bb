"""Sigma-delta neurons: delta encoders, sigma decoders and both in one; their messages are graded."""

from __future__ import annotations

from typing import Any

import numpy as np

from evsnn_lava._lava import (
    CPU,
    AbstractDeltaModel,
    AbstractSigmaDeltaModel,
    AbstractSigmaModel,
    ActivationMode,
    LavaPyType,
    LoihiProtocol,
    PyInPort,
    PyOutPort,
    Var,
    implements,
    requires,
    tag,
)
from evsnn_lava.network import DeltaNeuron, SigmaDeltaNeuron
from evsnn_lava.runtime.layout import lava_parameter
from evsnn_lava.runtime.processes.neurons import NeuronModel, Neurons


class DeltaReset(Neurons):
    """Lava's delta encoders.

    Parameters
    ----------
    shape, neuron, **options
        As for `Neurons`; the neuron is a `DeltaNeuron` or, in a subclass, a `SigmaDeltaNeuron`.
    """

    def __init__(self, shape: tuple[int, ...], neuron: DeltaNeuron | SigmaDeltaNeuron, **options: Any) -> None:
        super().__init__(shape, neuron, **options)
        self.vth = Var(shape=(1,), init=neuron.threshold)
        self.spike_exp = Var(shape=(1,), init=neuron.spike_exp)
        self.state_exp = Var(shape=(1,), init=neuron.state_exp)


class SigmaDeltaReset(DeltaReset):
    """Lava's sigma-delta neurons, with one bias per channel or per neuron.

    Parameters
    ----------
    shape, neuron, **options
        As for `Neurons`; the neuron is a `SigmaDeltaNeuron`.
    """

    def __init__(self, shape: tuple[int, ...], neuron: SigmaDeltaNeuron, **options: Any) -> None:
        super().__init__(shape, neuron, act_mode=ActivationMode[neuron.activation.upper()], **options)
        bias = lava_parameter(0 if neuron.bias_mant is None else neuron.bias_mant)
        self.bias = Var(shape=shape, init=np.broadcast_to(bias, shape) << (neuron.spike_exp + neuron.state_exp))


class SigmaReset(Neurons):
    """Lava's sigma decoders; everything stands in `Neurons`."""


class _GradedModel(NeuronModel):
    """Activation and messages are numbers of 32 bits."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)


class _ThresholdModel(_GradedModel):
    """What is sent is a change that reaches the threshold."""

    vth: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=24)
    act: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=24)
    residue: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=24)
    spike_exp: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=3)
    state_exp: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=3)


@implements(proc=DeltaReset, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyDeltaResetModel(_ThresholdModel, AbstractDeltaModel):
    """Leaves the arithmetic to `lava.proc.sdn.models.AbstractDeltaModel`."""

    def _advance(self, activation: np.ndarray) -> np.ndarray:  # type: ignore[override]  # one port
        act = np.left_shift(activation, self.spike_exp + self.state_exp)
        changed = self.delta_dynamics(act)
        self.act = act
        return np.right_shift(changed, self.state_exp)


@implements(proc=SigmaDeltaReset, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PySigmaDeltaResetModel(_ThresholdModel, AbstractSigmaDeltaModel):
    """Leaves the arithmetic to `lava.proc.sdn.models.AbstractSigmaDeltaModel`."""

    sigma: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=24)
    bias: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=16)

    def _advance(self, activation: np.ndarray) -> np.ndarray:  # type: ignore[override]  # one port
        return np.right_shift(self.dynamics(activation), self.state_exp)


@implements(proc=SigmaReset, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PySigmaResetModel(_GradedModel, AbstractSigmaModel):
    """Leaves the arithmetic to `lava.proc.sdn.models.AbstractSigmaModel`."""

    sigma: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=24)

    def _advance(self, activation: np.ndarray) -> np.ndarray:  # type: ignore[override]  # one port
        self.sigma = self.sigma_dynamics(activation)
        return self.sigma
