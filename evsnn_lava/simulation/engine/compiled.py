"""How the engine's functions are compiled: without the GIL, and kept on disk until one of them changes.

numba keeps a compiled function as long as the file that holds it stays as it is, although it contains the functions
of other files that it calls. Here all of the engine's files count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit

inner = njit(nogil=True, inline="always")
"""Decorator of a function that only kernels call."""


def kernel(function: Callable[..., Any]) -> Any:
    """Decorator of a function that Python calls."""
    try:
        dispatcher: Any = njit(nogil=True, cache=True)(function)
    except RuntimeError:  # nothing can be written anywhere: every process compiles for itself
        return njit(nogil=True)(function)
    dispatcher._cache._cache_file._source_stamp = source_digest()
    return dispatcher


def source_digest() -> str:
    """Hash of all files of the engine, and of those whose constants it uses."""
    digest, package = hashlib.sha256(), Path(__file__).parents[2]
    for path in sorted([*(package / "network").glob("*.py"), *(package / "simulation").rglob("*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()
