"""Tables, sentences and plots of the papers' study: from made-up results; the page, from the committed ones."""

import json
import re
import socket

import numpy as np
import pytest

from benchmarks.papers import pages
from benchmarks.papers.loaded import (
    Results,
    certifiable_epsilon,
    certified_cutoff,
    chosen_cutoff,
    cutoff_row,
    run_to_end,
)
from benchmarks.papers.places import RESULTS
from benchmarks.papers.plan import GUARANTEED
from benchmarks.papers.plots import PLOTS, digest, write_plot
from benchmarks.papers.records import packed, read_record, unpacked, write_record
from benchmarks.papers.tables import BLOCKS
from benchmarks.papers.tables.cutoff import cutoff, cutoff_words, regulariser
from benchmarks.papers.tables.heads import heads
from benchmarks.papers.tables.hoyer import hoyer_words
from benchmarks.papers.tables.masks import Match, masks, masks_words
from benchmarks.papers.tables.progress import progress
from benchmarks.papers.tables.reached import SENTENCES, reached
from benchmarks.papers.tables.together import WAYS, chosen_keep, together_words, ways
from benchmarks.papers.tables.use import USED, use
from benchmarks.papers.tables.words import micro, points, spread, times
from benchmarks.papers.units import DATASETS, same_config, tasks_of
from benchmarks.papers.variants import HEADLINE_MASK, KEEPS, PLAIN, WITHOUT_RCS, Variant, layer_shares
from evsnn_lava.errors import FormatError
from evsnn_lava.training.config import RunConfig

from .papers_results import guarantee_record, made_up, record

FILES = sorted(RESULTS.glob("*/*.json"))
EMPTY = Results({})
HALF = ("nmnist_small", "input", 0.5)


@pytest.fixture(scope="module")
def results():
    return made_up(seeds=5)


def test_the_page_is_that_of_the_results():
    page = pages.PAGE.read_text(encoding="utf-8")
    assert pages.filled(page, Results.read(RESULTS)) == page


def test_every_block_has_its_place():
    found = [match["name"] for match in pages.MARKED.finditer(pages.PAGE.read_text(encoding="utf-8"))]
    assert sorted(found) == sorted(pages.BY_NAME)


def test_the_plots_are_those_of_the_results():
    results = Results.read(RESULTS)
    for name, plot in PLOTS.items():
        path, data = pages.PAGE.parent / "img" / f"{name}.svg", plot.collect(results)
        assert path.exists() == bool(data)
        assert not data or digest(data) in path.read_text(encoding="utf-8")


def test_an_unknown_block_is_refused():
    with pytest.raises(FormatError, match="no table 'speed'"):
        pages.filled("<!-- table: speed -->\nold\n<!-- end -->\n", EMPTY)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_results_name_no_machine_and_have_the_present_configuration(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r'"/|[^ ]/(home|root|tmp|work)/', text)
    assert socket.gethostname() not in text or len(socket.gethostname()) < 4


@pytest.mark.parametrize("table", BLOCKS)
def test_committed_results_are_those_of_the_configurations(table):
    for task in tasks_of(table, DATASETS, range(1, 6)):
        found = read_record(RESULTS / task.study / f"{task.name}.json")
        assert found is None or task.is_of(found)


@pytest.mark.parametrize("name", pages.BY_NAME)
def test_a_block_without_results_says_so(name):
    assert pages.BY_NAME[name](EMPTY) == ["Not measured yet."]


@pytest.mark.parametrize("name", pages.BY_NAME)
def test_a_block_with_results_is_filled(name, results):
    lines = pages.BY_NAME[name](results)
    assert "Not measured yet." not in lines
    assert any("MNIST" in line or "Braille" in line or "img/" in line for line in lines)
    heights = {line.count("|") for line in lines if line.startswith("|")}
    assert len(heights) <= 1


def test_a_single_seed_has_no_interval():
    results = made_up(seeds=1, studies=("nmnist_small",))
    for block in pages.BY_NAME.values():
        assert not any("±" in line for line in block(results))
    assert (spread([0.5], 100), spread([0.5, 0.5, 0.5], 100)) == ("50.0", "50.0 ± 0.0")


