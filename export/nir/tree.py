"""An HDF5 file to nested dictionaries, without trusting the file; and the program of the child that does it.

The HDF5 library reads whatever a file says: external links, data sets of any declared size, compressed to nothing.
Here everything is checked before memory is taken for it. What cannot be checked is the library itself: some damaged
files crash it or keep it busy for ever. So it runs in a process of its own, under limits, and hands over what it
read. (The limits contain accidents; they are no sandbox.)
"""

from __future__ import annotations

import importlib.util
import io
import json
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import FormatError, printable

SIZE_LIMIT: Final = 64 << 20
"""Most bytes of the file and of all its data, unpacked."""

NUMBER_LIMIT: Final = 1 << 23
"""Most numbers; they become 8 bytes each."""

OBJECT_LIMIT: Final = 20_000
TEXT_LIMIT: Final = 1 << 20
"""Most bytes of all text."""

DEPTH_LIMIT: Final = 24
MEMORY_LIMIT: Final = 1 << 30
"""Bytes of address space that reading a file may take."""

REMEDY: Final = "write it again with `nir.write`"
REFUSED: Final = 3
"""Exit code of the child when the file is refused; its output is then the reason."""

TROUBLE: Final = (
    OSError,
    LookupError,
    ValueError,
    TypeError,
    RuntimeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    MemoryError,
)
"""What h5py raises on damaged files and the package `nir` on nodes that are none."""

_FILTERS: Final = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32, h5py.h5z.FILTER_LZF}


