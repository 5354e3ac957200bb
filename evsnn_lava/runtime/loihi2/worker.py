"""The worker: the process in which Lava builds the graph, compiles it for the chip and runs samples."""

from __future__ import annotations

import multiprocessing
import time
import warnings
from collections.abc import Callable
from multiprocessing import shared_memory
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from evsnn_lava.runtime.exchange import Exchange
from evsnn_lava.runtime.failure import Failure
from evsnn_lava.runtime.loihi2.request import Compile, Run, Walk


def work(connection: Connection, exchange: Exchange, memory_prefix: str) -> None:
    """Answer requests until the session hangs up.

    Parameters
    ----------
    connection : multiprocessing.connection.Connection
        Requests come in; ("progress", samples, steps) and ("done", answer) go out.
    exchange : Exchange
        Files of the session.
    memory_prefix : str
        Start of the names of shared-memory segments.
    """
    shared_memory._SHM_NAME_PREFIX = memory_prefix  # type: ignore[attr-defined]  # forked processes inherit it
    warnings.simplefilter("ignore")  # of Lava, whose search for models warns of every file that it cannot import
    worker = Worker(connection, exchange)
    try:
        while True:
            request = connection.recv()
            connection.send(("done", worker.answer(request)))
    except EOFError:
        return
    except Exception as error:  # noqa: BLE001 - the session raises it again, whatever it is
        Failure.of("Lava's runtime", error).save(exchange.failure)


class Worker:
    """Holds the graph between two requests.

    Parameters
    ----------
    connection : multiprocessing.connection.Connection
        For reports of progress.
    exchange : Exchange
        Files of the session.
    """

    def __init__(self, connection: Connection, exchange: Exchange) -> None:
        self._connection, self._exchange = connection, exchange
        self._conductor: Any = None
        self._probes: Any = None

    def answer(self, request: Walk | Compile | Run) -> Any:
        """Do what is asked for."""
        answers: dict[type, Callable[[Any], Any]] = {Walk: self._walk, Compile: self._compile, Run: self._run}
        return answers[type(request)](request)

    def _walk(self, request: Walk) -> Any:
        from evsnn_lava.runtime.loihi2.graph import build_graph
        from evsnn_lava.runtime.loihi2.hardware import CHIP_RANGES
        from evsnn_lava.runtime.loihi2.walk import walk

        graph = build_graph(request.network, self._exchange, request.period)
        return walk(graph, {**CHIP_RANGES, **request.limits}.get)

    def _compile(self, request: Compile) -> str:
        from evsnn_lava import _lava
        from evsnn_lava.runtime.loihi2.conductor import Conductor, open_files
        from evsnn_lava.runtime.loihi2.config import run_config
        from evsnn_lava.runtime.loihi2.graph import build_graph
        from evsnn_lava.runtime.loihi2.layout import steps_period
        from evsnn_lava.runtime.loihi2.probes import PROBES
        from evsnn_lava.runtime.loihi2.rest import staggers
        from evsnn_lava.runtime.loihi2.walk import require_registers

        request.options.host.use()
        _report_failures(_lava.SystemProcess, self._exchange)
        open_files(self._exchange)
        period = steps_period(request.network.max_steps) if request.options.reset == "interval" else 0
        delay, stagger = request.options.input_delay, staggers(request.network)
        graph = build_graph(request.network, self._exchange, period, delay, stagger)
        require_registers(graph)
        self._conductor = Conductor(graph, request.network, request.options, self._exchange)
        if request.options.probes:
            self._probes = PROBES[request.options.probes](request.samples * period + request.options.delay)
        config = run_config(graph, self._probes.callbacks if self._probes else ())
        if self._probes:
            self._probes.attach(config)
        graph.source.create_runtime(run_cfg=config)
        return type(config).__name__

    def _run(self, request: Run) -> dict[str, Any]:
        start = time.perf_counter()
        outputs = self._conductor.run(request, lambda *done: self._connection.send(("progress", *done)))
        seconds = time.perf_counter() - start
        with self._exchange.steps.open("wb") as file:
            np.save(file, outputs)
        values = {"style": self._probes.style, "values": self._probes.values()} if self._probes else {}
        return {"seconds": seconds, "readings": values}


def _report_failures(process_class: Any, exchange: Exchange) -> None:
    """Let every process of Lava save the exception that ends it; Lava itself only logs it and then hangs."""

    def run(process: Any) -> None:
        try:
            multiprocessing.Process.run(process)
        except Exception as error:
            Failure.of(process.name, error).save(exchange.failure)
            raise

    process_class.run = run