def test_learned_masks_win_where_they_are_better_in_every_seed(results):
    found = Match("nmnist_small", "learned", "uniform").compared(results, HALF)
    assert found.sign_flip_p == pytest.approx(1 / 32)
    said = next(line for line in masks_words(results) if "learned against uniform" in line)
    assert "p < 0.05 (permutation) at input 0.75, input 0.5, input 0.25, hierarchical" in said


def test_masks_must_cost_little_and_beat_uniform_ones(results):
    for method in ("learned", "elimination"):
        assert any(f"{method} masks lose" in line and line.endswith(": reached.") for line in masks_words(results))
    for change in ({"learned": ("test", 0.9)}, {"uniform": ("test", 0.999)}):
        ((method, (part, value)),) = change.items()
        records = {study: dict(variants) for study, variants in results.records.items()}
        name = Variant(PLAIN, method, 0.5, "input").name
        found = results.seeds("nmnist_small", name)
        records["nmnist_small"][name] = {
            seed: {**one, part: {**one[part], "accuracy": value}} for seed, one in found.items()
        }
        words = masks_words(Results(records))
        assert next(line for line in words if "learned masks lose" in line).endswith(": NOT reached.")


def test_every_pair_of_ways_is_compared_once(results):
    said = [re.match(r"- N-MNIST small, (\w+) against (.+) masks[,:]", line) for line in masks_words(results)]
    pairs = [(found[1], other) for found in said if found for other in found[2].split(", ")]
    assert len({frozenset(pair) for pair in pairs}) == len(pairs) == 7 + 6


def test_masks_tell_what_they_lose_on_either_kind_of_held_out_samples(results):
    learned, plain = (Variant(PLAIN, *rest).name for rest in (("learned", 0.5, "input"), ()))
    records = {study: dict(variants) for study, variants in results.records.items()}
    for name, validation in ((learned, 0.7), (plain, 0.9)):
        changed = {"samples": 100, "accuracy": validation}
        found = results.seeds("nmnist_small", name)
        records["nmnist_small"][name] = {seed: {**one, "validation": changed} for seed, one in found.items()}
    row = next(line for line in masks(Results(records)) if "| input | 0.5 |" in line)
    assert row.endswith("| -0.5 ± 0.0 | -20.0 ± 0.0 |")
    words = masks_words(Results(records))[0]
    assert "lose 0.5 points on the test samples and 20.0 on the validation samples" in words
    assert "- N-MNIST small: of the static controls, none lose at most one point." in masks_words(Results(records))


def test_a_single_bad_seed_loses_it(results):
    records = {study: dict(variants) for study, variants in results.records.items()}
    name = Variant(PLAIN, "learned", 0.5, "input").name
    bad = {**results.seeds("nmnist_small", name)[1]}
    bad["test"] = {**bad["test"], "accuracy": 0.5}
    records["nmnist_small"][name] = {**results.seeds("nmnist_small", name), 1: bad}
    found = Match("nmnist_small", "learned", "uniform").compared(Results(records), HALF)
    assert found.sign_flip_p > 0.05


def test_the_smallest_share_within_half_a_point_of_validation_is_chosen(results):
    assert chosen_keep(results, "nmnist_small") == 0.5  # it costs 0.5 points, a quarter of the frames 0.75
    assert ways(results, "nmnist_small") == WAYS  # half of the frames is there already
    records = {name: seeds for name, seeds in results.records["nmnist_small"].items() if "0.50" not in name}
    assert chosen_keep(Results({"nmnist_small": records}), "nmnist_small") == 0.75
    assert len(ways(Results({"nmnist_small": records}), "nmnist_small")) == len(WAYS) + 1


def test_a_share_is_compared_with_plain_networks_of_its_own_seeds(results):
    records = {name: dict(seeds) for name, seeds in results.records["nmnist_small"].items()}
    better = json.loads(json.dumps(records[PLAIN][1]))
    better["validation"]["accuracy"] = 1.0
    records[PLAIN] |= dict.fromkeys(range(6, 11), better)
    assert chosen_keep(Results({"nmnist_small": records}), "nmnist_small") == 0.5


def test_goals_are_judged_from_the_numbers(results):
    assert all("NOT reached" in line for line in together_words(results))
    cheap = {study: dict(variants) for study, variants in results.records.items()}
    for seed, found in cheap["nmnist_small"][HEADLINE_MASK.name].items():
        rows = json.loads(json.dumps(found))
        for row in rows["cutoffs"]:
            row["test"]["chips"]["loihi2"]["energy_j"] = [1e-6, 1e-6, 1e-6]
        cheap["nmnist_small"][HEADLINE_MASK.name] = {**cheap["nmnist_small"][HEADLINE_MASK.name], seed: rows}
    assert "asked for: reached" in together_words(Results(cheap))[0]


