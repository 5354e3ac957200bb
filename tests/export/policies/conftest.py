"""Scores of samples that are decided at different times, with what makes early exit hard: late and fickle ones."""

from __future__ import annotations

import numpy as np
import pytest


def make_scores(seed, samples, steps=20, classes=4, fickle=0.15, hard=0.04):
    """Output summed up to each step, and labels; `fickle` samples favour another class at first, `hard` ones always."""
    rng = np.random.default_rng(seed)
    labels, others = rng.integers(0, classes, samples), rng.integers(1, classes, samples)
    rate = np.full((samples, steps, classes), 0.05)
    rows, early = np.arange(samples), np.arange(steps) < steps // 3
    rate[rows, :, labels] += 0.55 * rng.beta(4, 1.5, samples)[:, None]
    rival = (
        np.where(rng.random(samples) < hard, 0.5, 0.0)[:, None] + np.outer(rng.random(samples) < fickle, early) * 0.6
    )
    rate[rows, :, (labels + others) % classes] += rival
    return np.cumsum(rng.random(rate.shape) < rate, axis=1), labels


@pytest.fixture(scope="session")
def draw():
    return make_scores
