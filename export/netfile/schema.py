"""The table of everything that a ``.net`` file holds: names, types, dimensions, meaning.

``docs/format.md`` is written from this table and a test compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import FormatError, printable

FORMAT_VERSION: Final = 3
"""Version of the ``/evsnn`` group that is written where the network needs no newer one."""

NEWEST_VERSION: Final = 5
"""The newest version that can be read."""

KINDS_OF_4: Final = ("conformal", "confidence")
"""Cutoffs that need version 4."""

SOFTMAX_OF_4: Final = 4096
"""Entries that version 4 had for a softmax; longer tables need version 5."""

SUMS: Final = "SUMS"
"""Type of neurons that pass on what comes in; needs version 5."""

VERSION_PATH: Final = "evsnn/format_version"
HASH_PATH: Final = "evsnn/content_hash"

REMEDY: Final = "the file is damaged or was edited, export or convert it again"

SHOWN: Final = 60
"""Characters of a foreign text that an error message repeats."""

Tree = dict[str, npt.NDArray[Any]]
"""The content of a file: path without the leading slash -> array (little-endian, C order)."""


@dataclass(frozen=True)
class Field:
    """One data set of the file.

    Parameters
    ----------
    kind : str
        ``text`` (UTF-8, fixed length, padded with NUL) or the name of a numpy type, little-endian.
    ndims : tuple of int
        Allowed numbers of dimensions.
    meaning : str
        What it says, with its shape.
    """

    kind: str
    ndims: tuple[int, ...]
    meaning: str

    def accepts(self, dtype: np.dtype[Any]) -> bool:
        """Whether an array of type `dtype` may stand here."""
        return dtype.kind == "S" if self.kind == "text" else dtype == np.dtype(self.kind).newbyteorder("<")


FIELDS: Final[dict[str, Field]] = {
    "layer/<i>/type": Field(
        "text", (0,), "input (first), conv, flatten (before a dense after (C, H, W)), dense, dense_rec"
    ),
    "layer/<i>/shape": Field("int64", (1,), "output shape: (C, H, W) or (N,)"),
    "layer/<i>/weight": Field(
        "int16",
        (0, 2, 4),
        "dense (out, in), conv (C_out, C_in / groups, kH, kW), -256..255; input with neurons: factor",
    ),
    "layer/<i>/weight/real": Field("int16", (2,), "dense before resonators: (out, in), real part, instead of weight"),
    "layer/<i>/weight/imag": Field("int16", (2,), "dense before resonators: (out, in), imaginary part"),
    "layer/<i>/weight_rec": Field("int16", (2,), "dense_rec: (out, out), from the layer to itself"),
    "layer/<i>/delay": Field("int64", (2,), "dense, dense_rec: (out, in) steps, 0..62; absent without delays"),
    "layer/<i>/bias": Field(
        "int16", (0, 1, 3), "mantissa per channel, or per neuron (W, H, C); absent without; input with neurons: summand"
    ),
    "layer/<i>/stride": Field("int64", (1,), "conv: (vertical, horizontal)"),
    "layer/<i>/padding": Field("int64", (1,), "conv: (vertical, horizontal)"),
    "layer/<i>/dilation": Field("int64", (1,), "conv: (vertical, horizontal)"),
    "layer/<i>/groups": Field("int64", (0,), "conv: number of groups"),
    "layer/<i>/neuron/type": Field("text", (0,), "CUBA, SDNN, RF_PHASE, RF_IZHIKEVICH or SUMS: sends what comes in"),
    "layer/<i>/neuron/iDecay": Field(
        "int64", (0, 1), "CUBA: decay of the current in 1/4096, or one per channel: du + 1"
    ),
    "layer/<i>/neuron/vDecay": Field("int64", (0, 1), "CUBA: decay of the voltage in 1/4096, or one per channel: dv"),
    "layer/<i>/neuron/vThMant": Field("int64", (0,), "threshold mantissa; CUBA, RF: * 64, SDNN: * 4096; not for sigma"),
    "layer/<i>/neuron/refDelay": Field("int64", (0,), "CUBA: 1"),
    "layer/<i>/neuron/gradedSpike": Field("bool", (0,), "whether messages carry a number: True for SDNN, SUMS"),
    "layer/<i>/neuron/sigma_output": Field("bool", (0,), "True; makes an SDNN neuron a sigma neuron"),
    "layer/<i>/neuron/sinDecay": Field("float64", (0,), "RF: rotation in 1/4096, half a unit further from zero"),
    "layer/<i>/neuron/cosDecay": Field("float64", (0,), "RF: rotation in 1/4096, half a unit further from zero"),
    "evsnn/format_version": Field("int64", (0,), "version of this specification"),
    "evsnn/content_hash": Field("text", (0,), "SHA-256 of all other data sets, 64 hexadecimal digits"),
    "evsnn/name": Field("text", (0,), "name of the network"),
    "evsnn/layer_names": Field("text", (1,), "(L,) names of the layers with neurons, in order"),
    "evsnn/class_names": Field("text", (1,), "(classes,) one name per output neuron"),
    "evsnn/provenance": Field("text", (0,), "JSON object of strings, keys sorted, no spaces, ASCII escapes"),
    "evsnn/recipe/sensor_height": Field("int64", (0,), "rows of the sensor in pixels"),
    "evsnn/recipe/sensor_width": Field("int64", (0,), "columns of the sensor in pixels"),
    "evsnn/recipe/steps": Field("int64", (0,), "number of frames T"),
    "evsnn/recipe/dt_us": Field("int64", (0,), "length of a frame in microseconds; 0 without time binning"),
    "evsnn/recipe/binning": Field("text", (0,), "time, count or none"),
    "evsnn/recipe/polarities": Field(
        "int64", (0,), "2: OFF and ON apart (channel 1 is ON); 1: merged; any number without binning"
    ),
    "evsnn/recipe/crop": Field("int64", (1,), "(top, left, height, width); absent without a crop"),
    "evsnn/recipe/downsample": Field("int64", (0,), "side of the square of pixels that become one"),
    "evsnn/recipe/message_bits": Field(
        "int64", (0,), "0: frames are binary; else bits of an input value, with its sign"
    ),
    "evsnn/recipe/dataset": Field("text", (0,), "data set that the network was trained on"),
    "evsnn/masks/semantics": Field("text", (0,), "skip or mute: what becomes of a frame that the first mask drops"),
    "evsnn/masks/keep": Field("uint8", (2,), "(L, T) 1 where layer l receives its input for frame t"),
    "evsnn/masks/phase": Field("int64", (1,), "(L,) steps after a frame is sent at which its bit acts: l"),
    "evsnn/cutoff/kind": Field("text", (0,), "topk_gap, conformal, confidence, fixed, never or on_chip"),
    "evsnn/cutoff/thresholds": Field("int64", (1,), "(T',) stop at step t when the lead exceeds entry t - 1"),
    "evsnn/cutoff/softmax": Field(
        "int64", (1,), "(length,) of kind confidence: 2^15 exp(-d / temperature), rounded; absent otherwise"
    ),
    "evsnn/cutoff/epsilon": Field("float64", (0,), "tolerated share of wrong early stops"),
    "evsnn/cutoff/calibration_hash": Field("text", (0,), "SHA-256 of the calibration data, or empty"),
    "evsnn/cutoff/calibration_samples": Field("int64", (0,), "number of calibration samples"),
    "evsnn/cutoff/layers": Field("int64", (0,), "how many of the last layers are the decision itself; 0: none"),
    "evsnn/quantisation/layer": Field("text", (1,), "(Q,) name of the layer; the group is absent when Q is 0"),
    "evsnn/quantisation/weight_scale": Field("float64", (1,), "(Q,) integer that stands for the weight 1.0"),
    "evsnn/quantisation/max_error": Field("float64", (1,), "(Q,) largest rounding error, in float units"),
    "evsnn/quantisation/clipped": Field("int64", (1,), "(Q,) number of clipped weights"),
    "evsnn/quantisation/zeros": Field("int64", (1,), "(Q,) number of zero weights"),
    "evsnn/golden/frames": Field(
        "uint8", (2,), "(N, ceil(C H W T / 8)) packed bits, or (N, 4 C H W T) bytes when graded"
    ),
    "evsnn/golden/spike_counts": Field("int64", (3,), "(N, L, K) messages per sample, layer and step"),
    "evsnn/golden/spike_hashes": Field("uint64", (3,), "(N, L, K) fingerprints of the same messages"),
    "evsnn/golden/exit_step": Field("int64", (1,), "(N,) step at which the cutoff stops, 1..T'"),
    "evsnn/golden/decision": Field("int64", (1,), "(N,) class that it chooses"),
}

_NUMBER: Final = re.compile(r"^layer/(0|[1-9][0-9]{0,5})/")


def field_of(path: str, fields: Mapping[str, Field] = FIELDS) -> Field:
    """Look a path up in the table.

    Parameters
    ----------
    path : str
        Path of a data set, for example ``"layer/0/shape"``.
    fields : mapping of str to Field
        The table; that of the newest version if none is given.

    Returns
    -------
    Field
        Its entry.

    Raises
    ------
    FormatError
        If the format has no such data set.

    Examples
    --------
    >>> field_of("layer/3/weight").kind
    'int16'
    """
    generic = _NUMBER.sub("layer/<i>/", path)
    if generic not in fields or "<" in path:
        raise FormatError(f"unknown object /{shown(path)}; {REMEDY}")
    return fields[generic]


def shown(text: str) -> str:
    """A foreign text as a message may repeat it: short and in one line.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        At most ``SHOWN`` characters; what cannot be printed is replaced.

    Examples
    --------
    >>> shown("a" + chr(10) + "b" * 99)[:5]
    'a?bbb'
    """
    line = printable(text, SHOWN)
    return line if len(text) <= SHOWN else f"{line}..."


def check_fields(tree: Tree, fields: Mapping[str, Field] = FIELDS) -> None:
    """Refuse data sets that the format does not know, or of another type or dimension.

    Parameters
    ----------
    tree : dict of str to numpy.ndarray
        Content of a file.
    fields : mapping of str to Field
        The table of its version.

    Raises
    ------
    FormatError
        At the first wrong one.
    """
    for path, array in tree.items():
        field = field_of(path, fields)
        if not field.accepts(array.dtype):
            raise FormatError(f"/{path} holds {array.dtype}, the format says {field.kind}; {REMEDY}")
        if array.ndim not in field.ndims:
            allowed = " or ".join(map(str, field.ndims))
            raise FormatError(f"/{path} has {array.ndim} dimensions, the format says {allowed}; {REMEDY}")
