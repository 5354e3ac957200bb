"""The cutoff as neurons stops where the policy of the host stops, with the same class, for all networks and tables."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations_with_replacement, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evsnn_lava.errors import ConfigError, UnsupportedError
from evsnn_lava.export.lowering.cutoff import COMPARE, DECIDE, lower_cutoff
from evsnn_lava.export.lowering.cutoff_scale import Scale, choose_scale, leak
from evsnn_lava.export.lowering.cutoff_table import pair_table
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.export.netfile.writer import write_net
from evsnn_lava.network import (
    NEVER,
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    DirectSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
    SigmaDeltaNeuron,
)
from evsnn_lava.simulation import record_golden, reference
from evsnn_lava.simulation.engine import Engine

PATIENT = settings(max_examples=150, suppress_health_check=list(HealthCheck))
SPIKES = CubaNeuron(vth_mant=1, du=4095, dv=4096)


def relays(classes, thresholds, kind="topk_gap", depth=1):
    """Outputs that repeat the inputs, step by step, so that a test can write any lead."""
    one = DenseSynapse(2 * np.eye(classes, dtype=int))
    layers = tuple(Layer(f"relay{index}", one, SPIKES, (classes,)) for index in range(depth))
    steps = len(thresholds)
    recipe = InputRecipe(1, classes, steps, 1000, polarities=1)
    masks, names = FrameMasks.all_kept(steps, depth), tuple(map(str, range(classes)))
    return NetworkDescription("relays", layers, recipe, masks, CutoffPolicy(kind, thresholds), names)


def agree(network, frames):
    """Compare both forms of a cutoff; the facts of the lowering and the run of the lowered network."""
    lowered, facts = lower_cutoff(network)
    host, chip = reference.run(network, frames), reference.run(lowered, frames)
    assert chip.exit_step.tolist() == host.exit_step.tolist()
    assert chip.decision.tolist() == host.decision.tolist()
    assert (chip.steps == host.steps + 2).all()
    assert (np.sort(chip.scores, axis=1)[:, -2:] == [0, 1]).all()  # one class decides, once
    return lowered, facts, chip


@st.composite
def tables(draw, steps):
    """Any thresholds: never, larger than any lead, below zero, rising and falling."""
    threshold = st.one_of(st.integers(-2, 6), st.just(NEVER), st.integers(0, steps + 5))
    if draw(st.booleans()):
        return [draw(threshold)] * steps
    return draw(st.lists(threshold, min_size=steps, max_size=steps))


@st.composite
def networks(draw):
    """Chains of dense layers whose biases let outputs fire before the first frame has reached them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    classes, steps, depth = draw(st.integers(2, 6)), draw(st.integers(1, 40)), draw(st.integers(1, 3))
    sizes = [draw(st.integers(2, 6)) for _ in range(depth)] + [classes]
    layers = []
    for index, (inputs, neurons) in enumerate(pairwise(sizes)):
        bias = rng.integers(-20, 40, neurons) if draw(st.booleans()) else None
        neuron = CubaNeuron(int(rng.integers(5, 80)), int(rng.choice([4095, 900, 0])), int(rng.choice([0, 400])), bias)
        layers.append(
            Layer(f"l{index}", DenseSynapse(2 * rng.integers(-40, 60, (neurons, inputs))), neuron, (neurons,))
        )
    recipe = InputRecipe(1, sizes[0], steps, 1000, polarities=1)
    masks, cutoff = FrameMasks.all_kept(steps, depth), CutoffPolicy("topk_gap", draw(tables(steps)))
    network = NetworkDescription("any", tuple(layers), recipe, masks, cutoff, tuple(map(str, range(classes))))
    return network, rng.random((6, *recipe.input_shape, steps)) < rng.choice([0.1, 0.5, 0.9])


@PATIENT
@given(networks())
def test_the_neurons_stop_where_the_host_stops(drawn):
    network, frames = drawn
    lowered, _, chip = agree(network, frames)
    engine = Engine(lowered).run(frames)
    assert (engine.exit_step.tolist(), engine.decision.tolist()) == (chip.exit_step.tolist(), chip.decision.tolist())


