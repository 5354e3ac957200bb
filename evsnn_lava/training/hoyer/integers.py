"""The deployed integers as a network that can be trained: folded weights, biases and one threshold per layer.

Source: the fold of batch norm, trainable threshold and Hoyer extremum into weights and bias (arXiv 2212.10170 trains
them apart); integers and time axis are those of :class:`~evsnn_lava.network.CubaNeuron`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from evsnn_lava._torch import F, Tensor, torch
from evsnn_lava.network.ranges import RANGES
from evsnn_lava.training.config import ConvConfig, DenseConfig
from evsnn_lava.training.hoyer.network import HoyerBlock, HoyerNetwork, running_total
from evsnn_lava.training.hoyer.spike import step

LARGEST: Final = 254
"""Weights are even integers of -254..254, which stock netx loads as they are."""

LARGEST_BIAS: Final = 4094
"""Even, and inside 13 bits with a sign."""


def rounded(x: Tensor) -> Tensor:
    """Round to whole numbers; the gradient passes as if nothing were rounded."""
    return x.detach().round() + (x - x.detach())  # the other way round, large x would not become whole


def limited(x: Tensor, low: int, high: int) -> Tensor:
    """Cut off what leaves a range; the gradient passes, so that a value at an end can come back."""
    return x.detach().clamp(low, high) + (x - x.detach())


class IntegerLayer(torch.nn.Module):
    r"""A hidden layer in integers: a neuron fires where :math:`\sum W s + B \ge S`.

    :math:`S` stands for 1.0 and is the threshold; :math:`W = 2\,\mathrm{round}(w S / 2)`,
    :math:`B = 2\,\mathrm{round}(b S / 2)`. :math:`S` is even, too: sums are then even and the threshold of the
    integers, :math:`S - 1`, lies between two of them. A bias stays below it, so that no neuron fires without input.

    Parameters
    ----------
    layer : ConvConfig or DenseConfig
        Strides and padding.
    weight, bias : torch.Tensor
        In units of the threshold.
    scale : int
        The integer threshold.
    """

    def __init__(self, layer: ConvConfig | DenseConfig, weight: Tensor, bias: Tensor, scale: int) -> None:
        super().__init__()
        self.layer = layer
        self.weight = torch.nn.Parameter(weight.clone())
        self.bias = torch.nn.Parameter(bias.clone())
        self.register_buffer("scale", torch.tensor(float(scale)))

    def integer_weight(self) -> Tensor:
        """Even integers as float32."""
        return limited(2 * rounded(self.weight * self.scale / 2), -LARGEST, LARGEST)

    def integer_bias(self) -> Tensor:
        """Even integers as float32, below the threshold."""
        highest = min(LARGEST_BIAS, int(self.scale) - 2)
        return limited(2 * rounded(self.bias * self.scale / 2), -LARGEST_BIAS, highest)

    def drive(self, x: Tensor) -> Tensor:
        """Sum of the weights of what comes in, without the bias."""
        if isinstance(self.layer, ConvConfig):
            return F.conv2d(x, self.integer_weight(), None, self.layer.stride, self.layer.padding)
        return F.linear(x.flatten(1), self.integer_weight())

    def fire(self, membrane: Tensor) -> Tensor:
        """Spikes for a sum of drive and bias; one of `scale` is enough.

        It is compared with the odd number below, as on the chip: convolutions of a GPU may be off by a little.
        """
        return step(membrane / self.scale, (self.scale - 1) / self.scale)


class IntegerNetwork(torch.nn.Module):
    """Integer layers and an integer head, computed on the deployed time axis.

    Biases act from step 1 on, a layer hears its source a step late, as in
    :class:`~evsnn_lava.network.NetworkDescription`. With one step neurons forget everything; with more they forget
    nothing but what a spike resets.

    Parameters
    ----------
    layers : sequence of IntegerLayer
        Hidden layers.
    head : torch.Tensor, shape (classes, M)
        Weights of the head, in any unit.
    steps : int
        Steps of a picture.
    """

    def __init__(self, layers: list[IntegerLayer], head: Tensor, steps: int) -> None:
        super().__init__()
        self.layers = torch.nn.ModuleList(layers)
        self.head = torch.nn.Parameter(head.clone())
        self.steps = steps
        self.register_buffer("head_scale", LARGEST / head.detach().abs().max().clamp_min(1e-12))

    @property
    def depth(self) -> int:
        """Layers with the head."""
        return len(self.layers) + 1

    def integer_head(self) -> Tensor:
        """Even integers as float32."""
        return limited(2 * rounded(self.head * self.head_scale / 2), -LARGEST, LARGEST)

    def forward(self, frames: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Integer class scores.

        Parameters
        ----------
        frames : torch.Tensor of float32, shape (N, C, H, W, T)
            Whole numbers, as the network gets them.

        Returns
        -------
        scores : torch.Tensor, shape (N, classes)
            Integers: the head sends what came in so far, and that is summed over the steps.
        spikes : list of torch.Tensor
            Spikes per neuron of every hidden layer, in all steps together, one scalar each.
        """
        sequence = [frames[..., t] for t in range(self.steps)]
        rates: list[Tensor] = []
        for index, layer in enumerate(self.layers):
            sequence = list(self._sent(layer, sequence, first=index == 0))
            rates.append(torch.stack(sequence).detach().mean() * len(sequence))
        head = self.integer_head()
        return running_total([F.linear(x.flatten(1), head) for x in sequence], self.steps), rates

    def _sent(self, layer: IntegerLayer, sequence: list[Tensor], first: bool) -> Iterator[Tensor]:
        """Spikes of a layer in the steps from 1 to the last one in which a frame reaches it.

        Behind the first layer, only the bias acts in step 1. Neurons that forget do not notice.
        """
        bias = layer.integer_bias()
        heard = layer.drive(torch.cat(sequence)).chunk(len(sequence))
        bias = bias.view(-1, 1, 1) if heard[0].dim() == 4 else bias
        silent = [] if first or self.steps == 1 else [torch.zeros_like(heard[0])]
        membrane: Tensor | None = None
        for drive in [*silent, *heard]:
            membrane = drive + bias if membrane is None or self.steps == 1 else membrane + drive + bias
            spikes = layer.fire(membrane)
            membrane = membrane * (1 - spikes.detach())
            yield spikes

    def logits(self, scores: Tensor) -> Tensor:
        """Scores in the unit of the float head."""
        return scores / self.head_scale


