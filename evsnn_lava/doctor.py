"""What is installed, which back-ends are usable on this machine, and what to do about those that are not."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path
from types import MappingProxyType

from evsnn_lava.errors import BackendUnavailableError

SHARED_MEMORY = Path("/dev/shm")
SHARED_MEMORY_NEEDED_MIB = 256
PYTHON_VERSIONS = ((3, 10), (3, 13))
PACKAGES: Mapping[str, str] = MappingProxyType(
    {
        "evsnn-lava": "core",
        "numpy": "core",
        "scipy": "core",
        "h5py": "core",
        "pydantic": "core",
        "numba": "core",
        "scikit-learn": "core",
        "torch": "train",
        "lightning": "train",
        "tonic": "train",
        "nir": "nir",
        "pyarrow": "parquet",
        "lava-nc": "lava",
        "lava-dl": "lava",
    }
)


@dataclass(frozen=True)
class Finding:
    """One line of a diagnosis.

    Attributes
    ----------
    name : str
        What was looked at, for example ``"back-end lava"``.
    ok : bool
        Whether it is as it should be.
    detail : str
        The fact: a version, a number with its unit, the reason why not.
    remedy : str
        What to do about it; empty where nothing has to be done.

    Examples
    --------
    >>> Finding("package numpy", True, "2.4.6").remedy
    ''
    """

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def diagnose() -> tuple[Finding, ...]:
    """Look at Python, the packages, the back-ends and the machine. Never raises.

    Returns
    -------
    tuple of Finding
        Python, the packages in the order of `PACKAGES`, the back-ends ``reference``, ``engine``, ``slayer``,
        ``lava`` and ``loihi2``, shared memory and processors.

    Examples
    --------
    >>> [finding.name for finding in diagnose()][:2]
    ['python', 'package evsnn-lava']
    """
    packages = tuple(_package(name, extra) for name, extra in PACKAGES.items())
    backends = tuple(_backend(name, probe) for name, probe in _PROBES.items())
    return (_python(), *packages, *backends, _shared_memory(), _processors())


def _python() -> Finding:
    lowest, highest = PYTHON_VERSIONS
    version = tuple(int(part) for part in platform.python_version_tuple()[:2])
    remedy = "" if lowest <= version <= highest else "use Python 3.10 to 3.13: make setup PYTHON=python3.11"
    return Finding("python", not remedy, f"{platform.python_version()} on {platform.system()}", remedy)


def _package(name: str, extra: str) -> Finding:
    try:
        return Finding(f"package {name}", True, metadata.version(name))
    except metadata.PackageNotFoundError:
        return Finding(f"package {name}", False, f"not installed (needed for: {extra})", "run `make setup`")


def _backend(name: str, probe: Callable[[], str]) -> Finding:
    title = f"back-end {name}"
    try:
        return Finding(title, True, probe())
    except BackendUnavailableError as error:
        reason, _, remedy = str(error).partition("; ")
        return Finding(title, False, reason, remedy)
    except Exception as error:  # noqa: BLE001 - a broken third-party library can raise anything; that is the finding
        return Finding(title, False, f"{type(error).__name__}: {error}", "reinstall the packages: make clean setup")


def _probe_reference() -> str:
    import_module("evsnn_lava.simulation.reference")
    return "numpy, the semantics in code"


def _probe_engine() -> str:
    import_module("evsnn_lava.simulation.engine")
    return f"numba {metadata.version('numba')}, {_processor_count()} threads"


def _probe_slayer() -> str:
    door = import_module("evsnn_lava._torch")
    device = "CUDA" if door.torch.cuda.is_available() else "CPU"
    return f"{door.slayer.__name__} on torch {door.torch.__version__}, {device}"


def _probe_lava() -> str:
    import_module("evsnn_lava._lava").netx()
    return f"lava-nc {metadata.version('lava-nc')}, lava-dl {metadata.version('lava-dl')}, CPU simulator"


def _probe_loihi2() -> str:
    if not import_module("evsnn_lava._lava").loihi2_installed():
        raise BackendUnavailableError(
            "Intel's lava-loihi and nxcore are not installed; "
            "join the Intel Neuromorphic Research Community to get them, or use the back-end lava"
        )
    return "Intel's packages are installed; what they do with a board was never tried, see docs/loihi2.md"


_PROBES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "reference": _probe_reference,
        "engine": _probe_engine,
        "slayer": _probe_slayer,
        "lava": _probe_lava,
        "loihi2": _probe_loihi2,
    }
)


def _shared_memory() -> Finding:
    title = f"shared memory {SHARED_MEMORY}"
    try:
        free_mib = shutil.disk_usage(SHARED_MEMORY).free // 2**20
    except OSError as error:
        return Finding(title, False, error.strerror or str(error), "mount a tmpfs there; Lava's channels live in it")
    remedy = f"make it at least {SHARED_MEMORY_NEEDED_MIB} MiB (in a container: --shm-size=1g)"
    ok = free_mib >= SHARED_MEMORY_NEEDED_MIB
    return Finding(title, ok, f"{free_mib} MiB free", "" if ok else remedy)


def _processors() -> Finding:
    return Finding("processors", True, f"{_processor_count()} usable of {os.cpu_count()}")


def _processor_count() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