@PATIENT
@given(st.integers(2, 6), st.integers(1, 60), st.data())
def test_any_lead_meets_any_table(classes, steps, data):
    thresholds = data.draw(tables(steps))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    rates = rng.random((8, 1, 1, classes, 1))
    frames = rng.random((8, 1, 1, classes, steps)) < rates
    frames[0], frames[1] = False, True  # a tie all the way
    agree(relays(classes, thresholds), frames)


@pytest.mark.parametrize("steps", [60, 90])
@pytest.mark.parametrize("weight", [2, 8, 64])
def test_the_bound_holds_for_the_worst_of_histories(steps, weight):
    """Up as far as it goes, then down to the threshold: what leaks on the way is less than the bound."""
    up = steps // 2
    current, most = 0, leak(np.minimum(np.arange(steps + 1), steps), weight)
    for step in range(1, steps + 1):
        current = abs(current) * 4095 // 4096 * (1 if current >= 0 else -1) + 64 * weight * (1 if step <= up else -1)
    assert 0 < abs(current - 64 * weight * (2 * up - steps)) <= most


@pytest.mark.parametrize(("ahead", "first"), [(5, 0), (5, 2), (1, 1)])
def test_a_lead_of_one_more_than_the_threshold_decides_and_an_equal_one_does_not(ahead, first):
    steps, classes = 12, 3
    frames = np.zeros((1, 1, 1, classes, steps), dtype=bool)
    frames[0, 0, 0, first, : ahead + 1] = True
    network = relays(classes, [ahead] * steps)
    _, _, chip = agree(network, frames)
    assert (chip.exit_step[0], chip.decision[0]) == (ahead + 1, first)
    frames[0, 0, 0, first, ahead] = False
    assert agree(network, frames)[2].exit_step[0] == steps


def test_at_a_tie_in_the_last_step_the_first_class_wins():
    frames = np.ones((1, 1, 1, 4, 5), dtype=bool)
    frames[0, 0, 0, 0] = False
    assert agree(relays(4, [NEVER] * 5), frames)[2].decision[0] == 1


@pytest.mark.parametrize("policy", [CutoffPolicy.fixed(3, 7), CutoffPolicy.fixed(7, 7), CutoffPolicy.never(7)])
def test_every_kind_of_policy_becomes_neurons(policy):
    frames = np.random.default_rng(1).random((20, 1, 1, 3, 7)) < 0.4
    agree(replace(relays(3, [0] * 7, depth=3), cutoff=policy), frames)


def test_what_is_built():
    network = relays(10, [NEVER, 3, 3, 2, 2, 2], depth=2)
    network = network.with_cutoff(replace(network.cutoff, epsilon=0.02, calibration_hash="a" * 64))
    lowered, facts = lower_cutoff(network)
    compare, decide = lowered.layers[-2:]
    assert (compare.name, decide.name) == (COMPARE, DECIDE)
    assert (facts.comparators, facts.deciders) == (90, 10)
    assert facts.neurons == compare.neurons + decide.neurons
    assert (lowered.depth, lowered.cutoff.kind, lowered.cutoff.layers) == (4, "on_chip", 2)
    assert (lowered.cutoff.epsilon, lowered.cutoff.calibration_hash) == (0.02, "a" * 64)
    for layer in (compare, decide):
        assert isinstance(layer.neuron.du, int), "the chip has one decay for a layer"
        assert 0 <= layer.neuron.du <= 4095
        assert layer.neuron.dv == 4095


def test_a_constant_table_needs_the_thermometer_for_the_last_step_alone():
    lowered, facts = lower_cutoff(relays(3, [4] * 9, depth=2))
    assert facts.thermometer == 9 + 2 - 1
    assert np.count_nonzero(lowered.layers[-2].recurrent.weights[:6, 6:]) > 0
    assert lower_cutoff(relays(3, [4]))[1].thermometer == 0


