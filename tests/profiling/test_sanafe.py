"""Our ledger against SANA-FE 2.2.9: the same network on the same cores, priced with the same numbers.

Spikes, voltages, messages, hops, operations and updates agree in every step. Energies are compared as whole numbers
of 0.1 pJ, which SANA-FE adds without rounding; in joules both tools round, and by how much is bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from evsnn_lava.export.placement import LoadMeter
from evsnn_lava.hw_profiles import load_profile
from evsnn_lava.network import NetworkDescription
from evsnn_lava.profiling import Estimates, EventCounts, Ledger, build_ledger, count_events
from evsnn_lava.simulation import Trace, result_from_trace, simulate

from .sanafe_case import FRAMES, TILES, Prices, Told, chip_text, drawn_network, homes_of, matrix_of, placement_of

PROFILE = load_profile("loihi1:fitted")
DECIMALS = {
    name: Decimal(repr(price.value)).scaleb(-12) for name, price in PROFILE.energy if price and price.unit == "pJ"
}
UNIT = Decimal("1e-13")
JOULE = Decimal(1)

UPDATES = ("neuron_update_active", "neuron_update_idle")
PARTS = {"synapse": ("synop",), "soma": (*UPDATES, "spike"), "network": ("message", "hop_x", "hop_y")}
"""What SANA-FE adds up, and the kinds of our ledger that make it."""

EVERY = tuple(kind for kinds in PARTS.values() for kind in kinds)
SHOWN = 1
"""Seed of the case whose numbers ``docs/energy.md`` shows."""

COUNTS = {
    "synop": 2052,
    "neuron_update_active": 517,
    "neuron_update_idle": 347,
    "spike": 87,
    "message": 1472,
    "hop_x": 604,
    "hop_y": 1488,
}
UNITS = {"synapse": 711_670, "soma": 614_331, "network": 1_714_536}
ACTIVE_BY_OUR_RULE = 438


@dataclass(frozen=True, eq=False)
class Case:
    """One sample in both tools."""

    network: NetworkDescription
    trace: Trace
    counts: EventCounts
    told: Callable[[Decimal], dict]

    @property
    def ledger(self) -> Ledger:
        return build_ledger(self.counts, PROFILE, Estimates.exact(self.counts.steps))

    def sent(self, layer: int) -> np.ndarray:
        """Spikes of a layer, of the input for -1, shape (neurons, steps)."""
        if layer < 0:
            padded = np.zeros((*self.network.input_shape, self.network.max_steps), dtype=bool)
            padded[..., : self.trace.stream.shape[-1]] = self.trace.stream[0]
            return padded.reshape(-1, padded.shape[-1])
        return self.trace.messages[layer][0].reshape(-1, self.network.max_steps)


@pytest.fixture(name="case_of", scope="module")
def fixture_case_of(tmp_path_factory) -> Callable[[int], Case]:
    sanafe = pytest.importorskip("sanafe", reason="SANA-FE (package sanafe) is not installed")
    folder = tmp_path_factory.mktemp("sanafe")

    def drawn(seed: int) -> Case:
        rng = np.random.default_rng(seed)
        network = drawn_network(rng)
        frames = rng.random((1, *network.input_shape, FRAMES)) < rng.uniform(0.05, 0.4)
        trace = simulate(network, frames, states=True)
        load = LoadMeter(network, placement_of(network)).measure(frames)
        counts = count_events(network, result_from_trace(network, trace, "reference", 0.0), load)

        def told(unit: Decimal) -> dict:
            file = folder / f"{unit}.yaml"
            file.write_text(chip_text(Prices.of(DECIMALS, unit), int(np.prod(network.input_shape))))
            return Told(sanafe, file, network, frames[0]).run()

        return Case(network, trace, replace(counts, active_updates=updated(network, trace)), told)

    return drawn


def updated(network: NetworkDescription, trace: Trace) -> np.ndarray:
    """Active updates as SANA-FE defines them, from our own run, shape (1, L, K).

    A neuron is updated if an operation reached it, if its voltage was not zero, or if it has a bias.
    """
    steps = network.max_steps
    sources = [np.pad(trace.stream, [(0, 0)] * 4 + [(0, network.depth)]), *trace.messages]
    counted = np.zeros((1, network.depth, steps), dtype=np.int64)
    shapes = [network.input_shape, *(layer.shape for layer in network.layers)]
    for index, layer in enumerate(network.layers):
        ways = [(layer.synapse, shapes[index], sources[index])]
        if layer.recurrent is not None:
            ways.append((layer.recurrent, (layer.neurons,), sources[index + 1]))
        arrived = sum((matrix_of(way, shape) != 0).astype(int) @ flat(sent) for way, shape, sent in ways)
        work = (arrived > 0) | (flat(trace.states[index]["v"]) != 0)
        biased = np.broadcast_to(layer.neuron.bias(layer.shape), layer.shape).reshape(-1, 1) != 0
        before = np.pad(work, [(0, 0), (1, 0)])[:, :-1]
        counted[0, index] = (before | biased).sum(axis=0)
    return counted


def flat(array: np.ndarray) -> np.ndarray:
    """The only sample, shape (neurons, steps)."""
    return array[0].reshape(-1, array.shape[-1])


def messages_of(told: dict, chosen: Callable[[dict], bool], value: Callable[[dict], int]) -> list[int]:
    """Sum of something over the chosen messages, per step."""
    return [
        sum(value(each) for each in step if not each["placeholder"] and chosen(each)) for step in told["message_trace"]
    ]


def from_layer(name: str) -> Callable[[dict], bool]:
    return lambda each: each["src_neuron_group_id"] == name


def to_core(message: dict) -> tuple[int, int]:
    return message["dest_tile_id"], message["dest_core_offset"]


def exact_j(ledger: Ledger, kinds: tuple[str, ...]) -> Fraction:
    """Decimal price times count in joules, without any rounding."""
    priced = {row: "synop_conv" if (row.layer, row.kind) == ("conv", "synop") else row.kind for row in ledger.rows}
    rows = ((Fraction(DECIMALS[kind]), row) for row, kind in priced.items() if row.kind in kinds)
    return sum((price * row.count for price, row in rows), Fraction(0))


cases = st.integers(0, 2**32)
few = settings(
    max_examples=4,
    phases=[Phase.generate],  # a smaller seed is no smaller case
    suppress_health_check=list(HealthCheck),
)


@few
@given(cases)
def test_both_tools_see_the_same_run(case_of, seed):
    case = case_of(seed)
    told = case.told(UNIT)
    names = ["input", *case.counts.layers]
    for index, name in enumerate(names):
        fired = np.zeros_like(case.sent(index - 1))
        for step, spikes in enumerate(told["spike_trace"]):
            fired[[each.neuron_offset for each in spikes if each.group_name == name], step] = True
        assert np.array_equal(fired, case.sent(index - 1))
    voltages = np.concatenate([flat(states["v"]) for states in case.trace.states])
    assert np.array_equal(np.array(told["potential_trace"]).T * 64, voltages)
    perf, counts = told["perf_trace"], case.counts
    inputs = counts.input_events[0]
    assert perf["fired"] == (counts.messages[0].sum(axis=0) + inputs).tolist()
    assert perf["updated"] == (counts.active_updates[0].sum(axis=0) + inputs).tolist()
    synops = counts.synops[0].sum(axis=0)
    to_host = counts.messages[0, -1]
    assert perf["spikes"] == (synops + to_host).tolist()
    assert perf["hops"] == (counts.load.hops_x + counts.load.hops_y)[0].sum(axis=0).tolist()


@few
@given(cases)
def test_messages_go_the_same_ways(case_of, seed):
    case = case_of(seed)
    told, counts, load = case.told(UNIT), case.counts, case.counts.load
    assert messages_of(told, from_layer("input"), lambda _: 1) == load.input_copies[0].tolist()
    assert not any(messages_of(told, from_layer("input"), lambda each: each["hops"]))
    for index, name in enumerate(counts.layers):
        assert messages_of(told, from_layer(name), lambda _: 1) == load.copies[0, index].tolist()
        for axis, hops in (("x", load.hops_x), ("y", load.hops_y)):
            way = messages_of(
                told, from_layer(name), lambda each, axis=axis: abs(each[f"src_{axis}"] - each[f"dest_{axis}"])
            )
            assert way == hops[0, index].tolist()
        there = set(homes_of(case.network, index))
        arrived = messages_of(told, lambda each, there=there: to_core(each) in there, lambda each: each["spikes"])
        from_out = counts.messages[0, -1] if index == len(TILES) - 1 else 0  # the wires to the host
        assert arrived == (counts.synops[0, index] + from_out).tolist()


@few
@given(cases)
def test_energies_agree_exactly(case_of, seed):
    """In units of 0.1 pJ all of SANA-FE's sums are whole numbers: there is nothing to round."""
    case = case_of(seed)
    energies = case.told(UNIT)["energy"]
    for part, kinds in PARTS.items():
        assert Fraction(energies[part]) == exact_j(case.ledger, kinds) / Fraction(UNIT)
    assert energies["dendrite"] == 0
    assert Fraction(energies["total"]) == exact_j(case.ledger, EVERY) / Fraction(UNIT)


