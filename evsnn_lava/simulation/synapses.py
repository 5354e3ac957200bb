"""What each synapse type delivers: one obvious function each, and the table of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import CapacityError
from evsnn_lava.network import ComplexSynapse, ConvSynapse, DenseSynapse, DirectSynapse, Synapse
from evsnn_lava.simulation.arithmetic import IntArray, shift, wrap_sum, wrap_word

Past = Callable[[int], npt.NDArray[Any]]
"""Messages of the source, shape (N, ...), so many steps ago; 0 is the last step."""

WORD_LIMIT: Final = 1 << 31


def deliver(synapse: Synapse, past: Past) -> IntArray:
    """Activation that arrives at the neurons in a step.

    Parameters
    ----------
    synapse : Synapse
        The connection.
    past : callable
        What the source sent: ``past(0)`` in the step before, ``past(d)`` another ``d`` steps earlier.

    Returns
    -------
    numpy.ndarray of int64, shape (N, *layer shape); (2, N, out) for a ComplexSynapse
        The activation.

    Examples
    --------
    >>> synapse = DenseSynapse([[2, 4]], delays=[[0, 1]])
    >>> sent = [np.array([[1, 0]]), np.array([[0, 1]])]
    >>> deliver(synapse, lambda ago: sent[ago]).tolist()
    [[6]]
    """
    if isinstance(synapse, DenseSynapse) and synapse.delays is not None:
        return _deliver_delayed(synapse, past)
    return APPLY[type(synapse)](synapse, past(0))


def _deliver_delayed(synapse: DenseSynapse, past: Past) -> IntArray:
    """Every delay is a connection of its own, with the weights that wait so long."""
    delays, weights = np.asarray(synapse.delays), synapse.weights.astype(np.int64)
    parts = [
        shift(_sum_of_words(np.where(delays == delay, weights, 0), past(delay)), synapse.weight_exp)
        for delay in np.unique(delays).tolist()
    ]
    return wrap_word(np.sum(parts, axis=0, dtype=np.int64))


def _sum_of_words(weights: IntArray, messages: npt.NDArray[Any]) -> IntArray:
    """Lava's delayed synapse cuts every product to a word, not their sum; only large messages show it."""
    return _rows([wrap_word(weights[:, inputs] * sent).sum(axis=1) for inputs, sent in _fired(messages)], weights)


def _fired(messages: npt.NDArray[Any]) -> Iterator[tuple[IntArray, IntArray]]:
    """For every sample: the inputs that sent something, in ``(C, H, W)`` order, and what they sent."""
    for sample in messages.reshape(len(messages), math.prod(messages.shape[1:])).astype(np.int64):
        inputs = np.flatnonzero(sample)
        yield inputs, sample[inputs]


def _rows(sums: list[IntArray], weights: IntArray) -> IntArray:
    return np.array(sums, dtype=np.int64).reshape(len(sums), len(weights))


def apply_dense(synapse: DenseSynapse, messages: npt.NDArray[Any]) -> IntArray:
    """Sum the weights of the inputs that fired, each times its message.

    Parameters
    ----------
    synapse : DenseSynapse
        Weights ``(out, in)``.
    messages : numpy.ndarray of bool or int, shape (N, ...)
        Messages, flattened in ``(C, H, W)`` order.

    Returns
    -------
    numpy.ndarray of int64, shape (N, out)
        The activation.

    Examples
    --------
    >>> apply_dense(DenseSynapse([[2, -4]]), np.array([[True, True]])).tolist()
    [[-2]]
    """
    weights = synapse.weights.astype(np.int64)
    total = _rows([weights[:, inputs] @ sent for inputs, sent in _fired(messages)], weights)
    return wrap_word(shift(wrap_word(total), synapse.weight_exp))


def apply_conv(synapse: ConvSynapse, messages: npt.NDArray[Any]) -> IntArray:
    """Convolve: for every kernel position, add its weights times the shifted input; the sum wraps by 24 bits.

    Parameters
    ----------
    synapse : ConvSynapse
        Weights ``(C_out, C_in / groups, kH, kW)``.
    messages : numpy.ndarray of bool or int, shape (N, C_in, H, W)
        Messages.

    Returns
    -------
    numpy.ndarray of int64, shape (N, C_out, H_out, W_out)
        The activation.

    Raises
    ------
    CapacityError
        If a sum leaves the 32 bits in which Lava computes it.

    Examples
    --------
    >>> conv = ConvSynapse(np.array([[[[2, 4]]]]))
    >>> apply_conv(conv, np.array([[[[1, 0, 1]]]])).tolist()
    [[[[2, 4]]]]
    """
    samples, groups, (height, width) = len(messages), synapse.groups, messages.shape[2:]
    channels, rows, columns = synapse.output_shape(messages.shape[1:])
    (tall, wide), (down, right), (step_y, step_x) = synapse.padding, synapse.stride, synapse.dilation
    padded = np.pad(messages.astype(np.int64), [(0, 0), (0, 0), (tall, tall), (wide, wide)])
    padded = padded.reshape(samples, groups, messages.shape[1] // groups, height + 2 * tall, width + 2 * wide)
    weights = synapse.weights.astype(np.int64).reshape(groups, -1, *synapse.weights.shape[1:])
    total = np.zeros((samples, groups, weights.shape[1], rows, columns), dtype=np.int64)
    for y, x in np.ndindex(*weights.shape[-2:]):
        seen = padded[..., y * step_y :: down, x * step_x :: right][..., :rows, :columns]
        total += np.einsum("goi,ngihw->ngohw", weights[..., y, x], seen, optimize=True)
    _check_word(total)
    return shift(wrap_sum(total.reshape(samples, channels, rows, columns)), synapse.weight_exp)


def _check_word(total: IntArray) -> None:
    """Lava computes a convolution in floats; what does not fit into a word becomes an undefined integer there."""
    largest = int(np.abs(total).max(initial=0))
    if largest >= WORD_LIMIT:
        raise word_overflow(largest)


def word_overflow(largest: int) -> CapacityError:
    """The error for a sum of a convolution that does not fit into a word."""
    return CapacityError(
        f"ConvSynapse: a sum reaches {largest}, the limit is {WORD_LIMIT - 1}; use smaller messages or weights"
    )


def apply_complex(synapse: ComplexSynapse, messages: npt.NDArray[Any]) -> IntArray:
    """Real and imaginary activation, shape (2, N, out)."""
    return np.stack([apply_dense(part, messages) for part in (synapse.real, synapse.imag)])


def apply_direct(synapse: DirectSynapse, values: npt.NDArray[Any]) -> IntArray:
    """Scaled input, shape (N, ...)."""
    return wrap_word(synapse.weight * values.astype(np.int64) + synapse.bias)


APPLY: Final[dict[type, Callable[..., IntArray]]] = {
    DenseSynapse: apply_dense,
    ConvSynapse: apply_conv,
    ComplexSynapse: apply_complex,
    DirectSynapse: apply_direct,
}
"""Which function computes which synapse, delays apart."""
