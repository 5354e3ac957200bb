"""How the worker finds the models of processes."""

from __future__ import annotations

import numpy as np
import pytest

from evsnn_lava.network import DirectSynapse
from evsnn_lava.runtime.exchange import Exchange
from evsnn_lava.runtime.layout import MODELS
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


def test_every_process_of_a_graph_has_its_model_in_its_module():
    from evsnn_lava._lava import AbstractProcess
    from evsnn_lava.runtime.layers import NEURONS
    from evsnn_lava.runtime.processes import delayed_dense, direct, exact_conv, feeder, network, readout, recorder

    modules = (delayed_dense, direct, exact_conv, feeder, network, readout, recorder)
    others = {module.__name__: module for module in modules}
    processes = {
        value
        for name, module in others.items()
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, AbstractProcess) and value.__module__ == name
    }
    assert len(processes) == len(others)
    for process in (*processes, *NEURONS.values()):
        beside = vars(__import__(process.__module__, fromlist=["*"])).values()
        models = [getattr(value, "implements_process", None) for value in beside].count(process)
        assert models == (2 if process is network.Network else 1), process


def test_the_run_configuration_chooses_the_model_of_the_network(make, tmp_path):
    from evsnn_lava._lava import ProcGroupDiGraphs
    from evsnn_lava.runtime.graph import run_config
    from evsnn_lava.runtime.processes import network

    process = network.Network(make.small_network(), Exchange(tmp_path), row=1, name="network")
    found = ProcGroupDiGraphs._find_proc_models_in_module(process, network)
    for models in (found, found[::-1]):
        chosen = {name: run_config(name).select(process, models) for name in MODELS}
        assert chosen == {"layers": network.LayersModel, "fused": network.PyFusedModel}
