"""Lava runs on this Python, through the door, and computes what it computes on the versions that it asks for."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import multiprocessing
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from evsnn_lava import _lava_repairs as repairs

GOLDEN = Path(__file__).parent / "golden"


FACTS = """
import json, multiprocessing
import evsnn_lava._lava as door
from lava.magma.compiler.var_model import ByteEncoder, CoreEncoder
from lava.magma.core.process.ports.ports import ReshapePort
import numpy as np
port, array = ReshapePort((6,), (2, 3)), np.arange(6).reshape(2, 3)
flat = port.get_transform_func_fwd()(array)
from lava.proc.conv import utils
bytes_ = [np.array(size, dtype=np.int8) for size in ([5, 5], [2, 2], [0, 0], [1, 1])]
print(json.dumps({
    "wide convolution": [int(size) for size in utils.output_shape((200, 66, 3), 24, *bytes_)],
    "start method": multiprocessing.get_start_method(allow_none=True),
    "absent": [name for name in door.__all__ if not hasattr(door, name)],
    "byte encoder": CoreEncoder().x == ByteEncoder() and CoreEncoder().x is CoreEncoder().x,
    "flat": flat.tolist(),
    "back": np.array_equal(port.get_transform_func_bwd()(flat), array),
    "loihi2": door.loihi2_installed(),
}))
"""


@pytest.fixture(scope="module")
def facts(run_python):
    """What a program sees after it went through the door."""
    return json.loads(run_python(FACTS))


@pytest.mark.lava
@pytest.mark.parametrize("option", ["--fork", "--spawn"])
def test_graphs_give_the_numbers_recorded_on_python_3_10(option):
    command = [sys.executable, str(GOLDEN / "lava_graphs.py"), option]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads((GOLDEN / "lava_graphs.json").read_text())


def test_the_golden_graphs_are_worth_comparing():
    for name, graph in json.loads((GOLDEN / "lava_graphs.json").read_text()).items():
        rate = np.mean(graph["spikes"])
        assert 0.1 < rate < 0.9, name
        assert np.any(np.array(graph["v"]) != 0), name


@pytest.mark.lava
def test_door_leaves_the_start_method_of_the_program_alone(facts):
    assert facts["start method"] is None


@pytest.mark.lava
def test_lava_itself_can_be_imported_after_the_door(facts):
    assert facts["byte encoder"]


@pytest.mark.lava
def test_everything_the_door_promises_is_there(facts):
    assert facts["absent"] == []


@pytest.mark.lava
def test_reshape_port_reshapes_both_ways(facts):
    assert facts["flat"] == [0, 1, 2, 3, 4, 5]
    assert facts["back"]


@pytest.mark.lava
def test_a_convolution_knows_its_size_beyond_127_columns(facts):
    assert facts["wide convolution"] == [98, 31, 24]


@pytest.mark.lava
def test_loihi2_is_found_or_not_without_trouble(facts):
    assert facts["loihi2"] == (importlib.util.find_spec("nxcore") is not None)


@pytest.mark.parametrize(
    ("missing", "call"),
    [
        ("lava", "import evsnn_lava._lava"),
        ("asteval", "import evsnn_lava._lava"),
        pytest.param("torch", "import evsnn_lava._lava as door; door.netx()", marks=pytest.mark.lava),
        pytest.param("lava.lib", "import evsnn_lava._lava as door; door.netx()", marks=pytest.mark.lava),
    ],
)
def test_a_missing_package_is_one_line_with_the_way_to_install_it(missing, call, run_python):
    script = (
        "from evsnn_lava.errors import BackendUnavailableError\n"
        f"try:\n    {call}\nexcept BackendUnavailableError as error:\n    print(error)"
    )
    (line,) = run_python(script, missing=(missing,)).splitlines()
    assert missing in line
    assert "make setup" in line


def write_input_net(path: Path) -> None:
    """A network whose input layer carries weight and bias as arrays of one element, as lava-dl writes them."""
    with h5py.File(path, "w") as file:
        for index, kind in enumerate(["input", "dense"]):
            layer = file.create_group(f"layer/{index}")
            layer["type"] = np.array([kind], "S10")
            layer["shape"] = np.array([4 - index])
            layer["weight"] = np.array([32]) if kind == "input" else np.ones((3, 4)) * 2
            layer["neuron/type"] = np.array(["CUBA"], "S10")
            layer["neuron/iDecay"], layer["neuron/vDecay"], layer["neuron/vThMant"] = 1024, 128, 80
        file["layer/0/bias"] = np.array([7])


@pytest.mark.lava
@pytest.mark.torch
def test_netx_reads_an_input_block_with_weight_and_bias(tmp_path, run_python):
    write_input_net(tmp_path / "input.net")
    script = (
        "import contextlib, io, json, sys, evsnn_lava._lava as door\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    net = door.netx().hdf5.Network(net_config=sys.argv[1])\n"
        "from evsnn_lava._torch import slayer\n"
        "print(json.dumps({**net.in_layer.transform, 'slayer': slayer.__name__}))"
    )
    transform = json.loads(run_python(script, str(tmp_path / "input.net")))
    assert transform == {"weight": 32, "bias": 7, "slayer": "lava.lib.dl.slayer"}


def test_repairs_end_with_the_import():
    before = (dataclasses.dataclass, multiprocessing.set_start_method)
    with repairs.importable_lava():

        @dataclasses.dataclass
        class ByteEncoder:
            base: int = 0

        @dataclasses.dataclass
        class Other:
            base: int = 0

    assert (dataclasses.dataclass, multiprocessing.set_start_method) == before
    assert hash(ByteEncoder()) == hash(ByteEncoder())
    assert Other.__hash__ is None


def test_an_input_layer_with_many_weights_is_not_cut_to_one():
    with pytest.raises(ValueError, match="size 1"):
        repairs.with_scalars({"weight": np.array([1, 2])})
