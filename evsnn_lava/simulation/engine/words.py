"""Numbers of 64 bits as what they hold: flags of some bytes of memory, or of the neurons of a block."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from evsnn_lava.simulation.engine.vectors import WORD, Vector


def _flagging(count: int) -> Any:
    """Make the function that says which of `count` bytes, from any address on, are not 0: a bit for each."""

    def generate(context: Any, builder: Any, _: Any, arguments: tuple[Any, ...]) -> Any:
        kind = ir.VectorType(ir.IntType(8), count)
        return builder.zext(Vector.load(builder, arguments[0], kind).nonzero().bits(), WORD)

    @intrinsic
    def flag(typing_context: Any, address: Any) -> Any:
        return types.uint64(types.intp), generate

    return flag


flag_1, flag_8, flag_32 = map(_flagging, (1, 8, 32))


@intrinsic
def lowest_bit(typing_context: Any, bits: Any) -> Any:
    """Place of the lowest bit that is set in a number that is not 0."""

    def generate(context: Any, builder: Any, _: Any, arguments: tuple[Any, ...]) -> Any:
        return builder.cttz(arguments[0], ir.IntType(1)(1))

    return types.int64(types.uint64), generate
