"""However a run ends, the user hears why, and no process, shared memory or file is left."""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from evsnn_lava.errors import RunError
from evsnn_lava.runtime import LavaSession, host

pytestmark = pytest.mark.lava

HERE = Path(__file__).parent
NOTHING = (0, 0, 0)
PROCESSES = {"layers": 8, "fused": 6}
"""At least so many processes a session of the small network has."""

SCRIPT = """
import sys
sys.path.insert(0, {here!r})
from conftest import random_frames, small_network
from evsnn_lava.runtime import LavaSession, host

network = small_network(steps=30)
with LavaSession(network, model={model!r}) as session:
    session.run(random_frames(network, 5000), progress=lambda *done: print("step", flush=True))
"""


@pytest.fixture
def faulty(monkeypatch):
    """The policies that misbehave, importable here and in the child."""
    monkeypatch.syspath_prepend(str(HERE))
    import faulty_policies

    yield faulty_policies
    del sys.modules["faulty_policies"]


def settle(remains, wanted, seconds=30.0):
    """What is left after at most some seconds."""
    end = time.monotonic() + seconds
    while (counted := remains.counted()) != wanted and time.monotonic() < end:
        time.sleep(0.05)
    return counted


def test_normal_end(make, model, remains):
    children = len(psutil.Process().children(recursive=True))
    network = make.small_network()
    with LavaSession(network, model=model) as session:
        session.run(make.frames(network, 3))
        processes, segments, folders = remains.counted()
    assert processes >= PROCESSES[model]
    assert segments > 10
    assert folders == 1
    assert remains.counted() == NOTHING
    assert len(psutil.Process().children(recursive=True)) == children


def run_faulty(make, remains, model, policy, timeout_s=30.0):
    network = make.small_network(steps=5)
    with LavaSession(network, timeout_s, model) as session:
        assert remains.counted() != NOTHING
        session.run(make.frames(network, 3), policy=policy("never", [0] * 5))


def test_an_exception_in_our_process_arrives_as_itself(make, remains, model, faulty):
    with pytest.raises(faulty.LostTableError, match="the table is lost") as caught:
        run_faulty(make, remains, model, faulty.Raising)
    assert remains.counted() == NOTHING
    cause = caught.value.__cause__
    assert isinstance(cause, RunError)
    assert "readout failed in step 3 of sample 0 with LostTableError" in str(cause)
    assert "in stops" in str(cause.__cause__)


def test_an_exception_that_cannot_travel_becomes_a_run_error(make, remains, model, faulty):
    with pytest.raises(RunError, match="readout failed in step 1 of sample 0 with StubbornError: very stubborn"):
        run_faulty(make, remains, model, faulty.Stubborn)
    assert remains.counted() == NOTHING


def test_an_exception_in_a_process_of_lava_arrives_as_itself(make, remains):
    network = make.small_network()
    session = LavaSession(network)
    object.__setattr__(network.layers[0].synapse, "weight_exp", 0.5)  # Lava's Dense shifts by it
    with pytest.raises(TypeError, match=r"right_shift|left_shift") as caught, session:
        session.run(make.frames(network, 3))
    assert "out synapse failed in step 0 of sample 0" in str(caught.value.__cause__)
    assert remains.counted() == NOTHING


def test_a_network_that_the_engine_cannot_take_is_reported(make, remains):
    network = make.small_network()
    session = LavaSession(network, model="fused")
    object.__setattr__(network.layers[0], "synapse", None)
    with pytest.raises(KeyError, match="NoneType") as caught, session:
        pytest.fail("a session without a network")
    # Lava notices, too, and on a busy machine it may be the first to say so.
    assert re.search("(network|Lava's runtime) failed in the start-up with KeyError", str(caught.value.__cause__))
    assert remains.counted() == NOTHING


def test_a_hang_names_process_and_step(make, remains, model, faulty):
    start = time.monotonic()
    with pytest.raises(RunError, match=r"no progress for 1.5 s.*readout hangs in step 3 of sample 0"):
        run_faulty(make, remains, model, faulty.Sleeping, timeout_s=1.5)
    assert time.monotonic() - start < 120
    assert remains.counted() == NOTHING


def test_a_process_that_is_killed_is_named_at_once(make, remains, model, faulty):
    with pytest.raises(RunError, match=r"^readout was killed by signal 9 .*memory") as caught:
        run_faulty(make, remains, model, faulty.Dying, timeout_s=200)
    assert "readout failed in step 1 of sample 0" in str(caught.value.__cause__)
    assert remains.counted() == NOTHING


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


def started_and_interrupted(network):
    """Open a session in which an interrupt is sure to come, and live on."""
    with pytest.raises(KeyboardInterrupt), LavaSession(network):
        time.sleep(60)


