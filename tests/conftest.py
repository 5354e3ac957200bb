"""Fixtures and options that all tests share."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from evsnn_lava.doctor import diagnose

ROOT = Path(__file__).resolve().parents[1]
WITHOUT = """
import sys
class Without:
    def find_spec(self, name, path=None, target=None):
        if name in {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Without())
"""
BACKENDS = {
    "reference": ("reference", {}),
    "engine": ("engine", {}),
    "lava": ("lava", {}),
    "lava fused": ("lava", {"model": "fused"}),
    "loihi2": ("loihi2", {}),
}
"""What `--backend` takes: a back-end and its options."""

# Speed is what benchmarks prove: a test does not fail because the machine is busy. Tests with fixed draws say so again,
# as hypothesis takes their draws from their source.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


def pytest_configure():
    """A suite that a script starts in the background inherits an ignored Ctrl-C, and some tests press it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser):
    parser.addoption(
        "--backend",
        action="append",
        choices=BACKENDS,
        help="run the tests that take a `backend` on this one alone (may be repeated; default: all of them)",
    )


def pytest_generate_tests(metafunc):
    if "backend" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--backend") or BACKENDS
        params = [
            pytest.param(name, marks=[pytest.mark.lava] if BACKENDS[name][0] == "lava" else []) for name in chosen
        ]
        metafunc.parametrize("backend", params, indirect=True)


@pytest.fixture(scope="session")
def findings():
    """What `evsnn doctor` finds, by name."""
    return {finding.name: finding for finding in diagnose()}


@pytest.fixture
def backend(request, findings):
    """The name of one back-end and its options; the test runs once for each that is usable here."""
    name, options = BACKENDS[request.param]
    finding = findings[f"back-end {name}"]
    if not finding.ok:
        pytest.skip(f"{finding.name}: {finding.detail}")
    return name, options


@pytest.fixture(scope="session")
def root():
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def evsnn_data():
    """The folder of recordings and third-party networks: `EVSNN_DATA`, or `../shared/data` beside the repository."""
    folder = Path(os.environ.get("EVSNN_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no test data at {folder}; set EVSNN_DATA to the folder that has it")
    return folder


@pytest.fixture(scope="session")
def run_python():
    """Run a script in a process of its own, where the packages of `missing` are not installed; give what it printed."""

    def run(script: str, *arguments: str, missing: tuple[str, ...] = ()) -> str:
        script = WITHOUT.format(missing=missing) + script if missing else script
        command = [sys.executable, "-c", script, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run
