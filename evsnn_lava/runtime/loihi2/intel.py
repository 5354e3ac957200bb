"""What Lava needs of Intel's package to compile for Loihi 2, and where the chip is."""

from __future__ import annotations

import importlib.util
import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from evsnn_lava.errors import BackendUnavailableError, ConfigError

PARTS: Final = {
    "lava.magma.core.model.nc": "models of neuro-cores",
    "lava.magma.core.model.c": "models of embedded CPUs",
    "lava.magma.compiler.subcompilers.nc.ncproc_compiler": "the compiler for neuro-cores",
    "lava.proc.embedded_io": "adapters between host and chip",
    "lava.utils.loihi2_profiler": "probes of power and time",
    "nxcore": "the driver of the chip",
}
"""Modules of Intel's closed packages that are used here, and what they bring. All but the last are of lava-loihi."""

GENERATIONS: Final = ("N2A2", "N3B2", "N3B3", "N3C1", "N3D1")
HOST_BINARY: Final = "nxcore/bin/nx_driver_server"
SINFO_S: Final = 10.0
VARIABLES: Final = ("SLURM", "NOSLURM", "LOIHI_GEN", "PARTITION", "BOARD", "NXSDKHOST", "HOST_BINARY")
"""What Lava and Intel's package look for in the environment."""


def missing() -> tuple[str, ...]:
    """Modules of `PARTS` that are not installed; none of them is imported to find out."""
    return tuple(name for name in PARTS if not _found(name))


def _found(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # a package above it
        return False


def why_not() -> str | None:
    """Say what is missing, and how one gets it.

    Returns
    -------
    str or None
        None when everything is there; whether a chip answers is known only after a run.
    """
    lacking = missing()
    if not lacking:
        return None
    parts = ", ".join(f"{name} ({PARTS[name]})" for name in lacking)
    return (
        f"Loihi 2 needs Intel's lava-loihi and nxcore, of which is missing: {parts}; only members of Intel's "
        "Neuromorphic Research Community (INRC) get them, from Intel, after they have signed its agreement; join it or "
        "use the back-end lava"
    )


@dataclass(frozen=True)
class Host:
    """Where the chip is.

    Parameters
    ----------
    partition, board : str, optional
        Of a SLURM cluster, Intel's cloud for example; at most one of the two.
    address : str, optional
        Of a host with a board, instead.
    generation : str
        Of the chip.

    Raises
    ------
    ConfigError
        If these exclude each other, or there is no such generation.
    """

    partition: str | None = None
    board: str | None = None
    address: str | None = None
    generation: str = "N3B3"

    def __post_init__(self) -> None:
        """Check that one place is meant."""
        if sum(value is not None for value in (self.partition, self.board, self.address)) > 1:
            raise ConfigError("Loihi 2: partition, board and address exclude each other; give one of them")
        if self.generation not in GENERATIONS:
            raise ConfigError(f"Loihi 2: generation is {self.generation}; choose one of: {', '.join(GENERATIONS)}")

    def use(self) -> None:
        """Set the variables of this process that Intel's package looks for; leave those that are set already.

        They are those that `lava.utils.loihi` of Lava 0.10.0 sets, whose own functions fail with an IndexError at the
        empty last line of what `sinfo` prints.

        Raises
        ------
        BackendUnavailableError
            If SLURM does not know the partition or the board, or is not there.
        """
        os.environ.setdefault("LOIHI_GEN", self.generation)
        if self.address:
            _set({"NOSLURM": "1", "NXSDKHOST": self.address, "LOIHI_GEN": self.generation}, without="SLURM")
            os.environ.setdefault("HOST_BINARY", HOST_BINARY)
        elif self.partition or self.board or not {"SLURM", "NOSLURM"} & os.environ.keys():
            place = {"PARTITION": self.partition, "BOARD": self.board}
            named = {name: value for name, value in place.items() if value is not None}
            _require_listed(named.values())
            _set({"SLURM": "1", "LOIHI_GEN": self.generation, **named}, without="NOSLURM")


def _set(variables: dict[str, str], without: str) -> None:
    os.environ.update(variables)
    os.environ.pop(without, None)


def _require_listed(names: Iterable[str]) -> None:
    """Ask SLURM whether it has the partition or the board."""
    try:
        said = subprocess.run(["sinfo", "-N"], capture_output=True, text=True, check=True, timeout=SINFO_S).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise BackendUnavailableError(
            f"Loihi 2: SLURM does not answer ({error}); name the address of a board, or set NOSLURM and NXSDKHOST"
        ) from error
    listed = {word.strip("*") for line in said.splitlines() for word in line.split()}
    for name in names:
        if name not in listed:
            raise BackendUnavailableError(f"Loihi 2: SLURM has no partition or board {name}; see `sinfo -N`")
