"""What lava-nc 0.10.0 and lava-dl 0.6.0 need to run on Python 3.11+ and numpy 2.4+.

Nothing installed is edited: the doors `evsnn_lava._lava` and `evsnn_lava._torch` call these functions around and
after the import, and each one names the place that it repairs. This module imports nothing of Lava or torch; it
is handed the modules to repair.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import multiprocessing
import multiprocessing.context
import multiprocessing.managers
import sys
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

OBJECT_DETECTION = "lava.lib.dl.slayer.object_detection"


@contextlib.contextmanager
def importable_lava() -> Iterator[None]:
    """Let `lava.magma` be imported on Python 3.11+ and whatever start method the program has chosen.

    Two things are repaired for the length of the block:

    * `lava.magma.compiler.var_model` uses instances of the dataclass `ByteEncoder` as defaults of other dataclasses.
      Since Python 3.11 a default has to be hashable, so that one class is given a `__hash__`.
    * `lava.magma.runtime.message_infrastructure.multiprocessing` sets the start method of the whole program and fails
      when one was set before. The call does nothing; `fork_lava_processes` gives Lava its fork.
    """
    with (
        _replaced(dataclasses, "dataclass", _hashable_byte_encoder(dataclasses.dataclass)),
        _replaced(multiprocessing, "set_start_method", lambda *_args, **_options: None),
    ):
        yield


@contextlib.contextmanager
def _replaced(module: ModuleType, name: str, value: Any) -> Iterator[None]:
    original = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, original)


def _hashable_byte_encoder(decorate: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(decorate)
    def dataclass(cls: type | None = None, /, **options: Any) -> Any:
        if cls is not None and cls.__name__ == "ByteEncoder":
            options["unsafe_hash"] = True
        return decorate(cls, **options)

    return dataclass


def fork_lava_processes(infrastructure: ModuleType, shared_memory: ModuleType) -> None:
    """Make Lava fork its own processes, and only those, whatever start method the program uses.

    Parameters
    ----------
    infrastructure : module
        `lava.magma.runtime.message_infrastructure.multiprocessing`.
    shared_memory : module
        `lava.magma.runtime.message_infrastructure.shared_memory_manager`.
    """
    manager = functools.partial(multiprocessing.managers.SharedMemoryManager, ctx=multiprocessing.get_context("fork"))
    setattr(shared_memory, "managers", SimpleNamespace(SharedMemoryManager=manager))  # noqa: B010 - a module has no such attribute for mypy
    infrastructure.SystemProcess._Popen = staticmethod(multiprocessing.context.ForkProcess._Popen)


def keep_observers(selector: Any) -> None:
    """Let a channel always have an observer once it had one.

    A helper thread of a channel asks whether there is an observer and then calls it; Lava's selector may take it away
    in between, which ends the thread and hangs the graph. An observer that does nothing takes its place.

    Parameters
    ----------
    selector : class
        `lava.magma.compiler.channels.pypychannel.CspSelector`.
    """

    def set_observer(channel_actions: Any, observer: Any) -> None:
        for channel, _ in channel_actions:
            channel.observer = observer or _nothing

    selector._set_observer = staticmethod(set_observer)


def _nothing() -> None:
    """Observe nothing."""


def repair_reshape(ports: ModuleType) -> None:
    """Let a `ReshapePort` work on numpy 2.4+, where `np.reshape` lost its keyword `newshape`.

    Every `.flatten()` or `.reshape()` between two processes goes through it; unrepaired, the graph hangs.

    Parameters
    ----------
    ports : module
        `lava.magma.core.process.ports.ports`.
    """

    def forward(port: Any) -> functools.partial[np.ndarray]:
        return functools.partial(_reshape, shape=port.shape)

    def backward(port: Any) -> functools.partial[np.ndarray]:
        return functools.partial(_reshape, shape=port.old_shape)

    ports.ReshapePort.get_transform_func_fwd = forward
    ports.ReshapePort.get_transform_func_bwd = backward


def _reshape(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return np.reshape(array, shape)


def repair_sizes(conv: Any) -> None:
    """Let a convolution of Lava look at more than 127 columns or lines on numpy 2.

    Its model holds stride, padding and dilation in 8 bits. The size of its output is computed with these and the size
    of its input, which numpy 1 did in wider integers; numpy 2 overflows.

    Parameters
    ----------
    conv : module
        `lava.proc.conv.utils`.
    """
    output_shape = conv.output_shape

    @functools.wraps(output_shape)
    def output_shape_of_ints(*sizes: Any, **named: Any) -> Any:
        wide = {name: np.asarray(size, dtype=int) for name, size in named.items()}
        return output_shape(*(np.asarray(size, dtype=int) for size in sizes), **wide)

    conv.output_shape = output_shape_of_ints


def repair_input_block(hdf5: ModuleType) -> None:
    """Let netx read the `weight` and `bias` of an input layer on numpy 2.4+.

    netx calls `int()` on an array of one element, which numpy 2.4 refuses. The layer is handed over with scalars.

    Parameters
    ----------
    hdf5 : module
        `lava.lib.dl.netx.hdf5`.
    """
    create_input = hdf5.Network.create_input

    @functools.wraps(create_input)
    def create_input_of_scalars(layer_config: Any, *args: Any, **options: Any) -> Any:
        return create_input(with_scalars(layer_config), *args, **options)

    hdf5.Network.create_input = staticmethod(create_input_of_scalars)


def with_scalars(layer: Any) -> Mapping[str, Any]:
    """Read an input layer into a dictionary whose `weight` and `bias` are plain integers.

    Parameters
    ----------
    layer : mapping
        netx's view of a layer group: `keys()` and `[]`.

    Returns
    -------
    mapping
        The same keys and values; `weight` and `bias` as `int`.

    Raises
    ------
    ValueError
        If `weight` or `bias` holds more than one value, as `int()` of it always did.

    Examples
    --------
    >>> with_scalars({"type": "input", "weight": np.array([64])})
    {'type': 'input', 'weight': 64}
    """
    fields = {key: layer[key] for key in layer.keys()}  # noqa: SIM118 - netx's view has no iterator
    fields.update({key: np.asarray(fields[key]).item() for key in ("weight", "bias") if key in fields})
    return fields


@contextlib.contextmanager
def without_object_detection() -> Iterator[None]:
    """Let `lava.lib.dl.slayer` be imported without torchvision and OpenCV.

    SLAYER imports its object-detection package unconditionally, and nothing here needs it. For the length of the
    block an empty module stands in for it. A program that imports the real package afterwards gets the real one.
    """
    if OBJECT_DETECTION in sys.modules:
        yield
        return
    stand_in = ModuleType(OBJECT_DETECTION, "Stand-in: object detection is not loaded by evsnn_lava.")
    sys.modules[OBJECT_DETECTION] = stand_in
    try:
        yield
    finally:
        if sys.modules.get(OBJECT_DETECTION) is stand_in:
            del sys.modules[OBJECT_DETECTION]
