"""The package of NeuroBench, and the torch network that it judges: what a description computes, in torch's modules."""

from __future__ import annotations

import numpy as np
import torch
from neurobench.benchmarks import Benchmark
from neurobench.metrics import static, workload
from neurobench.models import TorchModel

from evsnn_lava.network import ComplexSynapse, ConvSynapse, RfNeuron
from evsnn_lava.simulation.neurons import DYNAMICS
from evsnn_lava.simulation.reference import gate_open

METRICS = [
    [static.Footprint, static.ConnectionSparsity, static.ParameterCount],
    [
        workload.ClassificationAccuracy,
        workload.ActivationSparsity,
        workload.ActivationSparsityByLayer,
        workload.SynapticOperations,
    ],
]


def model_of(network):
    """The package's wrapper of the torch network, told what its activation modules are."""
    model = TorchModel(Twin(network))
    model.add_activation_module(Neurons)
    return model


def benchmark_of(network, frames, labels):
    """All metrics on all samples in one batch."""
    data = torch.utils.data.TensorDataset(stream_of(network, frames), torch.tensor(labels))
    return Benchmark(model_of(network), torch.utils.data.DataLoader(data, batch_size=len(frames)), [], [], METRICS)


def stream_of(network, frames):
    """The frames that are sent, (N, T', C, H, W)."""
    return torch.tensor(np.moveaxis(network.masks.stream(frames), -1, 1).astype(np.float32))


def weighted(synapse):
    """`Linear` or `Conv2d` with the weights of the file; two for resonators."""
    if isinstance(synapse, ComplexSynapse):
        return torch.nn.ModuleList([weighted(synapse.real), weighted(synapse.imag)])
    if isinstance(synapse, ConvSynapse):
        outputs, inputs = synapse.weights.shape[0], synapse.weights.shape[1] * synapse.groups
        geometry = (synapse.stride, synapse.padding, synapse.dilation, synapse.groups)
        layer = torch.nn.Conv2d(inputs, outputs, synapse.weights.shape[2:], *geometry, bias=False)
    else:
        layer = torch.nn.Linear(*synapse.weights.shape[::-1], bias=False)
    layer.weight = torch.nn.Parameter(torch.tensor(synapse.weights, dtype=torch.float32))
    return layer


def arriving(module, sent):
    """What the modules of a synapse make of what was sent, int64."""
    if isinstance(module, torch.nn.ModuleList):
        return np.stack([arriving(part, sent) for part in module])
    given = sent if isinstance(module, torch.nn.Conv2d) else sent.flatten(1)
    return module(given).numpy().astype(np.int64)


class Neurons(torch.nn.Module):
    """The activation module: the integers of the reference, and its mask."""

    def __init__(self, network, index):
        super().__init__()
        self.network, self.index, self.layer = network, index, network.layers[index]
        neuron = self.layer.neuron
        self.dynamics = DYNAMICS[type(neuron)]
        for name in ("vth_mant", "du", "dv", "sin_decay", "cos_decay"):
            if hasattr(neuron, name):
                self.register_buffer(name, torch.tensor(getattr(neuron, name), dtype=torch.float32))
        if neuron.per_channel.get("bias_mant") is not None:
            self.bias = torch.nn.Parameter(torch.tensor(neuron.bias_mant, dtype=torch.float32))

    def reset(self, samples):
        """Forget; what arrives at first is nothing."""
        self.states = self.dynamics.rest(samples, self.layer.shape)
        twice = (2,) * isinstance(self.layer.neuron, RfNeuron)
        return np.zeros((*twice, samples, *self.layer.shape), dtype=np.int64)

    def forward(self, activation, step):
        if not step:
            return torch.zeros(activation.shape[-1 - len(self.layer.shape) :])
        self.states, sent = self.dynamics.step(self.layer.neuron, self.layer.shape, self.states, activation)
        return torch.tensor(sent * gate_open(self.network, self.index, step), dtype=torch.float32)


class Twin(torch.nn.Module):
    """The description in torch: all neurons and all synapses, once in every step."""

    def __init__(self, network):
        super().__init__()
        self.network, layers = network, network.layers
        self.synapses = torch.nn.ModuleDict({layer.name: weighted(layer.synapse) for layer in layers})
        self.own = torch.nn.ModuleDict({each.name: weighted(each.recurrent) for each in layers if each.recurrent})
        self.neurons = torch.nn.ModuleDict({each.name: Neurons(network, at) for at, each in enumerate(layers)})
        self.messages = []

    @torch.no_grad()
    def forward(self, stream):
        """From frames (N, T', C, H, W) to decisions; one sample alone may stop early."""
        arrived = {name: module.reset(len(stream)) for name, module in self.neurons.items()}
        scores, depth, self.messages = 0, self.network.depth, []
        for step in range(self.network.max_steps):
            sent = {name: module(arrived[name], step) for name, module in self.neurons.items()}
            arrived = self._deliver(stream[:, step] if step < stream.shape[1] else stream[:, 0] * 0, sent)
            self.messages.append([messages.numpy() for messages in sent.values()])
            if step >= depth:
                scores = scores + self.messages[-1][-1].reshape(len(stream), -1).astype(np.int64)
                if len(stream) == 1 and self.network.cutoff.stops(step - depth + 1, scores[0]):
                    break
        return torch.tensor(scores.argmax(axis=1))

    def _deliver(self, source, sent):
        arrived = {}
        for name, module in self.synapses.items():
            arrived[name] = arriving(module, source)
            if name in self.own:
                arrived[name] += arriving(self.own[name], sent[name])
            source = sent[name]
        return arrived
