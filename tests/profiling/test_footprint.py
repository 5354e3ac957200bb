"""What a network stores."""

from __future__ import annotations

import numpy as np
import pytest

from evsnn_lava.export.netfile.schema import FIELDS
from evsnn_lava.network import (
    ComplexSynapse,
    CubaNeuron,
    CutoffPolicy,
    DeltaNeuron,
    DenseSynapse,
    DirectSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
    RfNeuron,
    SigmaNeuron,
)
from evsnn_lava.profiling.footprint import STORED_BYTES, Footprint, footprint


def network_of(*layers):
    return NetworkDescription(
        name="sizes",
        layers=layers,
        recipe=InputRecipe(1, 2, 3, 1000, polarities=1),
        masks=FrameMasks.all_kept(3, len(layers)),
        cutoff=CutoffPolicy.never(3),
        class_names=tuple("ab"),
    )


CASES = {
    "channels": (
        [Layer("a", DenseSynapse(np.eye(2, dtype=int)), CubaNeuron(80, [1, 2], 128, [0, 5]), (2,))],
        Footprint(weights=4, biases=2, delays=0, constants=4),
    ),
    "delays and recurrence": (
        [
            Layer(
                "a",
                DenseSynapse(np.ones((2, 2), int), delays=[[1], [2]]),
                CubaNeuron(80, 1, 2),
                (2,),
                DenseSynapse(np.eye(2, dtype=int)),
            )
        ],
        Footprint(weights=8, biases=0, delays=4, constants=3),
    ),
    "input block": (
        [
            Layer("a", DirectSynapse(), DeltaNeuron(3), (1, 1, 2)),
            Layer("b", DenseSynapse(np.ones((2, 2), int)), SigmaNeuron(), (2,)),
        ],
        Footprint(weights=5, biases=1, delays=0, constants=1),
    ),
    "resonators": (
        [Layer("a", ComplexSynapse(*[DenseSynapse(np.ones((2, 2), int))] * 2), RfNeuron(30, 700, 3900), (2,))],
        Footprint(weights=8, biases=0, delays=0, constants=3),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_every_number_counts_once(name):
    layers, expected = CASES[name]
    assert footprint(network_of(*layers)) == expected


def test_bytes_by_width():
    size = Footprint(weights=8, biases=2, delays=4, constants=3)
    assert size.float32_bytes == 4 * 17
    assert size.file_bytes == 2 * 10 + 8 * 7


def test_widths_are_those_of_the_file():
    places = {"weights": "weight", "biases": "bias", "delays": "delay", "constants": "neuron/vThMant"}
    assert {
        kind: np.dtype(FIELDS[f"layer/<i>/{place}"].kind).itemsize for kind, place in places.items()
    } == STORED_BYTES
