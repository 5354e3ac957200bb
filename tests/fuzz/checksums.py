"""The checksums inside an HDF5 file, so that damaged structures can be made to pass them.

Without this, nearly every damaged byte of HDF5's own structures is caught by a checksum, and nothing behind it is
tested.

Source: HDF5 file format specification 3.0; Bob Jenkins' `lookup3`, as in HDF5's `H5checksum.c`.
"""

from __future__ import annotations

import re

SIGNATURES = re.compile(rb"OHDR|OCHK|FRHP|FHDB|FHIB|FSHD|FSSE|BTHD|BTIN|BTLF|\x89HDF\r\n\x1a\n[\x02\x03]")
LONGEST = 1200


def lookup3(data: bytes) -> int:
    """Checksum of metadata."""

    def word(place: int) -> int:
        return int.from_bytes(data[place : place + 4], "little")

    def turn(value: int, bits: int) -> int:
        return (value << bits | value >> 32 - bits) & 0xFFFFFFFF

    a = b = c = (0xDEADBEEF + len(data)) & 0xFFFFFFFF
    place, left = 0, len(data)
    while left > 12:
        a, b, c = a + word(place), b + word(place + 4), c + word(place + 8)
        for bits in (4, 6, 8, 16, 19, 4):
            a, c = (a - c & 0xFFFFFFFF) ^ turn(c & 0xFFFFFFFF, bits), c + b & 0xFFFFFFFF
            a, b, c = b & 0xFFFFFFFF, c, a
        place, left = place + 12, left - 12
    if not left:
        return c
    data = data + bytes(12)
    mask = [(1 << 8 * min(max(left - 4 * part, 0), 4)) - 1 for part in range(3)]
    a, b, c = (x + (word(place + 4 * part) & mask[part]) & 0xFFFFFFFF for part, x in enumerate((a, b, c)))
    for bits in (14, 11, 25, 16, 4, 14, 24):
        c = (c ^ b) - turn(b, bits) & 0xFFFFFFFF
        a, b, c = b, c, a
    return b


def regions(data: bytes) -> list[tuple[int, int]]:
    """Start and end of everything that carries a checksum, which stands at the end.

    Parameters
    ----------
    data : bytes
        An HDF5 file.

    Returns
    -------
    list of (int, int)
        Places of the first byte and of the checksum.
    """
    found = []
    for match in SIGNATURES.finditer(data):
        start = match.start()
        first = _header_end(data, start) if match.group() == b"OHDR" else start + 8
        for end in range(first, min(start + LONGEST, len(data) - 4)):
            if data[end : end + 4] != b"\0\0\0\0" and int.from_bytes(data[end : end + 4], "little") == lookup3(
                data[start:end]
            ):
                found.append((start, end))
                break
    return found


def _header_end(data: bytes, start: int) -> int:
    """Where the checksum of an object header stands, by its size."""
    flags, place = data[start + 5], start + 6
    place += (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
    width = 1 << (flags & 3)
    return place + width + int.from_bytes(data[place : place + width], "little")


def renewed(data: bytearray, region: tuple[int, int]) -> None:
    """Put the right checksum behind a region."""
    start, end = region
    data[end : end + 4] = lookup3(bytes(data[start:end])).to_bytes(4, "little")
