"""The door to torch and to lava-dl's SLAYER: the only module that imports them.

`torch` and `F` (`torch.nn.functional`) are there at once; `slayer` (`lava.lib.dl.slayer`) is imported when it is first
asked for, because a program that only reads a checkpoint does not need it.

Raises
------
BackendUnavailableError
    At import if torch is not installed; at the first use of `slayer` if lava-dl or matplotlib is not.
"""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

from evsnn_lava import _lava_repairs as repairs
from evsnn_lava.errors import BackendUnavailableError

INSTALL_TORCH = "run `make setup` in a checkout, or `pip install 'evsnn-lava[train]'`"
INSTALL_SLAYER = (
    f"{INSTALL_TORCH} followed by `pip install --no-deps --ignore-requires-python lava-nc==0.10.0 lava-dl==0.6.0`"
)

try:
    import torch
    from torch.nn import functional as F
except ImportError as error:
    raise BackendUnavailableError(f"torch cannot be imported: {error}; {INSTALL_TORCH}") from error

if TYPE_CHECKING:
    from typing import TypeAlias

    slayer: Any
    Tensor: TypeAlias = Any  # torch types a module's attributes as `Tensor | Module`, which no honest code satisfies
else:
    Tensor = torch.Tensor

__all__ = ["INSTALL_SLAYER", "INSTALL_TORCH", "F", "Tensor", "slayer", "torch"]


def __getattr__(name: str) -> ModuleType:
    if name == "slayer":
        return _slayer()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@contextlib.contextmanager
def _without_cuda_notes() -> Iterator[None]:
    """SLAYER asks torch for its CUDA compiler, and torch logs a warning when a CUDA build finds no GPU."""
    logger = logging.getLogger("torch.utils.cpp_extension")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


@functools.cache
def _slayer() -> ModuleType:
    """Import SLAYER without its object detection, which would need torchvision and OpenCV."""
    try:
        with repairs.without_object_detection(), _without_cuda_notes():
            from lava.lib.dl import slayer as module
    except ImportError as error:
        raise BackendUnavailableError(f"lava-dl's SLAYER cannot be imported: {error}; {INSTALL_SLAYER}") from error
    return module
