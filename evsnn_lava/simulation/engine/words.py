"""Numbers of 64 bits as what they hold: eight bytes of memory, or a truth value per neuron of a block."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from evsnn_lava.simulation.engine.vectors import WORD


def _loading(bits: int) -> Any:
    """Make the function that reads so many bits, from any address, as a number of 64."""

    def generate(context: Any, builder: Any, _: Any, arguments: tuple[Any, ...]) -> Any:
        pointer = builder.inttoptr(arguments[0], ir.IntType(bits).as_pointer())
        return builder.zext(builder.load(pointer, align=1), WORD)

    @intrinsic
    def load(typing_context: Any, address: Any) -> Any:
        return types.uint64(types.intp), generate

    return load


load_byte, load_word = _loading(8), _loading(64)


@intrinsic
def lowest_bit(typing_context: Any, bits: Any) -> Any:
    """Place of the lowest bit that is set in a number that is not 0."""

    def generate(context: Any, builder: Any, _: Any, arguments: tuple[Any, ...]) -> Any:
        return builder.cttz(arguments[0], ir.IntType(1)(1))

    return types.int64(types.uint64), generate
