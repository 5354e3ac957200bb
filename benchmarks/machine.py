"""What was measured on: no names, no paths."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("numpy", "numba", "scipy", "torch", "lava-nc", "lava-dl")
CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
USUAL_CACHES_KIB = {"1": 32, "2": 1024, "3": 16384}


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_model() -> str:
    """Name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def caches_kib() -> dict[str, int]:
    """Size of the data caches by level; usual ones where the system does not say."""
    found = dict(USUAL_CACHES_KIB)
    for folder in sorted(CACHES.glob("index*")):
        try:
            kind, level, size = ((folder / name).read_text().strip() for name in ("type", "level", "size"))
        except OSError:
            continue
        if kind != "Instruction" and size.endswith("K"):
            found[level] = int(size[:-1])
    return found


def versions() -> dict[str, str]:
    """Versions of what takes part."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package).partition("+")[0]
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def commit() -> str:
    """Commit of the checkout, with a plus if something is changed; empty outside of one."""
    try:
        head = _git("rev-parse", "--short=12", "HEAD")
        return head + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def _git(*arguments: str) -> str:
    folder = Path(__file__).parent
    return subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True, timeout=20
    ).stdout.strip()


def machine() -> dict[str, Any]:
    """Everything, for a file."""
    return {
        "cpu": cpu_model(),
        "cores": cores(),
        "caches_kib": caches_kib(),
        "python": platform.python_version(),
        "versions": versions(),
        "commit": commit(),
    }
