"""The `nir` package, imported when somebody first asks for it: it is an optional extra."""

from __future__ import annotations

import importlib
from types import ModuleType

from evsnn_lava.errors import BackendUnavailableError

INSTALL_NIR = "run `pip install 'evsnn-lava[nir]'`"


def nir_package() -> ModuleType:
    """The package that defines the nodes of NIR and writes its files.

    Raises
    ------
    BackendUnavailableError
        If it is not installed.

    Examples
    --------
    >>> nir_package().LIF.__name__
    'LIF'
    """
    try:
        return importlib.import_module("nir")
    except ImportError as error:
        raise BackendUnavailableError(f"the package nir cannot be imported: {error}; {INSTALL_NIR}") from error
