"""The example that lets stock netx stop by itself: it agrees with the host, it sees a difference, it refuses masks."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.export.netfile.writer import write_net

pytestmark = [pytest.mark.lava, pytest.mark.torch]

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "stock_cutoff.py"


@pytest.fixture
def files(trained, evsnn, tmp_path):
    """The plain network with the cutoff of the host, and as neurons."""
    host, chip = tmp_path / "host.net", tmp_path / "chip.net"
    assert evsnn("export", trained, "--variant", "plain", "--golden", 0, "-o", host)[0] == 0
    assert evsnn("export", host, "--cutoff", "on-chip", "-o", chip)[0] == 0
    return host, chip


def example(*arguments):
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)


def test_it_agrees_and_sees_a_difference(files, tmp_path):
    host, chip = files
    done = example(host, chip, 4)
    assert done.returncode == 0, done.stderr
    assert "4 samples" in done.stdout
    assert "0 other exit steps, 0 other classes in stock netx" in done.stdout
    network, later = read_net(host), tmp_path / "later.net"
    thresholds = np.where(network.cutoff.thresholds < 100, 100, network.cutoff.thresholds)
    write_net(replace(network, cutoff=replace(network.cutoff, thresholds=thresholds)), later)
    assert example(later, chip, 4).returncode == 1


def test_masks_are_refused(net, files):
    done = example(net, files[1])
    assert done.returncode == 1
    assert "frame masks, which stock netx does not know" in done.stderr
