"""Made-up results of a study, for tests of tables and plots."""

import numpy as np

from benchmarks.papers.cutoffs import POLICIES
from benchmarks.papers.guarantee import EVERY
from benchmarks.papers.hoyer_units import HoyerUnit, hoyer_units
from benchmarks.papers.knowable import SHARES, knowable_units
from benchmarks.papers.knowable import variant as variant_of
from benchmarks.papers.loaded import Results
from benchmarks.papers.plan import EPSILONS
from benchmarks.papers.variants import CONTINUED, HOYER_INIT, HOYER_MASK, PLAIN, WITHOUT_RCS, Variant, masked_variants

STEPS, DEPTH = 20, 3
GAINS = {
    "learned": 0.02,
    "anytime": 0.01,
    "elimination": 0.015,
    "uniform": 0.0,
    "first": -0.05,
    "random": -0.02,
    "window": -0.03,
    "energy": 0.005,
}
BASES = {PLAIN: 0.96, WITHOUT_RCS: 0.95, HOYER_INIT: 0.965}


def chips(steps: float) -> dict:
    costs = {"loihi2": 4e-6, "loihi1": 6e-6}
    return {
        chip: {
            "energy_j": [value * steps, value * steps / 3, value * steps * 2],
            "dynamic_j": [value * steps / 4] * 3,
            "time_s": [1e-6 * steps] * 3,
        }
        for chip, value in costs.items()
    }


def ended(accuracy: float, loss: float, exit_mean: float, sent: int) -> dict:
    return {
        "accuracy": accuracy - loss,
        "loss": loss,
        "exit": {"mean": exit_mean, "p50": exit_mean, "p95": float(sent)},
        "hardware_steps": exit_mean + DEPTH,
        "gain": sent / exit_mean,
        "hardware_gain": (sent + DEPTH) / (exit_mean + DEPTH),
        "chips": chips(exit_mean + DEPTH),
    }


def record(variant: Variant, seed: int, study: str = "nmnist_small") -> dict:
    """A result whose accuracy falls with the frames that are dropped, least for learned masks."""
    sent = max(1, round(variant.keep * STEPS))
    accuracy = BASES[variant.base] - 0.03 * (1 - variant.keep) + 0.001 * seed
    accuracy += GAINS.get(variant.method, 0.0) * (1 - variant.keep)
    curve = np.linspace(0.1, accuracy, sent).tolist()
    part = {
        "samples": 100,
        "accuracy": accuracy,
        "area": 0.6,
        "curve": curve,
        "oct": {"mean": 5.0, "p50": 5.0, "p95": 9.0},
    }
    mask = "".join("1" if place < sent else "0" for place in np.random.default_rng(seed).permutation(STEPS))
    cutoffs = [
        {
            "policy": policy,
            "epsilon": epsilon,
            "validation": {
                "accuracy": accuracy,
                "loss": epsilon / 10,
                "exit": {"mean": sent / 2 + (policy != "topk_gap")},
            },
            "test": ended(accuracy, epsilon / 10, sent * (0.5 - epsilon), sent),
        }
        for policy in POLICIES
        for epsilon in EPSILONS
    ]
    return {
        "study": study,
        "variant": variant.name,
        "seed": seed,
        "config": {"cutoff": {"epsilon": 0.01}},
        "network": {
            "layers": ["conv1 4x9x9", "dense2 10"],
            "depth": DEPTH,
            "steps": STEPS,
            "sent": sent,
            "masks": [mask],
        },
        "validation": part,
        "test": part,
        "full": {"hardware_steps": sent + DEPTH, "chips": chips(sent + DEPTH)},
        "chosen": dict.fromkeys(POLICIES, 0.02),
        "cutoffs": cutoffs,
    }


def guarantee_record(seed: int) -> dict:
    def row(epsilon: float, delta: float | None) -> dict:
        rate = 0.3 if delta is None else delta / 2
        return {
            "epsilon": epsilon,
            "delta": delta,
            "rate": rate,
            "true_rate": rate,
            "mean_loss": 0.01,
            "mean_exit": 9.0,
            "early": 1.0,
        }

    return {
        "samples": 250,
        "steps": STEPS,
        "splits": 200,
        "seed": seed,
        "bounds": [row(b.epsilon, b.delta) for b in EVERY],
    }


def picture_record(unit: HoyerUnit) -> dict:
    part = {"samples": 100, "accuracy": 0.993, "area": 0.99, "curve": [0.993], "oct": {"mean": 1.0}}
    return {
        "study": unit.study,
        "variant": unit.variant,
        "seed": unit.seed,
        "network": {"layers": ["conv1 4x9x9", "logits2 10"], "depth": 2, "steps": unit.steps, "neurons": 334},
        "trained": {"float_accuracy": 0.994, "folded_accuracy": 0.99},
        "validation": part,
        "test": part,
        "unlike_training": 0,
        "spiking": 0.3 if unit.ablation == "no_loss" else 0.2,
        "chips": chips(unit.steps + 2),
    }


def made_up(seeds: int = 3, studies: tuple[str, ...] = ("nmnist_small", "nmnist_sums", "braille_forward")) -> Results:
    """Every variant of some data sets."""
    variants = [*(Variant(base) for base in BASES), CONTINUED, HOYER_MASK, *masked_variants()]
    numbers = range(1, seeds + 1)
    pictures: dict = {}
    for unit in hoyer_units(["mnist_hoyer"], numbers):
        pictures.setdefault(unit.variant, {})[unit.seed] = picture_record(unit)
    records = {
        study: {each.name: {seed: record(each, seed, study) for seed in numbers} for each in variants}
        for study in studies
    }
    bounds = {study: {seed: guarantee_record(seed) for seed in numbers} for study in studies}
    trees: dict = {}
    for tree in knowable_units(["braille_recurrent"], numbers):
        trees.setdefault(variant_of(tree.frame_ms), {})[tree.seed] = {"accuracies": [0.5] * len(SHARES)}
    return Results({**records, "mnist_hoyer": pictures, "guarantee": bounds, "knowable": trees})
