"""Hardware profiles: what a chip's operations cost, each number with its unit, source and status.

One TOML file per chip stands beside this module; ``docs/energy.md`` explains how they are used.
"""

from evsnn_lava.hw_profiles.load import load_profile, profile_names
from evsnn_lava.hw_profiles.schema import Energies, HardwareProfile, Limits, Quantity, Times

__all__ = [
    "Energies",
    "HardwareProfile",
    "Limits",
    "Quantity",
    "Times",
    "load_profile",
    "profile_names",
]
