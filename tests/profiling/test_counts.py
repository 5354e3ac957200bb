from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evsnn_lava.errors import ConfigError
from evsnn_lava.export.lowering.cutoff import lower_cutoff
from evsnn_lava.hw_profiles import load_profile
from evsnn_lava.network import (
    CutoffPolicy,
    DeltaNeuron,
    DenseSynapse,
    DirectSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
    SigmaDeltaNeuron,
)
from evsnn_lava.profiling import profile_run
from evsnn_lava.simulation import run


def test_every_executed_step_updates_every_neuron_once(network, result, counted):
    counts = counted(network, result)
    updates = counts.active_updates + counts.idle_updates
    assert updates.sum(axis=2).tolist() == [[4 * 18, 4 * 3], [6 * 18, 6 * 3]]
    assert not updates[0, :, 4:].any()
    assert counts.active_updates.min() >= 0
    assert counts.idle_updates.min() >= 0


def test_active_are_the_biased_neurons_and_those_that_events_could_reach(network, result, counted):
    counts = counted(network, result)
    # The convolution: 9 biased neurons; of the 9 others at most 0 + 0, 0 + 2, 30 + 1 and 24 + 0.
    assert counts.active_updates[0, 0].tolist() == [9, 11, 18, 18, 0, 0]
    # Its second sample: 0 + 0, 0 + 1, 6 + 1, 12 + 1, 18 + 1, 24 + 0.
    assert counts.active_updates[1, 0].tolist() == [9, 10, 16, 18, 18, 18]
    # The dense layer has no bias: at most 3 neurons, and 0 + 1, 6 + 2 events.
    assert counts.active_updates[0, 1].tolist() == [0, 0, 1, 3, 0, 0]


def test_work_beside_the_network(network_of, result, counted):
    plain = counted(network_of(), result)
    assert plain.readout_additions.tolist() == [2 * 3, 4 * 3]
    assert not plain.cutoff_comparisons.any()
    assert not plain.mask_gates.any()

    fixed = counted(network_of(cutoff=CutoffPolicy.fixed(2, 4)), result)
    assert not fixed.cutoff_comparisons.any(), "a fixed stop looks at no score"

    masks = FrameMasks("mute", ([1, 1, 0, 1], [1, 0, 0, 1]))
    both = counted(network_of(masks, CutoffPolicy("topk_gap", [1, 1, 1, 1])), result)
    assert both.cutoff_comparisons.tolist() == [2 * 3, 4 * 3]
    assert both.mask_gates.tolist() == [4 * 2, 6 * 2]

    likely = CutoffPolicy("confidence", [20000] * 4, softmax=[2**15, 9])
    softmax = counted(network_of(cutoff=likely), result)
    assert softmax.readout_additions.tolist() == [2 * 2 * 3, 2 * 4 * 3], "scores, and exponentials of the classes"
    assert softmax.cutoff_comparisons.tolist() == [2 * 3, 4 * 3]


def decided_on_chip(network):
    """A network with its cutoff in neurons, and a run of it."""
    lowered, _ = lower_cutoff(network)
    return lowered, run(lowered, np.random.default_rng(1).random((2, 1, 5, 5, 4)) < 0.5)


def test_a_cutoff_on_chip_leaves_one_spike_to_listen_for(network_of, counted):
    counts = counted(*decided_on_chip(network_of(cutoff=CutoffPolicy("topk_gap", [1, 1, 1, 1]))))
    assert counts.readout_additions.tolist() == [1, 1]
    assert counts.cutoff_comparisons.tolist() == [0, 0]


def test_masks_end_before_the_layers_of_a_cutoff(network_of, result, counted):
    masks = FrameMasks("mute", ([1, 1, 1, 1], [1, 0, 0, 1]))
    assert counted(network_of(masks), result).mask_gates.tolist() == [4, 6]
    lowered, ran = decided_on_chip(network_of(masks))
    assert lowered.depth == 4
    assert counted(lowered, ran).mask_gates.tolist() == ran.steps.tolist()


def test_a_skipped_frame_asks_no_question_on_the_chip(network_of, result, counted):
    masks = FrameMasks("skip", ([1, 1, 0, 1], [1, 1, 0, 1]))
    assert not counted(network_of(masks), result).mask_gates.any()


def test_a_run_of_another_network_is_refused(network, result, counted):
    other = replace(result, messages=result.messages[:, :1], synops=result.synops[:, :1])
    with pytest.raises(ConfigError, match="tiny: it has 2 layers, the run of engine 1"):
        profile_run(network, other, load_profile("loihi2"))


def test_more_steps_than_recorded_are_refused(network, result, counted):
    with pytest.raises(ConfigError, match="9 steps executed, 6 recorded"):
        counted(network, replace(result, steps=np.array([4, 9])))


def test_an_empty_run_is_refused(network, result, counted):
    empty = {name: value[:0] for name, value in vars(result).items() if isinstance(value, np.ndarray)}
    with pytest.raises(ConfigError, match="no sample"):
        counted(network, replace(result, **empty))


def test_a_delta_encoder_at_the_input_is_the_work_of_the_host():
    """It takes no core; its updates are counted and charged nothing, what it sends is charged like any message."""
    first = Layer("encoder", DirectSynapse(), DeltaNeuron(vth_mant=1), (1, 1, 2))
    second = Layer("fc", DenseSynapse(np.full((2, 2), 2)), SigmaDeltaNeuron(vth_mant=1), (2,))
    network = NetworkDescription(
        "sdnn",
        (first, second),
        InputRecipe.frames((1, 1, 2), 4, 8),
        FrameMasks.all_kept(4, 2),
        CutoffPolicy.never(4),
        ("a", "b"),
    )
    frames = np.random.default_rng(1).integers(-20, 20, (3, 1, 1, 2, 4))
    report = profile_run(network, run(network, frames), load_profile("loihi2"))
    encoder = [row for row in report.ledger.rows if row.layer == "encoder"]
    updates = [row for row in encoder if row.kind.startswith("neuron_update")]
    assert sum(row.count for row in updates) == 3 * 2 * 6
    assert [row.energy_j for row in updates] == [0.0, 0.0]
    assert all("host" in row.note for row in updates)
    sent = [row for row in encoder if row.kind == "message"]
    assert sent[0].count > 0
    assert sent[0].energy_j > 0
    assert report.ledger.dynamic.value == pytest.approx(report.dynamic_j.value.sum())
    assert [layer.cores for layer in report.layers] == [0, 0, 1]