def test_very_long_streams_get_currents_without_leak():
    frames = np.random.default_rng(2).random((3, 1, 1, 2, 400)) < [[[[0.3], [0.25]]]]
    assert agree(relays(2, [40] * 400), frames)[1].scale == Scale(2, -1, 0, 64)


WILD = {
    "up and down": [0, 150] * 100,
    "late": [NEVER] * 150 + [0] * 50,
    "fixed": [NEVER] * 180 + [-1] + [NEVER] * 19,
    "never": [NEVER] * 200,
}


@pytest.mark.parametrize("name", WILD)
def test_what_is_too_much_for_a_weight_is_shared_by_several_neurons(name, tmp_path):
    frames = np.random.default_rng(3).random((4, 1, 1, 2, 200)) < [[[[0.9], [0.05]]]]
    frames[0] = True
    lowered, facts, _ = agree(relays(2, WILD[name]), frames)
    own = lowered.layers[-2].recurrent.weights
    assert np.abs(own).max() <= 254
    assert (facts.thermometer > 200) == (name != "fixed")
    write_net(lowered, tmp_path / "wild.net")


def test_the_thresholds_of_pairs():
    table = pair_table(CutoffPolicy("topk_gap", [7, NEVER, 1, -1, 9]), 3)
    assert table.thresholds[:3].T.tolist() == [[1, 2, 1]] * 6
    winner = [0 if j < i else -1 for i, j in table.pairs]
    assert table.thresholds[3:].tolist() == [winner, winner], "what comes after a stop does not matter"


def test_no_weight_is_chosen_whose_leak_could_decide():
    for steps in range(1, 120):
        leads = np.arange(steps)
        scale = choose_scale(leads)
        assert scale.du == -1 or leak(leads, scale.weight) < scale.error < 32 * scale.weight
    assert choose_scale(np.arange(60)).du == 0
    assert choose_scale(np.array([2**16])) is None