@pytest.mark.parametrize("delay_ms", [0, 1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 40, 70, 100])
def test_an_interrupt_of_the_start_leaves_nothing(make, remains, monkeypatch, tmp_path, delay_ms):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    timer = threading.Timer(delay_ms / 1000, interrupt)
    network = make.small_network()
    with contextlib.suppress(KeyboardInterrupt):  # it may come before the session is there
        timer.start()
        started_and_interrupted(network)
    timer.join()
    assert remains.counted() == NOTHING
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["_execute_child", "__init__"])
def test_an_interrupt_between_start_and_note_leaves_nothing(make, remains, monkeypatch, tmp_path, place):
    real = getattr(subprocess.Popen, place)

    def interrupted(*args, **options):
        real(*args, **options)
        interrupt()

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(subprocess.Popen, place, interrupted)
    started_and_interrupted(make.small_network())
    assert remains.counted() == NOTHING
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_waits_for_the_block_whichever_thread_gets_it():
    seen = []

    def work():
        with host.uninterrupted():
            with host.uninterrupted():
                threading.Thread(target=interrupt).start()
                time.sleep(0.1)
            seen.append("through")
        seen.append("not reached")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert seen == ["through"]


def test_a_child_that_nobody_holds_ends(make, model, remains):
    session = LavaSession(make.small_network(), model=model)
    session.__enter__()
    assert remains.counted() != NOTHING
    session._child.connection.close()
    session._child._process.stdin.close()
    assert settle(remains, NOTHING) == NOTHING
    session.close()


def test_a_file_in_the_current_folder_is_not_imported(make, remains, monkeypatch, tmp_path):
    (tmp_path / "queue.py").write_text("raise ValueError('the wrong queue')")
    monkeypatch.chdir(tmp_path)
    for path in (sys.path, ["", *sys.path]):  # the second as in a console
        monkeypatch.setattr(sys, "path", path)
        with LavaSession(make.small_network()) as session:
            session.run(make.frames(session.network, 2))
    assert remains.counted() == NOTHING


def test_a_module_that_a_console_can_import_is_found(make, remains, monkeypatch, tmp_path):
    source = "from evsnn_lava.network import CutoffPolicy\nclass Mine(CutoffPolicy):\n    pass\n"
    (tmp_path / "my_policies.py").write_text(source)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    my_policies = importlib.import_module("my_policies")
    with LavaSession(make.small_network()) as session:
        result = session.run(make.frames(session.network, 2), policy=my_policies.Mine("never", [0] * 3))
    assert result.samples == 2
    del sys.modules["my_policies"]


def test_two_jobs_at_once_are_refused_in_words(make, remains):
    network = make.small_network(steps=30)
    frames = make.frames(network, 300)
    with LavaSession(network) as session, ThreadPoolExecutor(1) as others:

        def second(*_):
            if not refused:
                refused.append(others.submit(session.run, frames[:2]).exception(60))
                refused.append(others.submit(session.trace, frames[:2]).exception(60))

        refused = []
        first = session.run(frames, progress=second)
        assert session.run(frames[:2]).samples == 2
    assert first.samples == 300
    assert [type(error) for error in refused] == [RunError, RunError]
    assert all("at work on another job" in str(error) for error in refused)


def test_a_session_that_is_closed_during_a_job_says_so(make, remains):
    network = make.small_network(steps=30)
    with ThreadPoolExecutor(1) as others, LavaSession(network) as session:

        def close(*_):
            others.submit(session.close).result(60)

        with pytest.raises(RunError, match="closed during the run of network small"):
            session.run(make.frames(network, 3000), progress=close)
    assert remains.counted() == NOTHING


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_a_signal_to_the_program_ends_everything(remains, model, number):
    script = SCRIPT.format(here=str(HERE), model=model)
    program = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with program:
        assert program.stdout.readline() == "step\n"
        time.sleep(0.3)
        processes, segments, folders = remains.counted()
        program.send_signal(number)
        _, said = program.communicate(timeout=60)
    assert processes > PROCESSES[model]
    assert segments > 10
    assert folders == 1
    assert ("KeyboardInterrupt" in said) == (number == signal.SIGINT)
    assert settle(remains, NOTHING) == NOTHING


def test_a_failed_start_says_why(make, remains, monkeypatch, tmp_path):
    (tmp_path / "lava").mkdir()
    (tmp_path / "lava" / "__init__.py").write_text("raise ImportError('no lava on this machine')")
    monkeypatch.syspath_prepend(str(tmp_path))
    from evsnn_lava.errors import BackendUnavailableError

    with (
        pytest.raises(BackendUnavailableError, match=r"no lava on this machine.*make setup"),
        LavaSession(make.small_network()),
    ):
        pytest.fail("a session without Lava")
    assert remains.counted() == NOTHING


def child_of(remains):
    """The process that watches over the worker."""
    return min(remains.processes(), key=lambda process: process.create_time())


def test_a_worker_that_dies_ends_the_run(make, model, remains):
    def kill_worker(*_):
        with contextlib.suppress(psutil.NoSuchProcess):  # killed at the report of progress before
            for worker in child_of(remains).children():
                worker.kill()

    network = make.small_network(steps=30)
    with (
        pytest.raises(RunError, match="Lava died during the run of network small"),
        LavaSession(network, model=model) as session,
    ):
        session.run(make.frames(network, 2000), progress=kill_worker)
    assert remains.counted() == NOTHING


def test_a_watcher_that_hangs_is_replaced(make, remains, monkeypatch):
    monkeypatch.setattr(host, "END_S", 0.3)
    with LavaSession(make.small_network()):
        child_of(remains).suspend()
    assert settle(remains, NOTHING) == NOTHING
