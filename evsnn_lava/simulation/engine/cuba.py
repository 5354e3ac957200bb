"""CUBA neurons in the engine: 32-bit arithmetic throughout, a vector of neurons at a time.

A product of a state and a decay needs 36 bits, but its upper 24 do not: with ``x = 4096 h + l`` the decayed value
``x k / 4096`` is ``h k + l k / 4096``, of which every part fits into 32 bits.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from evsnn_lava.network import CubaNeuron
from evsnn_lava.network.ranges import DECAY_UNITY
from evsnn_lava.simulation.arithmetic import STATE_LIMIT
from evsnn_lava.simulation.engine.compiled import inner, kernel
from evsnn_lava.simulation.engine.lists import BLOCK, per_neuron
from evsnn_lava.simulation.engine.sending import finish_step, note_bits
from evsnn_lava.simulation.engine.vectors import WORD, Vector

LANES: Final = 16
NEURONS: Final = ir.VectorType(ir.IntType(32), LANES)


def _decay(state: Vector, keep: Vector) -> Vector:
    """Keep `keep` / 4096, rounding toward zero: below zero, one less than a whole is added before rounding down."""
    below_zero = (state >> 31) & (DECAY_UNITY - 1)
    return (state >> 12) * keep + (((state & (DECAY_UNITY - 1)) * keep + below_zero) >> 12)


def _current(u: Vector, activation: Vector, keep: Vector) -> Vector:
    """The decayed current and the input, in a word of 32 bits, wrapped once by 24 bits."""
    word = _decay(u, keep) + (activation << 6)
    lowered = (word > STATE_LIMIT).where(word - 2 * STATE_LIMIT, word)
    return (word <= -STATE_LIMIT).where(word + 2 * STATE_LIMIT, lowered)


def _voltage(v: Vector, u: Vector, keep: Vector, bias: Vector) -> Vector:
    word = _decay(v, keep) + u + bias
    low = (word <= -STATE_LIMIT).where(1 - STATE_LIMIT, word)
    return (low > STATE_LIMIT - 1).where(STATE_LIMIT - 1, low)


def _advancing(each: bool) -> Any:
    """Make the function that advances a block of neurons, which have decays of their own if `each`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: tuple[Any, ...]) -> Any:
        u_at, v_at, activation_at, keep_u, keep_v, bias_at, threshold = arguments
        fired = cgutils.alloca_once_value(builder, WORD(0))
        changed = cgutils.alloca_once_value(builder, ir.Constant(NEURONS, [0] * LANES))
        limit = Vector.spread(builder, builder.trunc(threshold, NEURONS.element), NEURONS)

        def vector(address: Any, place: Any) -> Vector:
            return Vector.load(builder, builder.add(address, place), NEURONS)

        def decay(given: Any, place: Any) -> Vector:
            return (
                vector(given, place) if each else Vector.spread(builder, builder.trunc(given, NEURONS.element), NEURONS)
            )

        for first in range(0, BLOCK, LANES):
            place = WORD(4 * first)
            u, v = vector(u_at, place), vector(v_at, place)
            current = _current(u, vector(activation_at, place), decay(keep_u, place))
            voltage = _voltage(v, current, decay(keep_v, place), vector(bias_at, place))
            spike = voltage > limit
            left = spike.where(0, voltage)
            current.store(builder.add(u_at, place))
            left.store(builder.add(v_at, place))
            Vector(builder, ir.Constant(NEURONS, [0] * LANES)).store(builder.add(activation_at, place))
            builder.store((Vector(builder, builder.load(changed)) | (current ^ u) | (left ^ v)).value, changed)
            bits = builder.shl(builder.zext(spike.bits(), WORD), WORD(first))
            builder.store(builder.or_(builder.load(fired), bits), fired)
        any_changed = builder.zext(Vector(builder, builder.load(changed)).nonzero().bits(), WORD)
        return context.make_tuple(builder, signature.return_type, (builder.load(fired), any_changed))

    @intrinsic
    def advance(typing_context, u_at, v_at, activation_at, keep_u, keep_v, bias_at, threshold):
        return types.UniTuple(types.uint64, 2)(*[types.intp] * 7), generate

    return advance


