"""How much quicker a training step is here than with stock SLAYER blocks.

Both networks have the same weights and get the same batch: conv 2->8 (5x5, stride 2), conv 8->16 (3x3, stride 2),
dense 10, on 34 x 34 x 2 frames. A step is forward, loss, backward and the optimiser's step. The two take turns, so
that a busy machine slows both down alike; medians of wall-clock and of CPU time are printed, and the best CPU time.

One thread is the fair comparison. With more, the threads of torch wait for each other actively after each of the
thousands of small operations of stock SLAYER: on a busy machine its step then takes ten times as long and more, which
says more about the machine than about either code.

    python -m benchmarks.training_step [--repetitions 5] [--steps 30] [--batches 16 32] [--threads 1 2]
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

from evsnn_lava._torch import F, slayer, torch
from evsnn_lava.training.config import ConvConfig, NetworkConfig
from evsnn_lava.training.layout import from_rows
from evsnn_lava.training.losses import anytime_loss
from evsnn_lava.training.model import EventNetwork
from evsnn_lava.training.neurons import FusedNeuron

RESULTS = Path(__file__).parent / "results" / "training_step.json"
INPUT, CLASSES = (2, 34, 34), 10
CONFIG = NetworkConfig(
    layers=(
        ConvConfig(type="conv", channels=8, kernel=5, stride=2, padding=2),
        ConvConfig(type="conv", channels=16, kernel=3, stride=2, padding=1),
    )
)
NEURON_SHAPE = (16, 8, 17, 17, 30)
LEARNING_RATE, EVENT_SHARE = 2e-3, 0.05

Step = Callable[[], Any]


class StockNetwork(torch.nn.Module):
    """The same network of unmodified SLAYER blocks."""

    def __init__(self, ours: EventNetwork) -> None:
        super().__init__()
        neuron = CONFIG.neuron.model_dump()
        blocks: list[Any] = []
        shapes = zip(ours.shapes, ours.shapes[1:], strict=False)
        for layer, (before, after) in zip(CONFIG.layers, shapes, strict=False):
            options = {"stride": layer.stride, "padding": layer.padding, "delay_shift": False}
            blocks.append(slayer.block.cuba.Conv(neuron, before[0], after[0], layer.kernel, **options))
        inputs = ours.shapes[-2][0] * ours.shapes[-2][1] * ours.shapes[-2][2]
        blocks += [
            slayer.block.cuba.Flatten(),
            slayer.block.cuba.Dense(neuron, inputs, CLASSES, delay_shift=False),
        ]
        self.blocks = torch.nn.ModuleList(blocks)
        trained = [block for block in self.blocks if hasattr(block, "synapse")]
        for block, other in zip(trained, ours.blocks, strict=True):
            block.synapse.weight.data.copy_(other.synapse.weight.data)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Output spikes, shape (N, classes, T)."""
        for block in self.blocks:
            x = block(x)
        return x


def training_step(network: torch.nn.Module, output: Callable[[torch.Tensor], torch.Tensor], batch: Any) -> Step:
    """One whole training step, ready to be repeated; it gives the loss."""
    frames, labels = batch
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE)

    def step() -> float:
        optimizer.zero_grad()
        loss = anytime_loss(output(frames), labels, 10.0, 0.5)
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return step


