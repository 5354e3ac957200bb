"""From a network description to a NIR graph, with a statement of what is lost."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import UnsupportedError
from evsnn_lava.export.lowering.pooling import FloatArray, Shape
from evsnn_lava.export.nir.package import nir_package
from evsnn_lava.export.nir.reader import DEFAULT_DT_S, require_step
from evsnn_lava.export.nir.report import ParameterFact
from evsnn_lava.export.nir.storage import write_graph
from evsnn_lava.network import (
    ConvSynapse,
    CubaNeuron,
    DenseSynapse,
    DirectSynapse,
    Layer,
    NetworkDescription,
    Synapse,
)
from evsnn_lava.network.ranges import DECAY_UNITY, spread

SCALE: Final = 64.0
"""Integer that stands for 1.0, as in SLAYER."""

NO_DECAY: Final = 2.0**-40
"""Share that is lost per step where nothing is lost: NIR has no infinite time constant."""

Node = tuple[str, Any]


@dataclass(frozen=True)
class ExportReport:
    """What a NIR graph says of a network.

    Parameters
    ----------
    target : str
        What was written.
    dt_s : float
        Seconds of a step that the time constants stand for.
    features : tuple of ParameterFact
        Each with the status `faithful`, `approximate` or `unsupported`; the unsupported ones are left out.
    """

    target: str
    dt_s: float
    features: tuple[ParameterFact, ...]


def write_nir(network: NetworkDescription, path: str | os.PathLike[str], dt_s: float | None = None) -> ExportReport:
    """Write a network as a NIR file.

    Parameters
    ----------
    network : NetworkDescription
        The network.
    path : path-like
        The file to create or replace.
    dt_s : float, optional
        Seconds of a step; what the recipe says, or 0.001.

    Returns
    -------
    ExportReport
        What is lost.

    Raises
    ------
    UnsupportedError
        If a layer has no form in NIR: other neurons than CUBA, delays that are no sum of one per input and one per
        output.
    ConfigError
        If `dt_s` is not the length of a frame of the recipe.
    BackendUnavailableError
        If the package `nir` is not installed.

    Notes
    -----
    Read again with ``read_nir``, the layers are the same integers: the scale stands in the metadata of the nodes.
    """
    graph, report = to_nir(network, dt_s)
    write_graph(graph, path)
    return report


def to_nir(network: NetworkDescription, dt_s: float | None = None) -> tuple[Any, ExportReport]:
    """Make the graph of a network.

    Parameters
    ----------
    network : NetworkDescription
        The network.
    dt_s : float, optional
        Seconds of a step; what the recipe says, or 0.001.

    Returns
    -------
    graph : nir.NIRGraph
        Weights are integers / 64, thresholds vth_mant / 64.
    report : ExportReport
        What is lost.

    Raises
    ------
    UnsupportedError
        If a layer has no form in NIR.
    ConfigError
        If `dt_s` is not the length of a frame of the recipe.
    """
    nir = nir_package()
    dt_s, known = _step(network, dt_s)
    require_step(network.recipe, dt_s, f"network {network.name}")
    nodes: dict[str, Any] = {"input": nir.Input(np.array(_nir_shape(network, network.input_shape)))}
    edges, last = [], "input"
    shape: Shape = network.input_shape
    for index, layer in enumerate(network.layers):
        *before, (name, neuron) = _layer_nodes(nir, _node_name(layer, index, nodes), layer, shape, dt_s)
        for inner, node in (*before, (name, neuron)):
            nodes[inner] = node
            edges.append((last, inner))
            last = inner
        for inner, node in _loop(nir, name, layer, dt_s):
            nodes[inner] = node
            edges.append((last, inner))
            last = inner
        if last != name:
            edges.append((last, name))
        last, shape = name, layer.shape
    nodes["output"] = nir.Output(np.array(network.layers[-1].shape))
    edges.append((last, "output"))
    metadata = _metadata(network, dt_s)
    graph = nir.NIRGraph(nodes, edges, metadata=metadata, type_check=False)
    return graph, ExportReport(network.name, dt_s, tuple(_features(network, dt_s, known)))


def _step(network: NetworkDescription, dt_s: float | None) -> tuple[float, str]:
    """Seconds of a step, and how they are known."""
    if dt_s is not None:
        return dt_s, "given"
    if network.recipe.dt_us:
        return network.recipe.dt_us * 1e-6, "a frame of the recipe"
    return DEFAULT_DT_S, "assumed: the recipe does not say it; give --dt-ms"


def _node_name(layer: Layer, index: int, taken: dict[str, Any]) -> str:
    """The name of the layer, as far as HDF5 and the other nodes allow it."""
    name = layer.name.replace("/", "_")
    return f"{index}_{name}" if name in {*taken, ".", "", "output"} else name


def _nir_shape(network: NetworkDescription, shape: Shape) -> Shape:
    """A vector input is one-dimensional in NIR."""
    flat = shape[1:] == (1, 1) and isinstance(network.layers[0].synapse, DenseSynapse)
    return shape[:1] if flat else shape


def _metadata(network: NetworkDescription, dt_s: float) -> dict[str, Any]:
    return {
        "evsnn_name": network.name,
        "evsnn_dt_s": dt_s,
        "evsnn_recipe": json.dumps(asdict(network.recipe)),
        "evsnn_class_names": json.dumps(list(network.class_names)),
    }


def _layer_nodes(nir: Any, name: str, layer: Layer, source: Shape, dt_s: float) -> Iterator[Node]:
    """The nodes of a layer in their order, the neuron last."""
    synapse = layer.synapse
    if not isinstance(layer.neuron, CubaNeuron) or type(synapse) not in _SYNAPSES:
        kind = f"{type(layer.neuron).__name__} behind {type(synapse).__name__}"
        raise UnsupportedError(f"layer {layer.name}: {kind} has no form in NIR; keep the .net file")
    yield from _SYNAPSES[type(synapse)](nir, name, synapse, source, dt_s)
    yield name, _neuron(nir, layer, dt_s)


def _dense(nir: Any, name: str, synapse: DenseSynapse, source: Shape, dt_s: float) -> Iterator[Node]:
    if len(source) == 3 and source[1:] != (1, 1):
        yield f"{name}_flatten", nir.Flatten(np.array(source), 0, -1)
    yield from _matrix(nir, name, synapse, dt_s)


def _matrix(nir: Any, name: str, synapse: DenseSynapse, dt_s: float) -> Iterator[Node]:
    into, out = _split_delays(name, synapse)
    if into.any():
        yield f"{name}_wait", nir.Delay(into * dt_s)
    yield f"{name}_weights", nir.Linear(_floats(synapse))
    if out.any():
        yield f"{name}_delay", nir.Delay(out * dt_s)


def _floats(synapse: DenseSynapse | ConvSynapse) -> npt.NDArray[np.float32]:
    """Weights in float: single precision holds them exactly."""
    return (synapse.weights * 2.0**synapse.weight_exp / SCALE).astype(np.float32)


def _split_delays(name: str, synapse: DenseSynapse) -> tuple[FloatArray, FloatArray]:
    """One delay per input plus one per output."""
    outputs, inputs = synapse.weights.shape
    if synapse.delays is None:
        return np.zeros(inputs), np.zeros(outputs)
    delays = synapse.delays.astype(np.float64)
    into = delays.min(axis=0)
    out = (delays - into)[:, 0]
    if not np.array_equal(delays, into + out[:, None]):
        raise UnsupportedError(
            f"layer {name}: every connection has its own delay, NIR has delays per neuron; keep the .net file"
        )
    return into, out


def _conv(nir: Any, name: str, synapse: ConvSynapse, source: Shape, _: float) -> Iterator[Node]:
    yield (
        f"{name}_weights",
        nir.Conv2d(
            input_shape=np.array(source[1:]),
            weight=_floats(synapse),
            stride=np.array(synapse.stride),
            padding=np.array(synapse.padding),
            dilation=np.array(synapse.dilation),
            groups=synapse.groups,
            bias=np.zeros(len(synapse.weights)),
        ),
    )


def _direct(nir: Any, name: str, synapse: DirectSynapse, source: Shape, _: float) -> Iterator[Node]:
    if synapse.bias:
        raise UnsupportedError(f"layer {name}: an input block with a bias has no form in NIR; move it to the neuron")
    yield f"{name}_weights", nir.Scale(np.full(source, synapse.weight / SCALE))


_SYNAPSES: Final[dict[type, Callable[..., Iterator[Node]]]] = {
    DenseSynapse: _dense,
    ConvSynapse: _conv,
    DirectSynapse: _direct,
}


def _loop(nir: Any, name: str, layer: Layer, dt_s: float) -> Iterator[Node]:
    """The nodes between a layer and itself."""
    if layer.recurrent is None:
        return
    if len(layer.shape) == 3:
        yield f"{name}_loop_flatten", nir.Flatten(np.array(layer.shape), 0, -1)
    yield from _matrix(nir, f"{name}_loop", layer.recurrent, dt_s)


def _neuron(nir: Any, layer: Layer, dt_s: float) -> Any:
    """CubaLIF whose step of forward Euler is ours: R and w_in take out what dt / tau multiplies."""
    cuba: CubaNeuron = layer.neuron  # type: ignore[assignment]

    def rate(value: Any) -> FloatArray:
        shares = np.broadcast_to(spread(value, layer.shape), layer.shape) / DECAY_UNITY
        return np.where(shares == 0, NO_DECAY, shares)

    voltage, current = rate(cuba.dv), rate(cuba.current_decay)
    bias = np.broadcast_to(cuba.bias(layer.shape) / 64 / SCALE, layer.shape)
    threshold = np.full(layer.shape, cuba.vth_mant / SCALE)
    metadata: dict[str, Any] = {"evsnn_layer": layer.name, "evsnn_scale": SCALE, "evsnn_bias_exp": cuba.bias_exp}
    exponents = [_exponent(synapse) for synapse in layer.synapses]
    for key, exponent in zip(("evsnn_weight_exp", "evsnn_loop_weight_exp"), exponents, strict=False):
        metadata |= {key: exponent} if exponent else {}
    reset = np.zeros(layer.shape)
    if (current == 1).all():
        if (voltage == NO_DECAY).all() and not bias.any():
            return nir.IF(r=np.ones(layer.shape), v_threshold=threshold, v_reset=reset, metadata=metadata)
        return nir.LIF(dt_s / voltage, 1 / voltage, bias / voltage, threshold, reset, metadata=metadata)
    return nir.CubaLIF(
        tau_syn=dt_s / current,
        tau_mem=dt_s / voltage,
        r=1 / voltage,
        v_leak=bias / voltage,
        v_threshold=threshold,
        v_reset=reset,
        w_in=1 / current,
        metadata=metadata,
    )


def _exponent(synapse: Synapse) -> int:
    return int(getattr(synapse, "weight_exp", 0))


def _features(network: NetworkDescription, dt_s: float, known: str) -> Iterator[ParameterFact]:
    """Every feature of the network that NIR has something to say about."""

    def fact(feature: str, status: str, remark: str) -> ParameterFact:
        return ParameterFact(feature, "", "", 0.0, status, remark)

    yield fact(
        "weights, thresholds", "faithful", f"divided by {SCALE:g}; the metadata evsnn_scale gives the integers back"
    )
    said = f"tau = dt * 4096 / decay, forward Euler; dt {1000 * dt_s:g} ms, {known}"
    yield fact("decays", "faithful", said)
    yield fact("integers", "approximate", "NIR has no rounding toward zero, no 24 bits, no wrap and no saturation")
    yield fact("time", "approximate", "here every layer takes a step; NIR has no such delay")
    neurons = [layer.neuron for layer in network.layers if isinstance(layer.neuron, CubaNeuron)]
    if any(np.any(np.asarray(neuron.current_decay) < DECAY_UNITY) for neuron in neurons):
        yield fact("order of a step", "approximate", "our current acts in the step in which it arrives")
    if any(neuron.bias_mant is not None and neuron.bias_mant.any() for neuron in neurons[1:]):
        yield fact("bias", "approximate", "here the bias of layer l acts l steps before the first frame reaches it")
    if any(_exponent(synapse) < 0 for layer in network.layers for synapse in layer.synapses):
        yield fact("weight_exp", "approximate", "NIR does not round the sum down")
    yield fact("input recipe, class names", "faithful", "only as metadata that evsnn reads")
    yield from (fact(*row) for row in _lost(network))


def _lost(network: NetworkDescription) -> Iterator[tuple[str, str, str]]:
    if not all(mask.all() for mask in network.masks.keep):
        yield "frame masks", "unsupported", "left out: every frame reaches every layer"
    if network.cutoff.kind != "never":
        yield "cutoff", "unsupported", "left out: every sample runs to the end"
    if network.golden is not None:
        yield "golden vectors", "unsupported", "left out"
    if network.recipe.message_bits:
        yield "graded input", "approximate", "NIR does not say the bits of an input"
    if network.provenance or network.quantisation:
        yield "provenance, quantisation facts", "unsupported", "left out"