_advance_alike, _advance_each = _advancing(each=False), _advancing(each=True)


@inner
def _advance_block(alike, each, bias, rows, first):
    """Advance a block; gives who fired, as bits, and whether a state changed.

    All is handed over as addresses: a slice of an array would cost as much as half of the block.
    """
    at = 4 * first
    u_at, v_at, activation_at, bias_at = rows[0] + at, rows[1] + at, rows[2] + at, bias.ctypes.data + at
    if len(each[0]):
        keep_u, keep_v = each[0].ctypes.data + at, each[1].ctypes.data + at
        return _advance_each(u_at, v_at, activation_at, keep_u, keep_v, bias_at, alike[2])
    return _advance_alike(u_at, v_at, activation_at, alike[0], alike[1], bias_at, alike[2])


@kernel
def advance_cuba(alike, each, bias, states, awake, lists, gates, costs, clock, tile, inbox, tally):
    """Update the neurons of a tile and list who fired; `sending` says what the last eight are.

    Parameters
    ----------
    alike : (int, int, int)
        Kept shares of current and voltage in 1/4096, if all neurons have the same, and the threshold.
    each : (numpy.ndarray, numpy.ndarray) of int32, each of shape (neurons,) or (0,)
        Kept shares of every neuron; empty when they are alike.
    bias : numpy.ndarray of int32, shape (neurons,)
        Bias of the voltage.
    states : numpy.ndarray of int32, shape (2, slots, neurons)
        ``u`` and ``v``.
    awake : numpy.ndarray of uint8, shape (slots, blocks)
        Which blocks are awake.
    """
    first_step, steps = clock
    slot_begin, slot_end, begin, end = tile
    activation, touched = inbox
    index, _, start, _ = lists
    for slot in range(slot_begin, slot_end):
        row, own_awake = slot - slot_begin, awake[slot]
        u_at, v_at = states[0, slot].ctypes.data, states[1, slot].ctypes.data
        for j in range(begin, min(end, steps[slot])):
            step, column = first_step[slot] + j, j - begin
            place, updated = start[slot, step % start.shape[1]], 0
            caused, returned = np.int64(0), np.int64(0)
            rows, own_touched = (u_at, v_at, activation[row, column].ctypes.data), touched[row, column]
            for block in range(len(own_awake)):
                if not (own_touched[block] or own_awake[block]):
                    continue
                fired, changed = _advance_block(alike, each, bias, rows, block * BLOCK)
                place, forth, back = note_bits(index, place, fired, block * BLOCK, costs)
                caused, returned = caused + forth, returned + back
                own_awake[block] = own_touched[block] or changed != 0 or fired != 0
                own_touched[block] = 0
                updated += BLOCK
            finish_step(lists, gates, tally, slot, step, place, caused, returned, updated)


class CubaKernel:
    """The kernel of a layer of CUBA neurons.

    Parameters
    ----------
    neuron : CubaNeuron
        Its parameters.
    shape : tuple of int
        Shape of the layer.
    """

    def __init__(self, neuron: CubaNeuron, shape: tuple[int, ...]) -> None:
        keeps = [DECAY_UNITY - np.asarray(decay) for decay in (neuron.current_decay, neuron.dv)]
        alike = all(keep.ndim == 0 for keep in keeps)
        numbers = (*(int(keep) if alike else 0 for keep in keeps), neuron.threshold)
        each = tuple(np.zeros(0, np.int32) if alike else per_neuron(keep, shape) for keep in keeps)
        self._fixed = (numbers, each, per_neuron(neuron.bias(shape), shape))

    def advance(self, states: npt.NDArray[np.int32], *rest: Any) -> None:
        """Call `advance_cuba`."""
        advance_cuba(*self._fixed, states, *rest)
