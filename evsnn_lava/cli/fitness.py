"""What prices do not say: whether the chip takes the network."""

from __future__ import annotations

from evsnn_lava.export.check import broken_rules, check
from evsnn_lava.hw_profiles import Chip, CostProfile
from evsnn_lava.network import NetworkDescription


def misfit(label: str, network: NetworkDescription, hardware: CostProfile, chips: int | None = None) -> str:
    """Why a chip does not take a network.

    Parameters
    ----------
    label : str
        Name of the network.
    network : NetworkDescription
        The network.
    hardware : CostProfile
        What it is priced on.
    chips : int, optional
        How many of them there are; 1 if it is not known.

    Returns
    -------
    str
        A sentence; empty if it takes it, or if it is not known what fits.
    """
    errors = broken_rules(check(network, hardware, chips or 1)) if isinstance(hardware, Chip) else ()
    if not errors:
        return ""
    return (
        f"{label} does not run on {hardware.title} as it is, and this is what it would cost: `evsnn check` finds "
        f"errors ({', '.join(errors)})"
    )
