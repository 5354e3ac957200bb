"""What the parts of one layer store on their cores."""

from __future__ import annotations

from dataclasses import dataclass

from evsnn_lava.export.placement.plan import Tile
from evsnn_lava.export.placement.words import Words, channel_blocks, conv_words, dense_words, weight_bits
from evsnn_lava.network import ConvSynapse, DirectSynapse, Layer, Synapse


@dataclass(frozen=True, eq=False)
class LayerStore:
    """A layer, the one behind it, and the bits of its weights, which are looked at once.

    Parameters
    ----------
    layer : Layer
        The layer.
    follower : Layer or None
        The layer behind it: a convolution needs an entry per place and block of what is sent, another one per neuron.
    bits : tuple of tuple of int
        Bits per weight, of each matrix of each synapse.
    """

    layer: Layer
    follower: Layer | None
    bits: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, layer: Layer, follower: Layer | None = None) -> LayerStore:
        """Look at a layer; parameters as above."""
        bits = tuple(tuple(map(weight_bits, synapse.matrices)) for synapse in layer.synapses)
        return cls(layer, follower, bits)

    @property
    def weight_bits(self) -> int:
        """Bits per weight, the most of all matrices; 0 without weights."""
        return max((each for some in self.bits for each in some), default=0)

    def blocks(self, tile: Tile) -> int:
        """Groups of neurons that a part forms on its core; the input counts as one."""
        return len(channel_blocks(tile.depth)) if isinstance(self.layer.synapse, ConvSynapse) else 1

    def words(self, tile: Tile) -> Words:
        """Words of one part.

        Parameters
        ----------
        tile : Tile
            Which part of the layer.

        Returns
        -------
        Words
            What its core stores.
        """
        sends_to_conv = self.follower is not None and isinstance(self.follower.synapse, ConvSynapse)
        return Words(
            synapse=self.synapse_words(tile),
            neuron=tile.neurons,
            axon_in=self._axons_in(tile),
            axon_map=tile.places * self.blocks(tile) if sends_to_conv else tile.neurons,
        )

    def synapse_words(self, tile: Tile) -> int:
        """Words of the weights of one part; 0 for a layer without weights."""
        pairs = zip(self.layer.synapses, self.bits, strict=True)
        return sum(_synapse_words(synapse, bits, tile) for synapse, bits in pairs)

    def _axons_in(self, tile: Tile) -> int:
        if isinstance(self.layer.synapse, ConvSynapse):
            return self.blocks(tile)
        if isinstance(self.layer.synapse, DirectSynapse):
            return 1
        return sum(synapse.matrices[0].shape[1] for synapse in self.layer.synapses)


def _synapse_words(synapse: Synapse, bits: tuple[int, ...], tile: Tile) -> int:
    if isinstance(synapse, ConvSynapse):
        outputs, inputs, height, width = synapse.weights.shape
        groups = -(-tile.depth // (outputs // synapse.groups))
        return conv_words((inputs * groups, height, width), tile.depth, bits[0], groups)
    delayed = synapse.max_delay > 0
    pairs = zip(synapse.matrices, bits, strict=True)
    return sum(dense_words(matrix.shape[1], tile.neurons, each, delayed) for matrix, each in pairs)
