"""The worker: the process in which Lava compiles the graph and runs one job after the other.

It never ends a run of Lava in Lava's own way: `stop()` hangs after an exception. It is killed, with all its children.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
import time
from multiprocessing import shared_memory
from multiprocessing.connection import Connection, wait
from typing import Any

from evsnn_lava.errors import RunError
from evsnn_lava.network import NetworkDescription
from evsnn_lava.runtime.exchange import Exchange
from evsnn_lava.runtime.failure import Failure

PAUSE_MARGIN = 2
"""Steps beyond the longest job: a request to pause in the very last step kills Lava's runtime."""


def work(connection: Connection, exchange: Exchange, memory_prefix: str) -> None:
    """Receive a network and its model, build the graph, then answer jobs until the session hangs up.

    Parameters
    ----------
    connection : multiprocessing.connection.Connection
        To the session: a network and a model come in and "ready" goes out, then the most steps of a job come in and
        the seconds that it took go out.
    exchange : Exchange
        Files of the session.
    memory_prefix : str
        Start of the names of shared-memory segments, so that the session can remove what is left of them.
    """
    shared_memory._SHM_NAME_PREFIX = memory_prefix  # type: ignore[attr-defined]  # forked processes inherit it
    try:
        network, model = connection.recv()
        feeder = _compile(network, model, exchange)
        threading.Thread(target=_report_deaths, args=(exchange,), daemon=True).start()
        connection.send("ready")
        while True:
            connection.send(_run(feeder, connection.recv()))
    except EOFError:
        return
    except Exception as error:  # noqa: BLE001 - the session raises it again, whatever it is
        Failure.of("Lava's runtime", error).save(exchange.failure)


def _compile(network: NetworkDescription, model: str, exchange: Exchange) -> Any:
    from evsnn_lava import _lava
    from evsnn_lava.runtime.graph import build, run_config

    _report_failures(_lava.SystemProcess, exchange)
    _find_models_at_once(_lava.ProcGroupDiGraphs)
    feeder = build(network, exchange, model)
    feeder.create_runtime(run_cfg=run_config(model))
    return feeder


def _run(feeder: Any, most_steps: int) -> float:
    from evsnn_lava._lava import RunSteps

    start = time.perf_counter()
    feeder.run(condition=RunSteps(num_steps=most_steps + PAUSE_MARGIN))
    return time.perf_counter() - start


def _report_failures(process_class: Any, exchange: Exchange) -> None:
    """Let every process of Lava save the exception that ends it; Lava itself only logs it and then hangs."""

    def run(process: Any) -> None:
        try:
            multiprocessing.Process.run(process)
        except Exception as error:
            Failure.of(process.name, error).save(exchange.failure)
            raise

    def start(process: Any) -> None:
        process.name = _name(process)  # after its start nothing else tells what it runs
        multiprocessing.Process.start(process)

    process_class.run, process_class.start = run, start


def _find_models_at_once(graphs: Any) -> None:
    """Let Lava take the model of a process from the module of its class, where ours are.

    It would also execute every file of the folder, once per file and for every process, which takes most of a start.
    """
    search = graphs._find_proc_models

    def find(proc: Any) -> Any:
        return graphs._find_proc_models_in_module(proc, sys.modules[proc.__module__]) or search(proc)

    graphs._find_proc_models = staticmethod(find)


def _report_deaths(exchange: Exchange) -> None:
    """Save a failure for the first process of Lava that is killed from outside, which can save none itself."""
    processes: dict[Any, Any] = {process.sentinel: process for process in multiprocessing.active_children()}
    while processes:
        for sentinel in wait(list(processes)):
            process = processes.pop(sentinel)
            multiprocessing.Process.join(process)  # that of Lava also throws the exit code away
            status = process.exitcode or 0
            if status < 0:
                Failure.of(process.name, _killed(process.name, -status)).save(exchange.failure)


def _killed(name: str, number: int) -> RunError:
    return RunError(
        f"{name} was killed by signal {number} ({signal.strsignal(number)}), maybe because memory ran out; "
        "free some memory and run again"
    )


def _name(process: Any) -> str:
    parameters = getattr(process._kwargs["builder"], "proc_params", None)
    return (parameters.get("name") if parameters is not None else None) or "Lava's runtime service"
