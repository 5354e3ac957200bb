"""Shallower heads: a dense readout on an earlier layer, fitted without training the network again.

Source: early-exit heads as of BranchyNet (arXiv 1709.01686), here one head that replaces what is behind it, fitted by
ridge regression on spike counts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError, UnsupportedError
from evsnn_lava.export.policies.settled import settled_right
from evsnn_lava.network import CubaNeuron, CutoffPolicy, DenseSynapse, FrameMasks, Layer, NetworkDescription
from evsnn_lava.network.ranges import RANGES
from evsnn_lava.simulation.engine import Engine

FloatArray = npt.NDArray[np.float64]

RIDGES: Final = tuple(10.0 ** np.arange(-3, 4))
"""Penalties that are tried, as shares of the mean squared length of the spike counts."""

SPIKES: Final = (1, 2, 4, 8, 16)
"""Spikes of the best class in a mean recording; each is a threshold that is tried."""

HEAD: Final = "head"
LARGEST: Final = 254


def attach_head(
    network: NetworkDescription, after_layer: int, frames: npt.NDArray[np.generic], labels: npt.NDArray[np.integer]
) -> NetworkDescription:
    """Cut a network behind a layer and put a dense readout there.

    The readout adds up weighted spikes and forgets nothing (``dv = 0``). Its weights come from a ridge regression of
    the classes on the spike counts of whole recordings, its threshold is the one whose decisions become right soonest;
    both on the given recordings. The cutoff is ``never``: calibrate it on others.

    Parameters
    ----------
    network : NetworkDescription
        The network.
    after_layer : int
        Layers to keep, 1..depth - 1.
    frames : numpy.ndarray of bool or int, shape (N, C, H, W, T)
        Training recordings before masking.
    labels : numpy.ndarray of int, shape (N,)
        Their classes.

    Returns
    -------
    NetworkDescription
        A network of ``after_layer + 1`` layers.

    Raises
    ------
    ConfigError
        If there is no such layer, not one label per recording, or a class without recordings.
    UnsupportedError
        If the layer sends no spikes.
    """
    _check(network, after_layer, frames, labels)
    trunk = cut_behind(network, after_layer)
    counts = Engine(trunk).run(frames, counters=False).scores
    targets = np.eye(len(network.class_names))[np.asarray(labels)]
    weights = even_weights(ridge_weights(counts.astype(np.float64), targets))
    evidence = float((counts @ weights.T).max(axis=1).mean())
    heads = [_with_head(network, trunk, weights, threshold) for threshold in thresholds(evidence)]
    soonness = [float(settled_right(Engine(head).scores(frames), labels).mean()) for head in heads]
    return heads[int(np.argmax(soonness))]


def _check(network: NetworkDescription, after: int, frames: npt.NDArray[np.generic], labels: npt.ArrayLike) -> None:
    found = np.asarray(labels)
    if network.cutoff.layers:
        raise UnsupportedError(f"head of network {network.name}: its last layers decide; use the file without them")
    if not 1 <= after < network.depth:
        raise ConfigError(
            f"head of network {network.name}: behind layer {after}, the limit is 1..{network.depth - 1}; "
            "choose one inside"
        )
    if found.shape != (len(frames),):
        raise ConfigError(f"head has {len(frames)} recordings and {found.size} labels; give one label per recording")
    missing = sorted(set(range(len(network.class_names))) - set(found.tolist()))
    if missing:
        raise ConfigError(
            f"head of network {network.name}: no recording of class {network.class_names[missing[0]]}; "
            "give some of every class"
        )
    if network.layers[after - 1].neuron.graded:
        raise UnsupportedError(
            f"layer {network.layers[after - 1].name}: it sends numbers, a head counts spikes; choose another layer"
        )


def cut_behind(network: NetworkDescription, after_layer: int) -> NetworkDescription:
    """The first layers alone, every neuron of the last one an output.

    Parameters
    ----------
    network : NetworkDescription
        The network.
    after_layer : int
        Layers to keep, from 1.

    Returns
    -------
    NetworkDescription
        It never stops early.
    """
    layers = network.layers[:after_layer]
    return replace(
        network,
        layers=layers,
        masks=FrameMasks(network.masks.semantics, network.masks.keep[:after_layer]),
        cutoff=CutoffPolicy.never(network.masks.stream_steps),
        class_names=tuple(str(index) for index in range(layers[-1].neurons)),
        quantisation=(),
        golden=None,
    )


def ridge_weights(counts: FloatArray, targets: FloatArray) -> FloatArray:
    """Linear map from counts to targets; the penalty is the one with most right classes when each is left out once.

    Parameters
    ----------
    counts : numpy.ndarray of float64, shape (N, F)
        What is known.
    targets : numpy.ndarray of float64, shape (N, classes)
        1 for the class, 0 elsewhere.

    Returns
    -------
    numpy.ndarray of float64, shape (classes, F)
        The weights.

    Examples
    --------
    >>> ridge_weights(np.array([[2.0, 0.0], [3.0, 0.0], [0.0, 2.0], [0.0, 3.0]]), np.eye(2)[[0, 0, 1, 1]]).argmax(0)
    array([0, 1])
    """
    values, vectors = np.linalg.eigh(counts @ counts.T)
    centred = targets - targets.mean(axis=0)
    unit = max(float(values.clip(0).mean()), 1.0)
    best, chosen = -1.0, np.zeros_like(centred)
    for ridge in RIDGES:
        shrunk = 1 / (values.clip(0) + ridge * unit)
        dual = (vectors * shrunk) @ (vectors.T @ centred)
        left_out = centred - dual / ((vectors**2) @ shrunk)[:, None]  # leave-one-out answers of kernel ridge regression
        right = float(np.mean(left_out.argmax(axis=1) == targets.argmax(axis=1)))
        if right > best:
            best, chosen = right, dual
    return chosen.T @ counts


def even_weights(weights: FloatArray) -> npt.NDArray[np.int32]:
    """Scale weights to even integers of -254..254, which stock netx loads as they are.

    Parameters
    ----------
    weights : numpy.ndarray of float64
        Any.

    Returns
    -------
    numpy.ndarray of int32
        Of the same shape.

    Examples
    --------
    >>> even_weights(np.array([[0.5, -1.0, 0.25]])).tolist()
    [[128, -254, 64]]
    """
    largest = float(np.abs(weights).max(initial=0)) or 1.0
    return 2 * np.rint(weights / largest * (LARGEST // 2)).astype(np.int32)


def thresholds(evidence: float) -> list[int]:
    """Thresholds for so much summed weight of the best class.

    Parameters
    ----------
    evidence : float
        Mean over the recordings.

    Returns
    -------
    list of int
        Ascending, inside the range of ``vth_mant``.

    Examples
    --------
    >>> thresholds(1600)
    [100, 200, 400, 800, 1600]
    """
    low, high = RANGES["vth_mant"]
    return sorted({int(np.clip(round(evidence / spikes), low + 1, high)) for spikes in SPIKES})


def _with_head(
    network: NetworkDescription, trunk: NetworkDescription, weights: npt.NDArray[np.int32], threshold: int
) -> NetworkDescription:
    """The trunk and a readout that hears what the last layer of the trunk hears."""
    taken = {layer.name for layer in trunk.layers}
    name = HEAD if HEAD not in taken else f"{HEAD}{len(trunk.layers)}"
    head = Layer(name, DenseSynapse(weights), CubaNeuron(threshold, 4095, 0), (len(weights),))
    facts = tuple(fact for fact in network.quantisation if fact.layer in taken)
    return replace(
        trunk,
        layers=(*trunk.layers, head),
        masks=FrameMasks(trunk.masks.semantics, (*trunk.masks.keep, trunk.masks.keep[-1])),
        class_names=network.class_names,
        quantisation=facts,
    )
