"""Where other people's networks and goldens lie."""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def lava_dl(evsnn_data):
    """Networks and goldens of lava-dl in the test data."""
    return evsnn_data / "networks" / "lava_dl"


@pytest.fixture(scope="session")
def netx_tests():
    """The folder of netx's own tests, which the lava-dl package brings along, with more networks and goldens."""
    try:
        folder = Path(str(distribution("lava-dl").locate_file("tests/lava/lib/dl/netx")))
    except PackageNotFoundError:
        pytest.skip("lava-dl is not installed; run `make setup`")
    if not (folder / "gts").is_dir():
        pytest.skip(f"no goldens at {folder}; install lava-dl 0.6.0, whose package has its tests")
    return folder


@pytest.fixture(scope="session")
def golden():
    """Load a golden of netx, (x, y, channel, t) or (neuron, t), as (t, channel, row, column) or (t, neuron)."""

    def load(path: Path) -> np.ndarray:
        return np.load(path).transpose()

    return load
