"""Where generated and downloaded data sets are kept."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Give the folder named by ``EVSNN_CACHE``, or ``~/.cache/evsnn_lava``.

    Examples
    --------
    >>> (cache_folder() / "digits.npz").name
    'digits.npz'
    """
    stated = os.environ.get("EVSNN_CACHE")
    return Path(stated).expanduser() if stated else Path.home() / ".cache" / "evsnn_lava"
