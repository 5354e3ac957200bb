"""Stand-in: Lava's fixed-point model under the label of a neuro-core."""

from lava.magma.core.resources import Loihi2NeuroCore
from lava.proc.conv.models import PyConvModelFixed


class NcModelConv(PyConvModelFixed):
    required_resources = [Loihi2NeuroCore]  # noqa: RUF012
