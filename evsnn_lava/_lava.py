"""The door to Lava: the only module that imports lava-nc, and lava-dl's netx through it.

Importing it repairs Lava for the Python and numpy at hand (`evsnn_lava._lava_repairs`), so a plain `import lava` works
afterwards too. What a runtime needs is re-exported under the name that Lava gives it; the two ring buffers, which
share one name in Lava, are `SourceRingBuffer` and `SinkRingBuffer`.

Raises
------
BackendUnavailableError
    At import, if lava-nc or something that it needs is not installed.
"""

from __future__ import annotations

import functools
import importlib
from types import ModuleType
from typing import Any

from evsnn_lava import _lava_repairs as repairs
from evsnn_lava.errors import BackendUnavailableError

INSTALL = (
    "run `make setup` in a checkout, or `pip install 'evsnn-lava[train,lava]'` followed by "
    "`pip install --no-deps --ignore-requires-python lava-nc==0.10.0 lava-dl==0.6.0`"
)

try:
    with repairs.importable_lava():
        from lava.magma.compiler.channels.pypychannel import CspSelector
        from lava.magma.compiler.compiler_graphs import ProcGroupDiGraphs, find_processes
        from lava.magma.core.decorator import implements, requires, tag
        from lava.magma.core.model.py.model import AbstractPyProcessModel, PyAsyncProcessModel, PyLoihiProcessModel
        from lava.magma.core.model.py.ports import PyInPort, PyOutPort, PyRefPort
        from lava.magma.core.model.py.type import LavaPyType
        from lava.magma.core.model.sub.model import AbstractSubProcessModel
        from lava.magma.core.process.ports import ports as _ports
        from lava.magma.core.process.ports.ports import InPort, OutPort, RefPort, VarPort
        from lava.magma.core.process.process import AbstractProcess, LogConfig, ProcessParameters
        from lava.magma.core.process.variable import Var
        from lava.magma.core.resources import CPU, Loihi2NeuroCore, NeuroCore
        from lava.magma.core.run_conditions import RunContinuous, RunSteps
        from lava.magma.core.run_configs import Loihi1SimCfg, Loihi2HwCfg, Loihi2SimCfg, RunConfig
        from lava.magma.core.sync.protocols.async_protocol import AsyncProtocol
        from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
        from lava.magma.runtime.message_infrastructure import multiprocessing as _infrastructure
        from lava.magma.runtime.message_infrastructure import shared_memory_manager as _shared_memory
        from lava.magma.runtime.message_infrastructure.multiprocessing import SystemProcess
        from lava.proc.conv import utils as _conv_utils
        from lava.proc.conv.models import AbstractPyConvModel
        from lava.proc.conv.process import Conv
        from lava.proc.conv.utils import signed_clamp
        from lava.proc.dense.models import AbstractPyDelayDenseModel, AbstractPyDenseModelBitAcc
        from lava.proc.dense.process import DelayDense, Dense
        from lava.proc.io.sink import RingBuffer as SinkRingBuffer
        from lava.proc.io.source import RingBuffer as SourceRingBuffer
        from lava.proc.lif.models import AbstractPyLifModelFixed
        from lava.proc.lif.process import LIF, AbstractLIF, LIFReset
        from lava.proc.monitor.process import Monitor
        from lava.proc.rf.models import AbstractPyRFModelFixed
        from lava.proc.sdn.models import AbstractDeltaModel, AbstractSigmaDeltaModel, AbstractSigmaModel
        from lava.proc.sdn.process import ActivationMode, Delta, Sigma, SigmaDelta
        from lava.proc.sparse.process import Sparse
        from lava.utils import loihi as _loihi
        from lava.utils.weightutils import SignMode
except ImportError as error:
    raise BackendUnavailableError(f"Lava cannot be imported: {error}; {INSTALL}") from error

repairs.fork_lava_processes(_infrastructure, _shared_memory)
repairs.repair_reshape(_ports)
repairs.repair_sizes(_conv_utils)
repairs.keep_observers(CspSelector)

