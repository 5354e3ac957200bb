"""Work of every core: which messages reach which part of a layer, counted over weights that are not zero."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evsnn_lava.export.placement.plan import LayerPlan, Placement, Range, Tile
from evsnn_lava.hw_profiles import HardwareProfile
from evsnn_lava.network import ConvSynapse, Layer, NetworkDescription, Synapse
from evsnn_lava.network.fanout import kernel_reach
from evsnn_lava.simulation.engine import Engine

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Activity:
    """Messages per neuron and step, mean over all executed steps of all samples.

    Parameters
    ----------
    sources : tuple of numpy.ndarray of float64
        Of the input, shape (C, H, W), and of each layer, of its shape.
    samples : int
        How many samples were run.
    steps : float
        Mean steps of a sample.
    """

    sources: tuple[FloatArray, ...]
    samples: int
    steps: float


def measure_activity(network: NetworkDescription, frames: npt.NDArray[np.generic], block: int = 4) -> Activity:
    """Run samples on the engine and count the messages of every neuron until each sample stops.

    Parameters
    ----------
    network : NetworkDescription
        The network.
    frames : numpy.ndarray of bool or int, shape (N, C, H, W, T)
        Input frames before masking.
    block : int
        Samples that are traced at once; the memory grows with it.

    Returns
    -------
    Activity
        Messages per neuron and step.
    """
    engine = Engine(network)
    shapes = [network.input_shape, *(layer.shape for layer in network.layers)]
    sums = [np.zeros(shape) for shape in shapes]
    steps = 0
    for start in range(0, len(frames), block):
        some = frames[start : start + block]
        trace, executed = engine.trace(some), engine.run(some).steps
        steps += int(executed.sum())
        for total, messages in zip(sums, (trace.stream, *trace.messages), strict=True):
            inside = np.arange(messages.shape[-1]) < executed.reshape(-1, *(1,) * (messages.ndim - 1))
            total += np.count_nonzero(messages * inside, axis=(0, -1))
    return Activity(tuple(total / max(1, steps) for total in sums), len(frames), steps / max(1, len(frames)))


def placed_synops(network: NetworkDescription, placement: Placement, activity: Activity) -> tuple[FloatArray, ...]:
    """Synaptic operations per step of every core, layer by layer.

    Parameters
    ----------
    network : NetworkDescription
        The network.
    placement : Placement
        Where it lies.
    activity : Activity
        What its neurons send.

    Returns
    -------
    tuple of numpy.ndarray of float64, each of shape (cores of the layer,)
        Their sum over all cores is that of the network.
    """
    return tuple(
        layer_synops(layer, plan, activity.sources[index], activity.sources[index + 1])
        for index, (layer, plan) in enumerate(zip(network.layers, placement.layers, strict=True))
    )


def layer_synops(layer: Layer, plan: LayerPlan, source: FloatArray, own: FloatArray) -> FloatArray:
    """Synaptic operations per step of every core of one layer; `own` is what a recurrent layer sends to itself."""
    work = LayerWork(layer, source, own)
    return np.array([work.synops(core.tile) for core in plan.cores])


class LayerWork:
    """Synaptic operations per step of any part of a layer, over weights that are not zero.

    The work of every place is counted once for each range of channels and summed up along rows and columns, so that a
    part is looked up and not counted again.

    Parameters
    ----------
    layer : Layer
        The layer.
    source, own : numpy.ndarray of float64
        Messages per neuron and step of what the layer listens to, and of the layer itself.

    Examples
    --------
    >>> from evsnn_lava.network import CubaNeuron, DenseSynapse
    >>> layer = Layer("fc", DenseSynapse([[2, 0], [4, 6]]), CubaNeuron(80, 1023, 128), (2,))
    >>> work = LayerWork(layer, np.array([1.0, 0.5]), np.zeros(2))
    >>> work.synops(Tile((0, 1))), work.synops(Tile((1, 2)))
    (1.0, 1.5)
    """

    def __init__(self, layer: Layer, source: FloatArray, own: FloatArray) -> None:
        self._layer, self._source, self._own = layer, source, own
        self._sums: dict[Range, FloatArray] = {}

    def synops(self, tile: Tile) -> float:
        """Operations per step of one part."""
        if tile.channels not in self._sums:
            places = self._places(tile.channels)
            self._sums[tile.channels] = np.pad(places.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
        sums, (top, bottom), (left, right) = self._sums[tile.channels], tile.rows, tile.columns
        return float(sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left])

    def _places(self, channels: Range) -> FloatArray:
        """Work of every row and column of some channels; of a flat layer, of its neurons together."""
        layer = self._layer
        image = layer.shape if len(layer.shape) == 3 else (layer.neurons, 1, 1)
        places = _synapse_work(layer.synapse, channels, self._source, image)
        return (
            places if layer.recurrent is None else places + _synapse_work(layer.recurrent, channels, self._own, image)
        )


def _synapse_work(synapse: Synapse, channels: Range, source: FloatArray, image: tuple[int, ...]) -> FloatArray:
    if isinstance(synapse, ConvSynapse):
        return _conv_work(synapse, channels, source)
    if not synapse.matrices:
        return np.zeros(image[1:])
    flat = source.reshape(-1)
    work: FloatArray = np.sum([(matrix != 0) @ flat for matrix in synapse.matrices], axis=0).reshape(image)
    return np.asarray(work[slice(*channels)].sum(axis=0))


def _conv_work(synapse: ConvSynapse, channels: Range, source: FloatArray) -> FloatArray:
    reach = kernel_reach(synapse, channels)
    (pad_y, pad_x), (down, right), (dil_y, dil_x) = synapse.padding, synapse.stride, synapse.dilation
    _, rows, columns = synapse.output_shape(source.shape)
    padded = np.pad(source, ((0, 0), (pad_y, pad_y), (pad_x, pad_x)))
    work = np.zeros((rows, columns))
    for y, x in np.ndindex(*reach.shape[1:]):
        seen = padded[:, y * dil_y :: down, x * dil_x :: right][:, :rows, :columns]
        work += np.tensordot(reach[:, y, x].astype(np.float64), seen, axes=1)
    return work


def core_time(hardware: HardwareProfile, tile: Tile, synops: float) -> float:
    """Seconds that a core works in a step: on synaptic operations or on neurons, whichever takes longer.

    Parameters
    ----------
    hardware : HardwareProfile
        What operations take.
    tile : Tile
        What lies on the core.
    synops : float
        Its synaptic operations per step.

    Returns
    -------
    float
        As in the runtime model of arXiv 2601.10035; see ``docs/energy.md``.
    """
    return max(synops * hardware.time.seconds("synop"), tile.neurons * hardware.time.seconds("neuron_update"))
