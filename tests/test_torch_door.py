"""torch and SLAYER come through one door, without torchvision."""

from __future__ import annotations

import json

import pytest

FACTS = """
import importlib.machinery, json, sys
import evsnn_lava._torch as door
early = "lava.lib.dl.slayer" in sys.modules
from evsnn_lava._torch import F, slayer, torch
name = "lava.lib.dl.slayer.object_detection"
stand_in = name in sys.modules
torch.manual_seed(1)
block = slayer.block.cuba.Dense(dict(threshold=0.1, current_decay=1, voltage_decay=0.1), 8, 4)
spikes = block(F.relu(torch.rand(2, 8, 12)))
from evsnn_lava import _lava
print(json.dumps({
    "slayer before it was asked for": early,
    "heavy": [n for n in ("torchvision", "cv2") if n in sys.modules],
    "stand-in": stand_in,
    "real one": importlib.machinery.PathFinder.find_spec(name, slayer.__path__).origin,
    "shape": list(spikes.shape),
    "values": sorted(spikes.unique().tolist()),
    "netx": _lava.netx().__name__,
}))
"""


@pytest.fixture(scope="module")
def facts(run_python):
    """What a program sees that goes through the torch door first and the Lava door afterwards."""
    return json.loads(run_python(FACTS))


@pytest.mark.torch
def test_slayer_is_imported_on_demand_and_without_torchvision(facts):
    assert not facts["slayer before it was asked for"]
    assert facts["heavy"] == []


@pytest.mark.torch
def test_stand_in_is_gone_after_the_import(facts):
    assert not facts["stand-in"]
    assert facts["real one"].endswith("__init__.py")


@pytest.mark.torch
def test_slayer_computes(facts):
    assert facts["shape"] == [2, 4, 12]
    assert facts["values"] == [0.0, 1.0]


@pytest.mark.torch
@pytest.mark.lava
def test_lava_can_be_imported_after_slayer(facts):
    assert facts["netx"] == "lava.lib.dl.netx"


@pytest.mark.torch
def test_an_unknown_name_is_an_attribute_error():
    from evsnn_lava import _torch as door

    with pytest.raises(AttributeError, match="no attribute 'slayr'"):
        door.slayr  # noqa: B018 - the access is the test


@pytest.mark.parametrize(
    ("missing", "use"), [("torch", "door.torch"), pytest.param("lava", "door.slayer", marks=pytest.mark.torch)]
)
def test_a_missing_package_is_one_line_with_the_way_to_install_it(missing, use, run_python):
    script = (
        "from evsnn_lava.errors import BackendUnavailableError\n"
        f"try:\n    import evsnn_lava._torch as door; {use}\nexcept BackendUnavailableError as error:\n    print(error)"
    )
    line = run_python(script, missing=(missing,))
    assert "\n" not in line
    assert missing in line
    assert "make setup" in line


def test_the_package_itself_imports_neither_torch_nor_lava(run_python):
    script = "import sys, evsnn_lava; print([n for n in ('torch', 'lava', 'numpy', 'numba') if n in sys.modules])"
    assert run_python(script) == "[]"
