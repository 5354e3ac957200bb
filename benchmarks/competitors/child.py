"""A framework at work, in a process of its own.

python -m benchmarks.competitors.child FRAMEWORK JOB.npz
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from benchmarks.competitors.network import FloatNetwork, load
from benchmarks.serve import serve

LEARNING_RATE = 2e-3


def prepare() -> tuple[dict[str, Any], dict[str, Callable[[], float]]]:
    """Load the framework and the job."""
    name, job = sys.argv[1], Path(sys.argv[2])
    warnings.simplefilter("ignore")
    neuron = import_module(f"benchmarks.competitors.on_{name}").Neuron
    network, frames = load(job, neuron)
    with torch.no_grad():
        spikes = float(network(frames).sum())
    versions = {package: version(package).partition("+")[0] for package in (name, "torch")}
    facts = {"versions": versions, "output_spikes": spikes, "threads": torch.get_num_threads()}
    return facts, {"forward": forward(network, frames), "train": train(network, frames)}


def forward(network: FloatNetwork, frames: torch.Tensor) -> Callable[[], float]:
    """A forward pass without gradients."""

    def call() -> float:
        begin = time.perf_counter()
        with torch.no_grad():
            network(frames)
        return time.perf_counter() - begin

    return call


def train(network: FloatNetwork, frames: torch.Tensor) -> Callable[[], float]:
    """A whole training step: forward, loss on the spike counts, backward, optimiser."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE)
    labels = torch.arange(frames.shape[1]) % 10

    def call() -> float:
        begin = time.perf_counter()
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(frames).mean(0) * 10, labels)
        loss.backward()
        optimizer.step()
        float(loss.detach())
        return time.perf_counter() - begin

    return call


if __name__ == "__main__":
    serve(prepare)
