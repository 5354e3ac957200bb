"""A study of two small networks on two chips, with names that look like markup, and the page of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evsnn_lava.cli.console import Output
from evsnn_lava.cli.study import Question, study_file
from evsnn_lava.export.netfile.writer import write_net
from evsnn_lava.hw_profiles import load_profile
from evsnn_lava.network import (
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
)
from evsnn_lava.reporting.html import Study
from evsnn_lava.simulation import record_golden
from evsnn_lava.simulation.engine import Engine

STEPS, INPUTS, SAMPLES = 8, 6, 24
EVIL = "</script><img src=x onerror=alert(1)>%{x}"
KEPT = {
    "skip": ([1, 1, 1, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0, 1, 1]),
    "mute": ([1, 1, 1, 1, 0, 1, 1, 1], [1, 1, 0, 1, 0, 1, 1, 1]),
}
CHIPS = ("loihi2", "loihi1")
SPARSE = ("spinnaker2", "speck")


def network(semantics, frames):
    """Two dense layers, of which the last names its classes."""
    random = np.random.default_rng(4)  # one whose accuracy rises from frame to frame, and whose samples stop anywhere
    shapes = {(150, INPUTS): -40, (3, 150): -60}
    weights = [np.clip(random.integers(low, 60, shape) * 2, -128, 127) // 2 * 2 for shape, low in shapes.items()]
    layers = tuple(
        Layer(name, DenseSynapse(each), CubaNeuron(200, 3000, 3500), (len(each),))
        for name, each in zip((EVIL, "out & about"), weights, strict=True)
    )
    policy = CutoffPolicy("topk_gap", np.full(sum(KEPT[semantics][0]) if semantics == "skip" else STEPS, 1))
    made = NetworkDescription(
        f"<b>{semantics}</b>",
        layers,
        InputRecipe.frames((INPUTS, 1, 1), STEPS, 0),
        FrameMasks(semantics, KEPT[semantics]),
        policy,
        ("<i>left", "middle", "right"),
        provenance={"config": EVIL * 9, "seed": "1"},
    )
    return replace(made, golden=record_golden(made, frames[:2]))


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """Two .net files and a file of labelled frames that they can run."""
    folder, random = tmp_path_factory.mktemp("study"), np.random.default_rng(5)
    frames = random.random((SAMPLES, INPUTS, 1, 1, STEPS)) < random.random((SAMPLES, INPUTS, 1, 1, 1))
    networks = [network(semantics, frames) for semantics in KEPT]
    labels = Engine(networks[0]).scores(frames)[:, -1].argmax(axis=1)
    labels[::7] = (labels[::7] + 1) % 3
    np.savez(folder / "frames.npz", frames=frames, labels=labels)
    for each, semantics in zip(networks, KEPT, strict=True):
        write_net(each, folder / f"{semantics}.net")
    return networks, [folder / f"{semantics}.net" for semantics in KEPT], folder / "frames.npz"


def collected(files, chips):
    """What the command line would collect."""
    networks, paths, data = files
    question = Question(str(data), None, None, 0, "engine", {})
    hardware, output = tuple(map(load_profile, chips)), Output(quiet=True)
    return Study(
        f"A page {EVIL}",
        "1.0",
        "engine",
        tuple(
            study_file(f"{EVIL} {path.stem}", path, each, hardware, question, output)
            for each, path in zip(networks, paths, strict=True)
        ),
    )


@pytest.fixture(scope="session")
def study(files):
    """Both files on two chips of which everything is known."""
    return collected(files, CHIPS)


@pytest.fixture(scope="session")
def sparse_study(files):
    """Both files on machines of which little is known: no time, no static power, no price of an operation."""
    return collected(files, SPARSE)
