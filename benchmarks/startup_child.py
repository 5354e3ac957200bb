"""A program that needs the engine for one sample: nothing else is imported.

    python -m benchmarks.startup_child FOLDER

The folder is a job of `benchmarks.jobs`, which is not imported here either, as it brings along too much.
"""

from __future__ import annotations

import pickle
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.serve import serve


def prepare() -> tuple[dict[str, Any], dict[str, Callable[[], float]]]:
    """Import, make an engine and run one sample."""
    folder, begin = Path(sys.argv[1]), time.perf_counter()
    import numpy as np

    from evsnn_lava.simulation.engine import Engine

    imported = time.perf_counter()
    network = pickle.loads((folder / "network.pickle").read_bytes())
    Engine(network).run(np.load(folder / "frames.npy"))
    return {"import_s": imported - begin, "first_result_s": time.perf_counter() - imported}, {}


if __name__ == "__main__":
    serve(prepare)
