"""The engine's inner loop: adding rows of weights, a few vectors of 16-bit numbers at a time.

numba's own loops keep the sum in memory. Here it stays in registers while row after row is added, which is several
times as quick; LLVM lowers the vectors to whatever the machine has.
"""

from __future__ import annotations

from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from evsnn_lava.simulation.engine.compiled import inner
from evsnn_lava.simulation.engine.vectors import WORD, Vector

LANES: Final = 16
"""Weights of a row come in groups of so many; rows are filled up with zeros."""

BYTE_LANES: Final = 64
"""The same for rows of bytes."""

MOST_ROWS: Final = 120
"""Rows of weights -256..255 that a sum of 16 bits can take."""

MOST_LANES: Final = 128
"""Lanes that are summed up at a time, at most: as many as the registers of usual machines take."""


def padded(width: int, lanes: int = LANES) -> int:
    """The next multiple of `lanes`.

    Examples
    --------
    >>> padded(24), padded(32)
    (32, 32)
    """
    return -(-width // lanes) * lanes


def _add_to(builder: Any, lanes: int, weight_bits: int, arguments: tuple[Any, ...]) -> None:
    """Add rows to `lanes` sums, which are several vectors if `lanes` is no power of two."""
    sums, weights, picked, count, stride = arguments
    parts = [1 << bit for bit in range(lanes.bit_length()) if lanes >> bit & 1][::-1]
    offsets, sizes = [sum(parts[:index]) for index in range(len(parts))], (weight_bits, 16, 32)
    stored, narrow, wide = ([ir.VectorType(ir.IntType(bits), part) for part in parts] for bits in sizes)
    totals = [cgutils.alloca_once_value(builder, ir.Constant(kind, [0] * kind.count)) for kind in narrow]
    rows = builder.inttoptr(picked, ir.IntType(32).as_pointer())
    for total, kind in zip(totals, narrow, strict=True):
        builder.store(ir.Constant(kind, [0] * kind.count), total)
    with cgutils.for_range(builder, count) as loop:
        row = builder.sext(builder.load(builder.gep(rows, [loop.index])), WORD)
        place = builder.add(weights, builder.mul(row, stride))
        for total, kind, offset in zip(totals, stored, offsets, strict=True):
            added = Vector.load(builder, builder.add(place, WORD(weight_bits // 8 * offset)), kind)
            builder.store((Vector(builder, builder.load(total)) + added.widened(16)).value, total)
    for total, kind, offset in zip(totals, wide, offsets, strict=True):
        target = builder.add(sums, WORD(4 * offset))
        grown = Vector.load(builder, target, kind) + Vector(builder, builder.load(total)).widened(32)
        grown.store(target)


def _adding(step: int, weight_bits: int) -> Any:
    """Make the function that adds rows to a multiple of `step` sums, `MOST_LANES` at most: a loop for each number."""

    def generate(context: Any, builder: Any, _: Any, arguments: tuple[Any, ...]) -> Any:
        *given, lanes = arguments
        done = builder.append_basic_block("done")
        choice = builder.switch(lanes, done)
        for number in range(step, MOST_LANES + 1, step):
            block = builder.append_basic_block(f"lanes{number}")
            choice.add_case(WORD(number), block)
            with builder.goto_block(block):
                _add_to(builder, number, weight_bits, tuple(given))
                builder.branch(done)
        builder.position_at_end(done)
        return context.get_dummy_value()

    @intrinsic
    def add(typing_context, sums, weights, picked, count, stride, lanes):
        return types.void(*[types.intp] * 6), generate

    return add


_add_words, _add_bytes = _adding(LANES, 16), _adding(BYTE_LANES, 8)


@intrinsic
def _add_once(typing_context: Any, sums: Any, weights: Any, message: Any) -> Any:
    """Add `LANES` weights, each times a number, to as many sums."""

    def generate(context: Any, builder: Any, _: Any, arguments: tuple[Any, ...]) -> Any:
        sums, weights, message = arguments
        narrow, wide = (ir.VectorType(ir.IntType(bits), LANES) for bits in (16, 32))
        factor = Vector.spread(builder, builder.trunc(message, wide.element), wide)
        (Vector.load(builder, sums, wide) + Vector.load(builder, weights, narrow).widened(32) * factor).store(sums)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp), generate


@inner
def add_row(sums: int, weights: int, message: Any, width: int) -> None:
    """Add a single row of weights, each times a message, to 32-bit sums; otherwise as `add_rows`."""
    for column in range(0, width, LANES):
        _add_once(sums + 4 * column, weights + 2 * column, message)  # type: ignore[call-arg]  # numba adds the first


@inner
def add_rows(sums: int, weights: int, picked: int, count: int, width: int) -> None:  # addresses
    """Add rows of weights to 32-bit sums.

    Parameters
    ----------
    sums : int
        Address of `width` int32.
    weights : int
        Address of row 0, of int16; rows follow each other.
    picked : int
        Address of `count` int32, the numbers of the rows.
    count : int
        How many rows.
    width : int
        Weights of a row, a multiple of `LANES`.
    """
    for first in range(0, count, MOST_ROWS):
        few, rows = min(MOST_ROWS, count - first), picked + 4 * first
        for column in range(0, width, MOST_LANES):
            lanes = min(MOST_LANES, width - column)
            _add_words(sums + 4 * column, weights + 2 * column, rows, few, 2 * width, lanes)


@inner
def add_byte_rows(sums: int, weights: int, picked: int, count: int, width: int) -> None:
    """As `add_rows`, for weights of 8 bits in rows of a multiple of `BYTE_LANES`."""
    for first in range(0, count, MOST_ROWS):
        few, rows = min(MOST_ROWS, count - first), picked + 4 * first
        for column in range(0, width, MOST_LANES):
            _add_bytes(sums + 4 * column, weights + column, rows, few, width, min(MOST_LANES, width - column))
