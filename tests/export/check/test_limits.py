"""Every limit: a network just inside is accepted, one just outside is refused by its rule, and the remedy works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from evsnn_lava.errors import CapacityError
from evsnn_lava.export.check import RULES, Verdict, check, summary_line
from evsnn_lava.export.check.finding import BASES, LEVELS
from evsnn_lava.export.check.memory import MEASURES, core_memory, used
from evsnn_lava.export.check.subject import Subject
from evsnn_lava.export.placement import place
from evsnn_lava.hw_profiles import Bounds, chip_names, load_chip
from evsnn_lava.network import (
    NEVER,
    ComplexSynapse,
    ConvSynapse,
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    DirectSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
    RfNeuron,
    SigmaDeltaNeuron,
)
from evsnn_lava.network.ranges import RANGES
from evsnn_lava.simulation import record_golden

NEURON = CubaNeuron(vth_mant=25, du=4095, dv=0)


def chain(*layers, shape=(1, 1, 2), bits=0, **parts):
    recipe = InputRecipe.frames(shape, 4, bits)
    names = tuple(map(str, range(layers[-1].neurons)))
    parts = {"masks": FrameMasks.all_kept(4, len(layers)), "cutoff": CutoffPolicy.never(4)} | parts
    return NetworkDescription("n", layers, recipe, class_names=names, **parts)


def dense(inputs, outputs=2, neuron=NEURON, **synapse):
    weights = synapse.pop("weights", np.full((outputs, inputs), 2))
    return Layer("fc", DenseSynapse(weights, **synapse), neuron, (outputs,))


def conv(channels, inputs, side=3, kernel=3, neuron=NEURON):
    place = side - kernel + 1
    weights = np.full((channels, inputs, kernel, kernel), 2)
    return Layer("conv", ConvSynapse(weights), neuron, (channels, place, place))


def of_neuron(**values):
    return chain(dense(2, neuron=replace(NEURON, **values)))


def line(layers):
    """So many layers of two neurons."""
    return chain(*(replace(dense(2), name=f"fc{index}") for index in range(layers)))


def columns(number):
    layer = Layer("conv", ConvSynapse(np.full((1, 1, 1, 1), 2)), NEURON, (1, 1, number))
    return chain(layer, shape=(1, 1, number))


def speck_kernel(inputs):
    return chain(conv(16, inputs, side=4, kernel=4), shape=(inputs, 4, 4))


def speck_neurons(number):
    return chain(Layer("conv", ConvSynapse([[[[2]]]]), NEURON, (1, 1, number)), shape=(1, 1, number))


def speck_biases(channels):
    neuron = replace(NEURON, bias_mant=np.ones(channels, int))
    return chain(conv(channels, 1, neuron=neuron), shape=(1, 3, 3))


@dataclass(frozen=True)
class Case:
    """A rule, the chip that has it, a network of a size, the last size that fits and the next one."""

    rule: str
    chip: str
    build: Callable[[int], NetworkDescription]
    inside: int
    outside: int

    @property
    def name(self):
        return f"{self.rule} on {self.chip}, {self.inside}"


CASES = (
    Case("synapse_words", "loihi2", lambda n: chain(conv(1, n), shape=(n, 3, 3)), 1333, 1334),
    Case("synapse_words", "loihi1", lambda n: chain(conv(1, n), shape=(n, 3, 3)), 1820, 1821),
    Case("total_words", "loihi2", lambda n: chain(dense(n), shape=(1, 1, n)), 9998, 9999),
    Case("axons_in", "loihi1", lambda n: chain(dense(n), shape=(1, 1, n)), 4096, 4097),
    Case("groups", "loihi2", lambda n: chain(conv(n, 1), shape=(1, 3, 3)), 510, 511),
    Case("decays", "loihi1", lambda n: chain(dense(2, n, neuron=replace(NEURON, dv=np.arange(n)))), 32, 33),
    Case("du", "loihi2", lambda value: of_neuron(du=value), 0, -1),
    Case("dv", "loihi2", lambda value: of_neuron(dv=value), 4095, 4096),
    Case("dv", "loihi1", lambda value: of_neuron(dv=value), 4095, 4096),
    Case("du", "speck", lambda value: of_neuron(du=value), 4095, 4094),
    Case("dv", "speck", lambda value: of_neuron(dv=value), 0, 1),
    Case("weight", "speck", lambda value: chain(dense(2, weights=[[value, 2], [2, 2]])), 127, 128),
    Case("weight", "speck", lambda value: chain(dense(2, weights=[[value, 2], [2, 2]])), -128, -129),
    Case("kernel", "speck", lambda n: chain(conv(1, 1, side=n, kernel=n), shape=(1, n, n)), 16, 17),
    Case("sensor", "speck", lambda n: chain(conv(1, 1, side=n), shape=(1, n, n)), 128, 129),
    Case("kernel_words", "speck", speck_kernel, 256, 257),
    Case("neuron_words", "speck", speck_neurons, 65536, 65537),
    Case("bias_words", "speck", speck_biases, 1024, 1025),
    Case("wide_convolution", "loihi2", columns, 255, 256),
)


def found(network, chip, levels=("error", "warning"), **options):
    return [finding for finding in check(network, load_chip(chip), **options) if finding.level in levels]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_just_inside_is_accepted(case):
    assert not [finding for finding in found(case.build(case.inside), case.chip) if finding.rule == case.rule]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_just_outside_is_refused_by_its_rule_and_the_remedy_works(case):
    broken = [finding for finding in found(case.build(case.outside), case.chip) if finding.rule == case.rule]
    assert len(broken) == 1
    finding = broken[0]
    assert (finding.basis in BASES, bool(finding.source)) == (True, True)
    assert finding.change.words
    nearest = NEAREST.get(case.rule, lambda value: value)(finding.change.value)
    assert nearest == case.inside, "the smallest change that helps"
    assert not [again for again in found(case.build(nearest), case.chip) if again.rule == case.rule]


NEAREST = {"kernel_words": lambda words: words // 256}
"""What a remedy in words of memory says about the size of the network."""

ALONE = {"sensor", "kernel_words", "neuron_words", "bias_words"}


@pytest.mark.parametrize("case", [case for case in CASES if case.rule not in ALONE], ids=lambda case: case.name)
def test_no_other_rule_is_broken(case):
    assert {finding.rule for finding in found(case.build(case.outside), case.chip)} == {case.rule}


def test_a_layer_that_no_core_can_hold_finds_none():
    """On a chip of unlike cores, what is too large for every core is also without one."""
    for case in CASES:
        if case.rule in ALONE - {"sensor"}:
            rules = {finding.rule for finding in found(case.build(case.outside), case.chip)}
            assert rules - {"sensor"} == {case.rule, "cores"}


def with_limits(**limits):
    """Loihi 2 with the limit of decays that only Loihi 1 states, and with other limits."""
    chip, decays = load_chip("loihi2"), load_chip("loihi1").limits.decays_per_core
    stated = chip.limits.model_copy(update={"decays_per_core": decays})
    kept = {name: getattr(stated, name).model_copy(update={"value": value}) for name, value in limits.items()}
    return chip.model_copy(update={"limits": stated.model_copy(update=kept)})


@pytest.mark.parametrize("name", MEASURES)
def test_every_limit_of_a_core_is_compared(name):
    """Placing keeps most of these by cutting; here a layer lies as on a wider chip."""
    network = chain(conv(3, 2), shape=(2, 3, 3))
    placement = place(network, load_chip("loihi2"))
    (core,) = placement.cores
    rule, _ = MEASURES[name]
    taken = used(name, network.layers[0], core)
    for limit, level in ((taken, "ok"), (taken - 1, "error")):
        subject = Subject(network, with_limits(**{name: limit}), placement, 1)
        others = [finding for finding in core_memory(subject) if finding.rule != rule]
        (finding,) = [finding for finding in core_memory(subject) if finding.rule == rule]
        assert (finding.level, finding.value, finding.limit) == (level, taken, limit)
        assert len(others) == len(MEASURES) - 1
        assert {finding.level for finding in others} == {"ok"}


@pytest.mark.parametrize("name", ["neurons_per_core", "axon_map_per_core"])
def test_what_is_cut_needs_no_remedy(name):
    """One more neuron than a core holds takes one more core."""
    network = chain(dense(2, outputs=40))
    for most, cores in ((40, 1), (39, 2)):
        chip = with_limits(**{name: most})
        assert len(place(network, chip).cores) == cores
        assert Verdict.of(check(network, chip)).fits


def test_input_rate_is_that_of_the_frames_that_are_sent():
    network = chain(dense(2), masks=FrameMasks("skip", ([1, 0, 1, 1],)), cutoff=CutoffPolicy.never(3))
    frames = np.zeros((2, 1, 1, 2, 4), int)
    frames[0, ..., 1] = 1  # two messages in the frame that is not sent
    frames[:, ..., 0, [0, 2, 3]] = 1
    (finding,) = [
        each
        for each in check(replace(network, golden=record_golden(network, frames)), load_chip("loihi2"))
        if each.rule == "input_rate"
    ]
    assert (finding.level, finding.value) == ("note", 1)
    assert finding.fact.startswith("1 messages a step, 1 at most")
    assert not [each for each in check(network, load_chip("loihi2")) if each.rule == "input_rate"]


def test_the_answer_in_a_line():
    chip = load_chip("loihi2")
    for network, words in (
        (line(5), "check: ready for loihi2, 5 cores"),
        (of_neuron(dv=np.array([1, 2])), "check: ready for loihi2, 1 core, 1 warning; `evsnn check FILE --hw loihi2` "),
        (of_neuron(du=-1), "check: not ready for loihi2, 1 core, 1 error; `evsnn check FILE --hw loihi2` lists it"),
    ):
        assert summary_line(check(network, chip), place(network, chip)).startswith(words)


@pytest.mark.parametrize(("chip", "most"), [("loihi2", 120), ("loihi1", 128)])
def test_as_many_layers_as_cores(chip, most):
    assert not found(line(most), chip)
    (finding,) = found(line(most + 1), chip)
    assert (finding.rule, finding.value, finding.limit, finding.change.value) == ("cores", most + 1, most, 2)
    assert not found(line(most + 1), chip, chips=finding.change.value)


def test_unlike_cores_are_given_to_the_layers_that_need_them():
    assert not found(line(9), "speck")
    (finding,) = found(line(10), "speck")
    assert (finding.rule, finding.change.value) == ("cores", 9)
    kernels = [np.full((4, 4 if index else 1, 1, 1), 2) for index in range(4)]
    big = [Layer(f"conv{index}", ConvSynapse(each), NEURON, (4, 128, 128)) for index, each in enumerate(kernels)]
    (finding,) = found(chain(*big, shape=(1, 128, 128)), "speck")
    assert (finding.rule, finding.change.value) == ("cores", 3), "three cores are as large as that"
    assert not found(chain(*big[:3], shape=(1, 128, 128)), "speck")
    assert not found(chain(*big, shape=(1, 128, 128)), "speck", chips=2)


BUILDERS = {
    "weight": lambda value: chain(dense(2, weights=[[value, 2], [2, 2]])),
    "weight_exp": lambda value: chain(dense(2, weight_exp=value)),
    "delay": lambda value: chain(dense(2, delays=np.full((2, 2), value))),
    "vth_mant": lambda value: of_neuron(vth_mant=value),
    "du": lambda value: of_neuron(du=value),
    "dv": lambda value: of_neuron(dv=value),
    "bias_mant": lambda value: of_neuron(bias_mant=np.array([value, 1])),
    "bias_exp": lambda value: of_neuron(bias_mant=np.array([1, 1]), bias_exp=value),
}


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize("side", [0, 1])
def test_registers_as_the_description_has_them(name, side):
    """What lies beyond the description cannot even be built; a chip with a tighter register refuses it by the rule."""
    limit, step = RANGES[name][side], (-1, 1)[side]
    with pytest.raises(CapacityError, match=name):
        BUILDERS[name](limit + step)
    chip, inner = load_chip("loihi2"), RANGES[name][side] - step
    if name == "delay":
        inner = (1, 61)[side]
        limit = inner + step
    low, high = (inner, RANGES[name][1]) if side == 0 else (min(RANGES[name][0], inner), inner)
    tight = Bounds(low=low, high=high, source="a test", year=2026, status="assumed")
    chip = chip.model_copy(update={"ranges": {name: tight}})
    ours = [finding for finding in check(BUILDERS[name](inner), chip) if finding.rule == name]
    assert [finding.level for finding in ours] == ["ok"]
    (finding,) = [finding for finding in check(BUILDERS[name](limit), chip) if finding.rule == name]
    assert (finding.level, finding.change.value, finding.basis) == ("error", inner, "assumed")


def graded_input():
    return chain(Layer("input", DirectSynapse(), NEURON, (1, 1, 2)), dense(2), bits=8)


def recurrent():
    return chain(replace(dense(2), recurrent=DenseSynapse([[0, 2], [2, 0]])))


def sigma_delta():
    return chain(Layer("sdnn", DenseSynapse(np.full((2, 2), 2)), SigmaDeltaNeuron(vth_mant=1), (2,)), bits=8)


def hidden_mask():
    masks = FrameMasks("skip", ([1, 1, 0, 1], [1, 0, 0, 1]))
    return chain(dense(2), replace(dense(2), name="deep"), masks=masks, cutoff=CutoffPolicy.never(3))


def open_masks():
    masks = FrameMasks("skip", ([1, 1, 0, 1],) * 2)
    return chain(dense(2), replace(dense(2), name="deep"), masks=masks, cutoff=CutoffPolicy.never(3))


KINDS = [
    ("message_bits", "loihi1", graded_input, "input", lambda: chain(dense(2))),
    ("recurrence", "speck", recurrent, "layer fc", lambda: chain(dense(2))),
    ("delays", "speck", lambda: chain(dense(2, delays=np.ones((2, 2), int))), "layer fc", lambda: chain(dense(2))),
    ("neuron_kind", "loihi1", sigma_delta, "layer sdnn", lambda: chain(dense(2))),
    ("synapse_kind", "speck", graded_input, "layer input", lambda: chain(dense(2))),
    ("hidden_masks", "loihi2", hidden_mask, "layer deep", open_masks),
    ("stock_netx", "loihi2", lambda: chain(dense(2, weights=[[255, -3], [1, 2]])), "layer fc", lambda: chain(dense(2))),
    ("one_decay", "loihi2", lambda: of_neuron(dv=np.array([1, 2])), "layer fc", lambda: of_neuron(dv=1)),
]


@pytest.mark.parametrize(("rule", "chip", "bad", "where", "good"), KINDS, ids=[case[0] for case in KINDS])
def test_what_the_chip_has_not(rule, chip, bad, where, good):
    broken = [finding for finding in found(bad(), chip) if finding.rule == rule]
    assert where in [finding.object for finding in broken]
    assert all(finding.change.words for finding in broken)
    assert not [finding for finding in found(good(), chip) if finding.rule == rule]


def test_per_channel_decays_are_a_warning_and_no_error():
    (finding,) = found(of_neuron(du=np.array([1, 2])), "loihi2")
    assert (finding.level, finding.rule) == ("warning", "one_decay")
    assert not found(of_neuron(du=np.array([1, 2])), "loihi1")


def test_the_cutoff_of_the_host_is_a_note():
    def forms(network):
        return [finding.fact for finding in found(network, "loihi2", ("note",)) if finding.rule == "cutoff_form"]

    assert not forms(chain(dense(2)))
    assert "in every step" in forms(chain(dense(2), cutoff=CutoffPolicy("topk_gap", [NEVER, 2, 2, 2])))[0]


def test_a_head_of_sums_is_a_warning_for_loihi2_and_an_error_for_loihi1():
    head = replace(dense(2), name="head", neuron=SigmaDeltaNeuron.sums())
    network = chain(dense(2), head, cutoff=CutoffPolicy("topk_gap", [NEVER, 2, 2, 2]))
    (finding,) = [each for each in found(network, "loihi2") if each.object == "layer head"]
    assert (finding.level, finding.rule) == ("warning", "stock_netx")
    (note,) = [each for each in found(network, "loihi2", ("note",)) if each.rule == "cutoff_form"]
    assert note.change is None  # comparators count spikes
    wide = replace(head, synapse=DenseSynapse(np.full((2, 140), 254)))
    network = chain(dense(140, outputs=140), wide, shape=(1, 1, 140))
    broken = [each for each in found(network, "loihi2") if each.object == "layer head" and each.level == "error"]
    assert [(each.rule, each.value, each.limit) for each in broken] == [("stock_netx", 140 * 254, 2**15 - 1)]
    assert {each.rule for each in found(network, "loihi1", ("error",))} >= {"neuron_kind"}


def test_everything_is_found_at_once():
    """One network with a problem of every kind; none hides another."""
    masks = FrameMasks("skip", ([1, 1, 1, 1], [1, 0, 0, 1], [1, 0, 0, 1]))
    bad = CubaNeuron(25, -1, np.array([4096, 1]))
    layers = (
        dense(9999, neuron=bad),
        replace(dense(2, weights=[[255, -3], [1, 2]]), name="odd"),
        Layer("sdnn", DenseSynapse(np.full((2, 2), 2)), SigmaDeltaNeuron(vth_mant=1), (2,)),
    )
    network = chain(*layers, shape=(1, 1, 9999), masks=masks)
    rules = {finding.rule for finding in found(network, "loihi2")}
    assert rules >= {"total_words", "du", "dv", "one_decay", "stock_netx", "hidden_masks"}


@pytest.mark.parametrize("chip", chip_names())
def test_levels_come_in_order_and_verdicts_add_up(chip):
    findings = check(hidden_mask(), load_chip(chip))
    order = [list(LEVELS).index(finding.level) for finding in findings]
    assert order == sorted(order)
    verdict = Verdict.of(findings)
    assert sum(verdict.counts.values()) == len(findings)
    assert verdict.fits == (verdict.counts["error"] == 0)


def test_a_chip_is_data():
    """A profile without limits and registers has nothing to say; the rules are the same for all chips."""
    chip = load_chip("loihi2")
    renamed = chip.model_copy(update={"name": "mine"})
    assert check(hidden_mask(), renamed) == check(hidden_mask(), chip)
    silent = chip.model_copy(update={"ranges": {}, "supports": None})
    errors = [finding.rule for finding in check(hidden_mask(), silent) if finding.level == "error"]
    assert errors == ["hidden_masks"]
    assert len({rule.__name__ for rule in RULES}) == len(RULES)


def test_what_nothing_public_shows_on_the_chip_is_a_warning():
    layer = Layer("rf", ComplexSynapse(DenseSynapse([[2, 4]]), DenseSynapse([[2, 6]])), RfNeuron(5, 100, 4000), (1,))
    (finding,) = found(chain(layer), "loihi2")
    assert (finding.level, finding.rule, finding.object) == ("warning", "neuron_kind", "layer rf")
    assert "CubaNeuron" in finding.change.words
    assert "RfNeuron" not in finding.change.words


def test_where_no_number_of_inputs_helps_the_layer_is_too_large():
    own = np.full((4200, 4200), 2)
    layer = Layer("fc", DenseSynapse(np.full((4200, 10), 2)), NEURON, (4200,), DenseSynapse(own))
    (finding,) = [each for each in found(chain(layer, shape=(1, 1, 10)), "loihi1") if each.rule == "axons_in"]
    assert (finding.change.quantity, finding.change.value) == ("neurons", None)


@pytest.mark.parametrize(("side", "rules"), [(16, set()), (17, {"kernel"})])
def test_a_dense_layer_behind_an_image_is_a_kernel_as_large_as_it(side, rules):
    network = chain(dense(side * side), shape=(1, side, side))
    assert {finding.rule for finding in found(network, "speck")} == rules


def test_the_words_of_a_dense_layer_are_those_of_that_kernel():
    """20 channels x 32 places x 128 outputs are more than the largest core has; 64 outputs are not."""
    assert not found(chain(dense(20 * 25, 64), shape=(20, 5, 5)), "speck")
    rules = {finding.rule: finding.value for finding in found(chain(dense(20 * 25, 128), shape=(20, 5, 5)), "speck")}
    assert rules["kernel_words"] == 20 * 32 * 128


def test_every_problem_of_a_layer_with_netx_is_found_at_once():
    neuron = CubaNeuron(25, 4095, 1024, bias_mant=np.array([1, 2]), bias_exp=3)
    broken = found(chain(dense(2, weights=[[255, -3], [1, 2]], neuron=neuron)), "loihi2")
    facts = sorted(each.fact.split()[0] for each in broken if each.rule == "stock_netx")
    assert facts == ["bias_exp", "netx"]


def test_the_words_of_a_grouped_kernel_count_all_input_channels():
    grouped = ConvSynapse(np.full((16, 2, 3, 3), 2), groups=4)
    network = chain(Layer("conv", grouped, NEURON, (16, 2, 2)), shape=(8, 4, 4))
    (finding,) = [each for each in check(network, load_chip("speck")) if each.rule == "kernel_words"]
    assert finding.value == 8 * 16 * 16


def test_graded_messages_take_32_bits():
    chip = load_chip("loihi2")
    tight = chip.ranges["message_bits"].model_copy(update={"high": 31})
    chip = chip.model_copy(update={"ranges": {"message_bits": tight}})
    broken = [each for each in check(sigma_delta(), chip) if each.rule == "message_bits" and each.level == "error"]
    assert [(each.object, each.value) for each in broken] == [("layer sdnn", 32)]
