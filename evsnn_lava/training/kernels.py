"""Integer CUBA dynamics over whole recordings, compiled with numba.

SLAYER's CPU path walks through time in Python. Here one compiled loop does the same arithmetic:
rows are samples (in parallel), the inner loop runs over neurons so that it vectorises, the state
stays in the cache. Arrays are ``(N, T, M)``: sample, time, neuron.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


@numba.njit(cache=True, nogil=True, inline="always")
def _advance(u: Any, v: Any, x: Any, keep_u: Any, keep_v: Any, scale: Any) -> Any:
    """Current and voltage, as integers, after one step."""
    # A right shift that rounds toward zero: add 4095 to negative products first.
    product = u * keep_u
    new_u = ((product + ((product >> 63) & 4095)) >> 12) + np.int64(scale * x)
    current = np.float32(new_u) / scale
    product = v * keep_v
    return new_u, ((product + ((product >> 63) & 4095)) >> 12) + np.int64(scale * current)


@numba.njit(parallel=True, cache=True, nogil=True)
def cuba_forward(
    x: FloatArray, keep_u: Any, keep_v: Any, scale: Any, reset_at: Any, spike_at: Any, spikes: Any, voltage: Any
) -> None:
    """Current, voltage, spike and reset of ``slayer.neuron.cuba.Neuron`` without norm.

    Source: ``slayer.neuron.dynamics.leaky_integrator._li_dynamics_fwd``, applied to current and
    voltage. The state is an integer in units of ``1 / scale``.

    Parameters
    ----------
    x : numpy.ndarray of float32, shape (N, T, M)
        Synaptic input.
    keep_u, keep_v : int64
        What current and voltage keep per step, in 1/4096.
    scale : float32
        Integer that stands for the state 1.0 (4096).
    reset_at : float32
        Integer voltage at and above which the neuron is reset.
    spike_at : float32
        Voltage at and above which it spikes.
    spikes, voltage : numpy.ndarray of float32, shape (N, T, M)
        Written here; the voltage is that before the reset.
    """
    samples, steps, neurons = x.shape
    for n in numba.prange(samples):
        u = np.zeros(neurons, np.int64)
        v = np.zeros(neurons, np.int64)
        for t in range(steps):
            for i in range(neurons):
                u[i], new_v = _advance(u[i], v[i], x[n, t, i], keep_u, keep_v, scale)
                volt = np.float32(new_v) / scale
                voltage[n, t, i] = volt
                spikes[n, t, i] = np.float32(1.0) if volt >= spike_at else np.float32(0.0)
                v[i] = 0 if np.float32(new_v) >= reset_at else new_v


@numba.njit(cache=True, nogil=True)
def cuba_step(
    x: FloatArray,
    keep_u: Any,
    keep_v: Any,
    scale: Any,
    reset_at: Any,
    spike_at: Any,
    u: Any,
    v: Any,
    spikes: Any,
    voltage: Any,
) -> None:
    """One step of :func:`cuba_forward` for a batch, ``(N, M)`` throughout; `u` and `v` (int64) are updated in place."""
    for n in range(x.shape[0]):
        for i in range(x.shape[1]):
            u[n, i], new_v = _advance(u[n, i], v[n, i], x[n, i], keep_u, keep_v, scale)
            volt = np.float32(new_v) / scale
            voltage[n, i] = volt
            spikes[n, i] = np.float32(1.0) if volt >= spike_at else np.float32(0.0)
            v[n, i] = 0 if np.float32(new_v) >= reset_at else new_v


@numba.njit(parallel=True, cache=True, nogil=True)
def cuba_backward(grad_voltage: FloatArray, keep_u: Any, keep_v: Any, grad_x: FloatArray) -> None:
    """Gradient through voltage and current, backwards in time.

    Source: ``_li_dynamics_bwd`` of the same module, applied twice; like SLAYER it does not
    differentiate the reset.

    Parameters
    ----------
    grad_voltage : numpy.ndarray of float32, shape (N, T, M)
        Gradient at the voltage.
    keep_u, keep_v : float32
        What current and voltage keep per step.
    grad_x : numpy.ndarray of float32, shape (N, T, M)
        Written here.
    """
    samples, steps, neurons = grad_voltage.shape
    for n in numba.prange(samples):
        at_v = np.zeros(neurons, np.float32)
        at_u = np.zeros(neurons, np.float32)
        for back in range(steps):
            t = steps - 1 - back
            for i in range(neurons):
                at_v[i] = keep_v * at_v[i] + grad_voltage[n, t, i]
                at_u[i] = keep_u * at_u[i] + at_v[i]
                grad_x[n, t, i] = at_u[i]


@numba.njit(cache=True, nogil=True, inline="always")
def _response(spike: Any, voltage: Any, threshold: Any) -> Any:
    """``s + ReLU(u / Vth)`` with the voltage after the reset."""
    return spike + max(np.float32(0.0), voltage * (np.float32(1.0) - spike) / threshold)


@numba.njit(parallel=True, cache=True, nogil=True)
def settling_forward(
    spikes: FloatArray, voltage: FloatArray, threshold: Any, last: int, target: Any, overlap: Any, size: Any
) -> None:
    """Overlap of every step's response with the mean response of the last steps.

    Parameters
    ----------
    spikes, voltage : numpy.ndarray of float32, shape (N, T, M)
        What the layer answered; the voltage is that before the reset.
    threshold : float32
        Threshold of the layer.
    last : int
        Number of steps that make the target.
    target : numpy.ndarray of float32, shape (N, M)
        Written here: the mean response of the last steps.
    overlap, size : numpy.ndarray of float64, shape (N, T)
        Written here: inner product with the target, and squared length of the response.
    """
    samples, steps, neurons = spikes.shape
    for n in numba.prange(samples):
        target[n] = 0
        for t in range(steps - last, steps):
            for i in range(neurons):
                target[n, i] += _response(spikes[n, t, i], voltage[n, t, i], threshold) / np.float32(last)
        for t in range(steps):
            dot = 0.0
            square = 0.0
            for i in range(neurons):
                r = _response(spikes[n, t, i], voltage[n, t, i], threshold)
                dot += r * target[n, i]
                square += r * r
            overlap[n, t] = dot
            size[n, t] = square


@numba.njit(cache=True, nogil=True)
def settling_backward(
    spikes: FloatArray,
    voltage: FloatArray,
    threshold: Any,
    target: Any,
    along: Any,
    against: Any,
    grad_s: Any,
    grad_v: Any,
) -> None:
    """Gradient of one sample's overlaps with respect to its spikes and voltage.

    Parameters
    ----------
    spikes, voltage : numpy.ndarray of float32, shape (T, M)
        What the layer answered to the sample.
    threshold : float32
        Threshold of the layer.
    target : numpy.ndarray of float32, shape (M,)
        Mean response of the last steps.
    along, against : numpy.ndarray of float64, shape (T,)
        Gradient of the loss at the response is ``along * target - against * response``.
    grad_s, grad_v : numpy.ndarray of float32, shape (T, M)
        Written here.
    """
    steps, neurons = spikes.shape
    for t in range(steps):
        for i in range(neurons):
            s, v = spikes[t, i], voltage[t, i]
            grad = np.float32(along[t] * target[i] - against[t] * _response(s, v, threshold))
            open_relu = v * (np.float32(1.0) - s) > 0
            grad_s[t, i] = grad * (np.float32(1.0) - v / threshold) if open_relu else grad
            grad_v[t, i] = grad * (np.float32(1.0) - s) / threshold if open_relu else np.float32(0.0)
