"""Which processes have a model for the chip, how we know, and which registers their parameters go to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from evsnn_lava.network.ranges import RANGES

CORE, EMBEDDED, HOST = "neuro-core", "embedded", "host"

BASES: Final = {
    "tutorial": "a published tutorial of Intel ran it on the chip",
    "public code": "public code uses it for the chip",
    "inferred": "something like it ran on the chip, this process was not seen there",
    "ours": "runs on the host, beside the chip",
    "unknown": "nothing public says that it has a model for the chip",
}
"""How we know; Intel's package, in which the models are, is closed."""


@dataclass(frozen=True)
class HardwareModel:
    """Where a process runs, and how we know.

    Parameters
    ----------
    place : str
        ``neuro-core``, ``embedded`` or ``host``.
    basis : str
        A key of `BASES`.
    source : str
        What says so.
    """

    place: str
    basis: str
    source: str


UNKNOWN: Final = HardwareModel(CORE, "unknown", "no public code runs it on the chip")
_PILOTNET: Final = "lava-dl netx tutorials pilotnet_snn and pilotnet_sdnn, printed runs on Oheo Gulch"
_ADAPTERS: Final = "tests of lava-optimization and users' scripts connect it so"

MODELS: Final[dict[str, HardwareModel]] = {
    "LIF": HardwareModel(CORE, "tutorial", "lava-dl netx tutorial oxford/run, printed run on kp_stack"),
    "LIFReset": HardwareModel(CORE, "tutorial", f"{_PILOTNET}, interval 16; users report powers of two only"),
    "Dense": HardwareModel(CORE, "tutorial", "lava-dl netx tutorial oxford/run, printed run on kp_stack"),
    "Conv": HardwareModel(CORE, "tutorial", _PILOTNET),
    "SigmaDelta": HardwareModel(CORE, "tutorial", "lava-dl netx tutorial pilotnet_sdnn, printed run on Oheo Gulch"),
    "DelayDense": HardwareModel(
        CORE, "inferred", "delays ran on Oheo Gulch (arXiv 2510.13757), by which code is unsaid"
    ),
    "Sparse": HardwareModel(CORE, "inferred", "lava-dl 0.6 adds it for memory and power (lava-dl#239)"),
    "Sigma": HardwareModel(
        CORE, "inferred", "last layer of the network that pilotnet_sdnn ran; whether as this process is unsaid"
    ),
    "Delta": HardwareModel(CORE, "unknown", "the tutorials let io.encoder.DeltaEncoder do its work beside the chip"),
    "RF": HardwareModel(CORE, "unknown", "Intel showed resonators on the chip, none of them by this process"),
    "RF_IZ": HardwareModel(CORE, "unknown", "Intel showed resonators on the chip, none of them by this process"),
    "PyToNxAdapter": HardwareModel(EMBEDDED, "public code", _ADAPTERS),
    "PyToN3ConvAdapter": HardwareModel(EMBEDDED, "tutorial", "lava-dl netx tutorial pilotnet_snn/utils.py"),
    "NxToPyAdapter": HardwareModel(EMBEDDED, "public code", _ADAPTERS),
    "Source": HardwareModel(HOST, "ours", "a process of ours, as the tutorials' ring buffers"),
    "Sink": HardwareModel(HOST, "ours", "a process of ours, as the tutorials' ring buffers"),
}
"""By the name of the process class."""


@dataclass(frozen=True)
class Register:
    """A variable of a process that goes into a register of the chip.

    Parameters
    ----------
    variable : str
        Its name in the process.
    quantity : str
        What it is, as the ranges name it.
    shift : int
        Bits by which the process holds it higher than the register does.
    """

    variable: str
    quantity: str
    shift: int = 0


_LIF: Final = (
    Register("vth", "vth_mant"),
    Register("du", "du"),
    Register("dv", "dv"),
    Register("bias_mant", "bias_mant"),
    Register("bias_exp", "bias_exp"),
)
_SYNAPSE: Final = (
    Register("weight_exp", "weight_exp"),
    Register("num_weight_bits", "weight_bits"),
    Register("num_message_bits", "message_bits"),
)
_DENSE: Final = (Register("weights", "weight"), *_SYNAPSE)
_SDN: Final = (Register("vth", "vth_mant", 12), Register("spike_exp", "spike_exp"), Register("state_exp", "state_exp"))
_RF: Final = (Register("vth", "vth_mant", 6), Register("sin_decay", "sin_decay"), Register("cos_decay", "cos_decay"))

REGISTERS: Final[dict[str, tuple[Register, ...]]] = {
    "LIF": _LIF,
    "LIFReset": _LIF,
    "Dense": _DENSE,
    "DelayDense": (*_DENSE, Register("delays", "delay")),
    "Conv": (Register("weight", "weight"), *_SYNAPSE),
    "SigmaDelta": _SDN,
    "Delta": _SDN,
    "RF": _RF,
    "RF_IZ": _RF,
}
"""Variables that are loaded into registers, by the name of the process class."""

Limit = Callable[[str], tuple[int, int] | None]
"""Gives the lowest and the highest value of a quantity; None where no limit is known."""

CHIP_RANGES: Final = {**RANGES, "du": (0, 4095), "weight_bits": (0, 8), "message_bits": (0, 32)}
"""Lava documents ``du`` with 12 unsigned bits: its -1, no decay at all, exists only in the simulator. A weight has 8
bits and a message 32 (Intel's technology brief)."""


def chip_range(quantity: str) -> tuple[int, int] | None:
    """Range of a register of Loihi 2, from what Lava documents.

    Parameters
    ----------
    quantity : str
        For example ``du``.

    Returns
    -------
    (int, int) or None
        Lowest and highest value.

    Examples
    --------
    >>> chip_range("du"), chip_range("colour")
    ((0, 4095), None)
    """
    return CHIP_RANGES.get(quantity)
