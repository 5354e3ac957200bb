"""What one core stores, in words of 64 bits.

Inferred from the utilisation tables of the Loihi 2 compiler (lava-dl PilotNet notebooks, release of 2022), whose
synaptic memory it gives exactly. ``docs/placement.md`` has the rule in words and the tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

WORD_BITS: Final = 64
ROW_HEADER_BITS: Final = 16
INDEX_BITS: Final = 12
DELAY_BITS: Final = 6
WEIGHT_BITS: Final = (1, 2, 3, 4, 5, 6, 8)
"""Widths that a synapse can have; seven bits become eight."""
FIXED_WORDS: Final = 2
"""What every core stores beside the rest."""


@dataclass(frozen=True)
class Words:
    """Words on one core, by what they hold.

    Parameters
    ----------
    synapse : int
        Weights, with the headers and indices of their rows.
    neuron : int
        States: a word per neuron.
    axon_in : int
        Entries for what arrives: one per input of a dense layer, one per block of channels of a convolution.
    axon_map : int
        Entries for what is sent.
    """

    synapse: int
    neuron: int
    axon_in: int
    axon_map: int

    @property
    def total(self) -> int:
        """All of them and the fixed rest; what neighbouring tiles share (AxonMem) is not known and left out."""
        return self.synapse + self.neuron + self.axon_in + self.axon_map + FIXED_WORDS


def weight_bits(weights: npt.NDArray[np.integer]) -> int:
    """Bits that the compiler stores per weight: shared powers of two go into the exponent.

    Parameters
    ----------
    weights : numpy.ndarray of int, any shape
        Weight mantissas.

    Returns
    -------
    int
        One of ``WEIGHT_BITS``; whether wider weights can be stored at all is not said here.

    Examples
    --------
    >>> weight_bits(np.array([-8, 4, 0])), weight_bits(np.array([-64, 63])), weight_bits(np.array([-33, 3]))
    (2, 8, 8)
    """
    shared = int(np.bitwise_or.reduce(np.abs(weights), axis=None))
    if not shared:
        return WEIGHT_BITS[0]
    shift = (shared & -shared).bit_length() - 1
    low, high = int(weights.min()) >> shift, int(weights.max()) >> shift
    bits = max((-low - 1).bit_length() if low < 0 else 0, max(high, 0).bit_length()) + 1
    return next((legal for legal in WEIGHT_BITS if legal >= bits), WEIGHT_BITS[-1])


def channel_blocks(channels: int) -> tuple[int, ...]:
    """Powers of two that the compiler cuts output channels into: the binary digits, largest first.

    Parameters
    ----------
    channels : int
        Output channels on a core.

    Returns
    -------
    tuple of int
        They sum to `channels`.

    Examples
    --------
    >>> channel_blocks(48), channel_blocks(3)
    ((32, 16), (2, 1))
    """
    return tuple(1 << place for place in reversed(range(channels.bit_length())) if channels >> place & 1)


def dense_words(inputs: int, neurons: int, bits: int, delays: bool = False) -> int:
    """Synaptic words of the rows that reach `neurons` neurons of one core; zeros are stored, too.

    Parameters
    ----------
    inputs, neurons : int
        Size of the matrix on the core.
    bits : int
        Bits per weight.
    delays : bool
        Every weight carries a delay of 6 bits (assumed, no table shows it).

    Returns
    -------
    int
        Words.

    Examples
    --------
    >>> dense_words(2560, 9, 3), dense_words(10, 1, 6)
    (7680, 10)
    """
    return inputs * _row(neurons * (bits + INDEX_BITS + (DELAY_BITS if delays else 0)))


def conv_words(kernel: tuple[int, int, int], channels: int, bits: int, groups: int = 1) -> int:
    """Synaptic words of a kernel, which a core holds once for all its places.

    Parameters
    ----------
    kernel : (int, int, int)
        Input channels that reach the core, height and width of the kernel.
    channels : int
        Output channels on the core.
    bits : int
        Bits per weight.
    groups : int
        Groups among these channels.

    Returns
    -------
    int
        Words.

    Examples
    --------
    >>> conv_words((24, 3, 3), 36, 4), conv_words((48, 3, 3), 64, 5)
    (864, 2592)
    """
    inputs, height, width = kernel
    row = sum(_row(block * bits) for block in channel_blocks(max(1, channels // groups)))
    return inputs * height * width * row


def _row(bits: int) -> int:
    return -(-(ROW_HEADER_BITS + bits) // WORD_BITS)
