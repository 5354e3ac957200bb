"""Resonators: resonate-and-fire neurons with a real and an imaginary input."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from evsnn_lava._lava import (
    CPU,
    AbstractPyRFModelFixed,
    LavaPyType,
    LoihiProtocol,
    PyInPort,
    PyOutPort,
    Var,
    implements,
    requires,
    tag,
)
from evsnn_lava.network import RfNeuron
from evsnn_lava.runtime.processes.neurons import NeuronModel, Neurons


class RfReset(Neurons):
    """Lava's resonators that fire when their phase passes zero.

    Ports
    -----
    a_real_in, a_imag_in : shape (W, H, C) or (N,)
        Activation, int32.

    Parameters
    ----------
    shape, neuron, **options
        As for `Neurons`; the neuron is an `RfNeuron`.
    """

    inputs: ClassVar[tuple[str, ...]] = ("a_real_in", "a_imag_in")

    def __init__(self, shape: tuple[int, ...], neuron: RfNeuron, **options: Any) -> None:
        super().__init__(shape, neuron, **options)
        self.vth = Var(shape=(1,), init=neuron.threshold)
        self.sin_decay = Var(shape=(1,), init=neuron.sin_decay)
        self.cos_decay = Var(shape=(1,), init=neuron.cos_decay)
        self.state_exp = Var(shape=(1,), init=neuron.state_exp)
        self.decay_bits = Var(shape=(1,), init=neuron.decay_bits)


class RfIzReset(RfReset):
    """Lava's resonators after Izhikevich, which fire at a threshold and are reset."""


class _ResonatorModel(NeuronModel, AbstractPyRFModelFixed):
    """Leaves the rotation to `lava.proc.rf.models.AbstractPyRFModelFixed`."""

    a_real_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    a_imag_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, bool, precision=1)

    def _advance(self, real_in: np.ndarray, imag_in: np.ndarray) -> np.ndarray:  # type: ignore[override]  # two ports
        inputs = (np.left_shift(part, self.state_exp) for part in (real_in, imag_in))
        turned = self.resonator_dynamics(*inputs, np.int64(self.real), np.int64(self.imag))
        return self._fire(*(np.clip(part, self.neg_voltage_limit, self.pos_voltage_limit) for part in turned))

    def _fire(self, real: np.ndarray, imag: np.ndarray) -> np.ndarray:
        """Keep the new states, reset those that fire, and give the spikes."""
        raise NotImplementedError


@implements(proc=RfReset, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyRfResetModel(_ResonatorModel):
    """Fires as `lava.proc.rf.models.PyRFModelFixed`."""

    def _fire(self, real: np.ndarray, imag: np.ndarray) -> np.ndarray:
        fired: np.ndarray = (real >= self.vth) & (imag >= 0) & (self.imag < 0)
        self.real[:], self.imag[:] = real, imag
        return fired


@implements(proc=RfIzReset, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyRfIzResetModel(_ResonatorModel):
    """Fires as `lava.proc.rf_iz.models.PyRF_IZModelFixed`."""

    def _fire(self, real: np.ndarray, imag: np.ndarray) -> np.ndarray:
        fired: np.ndarray = imag >= self.vth
        self.real[:] = np.where(fired, 0, real)
        self.imag[:] = np.where(fired, self.vth - 1, imag)
        return fired
