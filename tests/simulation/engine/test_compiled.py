"""Compiled functions are kept on disk, and thrown away as soon as any file of the engine changes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import evsnn_lava
from evsnn_lava.simulation.engine import compiled

SCRIPT = """
import json, os, sys
os.environ["NUMBA_CACHE_DIR"] = sys.argv[2]
sys.path.insert(0, sys.argv[1])
import numpy as np
from evsnn_lava.network import *
from evsnn_lava.simulation.engine import Engine, cuba, dense, intake, lists, readout

layer = Layer("out", DenseSynapse([[80, 0], [0, 80]]), CubaNeuron(20, 4095, 4096), (2,))
recipe, masks = InputRecipe(1, 1, steps=4, dt_us=1000), FrameMasks.all_kept(4, 1)
network = NetworkDescription("tiny", (layer,), recipe, masks, CutoffPolicy.never(4), ("off", "on"))
frames = np.zeros((1, 2, 1, 1, 4), dtype=bool)
frames[0, 1] = True
result = Engine(network, threads=1).run(frames)
kernels = cuba.advance_cuba, dense.deliver_dense, lists.list_spikes, lists.sort_by_step, readout.read_out
print(json.dumps({
    "file": cuba.__file__,
    "scores": result.scores.tolist(),
    "synops": int(result.synops.sum()),
    "kept": sum(sum(kernel.stats.cache_hits.values()) for kernel in kernels),
    "compiled": sum(sum(kernel.stats.cache_misses.values()) for kernel in kernels),
}))
"""


@pytest.fixture
def copy(tmp_path):
    """The package in a folder of its own."""
    folder = tmp_path / "copy"
    package = Path(evsnn_lava.__file__).parent
    shutil.copytree(package, folder / "evsnn_lava", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def test_a_second_process_compiles_nothing_until_a_file_changes(copy, tmp_path, run_python):
    """The change is one that numba alone would not see: `sending.py` is compiled into the kernels of `cuba.py`."""

    def run():
        return json.loads(run_python(SCRIPT, str(copy), str(tmp_path / "kept")))

    first, second = run(), run()
    assert first["file"] == str(copy / "evsnn_lava" / "simulation" / "engine" / "cuba.py")
    assert (first["kept"], first["compiled"]) == (0, 5)
    assert (second["kept"], second["compiled"]) == (5, 0)
    assert (first["scores"], first["synops"]) == (second["scores"], second["synops"]) == ([[0, 4]], 4)
    sending = copy / "evsnn_lava" / "simulation" / "engine" / "sending.py"
    code = sending.read_text()
    assert code.count("bits &= ") + code.count("fired &= ") == 1
    sending.write_text(
        code.replace("fired &= fired - np.uint64(1)", "fired &= np.uint64(0)").replace(
            "index[place] = neuron", "index[place] = neuron - 1"
        )
    )
    changed = run()
    assert (changed["kept"], changed["compiled"]) == (0, 5)
    assert changed["scores"] == [[4, 0]]


@pytest.mark.parametrize("name", ["rows.py", "vectors.py", "plan.py"])
def test_every_file_counts(copy, name, monkeypatch):
    folder = copy / "evsnn_lava" / "simulation" / "engine"
    monkeypatch.setattr(compiled, "__file__", str(folder / "compiled.py"))
    before = compiled.source_digest()
    (folder / name).write_text((folder / name).read_text() + "\n")
    assert compiled.source_digest() != before


NOWHERE = """
from numba.core import caching

def nowhere(*_):
    raise OSError("read-only file system")

for kind in (caching.InTreeCacheLocator, caching.UserWideCacheLocator, caching.UserProvidedCacheLocator):
    kind.ensure_cache_path = nowhere
import numpy as np
from evsnn_lava.simulation.engine.lists import paint
picture = np.zeros(3, dtype=bool)
paint(np.array([1], np.int32), np.zeros(1, np.int32), 0, 1, np.array([0, 2, 1]), picture)
print(picture.tolist())
"""


def test_where_nothing_can_be_written_every_process_compiles(run_python):
    assert run_python(NOWHERE) == "[False, False, True]"
