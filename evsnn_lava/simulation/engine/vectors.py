"""Vectors of integers for the engine's inner loops, written like the equations they compute.

numba vectorises loops only as long as it can prove that no two of their arrays overlap, which it cannot for more than
a few. A `Vector` says what it wants: LLVM lowers it to whatever vectors the machine has.
"""

from __future__ import annotations

from typing import Any, Final

from llvmlite import ir

WORD: Final = ir.IntType(64)


class Vector:
    """A vector of integers in the making; operators take vectors, or a Python int for every lane.

    Parameters
    ----------
    builder : llvmlite.ir.IRBuilder
        Where the instructions go.
    value : llvmlite.ir.Value
        A value of a vector type.
    """

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder, self.value = builder, value

    @classmethod
    def load(cls, builder: Any, address: Any, kind: ir.VectorType) -> Vector:
        """Read a vector of `kind` from an address that is aligned to its elements."""
        pointer = builder.inttoptr(address, kind.as_pointer())
        return cls(builder, builder.load(pointer, align=kind.element.width // 8))

    @classmethod
    def spread(cls, builder: Any, scalar: Any, kind: ir.VectorType) -> Vector:
        """The same value in every lane."""
        first = builder.insert_element(ir.Constant(kind, ir.Undefined), scalar, ir.IntType(32)(0))
        lanes = ir.Constant(ir.VectorType(ir.IntType(32), kind.count), [0] * kind.count)
        return cls(builder, builder.shuffle_vector(first, ir.Constant(kind, ir.Undefined), lanes))

    def store(self, address: Any) -> None:
        """Write the vector to an address."""
        pointer = self.builder.inttoptr(address, self.value.type.as_pointer())
        self.builder.store(self.value, pointer, align=self.value.type.element.width // 8)

    def widened(self, bits: int) -> Vector:
        """The same numbers in elements of so many bits, if they have fewer."""
        if self.value.type.element.width >= bits:
            return self
        return self._of(self.builder.sext(self.value, ir.VectorType(ir.IntType(bits), self.value.type.count)))

    def bits(self) -> Any:
        """The lanes of a vector of truth values as the bits of one number."""
        return self.builder.bitcast(self.value, ir.IntType(self.value.type.count))

    def where(self, yes: Vector | int, no: Vector | int) -> Vector:
        """Choose by a vector of truth values; at least one of the two must be a vector."""
        model = yes if isinstance(yes, Vector) else no
        return self._of(self.builder.select(self.value, model._operand(yes), model._operand(no)))  # type: ignore[union-attr]

    def __add__(self, other: Vector | int) -> Vector:
        return self._of(self.builder.add(self.value, self._operand(other)))

    def __sub__(self, other: Vector | int) -> Vector:
        return self._of(self.builder.sub(self.value, self._operand(other)))

    def __mul__(self, other: Vector | int) -> Vector:
        return self._of(self.builder.mul(self.value, self._operand(other)))

    def __and__(self, other: Vector | int) -> Vector:
        return self._of(self.builder.and_(self.value, self._operand(other)))

    def __or__(self, other: Vector | int) -> Vector:
        return self._of(self.builder.or_(self.value, self._operand(other)))

    def __xor__(self, other: Vector | int) -> Vector:
        return self._of(self.builder.xor(self.value, self._operand(other)))

    def __lshift__(self, bits: int) -> Vector:
        return self._of(self.builder.shl(self.value, self._operand(bits)))

    def __rshift__(self, bits: int) -> Vector:
        return self._of(self.builder.ashr(self.value, self._operand(bits)))

    def __gt__(self, other: Vector | int) -> Vector:
        return self._of(self.builder.icmp_signed(">", self.value, self._operand(other)))

    def __le__(self, other: Vector | int) -> Vector:
        return self._of(self.builder.icmp_signed("<=", self.value, self._operand(other)))

    def nonzero(self) -> Vector:
        """Which lanes are not zero."""
        return self._of(self.builder.icmp_signed("!=", self.value, self._operand(0)))

    def _operand(self, other: Vector | int) -> Any:
        if isinstance(other, Vector):
            return other.value
        return ir.Constant(self.value.type, [other] * self.value.type.count)

    def _of(self, value: Any) -> Vector:
        return Vector(self.builder, value)