__all__ = [
    "CPU",
    "INSTALL",
    "LIF",
    "AbstractDeltaModel",
    "AbstractLIF",
    "AbstractProcess",
    "AbstractPyConvModel",
    "AbstractPyDelayDenseModel",
    "AbstractPyDenseModelBitAcc",
    "AbstractPyLifModelFixed",
    "AbstractPyProcessModel",
    "AbstractPyRFModelFixed",
    "AbstractSigmaDeltaModel",
    "AbstractSigmaModel",
    "AbstractSubProcessModel",
    "ActivationMode",
    "AsyncProtocol",
    "Conv",
    "DelayDense",
    "Delta",
    "Dense",
    "InPort",
    "LIFReset",
    "LavaPyType",
    "LogConfig",
    "Loihi1SimCfg",
    "Loihi2HwCfg",
    "Loihi2NeuroCore",
    "Loihi2SimCfg",
    "LoihiProtocol",
    "Monitor",
    "NeuroCore",
    "OutPort",
    "ProcGroupDiGraphs",
    "ProcessParameters",
    "PyAsyncProcessModel",
    "PyInPort",
    "PyLoihiProcessModel",
    "PyOutPort",
    "PyRefPort",
    "RefPort",
    "RunConfig",
    "RunContinuous",
    "RunSteps",
    "Sigma",
    "SigmaDelta",
    "SignMode",
    "SinkRingBuffer",
    "SourceRingBuffer",
    "Sparse",
    "SystemProcess",
    "Var",
    "VarPort",
    "embedded_io",
    "find_processes",
    "implements",
    "loihi2_installed",
    "loihi2_probes",
    "loihi2_profiler",
    "netx",
    "requires",
    "signed_clamp",
    "tag",
]


@functools.cache
def netx() -> ModuleType:
    """Import lava-dl's netx, which reads `.net` files into Lava processes.

    It is imported on demand because it brings torch and matplotlib with it.

    Returns
    -------
    module
        `lava.lib.dl.netx`; its `hdf5.Network` is the process that a `.net` file becomes.

    Raises
    ------
    BackendUnavailableError
        If lava-dl, torch or matplotlib is not installed.

    Examples
    --------
    >>> netx().hdf5.Network.__name__
    'Network'
    """
    try:
        with repairs.without_object_detection():
            from lava.lib.dl import netx as module
    except ImportError as error:
        raise BackendUnavailableError(f"lava-dl's netx cannot be imported: {error}; {INSTALL}") from error
    repairs.repair_input_block(module.hdf5)
    return module


def loihi2_installed() -> bool:
    """Say whether Intel's closed extension for Loihi 2 (`lava-loihi`) is installed.

    Returns
    -------
    bool
        True if Lava can compile for the chip. Whether a chip answers is known only after a run.
    """
    return bool(_loihi.is_installed())


def embedded_io() -> ModuleType:
    """Import the adapters between host and chip, which are part of Intel's closed extension.

    Returns
    -------
    module
        `lava.proc.embedded_io.spike`.

    Raises
    ------
    BackendUnavailableError
        If the extension is not installed.
    """
    return _closed("lava.proc.embedded_io.spike")


def loihi2_probes() -> ModuleType:
    """Import the probes of power and time, which are part of Intel's closed extension.

    Returns
    -------
    module
        `lava.utils.loihi2_profiler`, with `Loihi2Power` and `Loihi2ExecutionTime`.

    Raises
    ------
    BackendUnavailableError
        If the extension is not installed.
    """
    return _closed("lava.utils.loihi2_profiler")


def _closed(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise BackendUnavailableError(
            f"{name} cannot be imported: {error}; it is part of Intel's lava-loihi"
        ) from error


def loihi2_profiler() -> Any:
    """Import Lava's `Profiler`, whose `init` gives probes of the chip where Intel's extension is installed.

    It is imported on demand because it warns where the extension is missing.

    Returns
    -------
    type
        `lava.utils.profiler.Profiler`.

    Raises
    ------
    BackendUnavailableError
        If the extension is not installed.
    """
    _closed("lava.utils.loihi2_profiler_api")
    return importlib.import_module("lava.utils.profiler").Profiler
