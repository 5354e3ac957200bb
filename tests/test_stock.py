"""lava-dl's SLAYER and netx for scripts of the user's own: one import mends both."""

from __future__ import annotations

import json

import pytest

OWN_SCRIPT = """
import json, sys
import evsnn_lava.stock
import lava.lib.dl.slayer as slayer
import lava.lib.dl.netx as again
from lava.lib.dl import netx
from lava.magma.core.run_conditions import RunSteps
from lava.proc.lif.process import LIF
try:
    import lava.lib.dl.slayer.object_detection
    real = "cv2" in sys.modules
except ModuleNotFoundError as error:
    real = error.name in ("cv2", "torchvision")
print(json.dumps({
    "same": slayer is evsnn_lava.stock.slayer and netx is again is evsnn_lava.stock.netx,
    "names": [slayer.block.cuba.Dense.__module__, netx.hdf5.Network.__module__, LIF.__module__],
    "object detection is the real one or misses its packages": real,
}))
"""


@pytest.mark.lava
@pytest.mark.torch
def test_a_script_of_ones_own_imports_lava_dl_by_its_own_names(run_python):
    facts = json.loads(run_python(OWN_SCRIPT))
    assert facts == {
        "same": True,
        "names": ["lava.lib.dl.slayer.block.cuba", "lava.lib.dl.netx.hdf5", "lava.proc.lif.process"],
        "object detection is the real one or misses its packages": True,
    }


@pytest.mark.lava
@pytest.mark.torch
def test_a_network_with_an_input_block_of_weight_and_bias_is_read(tmp_path, run_python):
    """What stock netx cannot do on this numpy: the repair comes with the door."""
    script = (
        "import contextlib, io, sys, h5py, numpy as np, evsnn_lava.stock\n"
        "from lava.lib.dl import netx\n"
        "with h5py.File(sys.argv[1], 'w') as file:\n"
        "    layer = file.create_group('layer/0')\n"
        "    layer['type'], layer['shape'] = np.array(['input'], 'S10'), np.array([4])\n"
        "    layer['weight'], layer['bias'] = np.array([32]), np.array([7])\n"
        "    layer['neuron/type'] = np.array(['CUBA'], 'S10')\n"
        "    layer['neuron/iDecay'], layer['neuron/vDecay'], layer['neuron/vThMant'] = 1024, 128, 80\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    net = netx.hdf5.Network(net_config=sys.argv[1])\n"
        "print(net.in_layer.transform['weight'])"
    )
    assert run_python(script, str(tmp_path / "it.net")) == "32"


@pytest.mark.parametrize(
    "missing",
    [
        "lava",
        pytest.param("torch", marks=pytest.mark.lava),
        pytest.param("matplotlib", marks=[pytest.mark.lava, pytest.mark.torch]),
    ],
)
def test_a_missing_package_is_one_line_with_the_way_to_install_it(missing, run_python):
    script = (
        "from evsnn_lava.errors import BackendUnavailableError\n"
        "try:\n    import evsnn_lava.stock\nexcept BackendUnavailableError as error:\n    print(error)"
    )
    (line,) = run_python(script, missing=(missing,)).splitlines()
    assert missing in line
    assert "make setup" in line
