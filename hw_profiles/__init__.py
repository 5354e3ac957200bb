"""Hardware profiles: what a chip's operations cost, each number with its unit, source and status.

One TOML file per chip stands beside this module; ``docs/energy.md`` explains how they are used.
"""

from evsnn_lava.hw_profiles.costs import CostProfile, Energies, Times
from evsnn_lava.hw_profiles.load import (
    chip_names,
    hardware_names,
    load_chip,
    load_hardware,
    load_profile,
    profile_names,
)
from evsnn_lava.hw_profiles.quantity import Quantity
from evsnn_lava.hw_profiles.schema import (
    Bounds,
    Chip,
    CoreKind,
    HardwareProfile,
    Limits,
    Supports,
)

__all__ = [
    "Bounds",
    "Chip",
    "CoreKind",
    "CostProfile",
    "Energies",
    "HardwareProfile",
    "Limits",
    "Quantity",
    "Supports",
    "Times",
    "chip_names",
    "hardware_names",
    "load_chip",
    "load_hardware",
    "load_profile",
    "profile_names",
]
