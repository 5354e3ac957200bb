"""The structures of HDF5 that h5py gives a netx file by default, read without the HDF5 library.

The library is written in C; on some damaged files it crashes or never ends, which no caller can help. netx files need
its oldest layout: groups as B-trees of names, and data sets of numbers and texts in one piece. This module knows that
much and refuses everything else. Every structure is read inside the file, and so much of them at most.

Source: HDF5 File Format Specification 3.0, sections II.A (version 0), III.A.1, III.B-E and IV.A.1.a.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import FormatError
from evsnn_lava.export.netfile.container import SIGNATURE
from evsnn_lava.export.netfile.schema import shown

REMEDY: Final = "give a .net file as lava-dl's export_hdf5 writes it"
OBJECT_LIMIT: Final = 5_000
"""Groups and data sets together; what links reach again counts every time, so that a maze of them ends soon."""

DEPTH_LIMIT: Final = 4
"""``/layer/0/weight/real`` is as deep as it gets."""

RANK_LIMIT: Final = 8
TEXT_LIMIT: Final = 64
"""Bytes of a text; the longest name of lava-dl has 15."""

PARSED_LIMIT: Final = 1 << 24
"""Bytes of structures; what links reach again counts every time."""


@dataclass
class File:
    """A file while it is read, and what reading it has cost so far."""

    data: bytes
    objects: int = 0
    parsed: int = 0


@dataclass
class Cursor:
    """A stretch of the file that is read from its beginning, for the object at `path`."""

    file: File
    path: str
    place: int
    size: int

    def __post_init__(self) -> None:
        """Check that the stretch lies inside the file, and count it."""
        if self.place + self.size > len(self.file.data):
            raise self.fail("points outside the file")
        self.file.parsed += self.size
        if self.file.parsed > PARSED_LIMIT:
            raise self.fail("has structures that are read again and again")

    def take(self, size: int) -> bytes:
        """The next bytes."""
        if size > self.size:
            raise self.fail("has a structure that ends too early")
        self.place, self.size = self.place + size, self.size - size
        return self.file.data[self.place - size : self.place]

    def number(self, size: int) -> int:
        """The next whole number."""
        return int.from_bytes(self.take(size), "little")

    def expect(self, signature: bytes) -> None:
        """The next bytes must be these."""
        if self.take(len(signature)) != signature:
            raise self.fail("has no usual HDF5 structure (h5py: leave `libver` out)")

    def at(self, place: int, size: int) -> Cursor:
        """Another stretch, for the same object."""
        return Cursor(self.file, self.path, place, size)

    def fail(self, fact: str) -> FormatError:
        """The error for something wrong with this object."""
        return FormatError(f"/{shown(self.path)} {fact}; {REMEDY}")


@dataclass
class Item:
    """What the header of a group or data set says."""

    links: dict[str, int] | None = None
    dtype: np.dtype[Any] | None = None
    is_text: bool = False
    shape: tuple[int, ...] | None = None
    data: tuple[int, int] | None = None
    more: list[Cursor] = field(default_factory=list)


def read_arrays(data: bytes) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """Read all data sets of a file.

    Parameters
    ----------
    data : bytes
        The file.

    Yields
    ------
    str
        Path, without the leading slash.
    numpy.ndarray
        The numbers, as they are stored; texts have the type ``S``.

    Raises
    ------
    FormatError
        At the first structure that a netx file does not use.
    """
    file = File(data)
    head = Cursor(file, "", 0, min(96, len(data)))
    if head.take(8) != SIGNATURE:
        raise FormatError(f"it is not an HDF5 file; {REMEDY}")
    head.expect(b"\0\0\0\0\0\x08\x08\0")
    head.take(8)
    if head.number(8) != 0:
        raise head.fail("does not begin at the beginning of the file")
    head.take(3 * 8 + 8)
    yield from _below(file, head.number(8), "")


def _below(file: File, address: int, path: str) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    file.objects += 1
    cursor = Cursor(file, path, 0, 0)
    if file.objects > OBJECT_LIMIT or path.count("/") > DEPTH_LIMIT:
        raise cursor.fail(f"is deeper than {DEPTH_LIMIT} groups or one of more than {OBJECT_LIMIT} objects")
    item = _read_item(cursor, address)
    if item.links is None:
        yield path, _array(cursor, item)
        return
    for name, target in item.links.items():
        yield from _below(file, target, f"{path}/{name}" if path else name)


def _read_item(cursor: Cursor, address: int) -> Item:
    """Read an object header with all its messages."""
    head = cursor.at(address, 16)
    head.expect(b"\1\0")
    head.take(6)
    item = Item()
    chunks = [head.at(address + 16, head.number(4))]
    for chunk in chunks:  # which grows while it is read
        while chunk.size >= 8:
            kind, size, flags = chunk.number(2), chunk.number(2), chunk.number(1)
            chunk.take(3)
            body = chunk.at(chunk.place, min(size, chunk.size))
            chunk.take(size)
            if kind not in _MESSAGES or flags & 2:
                raise chunk.fail(f"has an HDF5 message of type {kind}, netx files have none")
            _MESSAGES[kind](item, body)
        chunks += item.more
        item.more = []
    return item


def _array(cursor: Cursor, item: Item) -> npt.NDArray[Any]:
    """Read a data set; its size must be what its type and shape say."""
    if item.dtype is None or item.shape is None or item.data is None:
        raise cursor.fail("is neither group nor data set")
    count = math.prod(item.shape)
    place, size = item.data
    if not count or size != count * item.dtype.itemsize or place + size > len(cursor.file.data):
        raise cursor.fail(f"claims {count} numbers of type {item.dtype}, which the file does not hold")
    if item.is_text:
        return _long_text(cursor, place, count)
    return np.frombuffer(cursor.file.data, item.dtype, count, place).reshape(item.shape).copy()


def _long_text(cursor: Cursor, place: int, count: int) -> npt.NDArray[Any]:
    """Read a single text of variable length from the heap that all objects share."""
    entry = cursor.at(place, 16)
    length, address, wanted = entry.number(4), entry.number(8), entry.number(4)
    if count != 1 or length > TEXT_LIMIT:
        raise cursor.fail(f"holds {count} texts of up to {length} bytes, the limit is one of {TEXT_LIMIT}")
    cursor.at(address, 8).expect(b"GCOL\1\0\0\0")
    heap = cursor.at(address + 16, max(0, cursor.at(address + 8, 8).number(8) - 16))
    while heap.size >= 16:
        index, _, size = heap.number(2), heap.number(6), heap.number(8)
        if index == wanted and length <= size:
            return np.array(heap.take(length), dtype=f"S{max(length, 1)}")
        heap.take(-(-size // 8) * 8)
    raise cursor.fail("holds a text that is not there")


def _group(item: Item, body: Cursor) -> None:
    """Read the names of a group: a B-tree of nodes, whose names lie in a heap."""
    tree, heap = body.number(8), body.at(body.number(8), 32)
    heap.expect(b"HEAP\0\0\0\0")
    size, _, address = heap.number(8), heap.number(8), heap.number(8)
    names = body.at(address, size).take(size)
    item.links = {}
    for node in _leaves(body, tree, None):
        for _ in range(node.number(2)):
            start, target, kind = node.number(8), node.number(8), node.number(4)
            node.take(20)
            name = names[start : start + TEXT_LIMIT].partition(b"\0")[0].decode("utf-8", "replace")
            if kind == 2:
                raise body.fail(f"has a link {shown(name)!r} to somewhere else, netx files have none")
            if name in item.links or not name or "/" in name or start > len(names):
                raise body.fail(f"has no, two or a wrong name {shown(name)!r}")
            item.links[name] = target


def _leaves(body: Cursor, address: int, level: int | None) -> Iterator[Cursor]:
    """The symbol nodes below a node of a B-tree; the level falls, so that it ends."""
    head = body.at(address, 24)
    head.expect(b"TREE\0")
    found, count = head.number(1), head.number(2)
    if level not in (None, found):
        raise body.fail("has names in no order")
    rest = body.at(address + 24, 8 + 16 * count)
    for _ in range(count):
        rest.take(8)
        child = rest.number(8)
        if found:
            yield from _leaves(body, child, found - 1)
        else:
            leaf = body.at(child, 8)
            leaf.expect(b"SNOD\1\0")
            entries = leaf.number(2)
            yield body.at(child + 6, 2 + 40 * entries)


def _dataspace(item: Item, body: Cursor) -> None:
    version, rank, flags = (body.number(1) for _ in range(3))
    kind = body.number(5 if version == 1 else 1)
    if version not in (1, 2) or rank > RANK_LIMIT or (version == 2 and kind != (1 if rank else 0)):
        raise body.fail(f"has no usual shape (version {version}, rank {rank})")
    item.shape = tuple(body.number(8) for _ in range(rank))
    if flags & 1 and tuple(body.number(8) for _ in range(rank)) != item.shape:
        raise body.fail("can grow, netx files hold nothing that can")


def _datatype(item: Item, body: Cursor) -> None:
    encoded = body.take(body.size)
    kind, size = encoded[0] & 15 if encoded else 255, int.from_bytes(encoded[4:8], "little")
    if kind == TEXT and 0 < size <= TEXT_LIMIT:
        item.dtype = np.dtype(f"S{size}")
    elif kind == ANY_LENGTH and size == 16 and encoded[1] & 15 == 1:
        item.dtype, item.is_text = np.dtype("V16"), True
    else:
        found = [dtype for start, dtype in NUMBERS.items() if encoded[: len(start)] == start]
        if not found:
            raise body.fail("holds no whole or floating-point numbers, no bool and no short text")
        item.dtype = np.dtype(found[0])


def _layout(item: Item, body: Cursor) -> None:
    if (body.number(1), body.number(1)) != (3, 1):
        raise body.fail("is chunked, compact or virtual; netx files have data in one piece")
    item.data = body.number(8), body.number(8)


def _continuation(item: Item, body: Cursor) -> None:
    item.more.append(body.at(body.number(8), body.number(8)))


def _attribute(_: Item, body: Cursor) -> None:
    raise body.fail("has attributes, netx files have none")


def _elsewhere(_: Item, body: Cursor) -> None:
    raise body.fail("is filtered or stored elsewhere, netx files are not")


def _nothing(_: Item, __: Cursor) -> None:
    """It says nothing about the content."""


_MESSAGES: Final[dict[int, Callable[[Item, Cursor], None]]] = {
    0x00: _nothing,  # a gap
    0x01: _dataspace,
    0x03: _datatype,
    0x04: _nothing,  # what unwritten data would be, in two forms
    0x05: _nothing,
    0x07: _elsewhere,
    0x08: _layout,
    0x0B: _elsewhere,
    0x0C: _attribute,
    0x0E: _nothing,  # time of the last change, in two forms
    0x10: _continuation,
    0x11: _group,
    0x12: _nothing,
}

TEXT, ANY_LENGTH = 3, 9
"""Classes of types: texts of one length, and values of any length, of which only texts are read."""


def _number_types() -> dict[bytes, str]:
    """Types of numbers as HDF5 encodes them, in both orders of bytes; bool is h5py's enumeration."""
    types = {}
    for order, mark in (("<", 0), (">", 1)):
        for size in (1, 2, 4, 8):
            ending = bytes([size, 0, 0, 0, 0, 0, 8 * size, 0])
            types[bytes([0x10, mark, 0, 0]) + ending] = f"{order}u{size}"
            types[bytes([0x10, 8 + mark, 0, 0]) + ending] = f"{order}i{size}"
        for size, fraction, exponent, bias in ((2, 10, 5, 15), (4, 23, 8, 127), (8, 52, 11, 1023)):
            ending = bytes([size, 0, 0, 0, 0, 0, 8 * size, 0, fraction, exponent, 0, fraction])
            start = bytes([0x11, 0x20 + mark, 8 * size - 1, 0])
            types[start + ending + bias.to_bytes(4, "little")] = f"{order}f{size}"
    boolean = bytes([0x18, 2, 0, 0, 1, 0, 0, 0, 0x10, 8, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0])
    types[boolean + b"FALSE\0\0\0TRUE\0\0\0\0\0\1"] = "|u1"
    return types


NUMBERS: Final = _number_types()
"""The types of numbers that numpy and HDF5 share."""
