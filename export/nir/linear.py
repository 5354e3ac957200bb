"""A path of linear nodes between two neurons as one map, with its offset and its delays."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from evsnn_lava.errors import UnsupportedError
from evsnn_lava.export.lowering.pooling import (
    Convolution,
    FloatArray,
    Pair,
    Shape,
    as_matrix,
    compose,
    pooling,
    surplus,
)
from evsnn_lava.export.nir.graph import Path
from evsnn_lava.export.nir.maps import Factor, Flat, Map, Matrix, Offset, Wait, fitted, maps_of

NEURON_LIMIT: Final = 1 << 21
"""Most neurons of a layer."""


@dataclass(frozen=True, eq=False)
class Connection:
    """What a path between two neurons does.

    Parameters
    ----------
    linear : Convolution or Matrix
        The one map that stands for all.
    offset : numpy.ndarray of float64, of the shape of the receiving layer
        What is added.
    seconds : numpy.ndarray of float64, shape (out, in), (1, in), (out, 1) or (1, 1)
        How long each connection waits.
    shape : tuple of int
        Shape of the receiving layer.
    crop : (int, int)
        Last rows and columns that must be cut from the source first.
    plain : float or None
        The factor, when the path does nothing but multiply everything by one number.
    """

    linear: Convolution | Matrix
    offset: FloatArray
    seconds: FloatArray
    shape: Shape
    crop: Pair = (0, 0)
    plain: float | None = None


def connect(path: Path, source: Shape, dense: bool = False) -> Connection:
    """Compose the maps of a path.

    Parameters
    ----------
    path : Path
        Linear nodes.
    source : tuple of int
        Shape of the layer, or of the input, where it begins.
    dense : bool
        Write even convolutions as a matrix.

    Returns
    -------
    Connection
        The one map, its offset and its delays.

    Raises
    ------
    UnsupportedError
        If the maps cannot be composed; the message names the nodes.
    FormatError
        If a parameter is not what it should be.
    """
    try:
        maps: list[Map] = []
        shapes = [source]
        for name, node in path.nodes:
            for step in maps_of(node, name, shapes[-1]):
                if isinstance(step, Offset) and name in path.silent:
                    continue
                maps.append(step)
                shapes.append(_bounded(step, shapes[-1]))
        offset = _through(maps, np.zeros((1, *source)))[0]
        linear: list[Map] = [step for step in maps if not isinstance(step, Offset)]
        one, crop = _composed(linear, source, dense or 1 in (len(source), len(shapes[-1])), max(map(math.prod, shapes)))
        return Connection(one, offset, _seconds(maps, shapes, one), shapes[-1], crop, _plain(maps))
    except UnsupportedError as error:
        raise UnsupportedError(f"nodes {path.names}: {error}") from error


def _bounded(step: Map, shape: Shape) -> Shape:
    """Shape of the output, while neither it nor what is padded for it is gigantic."""
    made = step.output_shape(shape)
    padding = step.padding if isinstance(step, Convolution) else (0, 0)
    padded = shape if len(shape) != 3 else (shape[0], shape[1] + 2 * padding[0], shape[2] + 2 * padding[1])
    if max(math.prod(made), math.prod(padded)) > NEURON_LIMIT:
        raise UnsupportedError(f"from {shape} to {made} are more than {NEURON_LIMIT} values; make the layer smaller")
    return made


def _through(maps: Iterable[Map], values: FloatArray) -> FloatArray:
    for step in maps:
        values = step.apply(values)
    return values


def _composed(maps: list[Map], source: Shape, dense: bool, widest: int) -> tuple[Convolution | Matrix, Pair]:
    if dense:
        mixing = [step for step in maps if not isinstance(step, Flat | Wait)]
        if len(mixing) == 1 and isinstance(mixing[0], Matrix):
            return mixing[0], (0, 0)
        return Matrix(as_matrix(lambda values: _through(maps, values), source, widest)), (0, 0)
    one: Convolution | None = None
    shape, rows, columns = source, 0, 0
    for step in maps:
        if isinstance(step, Wait):
            continue
        following = step if isinstance(step, Convolution) else _depthwise(step, one, shape)
        if one is not None:
            more = surplus(one, following, shape)
            rows, columns = rows + more[0], columns + more[1]
            shape = (shape[0], shape[1] - more[0], shape[2] - more[1])
            following = compose(one, following)
        one = following
    return one or pooling(source[0], (1, 1), (1, 1)), (rows, columns)


def _depthwise(step: Map, before: Convolution | None, shape: Shape) -> Convolution:
    """A factor per channel as a convolution."""
    channels = shape[0] if before is None else len(before.weights)
    values: FloatArray = step.values.reshape(-1) if isinstance(step, Factor) else np.zeros(0)
    if values.size not in (1, channels):
        values = values.reshape(channels, -1)
        if not values.size or np.ptp(values, axis=1).any():
            raise UnsupportedError("a scale differs inside a channel of a convolution; use one number per channel")
        values = values[:, 0]
    return Convolution(np.broadcast_to(values, channels).reshape(-1, 1, 1, 1).copy(), groups=channels)


def _seconds(maps: list[Map], shapes: list[Shape], one: Convolution | Matrix) -> FloatArray:
    """Delays of every connection: those before anything mixes belong to inputs, those behind everything to outputs."""
    mixing = [index for index, step in enumerate(maps) if isinstance(step, Convolution | Matrix)]
    total: FloatArray = np.zeros((1, 1))
    for index, step in enumerate(maps):
        if not isinstance(step, Wait):
            continue
        waits = fitted(step.seconds, shapes[index], "delay").reshape(-1)
        if not np.ptp(waits):
            total = total + waits[0]
        elif not mixing or index < mixing[0]:
            total = total + waits[None, :]
        elif index > mixing[-1]:
            total = total + waits[:, None]
        else:
            raise UnsupportedError("different delays stand between two maps; put them before or behind both")
    if isinstance(one, Convolution) and total.any():
        raise UnsupportedError("a convolution cannot wait on the target; leave the delay out or use a dense map")
    return total


def _plain(maps: list[Map]) -> float | None:
    """The factor of a path that only multiplies."""
    total = 1.0
    for step in maps:
        if not isinstance(step, Factor) or np.ptp(step.values):
            return None
        total *= float(step.values.flat[0])
    return total


def merged(connections: list[Connection]) -> list[Connection]:
    """Connections between the same two layers, those of one form added up.

    Parameters
    ----------
    connections : list of Connection
        At least one.

    Returns
    -------
    list of Connection
        One for each form; delays keep a connection apart.
    """
    kept: dict[Any, Connection] = {}
    for number, one in enumerate(connections):
        key = (number,) if one.seconds.any() else (type(one.linear), one.crop, *_form(one.linear))
        before = kept.get(key)
        if before is not None:
            summed = replace(one.linear, weights=before.linear.weights + one.linear.weights)
            one = Connection(summed, before.offset + one.offset, one.seconds, one.shape, one.crop)
        kept[key] = one
    return list(kept.values())


def _form(linear: Convolution | Matrix) -> tuple[Any, ...]:
    if isinstance(linear, Matrix):
        return linear.weights.shape
    return (*linear.weights.shape, linear.stride, linear.padding, linear.dilation, linear.groups)
