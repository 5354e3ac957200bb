"""Profiles for the tests of the gate: the JSON of a network of three layers, whose events are free to choose."""

from __future__ import annotations

from evsnn_lava.reporting.gate import Profile, profile_of

SYNOP_J, MESSAGE_J, UPDATE_J, STATIC_J = 2e-11, 2e-12, 8e-11, 5e-7
BASE = {"(input)": (0, 1000), "conv1": (50_000, 800), "conv2": (40_000, 300), "dense": (3000, 12)}
"""Synops and spikes of an inference."""


def facts(events=None, *, samples=20, steps=10.0, accuracy=0.95, hardware="loihi2", network="digits", cores=2):
    """What ``evsnn profile --json`` would print."""
    events = BASE if events is None else events
    rows = [row for name, (synops, spikes) in events.items() for row in layer_rows(name, synops, spikes, samples)]
    rows.append(row("(readout)", "readout", 100, 0.0, samples))
    dynamic = sum(each["energy_j"] for each in rows) / samples
    rows.append(row("(chip)", "static", steps, STATIC_J, samples))
    return {
        "network": network,
        "backend": "engine",
        "hardware": hardware,
        "accuracy": accuracy,
        "samples": samples,
        "chips": 1,
        "cores": {name: cores for name in events if name != "(input)"},
        "distributions": {
            "exit_steps": spread(steps - 3),
            "steps": spread(steps),
            "time_s": spread(1e-5 * steps),
        },
        "energy_per_inference_j": estimate(dynamic + STATIC_J * steps),
        "dynamic_energy_per_inference_j": estimate(dynamic),
        "static_energy_per_inference_j": estimate(STATIC_J * steps),
        "ledger": rows,
        "constants": [
            {"name": "energy.synop", "quantity": {"value": 20.0, "unit": "pJ", "low": 10.0, "high": None}},
            {"name": "time.barrier", "quantity": {"value": 10.0, "unit": "us", "low": None, "high": None}},
        ],
    }


def layer_rows(name, synops, spikes, samples):
    sent = row(name, "message", spikes, MESSAGE_J, samples)
    if name == "(input)":
        return [sent]
    return [row(name, "synop", synops, SYNOP_J, samples), row(name, "neuron_update_idle", 500, UPDATE_J, samples), sent]


def row(layer, kind, count, price, samples):
    return {
        "layer": layer,
        "kind": kind,
        "count": count * samples,
        "energy_j": count * samples * price,
        "low_j": 0.0,
        "high_j": count * samples * price,
        "note": "",
    }


def estimate(value):
    return {"value": value, "low": value / 2, "high": value * 2}


def spread(value):
    return {"mean": estimate(value), "p50": estimate(value), "p95": estimate(1.5 * value), "max": estimate(2 * value)}


def profile(events=None, **changes) -> Profile:
    return profile_of(facts(events, **changes), "test")