def fold(network: HoyerNetwork, largest: int, steps: int) -> IntegerNetwork:
    r"""Put batch norm, threshold and extremum of every channel into its weights and bias.

    .. math::
        w' = \frac{\gamma}{\sigma |v_{th}| Ext} w, \qquad
        b' = \frac{\beta - \gamma \mu / \sigma}{|v_{th}| Ext}, \qquad
        o = [w' s + b' \ge 1]

    Parameters
    ----------
    network : HoyerNetwork
        Trained in floats.
    largest : int
        Integer of the brightest pixel.
    steps : int
        Steps of a picture.

    Returns
    -------
    IntegerNetwork
        The same decisions up to rounding.
    """
    layers = []
    with torch.no_grad():
        for index, block in enumerate(network.blocks):
            weight, bias = folded(block)
            weight = weight / largest if index == 0 else weight
            layers.append(IntegerLayer(block.layer, weight, bias, _scale(weight, bias)))
        return IntegerNetwork(layers, network.head.weight, steps)


def _scale(weight: Tensor, bias: Tensor) -> int:
    """Integer of 1.0 for which weights and biases just fit; of a bias above 1, what stays below the threshold."""
    by_weight = LARGEST / float(weight.abs().max().clamp_min(1e-12))
    by_bias = LARGEST_BIAS / float(bias.clamp(max=1.0).abs().max().clamp_min(1e-12))
    return 2 * int(min(max(2.0, min(by_weight, by_bias)), RANGES["vth_mant"][1]) / 2)


def folded(block: HoyerBlock) -> tuple[Tensor, Tensor]:
    """Weights and bias of a block in units of its threshold, see :func:`fold`."""
    norm: Any = block.norm
    sigma = (norm.running_var + norm.eps).sqrt()
    threshold = block.spike.threshold if block.spike.extremum else block.spike.v_th.abs().expand(1)
    gain = norm.weight / sigma
    weight: Tensor = block.synapse.weight
    by_output = (gain / threshold).view(-1, *[1] * (weight.dim() - 1))
    return (weight * by_output).detach(), ((norm.bias - gain * norm.running_mean) / threshold).detach()
