"""The network description: what a compiled event network *is*, in integers and numpy only.

Everything else refers to it: the exporter makes one, the file format stores one, the reference
simulator says what it computes, Lava and Loihi 2 are targets that must agree.

Axis order is lava-dl's everywhere: ``(N, C, H, W, T)``, that is sample, channel, row, column, time.
"""

from evsnn_lava.network.description import Layer, NetworkDescription, Neuron, QuantisationFacts
from evsnn_lava.network.golden import GoldenVectors, spike_hash
from evsnn_lava.network.masks import FrameMasks, evenly
from evsnn_lava.network.neurons import CubaNeuron
from evsnn_lava.network.policy import NEVER, CutoffPolicy, top2_gap
from evsnn_lava.network.recipe import InputRecipe
from evsnn_lava.network.resonators import RfIzNeuron, RfNeuron
from evsnn_lava.network.result import RunResult
from evsnn_lava.network.sigma_delta import DeltaNeuron, SigmaDeltaNeuron, SigmaNeuron, passes_on
from evsnn_lava.network.softmax import confidence, softmax_table
from evsnn_lava.network.synapses import ComplexSynapse, ConvSynapse, DenseSynapse, DirectSynapse, Synapse

__all__ = [
    "NEVER",
    "ComplexSynapse",
    "ConvSynapse",
    "CubaNeuron",
    "CutoffPolicy",
    "DeltaNeuron",
    "DenseSynapse",
    "DirectSynapse",
    "FrameMasks",
    "GoldenVectors",
    "InputRecipe",
    "Layer",
    "NetworkDescription",
    "Neuron",
    "QuantisationFacts",
    "RfIzNeuron",
    "RfNeuron",
    "RunResult",
    "SigmaDeltaNeuron",
    "SigmaNeuron",
    "Synapse",
    "confidence",
    "evenly",
    "passes_on",
    "softmax_table",
    "spike_hash",
    "top2_gap",
]
