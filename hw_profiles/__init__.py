"""Hardware profiles: what a chip's operations cost, each number with its unit, source and status.

One TOML file per chip stands beside this module; ``docs/energy.md`` explains how they are used.
"""

from evsnn_lava.hw_profiles.load import chip_names, load_chip, load_profile, profile_names
from evsnn_lava.hw_profiles.schema import (
    Bounds,
    Chip,
    CoreKind,
    Energies,
    HardwareProfile,
    Limits,
    Quantity,
    Supports,
    Times,
)

__all__ = [
    "Bounds",
    "Chip",
    "CoreKind",
    "Energies",
    "HardwareProfile",
    "Limits",
    "Quantity",
    "Supports",
    "Times",
    "chip_names",
    "load_chip",
    "load_profile",
    "profile_names",
]
