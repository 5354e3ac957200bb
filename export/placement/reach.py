"""Where a message goes: to which cores, over how many hops, and how many operations it causes on each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from evsnn_lava.export.placement.plan import LayerPlan, Placement, Tile
from evsnn_lava.export.placement.traffic import position, seen_by
from evsnn_lava.network import ConvSynapse, NetworkDescription, Synapse
from evsnn_lava.network.fanout import conv_fanout

FloatArray = npt.NDArray[np.float64]
Table = Any
"""A sparse matrix of scipy, which has no types: one row per neuron that sends, one column per core that receives."""


@dataclass(frozen=True, eq=False)
class Reach:
    """What one message of every neuron of a source does in a layer.

    Parameters
    ----------
    layer : int
        The layer that receives.
    synops : scipy.sparse.csr_array, shape (neurons of the source, cores of the layer)
        Operations over weights that are not zero.
    copies, hops_x, hops_y : numpy.ndarray of float64, shape (neurons of the source,)
        Messages to cores, none where no core listens, and steps from router to router of all of them.
    """

    layer: int
    synops: Table
    copies: FloatArray
    hops_x: FloatArray
    hops_y: FloatArray


def reaches_of(network: NetworkDescription, placement: Placement) -> tuple[tuple[Reach, ...], ...]:
    """Where the messages of the input and of every layer go.

    Parameters
    ----------
    network : NetworkDescription
        The network.
    placement : Placement
        Where it lies.

    Returns
    -------
    tuple of tuple of Reach
        For the input, then for each layer: itself, if it is recurrent, and the next layer. The last one sends one
        message to the host. What the host sends or receives takes no hops, because nobody knows where the host is.
    """
    plans = placement.layers
    first = np.cumsum([0, *(len(plan.cores) for plan in plans)])
    found: list[tuple[Reach, ...]] = [
        (
            _reach(
                0,
                network.layers[0].synapse,
                (network.input_shape, network.layers[0].shape),
                plans[0],
                None,
                (0, 0),
                placement,
            ),
        )
    ]
    for index, layer in enumerate(network.layers):
        ways: list[tuple[int, Synapse]] = [] if layer.recurrent is None else [(index, layer.recurrent)]
        if index + 1 < network.depth:
            ways.append((index + 1, network.layers[index + 1].synapse))
        found.append(
            tuple(
                _reach(
                    to,
                    synapse,
                    (layer.shape, network.layers[to].shape),
                    plans[to],
                    plans[index],
                    (first[index], first[to]),
                    placement,
                )
                for to, synapse in ways
            )
        )
    return (*found[:-1], (*found[-1], _to_host(network, plans[-1])))


def _to_host(network: NetworkDescription, last: LayerPlan) -> Reach:
    """One message from each output, and no work for any core."""
    neurons = network.layers[-1].neurons
    nothing = np.zeros(neurons)
    return Reach(network.depth - 1, sparse.csr_array((neurons, len(last.cores))), np.ones(neurons), nothing, nothing)


def _reach(
    to: int,
    synapse: Synapse,
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
    target: LayerPlan,
    own: LayerPlan | None,
    first: tuple[int, int],
    placement: Placement,
) -> Reach:
    """`shapes` are those of source and target, `own` where it lies, `first` the numbers of the first cores of both."""
    image, onto = map(image_of, shapes)
    tiles = [core.tile for core in target.cores]
    seen = _columns([_seen(synapse, tile, image) for tile in tiles], image)
    copies = np.asarray(seen.sum(axis=1), dtype=np.float64).reshape(-1)
    hops = np.zeros((2, len(copies)))
    if own is not None and own.cores and tiles:
        home = homes([core.tile for core in own.cores], image)
        ways = [_distances(len(own.cores), len(tiles), first, placement.cores_per_chip, axis) for axis in (0, 1)]
        hops = np.stack([np.asarray(seen.multiply(way[home]).sum(axis=1)).reshape(-1) for way in ways])
    synops = _columns([tile_operations(synapse, tile, image, onto) for tile in tiles], image)
    return Reach(to, synops, copies, hops[0], hops[1])


def image_of(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """``(C, H, W)`` of a layer; a flat one has its neurons in the channels, as its `Tile` has."""
    return shape if len(shape) == 3 else (int(np.prod(shape)), 1, 1)


def _columns(columns: list[npt.NDArray[Any]], image: tuple[int, ...]) -> Table:
    if not columns:
        return sparse.csr_array((int(np.prod(image)), 0))
    return sparse.hstack([sparse.csc_array(column.reshape(-1, 1)) for column in columns], format="csr")


def _seen(synapse: Synapse, tile: Tile, image: tuple[int, ...]) -> npt.NDArray[np.float64]:
    seen = np.zeros(image)
    seen[np.ix_(*seen_by(synapse, tile, image))] = 1.0
    return seen


def homes(tiles: list[Tile], image: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """On which core of its layer every neuron lies, shape (neurons,)."""
    home = np.zeros(image, dtype=np.int64)
    for number, tile in enumerate(tiles):
        home[slice(*tile.channels), slice(*tile.rows), slice(*tile.columns)] = number
    return home.reshape(-1)


def _distances(own: int, others: int, first: tuple[int, int], per_chip: int, axis: int) -> FloatArray:
    """Routers between each pair of cores along one axis; across chips as if both chips lay on top of each other."""
    here, there = (
        np.array([position(int(start) + number, per_chip)[1 + axis] for number in range(count)])
        for start, count in zip(first, (own, others), strict=True)
    )
    distances: FloatArray = np.abs(here[:, None] - there[None, :]).astype(np.float64)
    return distances


def tile_operations(
    synapse: Synapse, tile: Tile, image: tuple[int, int, int], onto: tuple[int, int, int]
) -> FloatArray:
    """Operations that a message of every neuron of a source causes on one core.

    Parameters
    ----------
    synapse : Synapse
        The connection.
    tile : Tile
        What lies on the core.
    image, onto : tuple of int
        ``(C, H, W)`` of the source, and of the layer that the core has a part of.

    Returns
    -------
    numpy.ndarray of float64, shape image
        Weights that are not zero.

    Examples
    --------
    >>> from evsnn_lava.network import DenseSynapse
    >>> tile_operations(DenseSynapse([[2, 0], [4, 6], [0, 8]]), Tile((1, 3)), (2, 1, 1), (3, 1, 1)).ravel().tolist()
    [1.0, 2.0]
    """
    if isinstance(synapse, ConvSynapse):
        return conv_fanout(synapse, image, tile.channels, tile.rows, tile.columns).astype(np.float64)
    rows = tile.members(onto)
    counts = sum((np.count_nonzero(matrix[rows], axis=0) for matrix in synapse.matrices), np.zeros(int(np.prod(image))))
    return np.asarray(counts, dtype=np.float64).reshape(image)
