"""The structures of HDF5 that a ``.net`` file uses, read without the HDF5 library.

The library is written in C and crashes on some damaged files, which no caller can catch. A ``.net`` file needs little
of HDF5: groups, and data sets of numbers and texts in one piece, laid out as HDF5 1.8 does. This module knows that
little and refuses everything else. It reads no data; it says where they are. Checksums are not looked at: the content
hash covers what a file says, and a byte that no structure uses means nothing.

Source: HDF5 File Format Specification 3.0, sections II.A (version 2), III.G, IV.A.1.b and IV.A.2.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from evsnn_lava.errors import FormatError
from evsnn_lava.export.netfile.foreign import NIR_GROUPS, foreign_file, top_names
from evsnn_lava.export.netfile.schema import REMEDY, shown

SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"
LAYOUTS: Final = (2, 3)
"""Versions of the superblock of HDF5 1.8."""

UNDEFINED: Final = 2**64 - 1

OBJECT_LIMIT: Final = 50_000
"""Groups and data sets together; links that meet again count every time, so a maze of them ends soon."""

DEPTH_LIMIT: Final = 4
RANK_LIMIT: Final = 8
PARSED_LIMIT: Final = 8
"""Structures may be read so many times the size of the file altogether; links that meet again cannot cost more."""


@dataclass(frozen=True)
class Stored:
    """Where a data set lies.

    Parameters
    ----------
    dtype : numpy.dtype
        Type of its numbers, little-endian, or ``S`` and the length of its texts.
    shape : tuple of int
        Its sizes.
    place : int
        Position of the first byte in the file.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    place: int

    @property
    def size(self) -> int:
        """Bytes of the data."""
        return math.prod(self.shape) * self.dtype.itemsize


def data_sets(data: bytes) -> Iterator[tuple[str, Stored]]:
    """Find all data sets of a file.

    Parameters
    ----------
    data : bytes
        The file.

    Yields
    ------
    str
        Path, without the leading slash.
    Stored
        Where it lies; all of it lies inside the file.

    Raises
    ------
    FormatError
        At the first structure that a ``.net`` file does not use.
    """
    file = _File(data)
    root = _Cursor(file, "/", 0, len(data))
    if root.take(8) != SIGNATURE:
        raise FormatError("it is not an HDF5 file; give a .net file that `evsnn export` wrote")
    if root.number(1) not in LAYOUTS or root.take(2) != b"\x08\x08":
        raise foreign_file(top_names(data))
    root.number(1)
    base, _, end, address = (root.number(8) for _ in range(4))
    if base or end != len(data):
        raise FormatError(f"it has {len(data)} bytes, its header says {end} after {base}; {REMEDY}")
    top = _read_object(file, address, "/")
    if {name.encode() for name in top.links} >= NIR_GROUPS:
        raise foreign_file(NIR_GROUPS)
    yield from _below(file, top, "")


def _below(file: _File, group: _Object, prefix: str) -> Iterator[tuple[str, Stored]]:
    if prefix.count("/") >= DEPTH_LIMIT or not group.links:
        raise FormatError(f"unexpected group /{shown(prefix.rstrip('/'))}; {REMEDY}")
    for name, address in sorted(group.links.items()):
        path = prefix + name
        item = _read_object(file, address, path)
        if item.is_group:
            yield from _below(file, item, f"{path}/")
        else:
            yield path, item.stored(file)


@dataclass
class _File:
    """A file while it is read, and what reading it has cost so far."""

    data: bytes
    objects: int = 0
    parsed: int = 0

    def spend(self, size: int) -> None:
        """Count `size` bytes of structures."""
        self.parsed += size
        if self.parsed > PARSED_LIMIT * len(self.data):
            raise FormatError(f"its structures are read again and again; {REMEDY}")


@dataclass
class _Cursor:
    """A stretch of the file that is read from its beginning."""

    file: _File
    path: str
    place: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.place <= self.end <= len(self.file.data):
            raise FormatError(f"/{shown(self.path.lstrip('/'))} points outside the file; {REMEDY}")
        self.file.spend(self.end - self.place if self.place else 0)

    @property
    def left(self) -> int:
        """Bytes that were not read yet."""
        return self.end - self.place

    def take(self, size: int) -> bytes:
        """The next bytes."""
        if size > self.left:
            raise FormatError(
                f"HDF5 object /{shown(self.path.lstrip('/'))} has a structure that ends too early; {REMEDY}"
            )
        self.place += size
        return self.file.data[self.place - size : self.place]

    def number(self, size: int) -> int:
        """The next whole number."""
        return int.from_bytes(self.take(size), "little")


