"""The calibration of the cutoff: its definition tried out number by number, and what it promises."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.errors import CalibrationError, ConfigError
from evsnn_lava.export.calibrate import calibrate_cutoff
from evsnn_lava.export.policies import Fixed, Guaranteed, TopKGap
from evsnn_lava.export.policies.settled import settled_right
from evsnn_lava.export.policies.thresholds import fit_thresholds
from evsnn_lava.network import NEVER, CutoffPolicy, FrameMasks, top2_gap
from evsnn_lava.simulation import cumulative_scores, run, simulate

HUNDREDTHS = st.integers(0, 100)


@st.composite
def samples(draw):
    """Gaps and whether the decision is settled; the larger the gap, the likelier."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count, steps, most = draw(st.integers(1, 40)), draw(st.integers(1, 4)), draw(st.integers(0, 8))
    gap = rng.integers(0, most + 1, (count, steps))
    settled = rng.random(gap.shape) < (gap + 1) / (most + 1) * draw(st.sampled_from([0.5, 1, 2]))
    return gap, settled


def passes(gap, settled, threshold, hundredths):
    """Whether of the samples whose gap exceeds the threshold enough are settled; in exact fractions."""
    chosen = [bool(right) for lead, right in zip(gap, settled, strict=True) if lead > threshold]
    return sum(chosen) >= (1 - Fraction(hundredths, 100)) * len(chosen)


def supported(gap, min_support):
    """The thresholds, none below 0, that at least `min_support` samples exceed."""
    candidates = range(int(max(gap)) + 1)
    return [b for b in candidates if sum(lead > b for lead in gap) >= max(1, min_support)]


def threshold_by_definition(gap, settled, hundredths, min_support):
    trusted = supported(gap, min_support)
    good = [b for b in trusted if all(passes(gap, settled, c, hundredths) for c in trusted if c >= b)]
    return min(good, default=NEVER)


@settings(max_examples=200)
@given(case=samples(), hundredths=HUNDREDTHS, min_support=st.integers(1, 12))
def test_thresholds_are_the_definition_tried_out(case, hundredths, min_support):
    gap, settled = case
    if len(gap) < min_support:
        with pytest.raises(CalibrationError):
            fit_thresholds(gap, settled, hundredths / 100, min_support)
        return
    found = fit_thresholds(gap, settled, hundredths / 100, min_support)
    expected = [threshold_by_definition(*step, hundredths, min_support) for step in zip(gap.T, settled.T, strict=True)]
    assert found.tolist() == expected


@settings(max_examples=100)
@given(case=samples(), hundredths=HUNDREDTHS, min_support=st.integers(1, 5))
def test_of_the_samples_that_a_threshold_stops_enough_are_settled(case, hundredths, min_support):
    gap, settled = case
    if len(gap) < min_support:
        return
    for step, threshold in enumerate(fit_thresholds(gap, settled, hundredths / 100, min_support)):
        if threshold != NEVER:
            stopped = gap[:, step] > threshold
            assert stopped.sum() >= min_support
            assert passes(gap[:, step], settled[:, step], threshold, hundredths)


@settings(max_examples=100)
@given(case=samples(), low=HUNDREDTHS, more=HUNDREDTHS, min_support=st.integers(1, 5))
def test_more_tolerance_never_stops_later(case, low, more, min_support):
    gap, settled = case
    if len(gap) < min_support:
        return
    strict = fit_thresholds(gap, settled, low / 100, min_support)
    loose = fit_thresholds(gap, settled, min(100, low + more) / 100, min_support)
    assert (loose <= strict).all()
    scores = np.stack([gap, np.zeros_like(gap)], axis=-1)
    early, late = (CutoffPolicy("topk_gap", table).exit_step(scores) for table in (loose, strict))
    assert (early <= late).all()


@given(st.integers(1, 60))
def test_a_tie_never_stops_however_much_is_tolerated(count):
    gap = np.zeros((count, 2), dtype=np.int64)
    assert fit_thresholds(gap, np.ones_like(gap, dtype=bool), 1.0, 1).tolist() == [NEVER, NEVER]


@pytest.mark.parametrize(("epsilon", "expected"), [(0.1, 0), (0.09, NEVER), (0.11, 0)])
def test_exactly_the_tolerated_share_passes(epsilon, expected):
    gap, settled = np.ones((10, 1), dtype=np.int64), np.ones((10, 1), dtype=bool)
    settled[0] = False
    assert fit_thresholds(gap, settled, epsilon, 1).tolist() == [expected]


@pytest.mark.parametrize(("hundredths", "count"), [(1, 100), (7, 100), (18, 150), (19, 300), (33, 200)])
def test_the_tolerated_share_is_not_lost_to_rounding(hundredths, count):
    gap, settled = np.ones((count, 1), dtype=np.int64), np.ones((count, 1), dtype=bool)
    tolerated = hundredths * count // 100  # exact; (1 - 0.18) * 150 is 123.00000000000001
    settled[:tolerated] = False
    assert fit_thresholds(gap, settled, hundredths / 100, 1).tolist() == [0]
    settled[tolerated] = False
    assert fit_thresholds(gap, settled, hundredths / 100, 1).tolist() == [NEVER]


