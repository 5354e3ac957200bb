"""Ways to damage a file: bytes, structures whose checksum is made right again, and edits through h5py."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np
from checksums import regions, renewed

EXTREMES = (0, 1, -1, 2, 7, 127, 128, 255, 256, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32, 2**62, -(2**63), 2**63 - 1)
DTYPES = ("<i8", "<i4", ">i8", "<i2", "u1", "<u8", "<f8", "<f4", "<f2", "?", "S1", "S40", "V9", "c16")
HASH = "evsnn/content_hash"


def flip_bits(data: bytearray, rng: random.Random, _: list[bytes]) -> None:
    """Turn one to eight bits."""
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def set_bytes(data: bytearray, rng: random.Random, _: list[bytes]) -> None:
    """Overwrite a short run with a number, ones, zeros or noise."""
    width = rng.choice((1, 2, 4, 8, 8, 100))
    place = rng.randrange(max(1, len(data) - width))
    number = (rng.choice(EXTREMES) % 2 ** (8 * width)).to_bytes(width, "little")
    data[place : place + width] = rng.choice((number, number, b"\xff" * width, bytes(width), rng.randbytes(width)))


def truncate(data: bytearray, rng: random.Random, _: list[bytes]) -> None:
    """Cut the end off."""
    del data[rng.randrange(len(data)) :]


def remove(data: bytearray, rng: random.Random, _: list[bytes]) -> None:
    """Take a range out."""
    place = rng.randrange(len(data))
    del data[place : place + rng.choice((1, 8, 200, 5000))]


def duplicate(data: bytearray, rng: random.Random, _: list[bytes]) -> None:
    """Put a copy of a range somewhere: over what is there, or between."""
    size, source, place = rng.choice((4, 8, 60, 500, 4000)), rng.randrange(len(data)), rng.randrange(len(data))
    part = bytes(data[source : source + size])
    data[place : place + (len(part) if rng.random() < 0.7 else 0)] = part


def splice(data: bytearray, rng: random.Random, others: list[bytes]) -> None:
    """Go on with another file, or take a range from it."""
    other, place = rng.choice(others), rng.randrange(len(data))
    if rng.random() < 0.5:
        data[place:] = other[place:]
    else:
        size = rng.choice((16, 512, 4096))
        data[place : place + size] = other[place : place + size]


def damage_structure(data: bytearray, rng: random.Random, others: list[bytes]) -> None:
    """Damage what a checksum protects, and make the checksum right; of a file that keeps its length."""
    found = next((_regions(other) for other in others if len(other) == len(data)), [])
    if not found:
        flip_bits(data, rng, [])
        return
    for _ in range(rng.choice((1, 1, 2, 4))):
        start, end = rng.choice(found)
        place = rng.randrange(start + 4, end)
        width = min(rng.choice((1, 1, 2, 4, 8)), end - place)
        number = (rng.choice((*EXTREMES, rng.getrandbits(64))) % 2 ** (8 * width)).to_bytes(width, "little")
        flipped = bytes([data[place] ^ 1 << rng.randrange(8), *data[place + 1 : place + width]])
        data[place : place + width] = rng.choice((number, flipped))
        renewed(data, (start, end))


@functools.cache
def _regions(data: bytes) -> list[tuple[int, int]]:
    return regions(data)


def edit(data: bytearray, rng: random.Random, _: list[bytes]) -> None:
    """Change one to three objects through h5py, and perhaps renew the content hash."""
    try:
        net = h5py.File.in_memory(file_image=bytes(data))
    except (OSError, RuntimeError, ValueError):
        flip_bits(data, rng, [])  # damaged already
        return
    try:
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            rng.choice(EDITS)(net, rng)
        if HASH in net and rng.random() < 0.7:
            _renew_hash(net)
        net.flush()
        data[:] = net.id.get_file_image()
    except (OSError, ValueError, TypeError, KeyError, RuntimeError, AttributeError, OverflowError):
        flip_bits(data, rng, [])  # h5py would not do it
    finally:
        net.close()


def _paths(net: h5py.File, kind: type = h5py.Dataset) -> list[str]:
    paths: list[str] = []
    net.visititems(lambda path, item: paths.append(path) if isinstance(item, kind) else None)
    return paths or ["nothing"]


def _delete(net: h5py.File, rng: random.Random) -> None:
    del net[rng.choice(_paths(net, object))]


def _move(net: h5py.File, rng: random.Random) -> None:
    path = rng.choice(_paths(net, object))
    net.move(path, rng.choice((f"{path}x", rng.choice(_paths(net)) + "y", path.replace("1", "2"), "evsnn/" + "x" * 70)))


def _copy(net: h5py.File, rng: random.Random) -> None:
    source, target = rng.choice(_paths(net, object)), rng.choice(_paths(net, object))
    if target in net and source != target:
        del net[target]
    net.copy(source, target)


def _replace(net: h5py.File, path: str, **options: Any) -> None:
    if path in net:
        del net[path]
    net.create_dataset(path, **options)


def _values(net: h5py.File, rng: random.Random) -> None:
    path = rng.choice(_paths(net))
    array = np.array(net[path][()], dtype=net[path].dtype)
    if array.dtype.kind in "iu":
        bounds = np.iinfo(array.dtype)
        value = min(max(rng.choice(EXTREMES), int(bounds.min)), int(bounds.max))
    elif array.dtype.kind == "S":
        value = rng.choice(
            (b"", b"\xff\xfe", b"dense", b"conv", b"input", b"SDNN", b"skip", rng.randbytes(array.itemsize))
        )
    else:
        value = rng.choice((np.nan, np.inf, -np.inf, -1.0, 1e300, 0.5))
    with np.errstate(all="ignore"):
        if array.size and rng.random() < 0.5:
            array.reshape(-1)[rng.randrange(array.size)] = value
        else:
            array[...] = value
    net[path][()] = array


def _retype(net: h5py.File, rng: random.Random) -> None:
    path = rng.choice(_paths(net))
    with np.errstate(all="ignore"):
        _replace(net, path, data=np.asarray(net[path][()]).astype(rng.choice(DTYPES)))


def _reshape(net: h5py.File, rng: random.Random) -> None:
    path = rng.choice(_paths(net))
    array = np.array(net[path][()], dtype=net[path].dtype)
    forms = (array[None], array.reshape(-1), array.T.copy(), array[..., None], np.concatenate([array.reshape(-1)] * 3))
    _replace(net, path, data=rng.choice((*forms, array.reshape(-1)[:0], array.reshape(-1)[:1])))


def _huge(net: h5py.File, rng: random.Random) -> None:
    sizes = [rng.choice((0, 1, 3, 2**10, 2**20, 2**31, 2**40, 2**62)) for _ in range(rng.choice((1, 2, 4)))]
    path = rng.choice([*_paths(net), "evsnn/z", "layer/1/z"])
    chunks = tuple(min(max(size, 1), 64) for size in sizes) if rng.random() < 0.4 else None
    dtype = rng.choice(("i1", "<i2", "<i8", "S1", "S100000"))
    _replace(net, path, shape=sizes, dtype=dtype, chunks=chunks, compression="gzip" if chunks else None)


def _bomb(net: h5py.File, rng: random.Random) -> None:
    shape = (rng.choice((2**20, 2**24)),)
    filters = {"compression": rng.choice(("gzip", "lzf", None)), "shuffle": rng.random() < 0.3}
    path = rng.choice(_paths(net))
    _replace(
        net,
        path,
        data=np.zeros(shape, rng.choice(("i1", "<f8"))) if shape[0] < 2**22 else None,
        shape=shape,
        dtype="i1",
        chunks=(2**16,),
        **filters,
    )


def _attribute(net: h5py.File, rng: random.Random) -> None:
    item = net[rng.choice([*_paths(net, object), "/"])]
    for index in range(rng.choice((1, 1, 30))):
        item.attrs[f"note{index}"] = rng.choice((1, "text", np.zeros(rng.choice((0, 9, 5000))), h5py.Empty("i8")))


def _link(net: h5py.File, rng: random.Random) -> None:
    path, target = rng.choice(_paths(net, object)), rng.choice([*_paths(net, object), "/"])
    hard = net[target]
    if rng.random() < 0.5:
        del net[path]
    else:
        path = f"{path}/z" if isinstance(net[path], h5py.Group) else f"{path}z"
    links = (h5py.SoftLink(f"/{target}"), h5py.SoftLink("/nothing"), h5py.ExternalLink("/etc/passwd", "/"), hard)
    net[path] = rng.choice(links)


def _strange(net: h5py.File, rng: random.Random) -> None:
    texts = {"data": ["a", "bc"], "dtype": h5py.string_dtype()}
    layout = h5py.VirtualLayout(shape=(3,), dtype="i8")
    layout[:] = h5py.VirtualSource(rng.choice((".", "/etc/passwd")), "layer/0/shape", shape=(3,))
    path = rng.choice(_paths(net))
    if rng.random() < 0.2:
        del net[path]
        net.create_virtual_dataset(path, layout)
        return
    forms: tuple[dict[str, Any], ...] = (
        texts,
        {"data": "text"},
        {"data": net["/"].ref, "dtype": h5py.ref_dtype},
        {"data": h5py.Empty("<i8")},
        {"data": np.zeros(2, [("a", "i4"), ("b", "S3")])},
        {"shape": (2,), "dtype": h5py.vlen_dtype("i4")},
        {"shape": (2,), "dtype": np.dtype(("i4", (3,)))},
        {"data": np.arange(3), "dtype": h5py.enum_dtype({"a": 0, "b": 1, "c": 2}, basetype="<i8")},
        {"shape": (9,), "dtype": "i8", "external": [("/etc/passwd", 0, 72)]},
        {"data": np.ma.zeros(3).data, "fillvalue": 7.0},
    )
    _replace(net, path, **rng.choice(forms))


def _group(net: h5py.File, rng: random.Random) -> None:
    path = rng.choice([*_paths(net, object), "evsnn/z", "layer/7", "layer/01"])
    if path in net:
        del net[path]
    net.create_group(path)


EDITS: tuple[Callable[[h5py.File, random.Random], None], ...] = (
    _delete,
    _move,
    _copy,
    _values,
    _values,
    _values,
    _retype,
    _reshape,
    _huge,
    _bomb,
    _attribute,
    _link,
    _strange,
    _group,
)


def _renew_hash(net: h5py.File) -> None:
    """Hash the content as `docs/format.md` says, as far as it can be read."""
    from evsnn_lava.export.netfile.encoding import content_digest

    tree = {}

    def collect(path: str, item: Any) -> None:
        plain = isinstance(item, h5py.Dataset) and item.dtype.kind in "iufbS" and item.shape is not None
        if plain and item.size < 10**6:
            tree[path] = np.asarray(item[()]).astype(item.dtype)

    net.visititems(collect)
    net[HASH][()] = content_digest(tree).encode()


MUTATIONS: dict[str, tuple[int, Callable[[bytearray, random.Random, list[bytes]], None]]] = {
    "flip bits": (3, flip_bits),
    "set bytes": (3, set_bytes),
    "truncate": (1, truncate),
    "remove": (1, remove),
    "duplicate": (2, duplicate),
    "splice": (2, splice),
    "structure": (5, damage_structure),
    "edit": (7, edit),
}
"""Name -> how often, and the function."""


def mutate(data: bytes, rng: random.Random, others: list[bytes]) -> tuple[bytes, str]:
    """Damage a file.

    Parameters
    ----------
    data : bytes
        A valid file.
    rng : random.Random
        Decides how.
    others : list of bytes
        Other valid files.

    Returns
    -------
    bytes
        The damaged file.
    str
        What was done to it.
    """
    names = rng.choices(list(MUTATIONS), [weight for weight, _ in MUTATIONS.values()], k=rng.choice((1, 1, 1, 2)))
    damaged = bytearray(data)
    for name in names:
        if damaged:
            MUTATIONS[name][1](damaged, rng, others)
    return bytes(damaged), " + ".join(names)
