"""How the worker finds the models of processes."""

from __future__ import annotations

import numpy as np
import pytest

from evsnn_lava.network import DirectSynapse
from evsnn_lava.runtime.worker import _find_models_at_once

pytestmark = pytest.mark.lava


def test_models_of_ours_are_found_beside_their_process_and_those_of_lava_by_its_search():
    from evsnn_lava._lava import Dense, ProcGroupDiGraphs
    from evsnn_lava.runtime.processes.direct import Direct, PyDirectModel

    class Graphs:
        _find_proc_models = staticmethod(lambda process: f"searched for {type(process).__name__}")
        _find_proc_models_in_module = staticmethod(ProcGroupDiGraphs._find_proc_models_in_module)

    _find_models_at_once(Graphs)
    assert Graphs._find_proc_models(proc=Direct((2, 2, 1), DirectSynapse(), "input")) == [PyDirectModel]
    assert Graphs._find_proc_models(proc=Dense(weights=np.eye(2))) == "searched for Dense"


def test_every_process_of_a_graph_has_one_model_in_its_module():
    from evsnn_lava._lava import AbstractProcess
    from evsnn_lava.runtime.graph import NEURONS
    from evsnn_lava.runtime.processes import delayed_dense, direct, exact_conv, feeder, readout, recorder

    others = {module.__name__: module for module in (delayed_dense, direct, exact_conv, feeder, readout, recorder)}
    processes = {
        value
        for name, module in others.items()
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, AbstractProcess) and value.__module__ == name
    }
    assert len(processes) == len(others)
    for process in (*processes, *NEURONS.values()):
        beside = vars(__import__(process.__module__, fromlist=["*"])).values()
        assert [getattr(value, "implements_process", None) for value in beside].count(process) == 1, process