@dataclass
class _Object:
    """What the header of a group or data set says."""

    path: str
    links: dict[str, int] = field(default_factory=dict)
    is_group: bool = False
    dtype: np.dtype[Any] | None = None
    shape: tuple[int, ...] | None = None
    data: tuple[int, int] | None = None

    def fail(self, fact: str) -> FormatError:
        """The error for something wrong with this object."""
        return FormatError(f"/{shown(self.path.lstrip('/'))} {fact}; {REMEDY}")

    def link(self, name: str, address: int) -> None:
        """Add a link of a group."""
        if name in self.links or not name or "/" in name:
            raise self.fail(f"has no, two or a wrong name {shown(name)!r}")
        self.is_group = True
        self.links[name] = address

    def stored(self, file: _File) -> Stored:
        """Where the data set lies, after all parts were seen."""
        if self.dtype is None or self.shape is None or self.data is None:
            raise self.fail("is neither group nor data set")
        place, size = self.data
        found = Stored(self.dtype, self.shape, place if size else 0)
        if size != found.size:
            raise self.fail(f"has {size} bytes, its type and shape need {found.size}")
        if size and place + size > len(file.data):
            raise self.fail("claims more data than the file has")
        return found


def _read_object(file: _File, address: int, path: str) -> _Object:
    """Read an object header of version 2 with all its messages."""
    file.objects += 1
    if file.objects > OBJECT_LIMIT:
        raise FormatError(f"it has more than {OBJECT_LIMIT} objects; {REMEDY}")
    found = _Object(path)
    head = _Cursor(file, path, address, min(address + 64, len(file.data)))
    if head.take(5) != b"OHDR\2":
        raise found.fail("is not laid out as HDF5 1.8 does (h5py: libver='v108')")
    flags = head.number(1)
    head.take((16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0))
    size = head.number(1 << (flags & 3))
    chunks = [_Cursor(file, path, head.place, head.place + size)]
    for chunk in chunks:  # which grows while it is read
        while chunk.left >= 4:
            kind, length, marks = chunk.number(1), chunk.number(2), chunk.number(1)
            chunk.take(2 if flags & 0x04 else 0)
            body = _Cursor(file, path, chunk.place, chunk.place + length)
            chunk.take(length)
            if kind == CONTINUATION:
                chunks.append(_continuation(file, found, body))
            elif kind in _MESSAGES:
                if marks & SHARED:
                    raise found.fail("has a named type or another shared part")
                _MESSAGES[kind](found, body)
            else:
                raise found.fail(f"has an HDF5 message of type {kind}, the format has none")
    return found


CONTINUATION: Final = 0x10
SHARED: Final = 0x02


def _continuation(file: _File, found: _Object, body: _Cursor) -> _Cursor:
    address, size = body.number(8), body.number(8)
    chunk = _Cursor(file, found.path, address, address + size)
    if chunk.take(4) != b"OCHK":
        raise found.fail("goes on at a place that is none")
    chunk.end -= 4  # the checksum
    return chunk


def _dataspace(found: _Object, body: _Cursor) -> None:
    version, rank, flags, kind = (body.number(1) for _ in range(4))
    if version != 2 or kind != (1 if rank else 0) or rank > RANK_LIMIT:
        raise found.fail(f"has no usual shape (version {version}, rank {rank}, kind {kind})")
    found.shape = tuple(body.number(8) for _ in range(rank))
    if flags & 1 and tuple(body.number(8) for _ in range(rank)) != found.shape:
        raise found.fail("can grow")


def _datatype(found: _Object, body: _Cursor) -> None:
    encoded = body.take(body.left)
    if encoded[:4] == TEXT and len(encoded) == 8 and encoded[4:] != bytes(4):
        size = int.from_bytes(encoded[4:], "little")
        if size > len(body.file.data):
            raise found.fail("claims more data than the file has")
        found.dtype = np.dtype(f"S{size}")
    elif encoded in NUMBERS:
        found.dtype = np.dtype(NUMBERS[encoded])
    else:
        kind = CLASSES.get(encoded[0] & 15, "an unknown type") if encoded else "nothing"
        raise found.fail(
            f"holds {kind} of a form that the format has not; it has whole numbers, doubles, bool and texts"
        )


def _layout(found: _Object, body: _Cursor) -> None:
    if (body.number(1), body.number(1)) != (3, 1):
        raise found.fail("is chunked, compact or virtual; the format has data in one piece")
    found.data = body.number(8), body.number(8)


def _link(found: _Object, body: _Cursor) -> None:
    version, flags = body.number(1), body.number(1)
    kind = body.number(1) if flags & 0x08 else 0
    body.take((8 if flags & 0x04 else 0) + (1 if flags & 0x10 else 0))
    name = body.take(body.number(1 << (flags & 3))).decode("utf-8", "replace")
    if version != 1 or kind:
        path = f"{found.path.strip('/')}/{name}".lstrip("/")
        raise FormatError(f"/{shown(path)} is a link to somewhere else, the format has none; {REMEDY}")
    found.link(name, body.number(8))


