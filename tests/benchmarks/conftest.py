"""The benchmarks are no part of the package; they are imported from the root of the checkout, as `make bench` does."""

import sys
from pathlib import Path

import pytest

ROOT = str(Path(__file__).resolve().parents[2])
if ROOT not in sys.path:
    sys.path.append(ROOT)


@pytest.fixture
def shortest():
    """One repetition of everything, as short as it gets."""
    from benchmarks.measure import Effort

    return Effort(budget_s=0.0, least=1, most=1, shortest_s=0.001)


@pytest.fixture
def no_data(monkeypatch):
    """A machine without the recordings and networks of others."""
    monkeypatch.setenv("EVSNN_DATA", "/nowhere")


@pytest.fixture(scope="session")
def deployed():
    """A random network on the first steps of the digits; to be left as it is."""
    from .papers_networks import tiny_deployed

    return tiny_deployed()
