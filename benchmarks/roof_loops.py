"""Loops that do nothing but move memory or add, in vectors as the engine's kernels have them.

A loop takes the addresses of three arrays and goes over `blocks` of 512 bytes. numba's own loops over 32-bit numbers
are not vectorised and would make a low roof.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from evsnn_lava.simulation.engine.vectors import WORD, Vector

VECTORS: Final = 8
VECTOR_BYTES: Final = 64
BLOCK_BYTES: Final = VECTORS * VECTOR_BYTES
CHAIN: Final = 64
"""Additions of every element that is loaded, in `add_in_registers`."""

Body = Callable[[Any, list[Any], list[Any], ir.VectorType], None]


def _kind(bits: int) -> ir.VectorType:
    return ir.VectorType(ir.IntType(bits), 8 * VECTOR_BYTES // bits)


def _loop(body: Body, bits: int, sums: int = 0) -> Any:
    """Make a loop over blocks; `body` gets the addresses of a vector of each array and slots for `sums` vectors."""
    kind = _kind(bits)

    def generate(context: Any, builder: Any, _: Any, arguments: tuple[Any, ...]) -> Any:
        *bases, blocks = arguments
        nothing = ir.Constant(kind, [0] * kind.count)
        kept = [cgutils.alloca_once_value(builder, nothing) for _ in range(sums)]
        with cgutils.for_range(builder, blocks) as loop:
            begin = builder.mul(loop.index, WORD(BLOCK_BYTES))
            places = [
                [builder.add(base, builder.add(begin, WORD(VECTOR_BYTES * k))) for base in bases]
                for k in range(VECTORS)
            ]
            body(builder, places, kept, kind)
        for place, total in enumerate(kept):  # into the last array, so that nothing is left out
            Vector(builder, builder.load(total)).store(builder.add(bases[-1], WORD(VECTOR_BYTES * place)))
        return context.get_dummy_value()

    @intrinsic
    def run(typing_context: Any, a: Any, b: Any, c: Any, blocks: Any) -> Any:
        return types.void(*[types.intp] * 4), generate

    return run


def _triad(builder: Any, places: list[Any], _: list[Any], kind: ir.VectorType) -> None:
    for a, b, c in places:
        (Vector.load(builder, b, kind) + (Vector.load(builder, c, kind) << 1)).store(a)


def _read(builder: Any, places: list[Any], kept: list[Any], kind: ir.VectorType) -> None:
    for (a, _, _), total in zip(places, kept, strict=True):
        builder.store((Vector(builder, builder.load(total)) + Vector.load(builder, a, kind)).value, total)


def _add_to(builder: Any, places: list[Any], _: list[Any], kind: ir.VectorType) -> None:
    for a, b, _ in places:
        (Vector.load(builder, a, kind) + Vector.load(builder, b, kind)).store(a)


def _chain(builder: Any, places: list[Any], _: list[Any], kind: ir.VectorType) -> None:
    """Each sum is of the two before it, which no compiler can shorten; the vectors do not depend on each other."""
    pairs = [(Vector.load(builder, a, kind), Vector.load(builder, b, kind)) for a, b, _ in places]
    for _ in range(CHAIN // 2):
        pairs = [(x + y, x) for x, y in pairs]
        pairs = [(x + y, x) for x, y in pairs]
    for (x, y), (a, b, _) in zip(pairs, places, strict=True):
        x.store(a)
        y.store(b)


def _compiled(intrinsic_loop: Any) -> Callable[[int, int, int, int, int], None]:
    @njit(nogil=True)
    def run(a: int, b: int, c: int, blocks: int, times: int) -> None:
        for _ in range(times):
            intrinsic_loop(a, b, c, blocks)

    return run


triad = _compiled(_loop(_triad, 32))
"""``a = b + 2 c``: two streams in, one out."""

read = _compiled(_loop(_read, 32, VECTORS))
"""Add up `a` in registers: one stream in."""

add_to = {bits: _compiled(_loop(_add_to, bits)) for bits in (32, 16)}
"""``a += b``: both in memory, as where messages are scattered."""

add_up = {bits: _compiled(_loop(_read, bits, VECTORS)) for bits in (32, 16)}
"""Add up `a` in registers: an operand in memory, as where rows are summed up."""

add_in_registers = {bits: _compiled(_loop(_chain, bits)) for bits in (32, 16)}
"""64 additions of every element that is loaded."""
