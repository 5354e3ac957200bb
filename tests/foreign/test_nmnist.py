"""A SLAYER network that ran on a Loihi 1 chip, on recordings of a real event camera."""

import numpy as np
import pytest

from evsnn_lava.runtime.session import LavaSession
from evsnn_lava.simulation.reference import run

from .nmnist import chip_network, recordings

COUNTS = [
    [14, 9, 11, 11, 13, 13, 11, 68, 10, 12],
    [13, 12, 64, 16, 9, 12, 13, 15, 14, 16],
    [13, 66, 11, 14, 9, 11, 15, 11, 11, 16],
]
"""Output spikes of the first samples, labels 7, 2 and 1."""


def compare(folder, samples):
    """Run samples in the reference and in Lava; both must count the same and be right."""
    network = chip_network(folder)
    frames, labels = recordings(folder, network, samples)
    expected = run(network, frames)
    with LavaSession(network) as session:
        found = session.run(frames)
    np.testing.assert_array_equal(expected.scores[: len(COUNTS)], COUNTS)
    np.testing.assert_array_equal(found.scores, expected.scores)
    np.testing.assert_array_equal(found.messages, expected.messages)
    np.testing.assert_array_equal(expected.decision, labels)


@pytest.mark.lava
def test_some_samples(evsnn_data):
    compare(evsnn_data, 5)


@pytest.mark.lava
@pytest.mark.slow
def test_all_samples(evsnn_data):
    compare(evsnn_data, 100)


def test_no_sample_is_one_that_the_chip_got_wrong(evsnn_data):
    with np.load(evsnn_data / "networks" / "slayer_nmnist" / "nmnist_full.npz") as file:
        wrong = file["loihi_misclassified_test_id"]
    assert len(wrong) == 150
    assert wrong.min() > 100
