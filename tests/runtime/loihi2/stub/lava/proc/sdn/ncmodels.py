"""Stand-ins: Lava's fixed-point models under the label of a neuro-core; there is none for `Sigma`."""

from lava.magma.core.resources import Loihi2NeuroCore
from lava.proc.sdn.models import PySigmaDeltaModelFixed


class NcModelSigmaDelta(PySigmaDeltaModelFixed):
    required_resources = [Loihi2NeuroCore]  # noqa: RUF012