def test_a_bad_threshold_between_good_ones_ends_the_search():
    gap = np.array([1] * 20 + [2] * 4 + [3] * 2)[:, None]
    settled = np.array([True] * 20 + [False] * 4 + [True] * 2)[:, None]
    assert fit_thresholds(gap, settled, 0.2, 1).tolist() == [2]
    assert fit_thresholds(gap, settled, 0.2, 7).tolist() == [0]  # too few samples to hold against it


def test_thresholds_without_support_are_not_trusted():
    gap = np.array([[5], [1], [1], [1]])
    settled = np.array([[True], [False], [False], [False]])
    assert fit_thresholds(gap, settled, 0.0, 1).tolist() == [1]
    assert fit_thresholds(gap, settled, 0.0, 2).tolist() == [NEVER]


def test_too_few_samples_are_refused_in_one_line():
    with pytest.raises(CalibrationError) as caught:
        fit_thresholds(np.ones((49, 3), int), np.ones((49, 3), bool), 0.01, 50)
    words = (
        "calibration has 49 samples, min_support asks for 50; "
        "hold out more data or lower it (evsnn calibrate --min-support)"
    )
    assert str(caught.value) == words


@given(seed=st.integers(0, 2**32 - 1), steps=st.integers(1, 6), classes=st.integers(2, 4))
def test_settled_means_right_now_and_for_ever(seed, steps, classes):
    rng = np.random.default_rng(seed)
    scores = np.cumsum(rng.integers(0, 2, (6, steps, classes)), axis=1)
    labels = rng.integers(0, classes, 6)
    found = settled_right(scores, labels)
    for sample, step in np.ndindex(6, steps):
        decisions = [scores[sample, later].tolist() for later in range(step, steps)]
        assert found[sample, step] == all(s.index(max(s)) == labels[sample] for s in decisions)


@pytest.fixture(scope="module")
def network(demo):
    return replace(demo, golden=None)


@pytest.fixture(scope="module")
def frames(network):
    return np.random.default_rng(8).random((60, *network.input_shape, network.masks.steps)) < 0.25


@pytest.fixture(scope="module")
def labels(network, frames):
    """What the whole run says, so that something can be settled; every fifth is wrong."""
    labels = run(network.with_cutoff(CutoffPolicy.never(network.cutoff.steps)), frames).decision
    labels[::5] = (labels[::5] + 1) % 5
    return labels


def test_a_network_is_calibrated_on_its_own_integers(network, frames, labels):
    policy = calibrate_cutoff(network, frames, labels, 0.3, 5)
    scores = cumulative_scores(network, simulate(network, frames))
    expected = fit_thresholds(top2_gap(scores), settled_right(scores, labels), 0.3, 5)
    assert policy.thresholds.tolist() == expected.tolist()
    assert (policy.kind, policy.epsilon, policy.calibration_samples) == ("topk_gap", 0.3, 60)
    assert policy.steps == network.masks.stream_steps
    assert min(expected) < NEVER
    assert network.with_cutoff(policy).cutoff is policy


def test_the_policy_in_the_file_does_not_matter(network, frames, labels):
    other = network.with_cutoff(CutoffPolicy.fixed(1, network.cutoff.steps))
    one, two = (calibrate_cutoff(n, frames, labels, 0.3, 5) for n in (network, other))
    assert (one.thresholds.tolist(), one.calibration_hash) == (two.thresholds.tolist(), two.calibration_hash)


def test_the_hash_is_that_of_data_and_labels(network, frames, labels):
    other_frames, other_labels = frames.copy(), labels.copy()
    other_frames[0, 0, 0, 0, 0] ^= True
    other_labels[0] = 1 - other_labels[0] if other_labels[0] < 2 else 0
    pairs = [(frames, labels), (other_frames, labels), (frames, other_labels)]
    hashes = {calibrate_cutoff(network, *pair, 0.3, 5).calibration_hash for pair in pairs}
    assert len(hashes) == 3
    assert {len(digest) for digest in hashes} == {64}


def test_what_no_datum_had_a_part_in_has_no_hash(network, frames, labels):
    policy = calibrate_cutoff(network, frames, labels, 0.3, policy=Fixed(steps=2))
    assert (policy.kind, policy.calibration_samples, policy.calibration_hash) == ("fixed", 0, "")


@pytest.mark.parametrize("policy", [None, Fixed(), Guaranteed(TopKGap())])
def test_a_single_frame_leaves_nothing_to_stop(network, frames, labels, policy):
    once = FrameMasks("skip", np.arange(network.masks.steps)[None] == np.zeros((network.depth, 1), int))
    single = replace(network, masks=once, cutoff=CutoffPolicy.never(1))
    found = calibrate_cutoff(single, frames, labels, 0.3, 5, policy=policy)
    assert (found.kind, found.steps, found.calibration_samples) == ("never", 1, 0)


def test_labels_of_another_number_are_refused_in_one_line(network, frames, labels):
    for wrong in (labels[:-1], labels[:1]):
        with pytest.raises(ConfigError) as caught:
            calibrate_cutoff(network, frames, wrong, 0.3, 5)
        assert str(caught.value) == f"calibration has 60 samples and {len(wrong)} labels; give one label per sample"
