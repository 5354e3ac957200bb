"""Figures of whole chips that follow from the constants of a profile: they check units and arithmetic, nothing else."""

from __future__ import annotations

from benchmarks.validation.targets import Target
from evsnn_lava.hw_profiles import load_profile
from evsnn_lava.profiling import Estimate


def power_targets() -> list[Target]:
    """Power of TrueNorth at its published load, and energy of a keyword on Xylo.

    Returns
    -------
    list of Target
        One for each.
    """
    return [_truenorth(), _xylo()]


def _truenorth() -> Target:
    """All neurons fire 20 times a second and reach 128 synapses each."""
    profile = load_profile("truenorth")
    events_per_s = 4096 * 256 * 20 * 128
    ours = Estimate.known(profile.energy.synop).scaled(events_per_s * 1e3)
    return Target(
        subject="TrueNorth, 20 Hz, 128 synapses",
        quantity="power",
        unit="mW",
        published=72,
        ours=ours,
        tolerance=0.05,
        source="Merolla et al., Science 345, 2014",
        kind="sums",
    )


def _xylo() -> Target:
    """A keyword takes 11 uJ at 507 uW; how much of it is dynamic was published, too."""
    profile = load_profile("xylo")
    active_w = Estimate.sum([Estimate.known(profile.static_power), Estimate.known(profile.working_power)])
    seconds = 11e-6 / active_w.value
    return Target(
        subject="Xylo Audio 2, keyword",
        quantity="dynamic energy",
        unit="uJ",
        published=6.6,
        ours=Estimate.known(profile.working_power).scaled(seconds * 1e6),
        tolerance=0.1,
        source="Xylo Audio 2 keyword spotting, published powers and energies",
        kind="sums",
    )