def _link_info(found: _Object, body: _Cursor) -> None:
    """A group; with many links they lie in a heap."""
    found.is_group = True
    _, flags = body.number(1), body.number(1)
    body.take(8 if flags & 1 else 0)
    if (heap := body.number(8)) != UNDEFINED:
        _read_heap(found, body.file, heap)


def _read_heap(found: _Object, file: _File, address: int) -> None:
    """Read the links of a fractal heap from its blocks, one after the other."""
    heap = _Cursor(file, found.path, address, min(address + 146, len(file.data)))
    if heap.take(5) != b"FRHP\0" or heap.number(2) != 7 or heap.number(2):
        raise found.fail("keeps its links in no usual way")
    checked = heap.number(1) & 2
    heap.take(4 + 6 * 8 + 8)
    count = heap.number(8)
    huge_and_tiny = heap.take(4 * 8)
    width, start, largest, bits = heap.number(2), heap.number(8), heap.number(8), heap.number(2)
    heap.take(2)
    root, rows = heap.number(8), heap.number(2)
    if any(huge_and_tiny) or bits != 32 or not 0 < start <= largest <= 1 << 20 or width > 64 or rows > 64:
        raise found.fail("keeps its links in no usual way")
    blocks = [(root, start)]
    if rows:
        indirect = _Cursor(file, found.path, root, min(root + 17 + 8 * width * rows, len(file.data)))
        if indirect.take(17)[:5] != b"FHIB\0":
            raise found.fail("keeps its links in no usual way")
        sizes = [min(start << max(0, row - 1), largest + 1) for row in range(rows) for _ in range(width)]
        blocks = [(place, size) for size in sizes if (place := indirect.number(8)) != UNDEFINED]
    for place, size in blocks:
        block = _Cursor(file, found.path, place, place + size)
        if size > largest or block.take(5) != b"FHDB\0":
            raise found.fail("keeps its links in no usual way")
        block.take(8 + 4 + (4 if checked else 0))
        while block.left and file.data[block.place] == 1:  # the version of a link; what is free is 0
            _link(found, block)
    if len(found.links) != count:
        raise found.fail(f"has {len(found.links)} links where {count} should be")


def _attribute(found: _Object, body: _Cursor) -> None:
    raise found.fail("has attributes, the format has none")


def _attribute_info(found: _Object, body: _Cursor) -> None:
    _, flags = body.number(1), body.number(1)
    body.take(2 if flags & 1 else 0)
    if body.number(8) != UNDEFINED:
        _attribute(found, body)


def _elsewhere(found: _Object, body: _Cursor) -> None:
    raise found.fail("is filtered or stored elsewhere, the format has neither")


def _nothing(found: _Object, body: _Cursor) -> None:
    """It says nothing about the content."""


_MESSAGES: Final[dict[int, Callable[[_Object, _Cursor], None]]] = {
    0x00: _nothing,  # a gap
    0x01: _dataspace,
    0x02: _link_info,
    0x03: _datatype,
    0x05: _nothing,  # what unwritten data would be
    0x06: _link,
    0x07: _elsewhere,
    0x08: _layout,
    0x0A: _nothing,  # how many links were expected
    0x0B: _elsewhere,
    0x0C: _attribute,
    0x12: _nothing,  # time of the last change
    0x15: _attribute_info,
    0x16: _nothing,  # number of links to the object
}

TEXT: Final = bytes.fromhex("13110000")
"""Type of fixed-length UTF-8 text that is padded with NUL; its length follows."""

NUMBERS: Final = {
    bytes.fromhex("10080000020000000000" + "1000"): "<i2",
    bytes.fromhex("10080000080000000000" + "4000"): "<i8",
    bytes.fromhex("10000000010000000000" + "0800"): "|u1",
    bytes.fromhex("10000000080000000000" + "4000"): "<u8",
    bytes.fromhex("11203f000800000000004000340b0034ff030000"): "<f8",
    bytes.fromhex("3802000001000000100800000100000000000800") + b"FALSE\0TRUE\0\0\1": "|b1",
}
"""The types of numbers that the format has, as HDF5 encodes them."""

CLASSES: Final = {
    0: "whole numbers",
    1: "floating-point numbers",
    2: "times",
    3: "texts",
    4: "bit fields",
    5: "opaque bytes",
    6: "compounds",
    7: "references",
    8: "an enumeration",
    9: "values of any length",
    10: "arrays",
    11: "complex numbers",
}
