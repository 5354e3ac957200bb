"""Stand-ins: Lava's fixed-point models under the label of a neuro-core."""

from lava.magma.core.resources import Loihi2NeuroCore
from lava.proc.lif.models import PyLifModelBitAcc, PyLifResetModelBitAcc


class NcModelLif(PyLifModelBitAcc):
    required_resources = [Loihi2NeuroCore]  # noqa: RUF012


class NcModelLifReset(PyLifResetModelBitAcc):
    required_resources = [Loihi2NeuroCore]  # noqa: RUF012
