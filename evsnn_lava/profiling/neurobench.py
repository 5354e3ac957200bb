"""The metrics of NeuroBench, computed from a description and a run: its algorithm track, without its package.

``docs/neurobench.md`` has the definitions. The numbers are those of ``neurobench`` 2.3.0 on the equivalent torch
network: one ``Linear`` or ``Conv2d`` per synapse and one activation module per layer, called once in every executed
step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError
from evsnn_lava.network import (
    CutoffPolicy,
    FrameMasks,
    NetworkDescription,
    RunResult,
)
from evsnn_lava.network.fanout import connections
from evsnn_lava.profiling.counts import IntArray
from evsnn_lava.profiling.footprint import Footprint, footprint

PACKAGE: Final = "neurobench 2.3.0"
"""The package whose definitions these are."""


@dataclass(frozen=True)
class NeuroBenchMetrics:
    """Metrics of one run, per sample where that makes sense.

    Parameters
    ----------
    footprint : Footprint
        What the network stores.
    connection_sparsity : float
        Share of weights that are zero, of all synapses, to 4 decimals.
    activation_sparsity : float
        Share of outputs that are zero: of all layers, samples and executed steps; the input is none.
    activation_sparsity_by_layer : dict of str to float
        The same of each layer.
    effective_macs, effective_acs : float
        Operations of non-zero weights on non-zero inputs. They are accumulates (ACs) where every input of the call is
        -1, 0 or 1; one larger value makes the whole call multiply-accumulates (MACs).
    dense : float
        Operations of a machine that skips nothing; padding is no input.
    neuron_updates : float
        Neurons times executed steps. The package's ``MembraneUpdates`` counts those that change a membrane.
    accuracy : float or None
        Share of right decisions; None without labels.
    """

    footprint: Footprint
    connection_sparsity: float
    activation_sparsity: float
    activation_sparsity_by_layer: dict[str, float]
    effective_macs: float
    effective_acs: float
    dense: float
    neuron_updates: float
    accuracy: float | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """The result dictionary of the package, key for key."""
        accuracy = {} if self.accuracy is None else {"ClassificationAccuracy": self.accuracy}
        return {
            "Footprint": self.footprint.float32_bytes,
            "ConnectionSparsity": self.connection_sparsity,
            "ParameterCount": self.footprint.parameters,
            **accuracy,
            "ActivationSparsity": self.activation_sparsity,
            "ActivationSparsityByLayer": self.activation_sparsity_by_layer,
            "SynapticOperations": {
                "Effective_MACs": self.effective_macs,
                "Effective_ACs": self.effective_acs,
                "Dense": self.dense,
            },
        }


def neurobench_metrics(
    network: NetworkDescription,
    result: RunResult,
    labels: npt.NDArray[np.integer] | None = None,
    multiplications: IntArray | None = None,
) -> NeuroBenchMetrics:
    """Compute the metrics of a run as it was: masked frames are not sent, a decided sample stops.

    Parameters
    ----------
    network : NetworkDescription
        What was run.
    result : RunResult
        What the back-end recorded.
    labels : numpy.ndarray of int, shape (N,), optional
        The right classes.
    multiplications : numpy.ndarray of int64, shape (N, L, K), optional
        Those of the synaptic operations whose call had an input other than -1, 0 and 1; without graded messages there
        are none. `evsnn_lava.cli.neurobench_facts.multiplications` counts them.

    Returns
    -------
    NeuroBenchMetrics
        Means over the samples.

    Raises
    ------
    ConfigError
        If the run is not one of this network, or messages are graded and `multiplications` is missing.

    Examples
    --------
    >>> from evsnn_lava.network import CubaNeuron, DenseSynapse, InputRecipe, Layer
    >>> layer = Layer("out", DenseSynapse([[80, 0], [0, 80]]), CubaNeuron(20, 4095, 4096), (2,))
    >>> recipe, masks = InputRecipe(1, 1, steps=2, dt_us=1000), FrameMasks.all_kept(2, 1)
    >>> network = NetworkDescription("tiny", (layer,), recipe, masks, CutoffPolicy.never(2), ("off", "on"))
    >>> one, spikes = np.array([1]), np.array([[[0, 1, 1]]])
    >>> run = RunResult("engine", one, one, np.array([[0, 2]]), one * 3, spikes[0], spikes, np.array([[[1, 1, 0]]]))
    >>> neurobench_metrics(network, run).facts["SynapticOperations"]
    {'Effective_MACs': 0.0, 'Effective_ACs': 2.0, 'Dense': 12.0}
    """
    _check(network, result, labels, multiplications)
    neurons = np.array([layer.neurons for layer in network.layers], dtype=np.int64)
    steps, sent = int(result.steps.sum()), result.messages.sum(axis=(0, 2))
    macs = 0 if multiplications is None else int(multiplications.sum())
    return NeuroBenchMetrics(
        footprint=footprint(network),
        connection_sparsity=connection_sparsity(network),
        activation_sparsity=_silence(int(neurons.sum()) * steps, int(sent.sum())),
        activation_sparsity_by_layer={
            layer.name: _silence(layer.neurons * steps, int(spikes))
            for layer, spikes in zip(network.layers, sent, strict=True)
        },
        effective_macs=macs / result.samples,
        effective_acs=(int(result.synops.sum()) - macs) / result.samples,
        dense=sum(connections(network)) * steps / result.samples,
        neuron_updates=int(neurons.sum()) * steps / result.samples,
        accuracy=None if labels is None else result.accuracy(labels),
    )


def full_network(network: NetworkDescription) -> NetworkDescription:
    """The network as others run it: every frame is sent to every layer, and no sample stops early.

    Parameters
    ----------
    network : NetworkDescription
        The deployed network.

    Returns
    -------
    NetworkDescription
        The same layers without masks and cutoff.

    Raises
    ------
    ConfigError
        If the last layers are the cutoff: they cannot be left out.
    """
    if network.cutoff.layers:
        raise ConfigError(
            f"network {network.name}: its last {network.cutoff.layers} layers are its cutoff, nothing runs without it; "
            "take the file with the cutoff of the host"
        )
    masks = FrameMasks.all_kept(network.masks.steps, network.depth, network.masks.semantics)
    return replace(network, masks=masks, cutoff=CutoffPolicy.never(masks.stream_steps), golden=None)


def has_graded_inputs(network: NetworkDescription) -> bool:
    """Whether any synapse receives messages that carry a number."""
    senders = [layer.neuron.graded for layer in network.layers[:-1]]
    senders += [layer.neuron.graded for layer in network.layers if layer.recurrent is not None]
    return bool(network.recipe.message_bits) or any(senders)


def _silence(outputs: int, sent: int) -> float:
    return (outputs - sent) / outputs


def _check(
    network: NetworkDescription,
    result: RunResult,
    labels: npt.NDArray[np.integer] | None,
    multiplications: IntArray | None,
) -> None:
    name, depth = network.name, result.messages.shape[1]
    if not result.samples or depth != network.depth:
        raise ConfigError(
            f"network {name}: it has {network.depth} layers, the run {result.samples} samples of {depth}; "
            "take a run of this network with at least one sample"
        )
    if labels is not None and len(labels) != result.samples:
        raise ConfigError(f"run of {name}: {result.samples} samples, {len(labels)} labels; give one per sample")
    if multiplications is None and has_graded_inputs(network):
        raise ConfigError(
            f"network {name}: its messages carry numbers, and a run does not record which calls saw more than -1, 0 "
            "and 1; give `multiplications`"
        )
    if multiplications is not None and multiplications.shape != result.synops.shape:
        raise ConfigError(
            f"run of {name}: multiplications have shape {multiplications.shape}, operations {result.synops.shape}; "
            "count them on the same samples"
        )


def connection_sparsity(network: NetworkDescription) -> float:
    """Share of weights that are zero, to 4 decimals; 0 for a network without weights.

    Divided in single precision, as the package does.

    Parameters
    ----------
    network : NetworkDescription
        The network.

    Returns
    -------
    float
        0..1.
    """
    matrices = [weights for layer in network.layers for each in layer.synapses for weights in each.matrices]
    total = sum(weights.size for weights in matrices)
    zeros = total - sum(int(np.count_nonzero(weights)) for weights in matrices)
    return round(float(np.float32(zeros) / np.float32(total)), 4) if total else 0.0
