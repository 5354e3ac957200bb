"""The run configuration for the chip: every process that belongs on a neuro-core is pinned to a model that runs there.

`Loihi2HwCfg` alone would quietly take a model for the CPU where it finds none for the chip.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from evsnn_lava import _lava
from evsnn_lava.errors import UnsupportedError
from evsnn_lava.runtime.loihi2.graph import Graph
from evsnn_lava.runtime.loihi2.hardware import CORE, MODELS, UNKNOWN
from evsnn_lava.runtime.loihi2.processes.ends import PySinkModel, PySourceModel, Sink, Source
from evsnn_lava.runtime.loihi2.walk import CONTAINERS

TAG = "fixed_pt"


def exception_map(graph: Graph) -> dict[type, type]:
    """Choose the model of every class of process that is not a container or an adapter.

    Parameters
    ----------
    graph : Graph
        The graph.

    Returns
    -------
    dict of type to type
        Process class -> model, for ``exception_proc_model_map``.

    Raises
    ------
    UnsupportedError
        If Intel's package has no model for the chip of a process.
    """
    chosen: dict[type, type] = {Source: PySourceModel, Sink: PySinkModel}
    for process in _lava.find_processes(graph.source):
        kind = type(process)
        if kind in chosen or kind.__module__.startswith(CONTAINERS):
            continue
        if MODELS.get(kind.__name__, UNKNOWN).place == CORE:
            chosen[kind] = _core_model(process)
    return chosen


def _core_model(process: Any) -> type:
    models = _lava.ProcGroupDiGraphs._find_proc_models(process)
    fitting = [model for model in models if any(issubclass(each, _lava.NeuroCore) for each in model.required_resources)]
    if not fitting:
        raise UnsupportedError(
            f"{type(process).__name__} has no model for Loihi 2 in the installed lava-loihi; "
            "see `evsnn graph FILE`, or use the back-end lava"
        )
    tagged: type = next((model for model in fitting if TAG in model.tags), fitting[0])
    return tagged


def run_config(graph: Graph, callbacks: Iterable[Any] = ()) -> Any:
    """Make the run configuration.

    Parameters
    ----------
    graph : Graph
        What will be compiled with it.
    callbacks : iterable
        Probes that want to be called before and after a run.

    Returns
    -------
    Loihi2HwCfg
        With an exception for every class of process.
    """
    return _lava.Loihi2HwCfg(
        select_tag=TAG, exception_proc_model_map=exception_map(graph), callback_fxs=list(callbacks) or None
    )