def test_one_step_is_judged_by_accuracy_and_spikes(results):
    reached = {"no Hoyer loss": "NOT reached", "no extremum": "reached"}
    for words, verdict in reached.items():
        assert any(f"one step, {words}: 99.30 %" in line and f": {verdict}." in line for line in hoyer_words(results))


def test_no_epsilon_means_all_frames():
    found = record(Variant(PLAIN), 1)
    assert chosen_cutoff({**found, "chosen": {"topk_gap": None}}, "topk_gap") == run_to_end(found)
    assert chosen_cutoff(found, "topk_gap")["gain"] > 1


def test_the_certified_epsilon_follows_from_the_number_of_samples():
    found = record(Variant(PLAIN), 1)
    sizes = {150: 0.02, 972: 0.005, 20: None}
    for samples, epsilon in sizes.items():
        sized = {**found, "validation": {**found["validation"], "samples": samples}}
        assert certifiable_epsilon(sized) == epsilon
        row = cutoff_row(sized, GUARANTEED, epsilon)
        assert certified_cutoff(sized) == (run_to_end(sized) if row is None else row["test"])


def test_results_are_read_by_study_variant_and_seed(tmp_path):
    for seed in (10, 2):
        found = record(HEADLINE_MASK, seed)
        write_record(tmp_path / "nmnist_small" / f"{HEADLINE_MASK.name}-s{seed}.json", found)
    write_record(tmp_path / "guarantee" / "nmnist_small-s3.json", guarantee_record(3))
    read = Results.read(tmp_path)
    assert list(read.seeds("nmnist_small", HEADLINE_MASK.name)) == [2, 10]
    assert list(read.seeds("guarantee", "nmnist_small")) == [3]


def test_some_results_are_those_of_a_data_set_and_its_first_seeds(results):
    some = results.some(["nmnist_small"], 2)
    assert some.events(PLAIN) == ("nmnist_small",)
    assert list(some.seeds("nmnist_small", PLAIN)) == [1, 2]
    assert set(some.records.get("guarantee", {})) <= {"nmnist_small"}
    assert results.some() == results


def test_progress_counts_what_is_there(results):
    one = Results({"nmnist_small": {PLAIN: results.seeds("nmnist_small", PLAIN)}}).some(seeds=2)
    row = next(line for line in progress(one) if "N-MNIST" in line)
    assert row.startswith("| N-MNIST small | 2 of ")
    assert "|  | plain (2) | uniform-1.00-input, learned-0.75-input," in row


def test_rows_of_numbers_stand_on_one_line(tmp_path):
    content = {"a": [1 / 3, 2], "b": {"c": {"d": 1, "e": [[1, 2], [3, 4]]}}}
    write_record(tmp_path / "a.json", content)
    text = (tmp_path / "a.json").read_text()
    assert '"a": [0.333333, 2]' in text
    assert json.loads(text) == {"a": [0.333333, 2], "b": content["b"]}


def test_samples_survive_packing():
    values = np.random.default_rng(1).integers(-5, 3000, 1000)
    assert (unpacked(packed(values)) == values).all()


@pytest.mark.parametrize("name", PLOTS)
def test_plots_are_deterministic_and_small(name, results, tmp_path):
    files = [write_plot(name, results, tmp_path / each) for each in ("a", "b")]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert files[0].stat().st_size < 200_000
    assert b"#ffffff" in files[0].read_bytes()
    assert write_plot(name, EMPTY, tmp_path / "c") is None


def test_shares_have_the_same_mean_in_both_layouts():
    for keep in KEEPS:
        assert np.mean(layer_shares(keep, "hierarchical", 3)) == pytest.approx(keep)
        assert list(layer_shares(keep, "hierarchical", 4)) == sorted(layer_shares(keep, "hierarchical", 4))[::-1]


def test_a_configuration_with_new_keys_is_still_the_same():
    config = RunConfig.model_validate({"name": "a", "data": {"dataset": "digits"}})
    stored = config.model_dump(mode="json")
    del stored["train"]["batch_size"]
    assert same_config(stored, config)
    assert not same_config({**stored, "seed": 5}, config)
    assert not same_config({**stored, "unknown": 5}, config)