def random_batch(batch_size: int, steps: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Frames (N, C, H, W, T), in memory with time before the pixels, and labels."""
    frames = (torch.rand(batch_size, steps, *INPUT) < EVENT_SHARE).float().movedim(1, -1)
    return frames, torch.randint(0, CLASSES, (batch_size,))


def network_steps(batch_size: int, steps: int) -> dict[str, Step]:
    """The step of both networks on one batch."""
    torch.manual_seed(1)
    ours = EventNetwork(CONFIG, INPUT, CLASSES)
    stock = StockNetwork(ours)
    batch = random_batch(batch_size, steps)
    frames = batch[0]
    packed = frames.contiguous(), batch[1]  # time innermost, the layout of SLAYER's own examples
    return {
        "slayer": training_step(stock, stock, packed),
        "evsnn_lava": training_step(ours, lambda x: ours(x)[-1][0], batch),
    }


def neuron_steps(shape: tuple[int, ...]) -> dict[str, Step]:
    """Forward and backward of the neuron alone."""
    torch.manual_seed(1)
    parameters = CONFIG.neuron.model_dump()
    drive = from_rows(F.relu(torch.randn(shape[0], shape[-1], math.prod(shape[1:-1]))).mul(0.3), shape)
    made = {"slayer": slayer.neuron.cuba.Neuron(**parameters), "evsnn_lava": FusedNeuron(**parameters)}

    def step_of(neuron: Any, x: torch.Tensor) -> Step:
        def step() -> float:
            inputs = x.detach().requires_grad_()
            spikes = neuron(inputs)
            spikes.sum().backward()
            return float(spikes.detach().sum())

        return step

    layouts = {"slayer": drive.contiguous(), "evsnn_lava": drive}
    return {name: step_of(neuron, layouts[name]) for name, neuron in made.items()}


def measure(steps: dict[str, Step], repetitions: int) -> dict[str, Any]:
    """Medians of both, taken in turn after one warm-up step each, and what ours is quicker by."""
    values = {name: [step()] for name, step in steps.items()}
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in steps}
    for _ in range(repetitions):
        for name, step in steps.items():
            wall, cpu = time.perf_counter(), time.process_time()
            values[name].append(step())
            times[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    found: dict[str, Any] = {"same_values": values["slayer"][0] == values["evsnn_lava"][0]}
    for name, pairs in times.items():
        wall_s, cpu_s = (statistics.median(column) for column in zip(*pairs, strict=True))
        found[name] = {"wall_s": wall_s, "cpu_s": cpu_s, "best_cpu_s": min(pair[1] for pair in pairs)}
    for key in ("wall_s", "cpu_s", "best_cpu_s"):
        found[f"speedup_{key}"] = found["slayer"][key] / found["evsnn_lava"][key]
    return found


def cases(batches: list[int], steps: int) -> dict[str, dict[str, Step]]:
    """Everything that is compared, by name."""
    networks = {f"training step, batch {size}": network_steps(size, steps) for size in batches}
    return {**networks, f"neuron {NEURON_SHAPE}": neuron_steps(NEURON_SHAPE)}


def show(name: str, found: dict[str, Any]) -> None:
    """Print one line of the table."""
    slow, quick = found["slayer"], found["evsnn_lava"]
    ratios = f"{found['speedup_wall_s']:7.1f}x {found['speedup_cpu_s']:7.1f}x {found['speedup_best_cpu_s']:7.1f}x"
    print(f"{name:<40} {slow['wall_s'] * 1e3:10.1f} {quick['wall_s'] * 1e3:10.1f} {ratios}  {found['same_values']}")


def main() -> None:
    """Measure, print and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--batches", type=int, nargs="+", default=[16, 32])
    parser.add_argument("--threads", type=int, nargs="+", default=[1], help="of torch and of numba alike")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    print(f"{'':<40} {'slayer ms':>10} {'ours ms':>10} {'wall':>8} {'cpu':>8} {'best cpu':>8}  same loss")
    results = {}
    for threads in options.threads:
        torch.set_num_threads(threads)
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
        for name, steps in cases(options.batches, options.steps).items():
            results[f"{name}, {threads} threads"] = measure(steps, options.repetitions)
            show(f"{name}, {threads} threads", results[f"{name}, {threads} threads"])
    machine = {"cpus": os.cpu_count(), "python": platform.python_version()}
    machine["torch"] = torch.__version__.partition("+")[0]
    options.output.parent.mkdir(parents=True, exist_ok=True)
    content = {"repetitions": options.repetitions, "steps": options.steps, "machine": machine, "results": results}
    options.output.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
