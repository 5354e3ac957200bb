"""Stand-in: Lava's fixed-point model under the label of a neuro-core."""

from lava.magma.core.resources import Loihi2NeuroCore
from lava.proc.dense.models import PyDenseModelBitAcc


class NcModelDense(PyDenseModelBitAcc):
    required_resources = [Loihi2NeuroCore]  # noqa: RUF012