@few
@given(cases)
def test_joules_differ_by_rounding_alone(case_of, seed):
    """Ours rounds three times: price, row, sum. SANA-FE rounds every price and then after every operation it adds."""
    case = case_of(seed)
    energies, ledger = case.told(JOULE)["energy"], case.ledger
    assert sorted({row.kind for row in ledger.rows if row.energy_j} - {"static"}) == sorted(EVERY)
    for part, kinds in {**PARTS, "total": EVERY}.items():
        exact = exact_j(ledger, kinds)
        assert abs(Fraction(ledger.energy(kinds=kinds).value) - exact) <= rounded(3) * exact
        additions = ledger.count(kinds=kinds) + 2 * sum(map(len, TILES)) + case.network.max_steps
        assert abs(Fraction(energies[part]) - exact) <= rounded(additions) * exact
    assert ledger.dynamic.value == ledger.energy(kinds=EVERY).value


def rounded(times: int) -> Fraction:
    """How far so many roundings to a double may lead, relative to the result."""
    return (1 + Fraction(1, 2**53)) ** times - 1


def test_the_case_has_everything_that_is_priced(case_of):
    """So that agreement means something: all directions, own cores, several cores a spike, neurons without work."""
    case = case_of(SHOWN)
    ledger, told = case.ledger, case.told(UNIT)
    assert {kind: ledger.count(kinds=[kind]) for kind in EVERY} == COUNTS
    assert {part: told["energy"][part] for part in PARTS} == UNITS
    assert (case.counts.load.copies[0, 1] == 20 * case.counts.messages[0, 1]).all()  # its own 16 cores and 4 behind
    messages = [each for step in told["message_trace"] for each in step if not each["placeholder"]]
    ways = {tuple(np.sign(each[f"dest_{axis}"] - each[f"src_{axis}"]).item() for axis in "xy") for each in messages}
    assert {x for x, _ in ways} == {y for _, y in ways} == {-1, 0, 1}
    assert any(
        each["src_core_id"] == each["dest_core_id"] for each in messages if each["src_neuron_group_id"] == "hidden"
    )


def test_our_own_count_of_active_updates_has_theirs_in_its_range(case_of):
    """Ours does not see which neuron an operation reached; theirs also counts a neuron that only leaks."""
    case = case_of(SHOWN)
    run = result_from_trace(case.network, case.trace, "reference", 0.0)
    ours = count_events(case.network, run, case.counts.load)
    assert ours.active_updates.sum() == ACTIVE_BY_OUR_RULE
    energy = build_ledger(ours, PROFILE, Estimates.exact(ours.steps)).energy(kinds=UPDATES)
    assert energy.low <= float(exact_j(case.ledger, UPDATES)) <= energy.high
