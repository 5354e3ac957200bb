"""A child says what it is, dies or hangs; the parent always knows, and nothing stays behind."""

import sys

import psutil
import pytest

from benchmarks.jobs import FLOATS, Job
from benchmarks.networks import smallest
from benchmarks.worker import Worker
from evsnn_lava.errors import RunError


def test_a_framework_that_is_not_installed_says_so(tmp_path):
    job = Job.write(tmp_path / "job", smallest(), 1, undelayed=True, floats=True)
    with Worker(sys.executable, "benchmarks.competitors.child", ["norse", str(job.folder / FLOATS)]) as worker:
        assert "norse" in worker.missing


def test_a_child_that_fails_is_an_error():
    with pytest.raises(RunError, match="ended with code 1"):
        Worker(sys.executable, "benchmarks.slayer_child", [])


def test_a_child_that_hangs_is_ended():
    before = {child.pid for child in psutil.Process().children()}
    with pytest.raises(RunError, match="no answer for 1 s"):
        Worker(sys.executable, "code", [], limit_s=1.0)  # waits for input that never comes
    assert {child.pid for child in psutil.Process().children()} <= before


def test_slayer_sends_what_the_engine_sends(tmp_path):
    from evsnn_lava.simulation.engine import Engine

    case = smallest()
    job = Job.write(tmp_path / "job", case, 2, undelayed=True)
    with Worker(sys.executable, "benchmarks.slayer_child", [str(job.folder)]) as worker:
        assert worker.call("forward")() > 0
    messages = Engine(case.network).trace(case.samples(1)).messages
    assert job.same_messages(messages)
    messages[0][0, 0, 5] ^= True
    assert not job.same_messages(messages)
