"""The example that runs a file in stock netx: it agrees, it sees a difference, and it ends by itself."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from evsnn_lava.export.netfile.writer import write_net
from evsnn_lava.network import SigmaDeltaNeuron

pytestmark = pytest.mark.lava

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "stock_netx.py"


@pytest.fixture
def run_example(tmp_path):
    """Run the example on a network, perhaps with a line of it changed."""

    def run(network, line="", other=""):
        text = SCRIPT.read_text(encoding="utf-8")
        assert line in text
        script, net = tmp_path / "it.py", tmp_path / "it.net"
        script.write_text(text.replace(line, other) if line else text, encoding="utf-8")
        write_net(network, net)
        return subprocess.run(
            [sys.executable, str(script), str(net)], capture_output=True, text=True, timeout=150, check=False
        )

    return run


def layers_of(output):
    return [line for line in output.splitlines() if line.startswith("layer ")]


@pytest.mark.parametrize("case", ["bias and masks", "input block", "graded input"])
def test_every_layer_agrees(case, demo, zoo, run_example):
    network = {"bias and masks": demo, **zoo}[case]
    done = run_example(network)
    assert done.returncode == 0, done.stderr
    lines = layers_of(done.stdout)
    assert len(lines) == network.depth
    assert all(line.endswith(", 0 differences") for line in lines)
    assert not any(": 0 messages" in line for line in lines)


def test_a_reset_a_step_late_is_seen(demo, run_example):
    done = run_example(demo, '("reset_offset", 2)', '("reset_offset", 3)')
    assert done.returncode == 1, done.stderr
    assert not all(line.endswith(", 0 differences") for line in layers_of(done.stdout))


BROKEN_NEURON = """LIMIT_S = 15
from lava.proc.lif.models import PyLifModelBitAcc, PyLifResetModelBitAcc
PyLifModelBitAcc.run_spk = PyLifResetModelBitAcc.run_spk = None
"""


def test_it_ends_by_itself_when_lava_hangs(demo, run_example, tmp_path):
    """A neuron that fails in its process: Lava waits for it for ever."""
    start = time.monotonic()
    done = run_example(demo, "LIMIT_S = 300\n", BROKEN_NEURON)
    assert 15 <= time.monotonic() - start < 60
    assert done.returncode == 1
    assert "netx did not finish within 15 s" in done.stderr
    assert [process for process in psutil.process_iter(["cmdline"]) if str(tmp_path) in str(process.info)] == []


def test_a_head_of_sums_is_refused_in_words(demo, run_example):
    head = replace(demo.layers[-1], neuron=SigmaDeltaNeuron.sums())
    sums = replace(demo, layers=(*demo.layers[:-1], head), golden=None)
    done = run_example(sums)
    assert done.returncode == 1
    assert "has a head of sums, which netx does not have" in done.stderr


def test_a_file_without_golden_vectors_says_what_to_do(tiny, run_example):
    done = run_example(tiny)
    assert done.returncode == 1
    assert "carries no golden vectors; export it with --golden 2" in done.stderr
