"""A convolution for what Lava's own does not compute: weight exponents, large sizes, sums that leave a word."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from evsnn_lava._lava import (
    CPU,
    AbstractPyConvModel,
    Conv,
    LavaPyType,
    LoihiProtocol,
    PyInPort,
    PyOutPort,
    implements,
    requires,
    signed_clamp,
    tag,
)
from evsnn_lava.errors import CapacityError

SUM_BITS: Final = 24
WORD_LIMIT: Final = 1 << 31


class ExactConv(Conv):
    """Lava's Conv with a weight exponent, with strides, sizes and groups of any size, and with a watch over its sums.

    Lava's own model ignores the exponent and keeps sizes in 8 bits. Both wrap sums at 24 bits. A sum that leaves 32
    bits, which graded messages can make, is undefined in Lava's own and refused here.

    Raises
    ------
    CapacityError
        In the step in which a sum leaves 32 bits.
    """


@implements(proc=ExactConv, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyExactConvModel(AbstractPyConvModel):
    """Leaves the convolution to `lava.proc.conv.models.AbstractPyConvModel`."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    a_buf: np.ndarray = LavaPyType(np.ndarray, np.int64)
    weight: np.ndarray = LavaPyType(np.ndarray, np.int64, precision=9)
    kernel_size: np.ndarray = LavaPyType(np.ndarray, np.int64)
    stride: np.ndarray = LavaPyType(np.ndarray, np.int64)
    padding: np.ndarray = LavaPyType(np.ndarray, np.int64)
    dilation: np.ndarray = LavaPyType(np.ndarray, np.int64)
    groups: np.ndarray = LavaPyType(np.ndarray, np.int64)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.name: str = proc_params["name"]

    def clamp_precision(self, x: np.ndarray) -> np.ndarray:
        """Wrap the sums, then shift them; Lava calls it with what it has summed."""
        largest = int(np.abs(x).max())
        if largest >= WORD_LIMIT:
            raise CapacityError(
                f"{self.name}: a sum reaches {largest}, the limit is {WORD_LIMIT - 1}; use smaller messages or weights"
            )
        sums, exponent = signed_clamp(x, bits=SUM_BITS), self.weight_exp.item()
        return np.left_shift(sums, exponent) if exponent > 0 else np.right_shift(sums, -exponent)
