"""Results as JSON: numbers with six digits, rows of numbers on one line, arrays of samples packed."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava._files import atomic_write

FLAT: Final = re.compile(r"([\[{])\s+([^\[\]{}]*?)\s+([\]}])")


def write_record(path: Path, content: Mapping[str, Any]) -> None:
    """Write a result, whole or not at all.

    Parameters
    ----------
    path : pathlib.Path
        A JSON file; its folder is made.
    content : mapping
        What to write.
    """
    text = json.dumps(_rounded(content), indent=1)
    flat = FLAT.sub(lambda match: match[1] + re.sub(r"\s*\n\s*", " ", match[2]) + match[3], text)
    with atomic_write(path, make_folders=True) as temporary:
        temporary.write_text(flat + "\n", encoding="utf-8")


def read_record(path: Path) -> dict[str, Any] | None:
    """Read a result; None where there is none yet."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found


def _rounded(value: Any) -> Any:
    """Numbers with six digits, in whatever holds them."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, Mapping):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list | tuple) else value


def packed(values: npt.NDArray[np.integer]) -> str:
    """Small whole numbers, one per sample, as text.

    Parameters
    ----------
    values : numpy.ndarray of int, shape (N,)
        Each fits into 16 bits.

    Returns
    -------
    str
        base64 of zlib of little-endian 16-bit integers.

    Examples
    --------
    >>> unpacked(packed(np.array([3, -1, 300]))).tolist()
    [3, -1, 300]
    """
    return base64.b64encode(zlib.compress(np.asarray(values).astype("<i2").tobytes(), 9)).decode()


def unpacked(text: str) -> npt.NDArray[np.int64]:
    """The numbers of :func:`packed`."""
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype="<i2").astype(np.int64)