LONGEST = {
    "the same in all steps": (61, lambda steps: [3] * steps),
    "never in 8 steps, then the same": (59, lambda steps: [NEVER] * 8 + [5] * (steps - 8)),
    "never in the first half, then the same": (55, lambda steps: [NEVER] * (steps // 2) + [3] * (steps - steps // 2)),
    "no cutoff but the last step": (45, lambda steps: [NEVER] * steps),
}


@pytest.mark.parametrize("name", LONGEST)
def test_how_long_a_stream_the_registers_of_the_chip_take(name):
    """One frame more takes a current without leak, which no register of the chip holds."""
    longest, thresholds = LONGEST[name]
    fits, too_long = (lower_cutoff(relays(3, thresholds(steps)))[1].scale for steps in (longest, longest + 1))
    assert (fits.du, too_long.du) == (0, -1)
    assert fits.error < fits.allowed


TABLE = {
    "the same in all steps": lambda threshold, steps: [threshold] * steps,
    "never in 8 steps, then the same": lambda threshold, steps: [NEVER] * 8 + [threshold] * (steps - 8),
    "never in the first half, then the same": lambda threshold, steps: (
        [NEVER] * (steps // 2) + [threshold] * (steps - steps // 2)
    ),
}


def test_the_table_of_the_docs():
    """Every cell is the longest stream; one more frame needs a current without leak."""
    text = (Path(__file__).parents[2] / "docs" / "cutoff.md").read_text(encoding="utf-8")
    assert f"| threshold | {' | '.join(TABLE)} |" in text
    rows = re.findall(r"^\| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", text, re.M)
    assert len(rows) == 5
    for threshold, *cells in rows:
        for cell, thresholds in zip(cells, TABLE.values(), strict=True):
            scales = [
                lower_cutoff(relays(3, thresholds(int(threshold), steps)))[1].scale
                for steps in (int(cell), int(cell) + 1)
            ]
            assert [scale.du for scale in scales] == [0, -1]
    assert "no cutoff but the last step: 45" in text


@pytest.mark.parametrize("name", LONGEST)
def test_the_longest_stream_decides_right_after_the_worst_of_histories(name):
    """One class leads as far as it goes, for as long as possible, before the other catches up."""
    steps, thresholds = LONGEST[name]
    histories = []
    for up, down in combinations_with_replacement(range(0, steps + 1, 2), 2):
        frames = np.zeros((2, 1, 1, 2, steps), dtype=bool)
        frames[0, ..., 0, :up] = frames[0, ..., 1, down:] = frames[1, ..., 1, :up] = frames[1, ..., 0, down:] = True
        histories.append(frames)
    assert agree(relays(2, thresholds(steps)), np.concatenate(histories))[1].scale.du == 0


def test_frame_masks_go_on_as_before():
    """Hidden masks end before the neurons that decide: these look at every step."""
    rng = np.random.default_rng(4)
    keep = np.array([1, 1, 0, 1, 1, 1, 0, 1], dtype=bool)
    deeper = keep & np.array([1, 0, 1, 1, 0, 1, 1, 1], dtype=bool)
    for semantics in ("skip", "mute"):
        masks = FrameMasks(semantics, (keep, deeper, deeper))
        network = relays(3, [2] * masks.stream_steps, depth=3)
        network = replace(network, recipe=replace(network.recipe, steps=8), masks=masks)
        agree(network, rng.random((30, 1, 1, 3, 8)) < 0.5)


def test_the_file_says_it_and_stock_netx_takes_it(tmp_path):
    network, _ = lower_cutoff(relays(3, [2] * 6))
    frames = np.random.default_rng(6).random((2, 1, 1, 3, 6)) < 0.5
    network = replace(network, golden=record_golden(network, frames))
    write_net(network, tmp_path / "a.net")
    again = read_net(tmp_path / "a.net")
    assert (again.cutoff.kind, again.cutoff.layers) == ("on_chip", 2)
    assert again.golden.exit_step.tolist() == network.golden.exit_step.tolist()


def graded():
    neuron, one = SigmaDeltaNeuron(vth_mant=1), DenseSynapse([[2, 0], [0, 2]])
    base = relays(2, [1, 1])
    return replace(base, layers=(Layer("graded", one, neuron, (2,)),))


def alone():
    base = relays(2, [1, 1])
    layer = Layer("one", DenseSynapse([[2, 4]]), SPIKES, (1,))
    return replace(base, layers=(layer,), cutoff=CutoffPolicy.never(2), class_names=("a",))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (graded, "layer graded: its messages are numbers"),
        (lambda: relays(65, [1, 1]), "65 outputs take 4160 comparators, the limit is 64"),
        (alone, "layer one: a lead needs at least 2 outputs"),
        (lambda: lower_cutoff(relays(2, [1, 1]))[0], "its last layers decide already"),
    ],
)
def test_what_cannot_decide_is_refused(make, words):
    with pytest.raises(UnsupportedError, match=words):
        lower_cutoff(make())


def test_a_policy_on_chip_needs_layers_and_others_have_none():
    for kind, layers in (("on_chip", 0), ("topk_gap", 2), ("on_chip", -1), ("on_chip", 1), ("on_chip", 3)):
        with pytest.raises(ConfigError, match="on_chip has 2, others none"):
            CutoffPolicy(kind, [0, 0], layers=layers)
    with pytest.raises(ConfigError, match="there must be one before them"):
        replace(relays(2, [1, 1], depth=2), cutoff=CutoffPolicy("on_chip", [0, 0], layers=2))
    for threshold in (5, -1, NEVER):
        with pytest.raises(ConfigError, match="thresholds of kind on_chip are 0"):
            CutoffPolicy("on_chip", [0, threshold], layers=2)


def test_an_input_block_does_not_disturb_it():
    base = relays(2, [1, 2, 1])
    first = Layer("input", DirectSynapse(), CubaNeuron(vth_mant=32, du=4095, dv=4096), (1, 1, 2))
    network = replace(base, layers=(first, *base.layers), masks=FrameMasks.all_kept(3, 2))
    agree(network, np.random.default_rng(8).random((40, 1, 1, 2, 3)) < 0.5)