def main(arguments: Sequence[str]) -> int:
    """Read an HDF5 file from the standard input and write its tree, packed, to the standard output.

    Parameters
    ----------
    arguments : sequence of str
        Seconds of computing time that it may take.

    Returns
    -------
    int
        Exit code: 0, or `REFUSED`.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # the library may talk without end
    _limit(int(arguments[0]))
    code = 0
    try:
        output = packed(TreeReader(sys.stdin.buffer.read()).tree())
    except FormatError as error:
        output, code = str(error).encode(), REFUSED
    except TROUBLE as error:
        output, code = str(no_graph(error)).encode(), REFUSED
    sys.stdout.buffer.write(output)
    sys.stdout.buffer.flush()
    return code


def _limit(seconds: int) -> None:
    """Bound memory and computing time, where the system can."""
    if importlib.util.find_spec("resource") is None:
        return
    import resource

    bounds = {resource.RLIMIT_CPU: seconds, resource.RLIMIT_CORE: 0}
    sizes = Path("/proc/self/statm")
    if sizes.exists():
        now = int(sizes.read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        bounds[resource.RLIMIT_AS] = now + MEMORY_LIMIT
    for name, bound in bounds.items():
        soft, hard = resource.getrlimit(name)
        if soft == resource.RLIM_INFINITY or bound < soft:
            resource.setrlimit(name, (bound, hard))


def packed(tree: dict[str, Any]) -> bytes:
    """Pack a tree: its outline as JSON, then its arrays, all as `numpy.save` writes them.

    Parameters
    ----------
    tree : dict
        What :meth:`TreeReader.tree` gives.

    Examples
    --------
    >>> unpacked(packed({"group": {"empty": {}, "text": "a", "number": np.float32(0.5)}}))
    {'group': {'empty': {}, 'text': 'a', 'number': np.float32(0.5)}}
    """
    arrays: list[npt.NDArray[Any]] = []
    outline = json.dumps(_outline(tree, arrays)).encode("ascii")
    stream = io.BytesIO()
    for array in (np.frombuffer(outline, np.uint8), *arrays):
        np.save(stream, array, allow_pickle=False)
    return stream.getvalue()


def _outline(item: Any, arrays: list[npt.NDArray[Any]]) -> Any:
    """Put the arrays of a tree into a list; each leaves its number, an array of text its shape and texts."""
    if isinstance(item, dict):
        return {name: _outline(inner, arrays) for name, inner in item.items()}
    if isinstance(item, str):
        return item
    array = np.asarray(item)
    if array.dtype == object:
        return [array.shape, array.ravel().tolist()]
    arrays.append(array.view(array.dtype.str))  # without what h5py notes at a type
    return len(arrays) - 1


def unpacked(data: bytes) -> dict[str, Any]:
    """Undo `packed`.

    Parameters
    ----------
    data : bytes
        What `packed` made.
    """
    stream, arrays = io.BytesIO(data), []
    while stream.tell() < len(data):
        arrays.append(np.load(stream, allow_pickle=False))
    outline, *rest = arrays

    def filled(item: Any) -> Any:
        if isinstance(item, dict):
            return {name: filled(inner) for name, inner in item.items()}
        if isinstance(item, int):
            return rest[item][()]
        return item if isinstance(item, str) else np.array(item[1], dtype=object).reshape(item[0])

    tree: dict[str, Any] = filled(json.loads(outline.tobytes()))
    return tree


def no_graph(error: BaseException) -> FormatError:
    """Make the refusal for an error that is not ours.

    Parameters
    ----------
    error : BaseException
        What was raised.
    """
    return FormatError(f"no NIR graph ({type(error).__name__}: {printable(str(error), 120)}); {REMEDY}")


class TreeReader:
    """All data of an HDF5 file, within the limits.

    Parameters
    ----------
    data : bytes
        The file.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._room, self._numbers = SIZE_LIMIT, NUMBER_LIMIT
        self._text, self._objects = TEXT_LIMIT, OBJECT_LIMIT

    def tree(self) -> dict[str, Any]:
        """Groups as dictionaries, numbers as arrays or scalars, text as `str` or arrays of objects.

        Raises
        ------
        FormatError
            If something in the file is none of these, or exceeds a limit.
        """
        if not self._data.startswith(b"\x89HDF\r\n\x1a\n"):
            raise FormatError(f"it is not an HDF5 file; {REMEDY}")
        with h5py.File(h5py.h5f.open_file_image(self._data)) as file:
            return self._group(file.id, "", 0)

    def _group(self, group: h5py.h5g.GroupID, path: str, depth: int) -> dict[str, Any]:
        if depth > DEPTH_LIMIT:
            raise FormatError(f"{path} lies deeper than {DEPTH_LIMIT} groups; {REMEDY}")
        found: dict[str, Any] = {}
        for name in group:
            where = f"{path}/{printable(name.decode('utf-8', 'replace'), 40)}"
            self._objects -= 1
            if self._objects < 0:
                raise FormatError(f"it has more than {OBJECT_LIMIT} objects; {REMEDY}")
            if group.links.get_info(name).type != h5py.h5l.TYPE_HARD:
                raise FormatError(f"{where} is a link to somewhere else; {REMEDY}")
            item = h5py.h5o.open(group, name)
            if isinstance(item, h5py.h5g.GroupID):
                found[name.decode("utf-8")] = self._group(item, where, depth + 1)
            elif isinstance(item, h5py.h5d.DatasetID):
                found[name.decode("utf-8")] = self._value(item, where)
            else:
                raise FormatError(f"{where} is neither group nor data set; {REMEDY}")
        return found

    def _value(self, dataset: h5py.h5d.DatasetID, path: str) -> Any:
        properties, dtype = dataset.get_create_plist(), dataset.dtype
        filters = {properties.get_filter(index)[0] for index in range(properties.get_nfilters())}
        if properties.get_external_count() or properties.get_layout() == h5py.h5d.VIRTUAL or filters - _FILTERS:
            raise FormatError(f"{path} is stored elsewhere or with an unknown filter; {REMEDY}")
        if dataset.shape is None:
            raise FormatError(f"{path} is empty; {REMEDY}")
        if h5py.check_string_dtype(dtype) is not None:
            return self._texts(dataset, path)
        if dtype.kind not in "iufb":
            raise FormatError(f"{path} holds {dtype}, expected numbers or text; {REMEDY}")
        self._room -= math.prod(dataset.shape) * int(dtype.itemsize)
        self._numbers -= math.prod(dataset.shape)
        self._check_chunks(properties, dtype, path)
        if self._room < 0 or self._numbers < 0:
            raise FormatError(
                f"{path} claims more data than the limit of {SIZE_LIMIT} bytes and {NUMBER_LIMIT} numbers; "
                "split the network"
            )
        array = np.zeros(dataset.shape, dtype)
        if array.size:
            dataset.read(h5py.h5s.ALL, h5py.h5s.ALL, array)
        return array[()]

    def _check_chunks(self, properties: Any, dtype: npt.DTypeLike, path: str) -> None:
        """HDF5 unpacks whole chunks, and one chunk may claim to be larger than the data."""
        if properties.get_layout() != h5py.h5d.CHUNKED:
            return
        if math.prod(properties.get_chunk()) * np.dtype(dtype).itemsize > SIZE_LIMIT:
            raise FormatError(f"{path} has a chunk of more than {SIZE_LIMIT} bytes; {REMEDY}")

    def _texts(self, dataset: h5py.h5d.DatasetID, path: str) -> Any:
        """Text, one string after the other: many may point to the same long one."""
        size = math.prod(dataset.shape)
        self._text -= size * (1 + (h5py.check_string_dtype(dataset.dtype).length or 0))
        values = np.empty(dataset.shape if self._text >= 0 else 0, dtype=object)
        reader = h5py.Dataset(dataset)
        for index in np.ndindex(*dataset.shape) if self._text >= 0 else ():
            text = bytes(reader[index])
            self._text -= len(text)
            if self._text < 0:
                break
            values[index] = text.decode("utf-8")
        if self._text < 0:
            raise FormatError(f"{path}: there are more than {TEXT_LIMIT} bytes of text; {REMEDY}")
        return values.item() if dataset.shape == () else values