def test_the_regulariser_is_judged_on_seeds_that_have_both():
    found = made_up(seeds=3, studies=("nmnist_small",)).records["nmnist_small"]
    less = {**found, WITHOUT_RCS: {1: found[WITHOUT_RCS][1]}}
    first = {name: {1: seeds[1]} for name, seeds in found.items()}
    assert regulariser(Results({"nmnist_small": less})) == regulariser(Results({"nmnist_small": first}))
    assert len(regulariser(Results({"nmnist_small": first}))) == 4


def test_both_heads_stand_beside_each_other_over_the_seeds_that_both_have(results):
    records = {study: dict(variants) for study, variants in results.records.items()}
    records["nmnist_sums"][PLAIN] = {1: records["nmnist_sums"][PLAIN][1]}
    spikes, sums = (line.split(" | ") for line in heads(Results(records))[2:])
    one = results.seeds("nmnist_small", PLAIN)[1]
    assert (spikes[1], sums[1]) == ("spikes", "sums")
    assert spikes[2] == f"{100 * one['test']['curve'][round(0.3 * len(one['test']['curve'])) - 1]:.1f} (1)"
    assert spikes[6] == f"{100 * one['test']['accuracy']:.1f} (1)"
    assert spikes[2:] == sums[2:]  # both were made up alike


def test_what_a_user_has_of_it_is_what_was_measured(results):
    lines = [line.split(" | ") for line in use(results)[2:]]
    ways_of = [line[1] for line in lines if line[0] == "| N-MNIST small"]
    assert ways_of == [way.label for way in USED]
    cut = certified_cutoff(results.seeds("nmnist_small", PLAIN)[1])
    whole = results.seeds("nmnist_small", PLAIN)[1]["full"]
    one = Results({"nmnist_small": {PLAIN: {1: results.seeds("nmnist_small", PLAIN)[1]}}})
    plain, stopped = (line.split(" | ") for line in use(one)[2:])
    assert plain[5:7] == [micro([whole["chips"]["loihi2"][key][0]]) for key in ("energy_j", "time_s")]
    assert stopped[5:7] == [micro([cut["chips"]["loihi2"][key][0]]) for key in ("energy_j", "time_s")]
    assert (plain[3], stopped[4]) == ("+0.0", spread([cut["exit"]["mean"]]))


def test_the_epsilon_of_the_configuration_has_a_row_where_it_is_another_one(results):
    one = results.seeds("nmnist_small", PLAIN)[1]
    lines = cutoff(Results({"nmnist_small": {PLAIN: {1: one}}}))
    row = next(line.split(" | ") for line in lines if "| recipe |" in line)
    expected = cutoff_row(one, GUARANTEED, 0.01)["test"]
    assert (row[2], row[4], row[8]) == ("0.01", points([expected["loss"]]), times([expected["gain"]]))
    same = {**one, "config": {"cutoff": {"epsilon": certifiable_epsilon(one)}}}
    assert not any("recipe" in line for line in cutoff(Results({"nmnist_small": {PLAIN: {1: same}}})))


def test_what_is_reached_is_told_apart_from_what_is_not(results):
    said = [line for words in SENTENCES for line in words(results)]
    good = reached(results)
    assert set(good[:-1]) < set(said)
    assert all("NOT" not in line for line in good[:-1])
    left = sum("NOT reached" in line for line in said)
    assert good[-1] == f"- Not reached by {left} other ways, which the lists below name."
    assert len(good) - 1 == sum("reached." in line or "reached 2 x" in line for line in said) - left > 0


def test_a_further_policy_that_reaches_the_aim_is_named(results):
    lines = [line for line in cutoff_words(results) if "further policies" in line]
    records = {study: dict(variants) for study, variants in results.records.items()}
    slow = {
        seed: {**one, "chosen": dict.fromkeys(one["chosen"])} for seed, one in records["nmnist_small"][PLAIN].items()
    }
    records["nmnist_small"][PLAIN] = slow
    never = [line for line in cutoff_words(Results(records)) if "further policies" in line]
    assert lines[0].startswith("- N-MNIST small: of the 4 further policies of the table, confidence (")
    assert not [line for line in never if line.startswith("- N-MNIST small:")]
