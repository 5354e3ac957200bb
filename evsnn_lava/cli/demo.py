"""``evsnn demo``: every verb in turn, and the table that says what it was good for."""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from evsnn_lava.cli.calibrate import calibrate_folder
from evsnn_lava.cli.console import Output
from evsnn_lava.cli.evaluation import run_samples, without_cutoff
from evsnn_lava.cli.export import describe, export_folder
from evsnn_lava.cli.loads import core_load
from evsnn_lava.cli.recordings import Samples, load_samples
from evsnn_lava.cli.rows import Rows
from evsnn_lava.cli.run import facts_table, run_facts
from evsnn_lava.cli.run_difference import first_difference
from evsnn_lava.cli.train import train_with_progress
from evsnn_lava.cli.verify import agreement_table, verify_network
from evsnn_lava.errors import BackendUnavailableError, ConfigError, MismatchError
from evsnn_lava.export.inspect import summarise
from evsnn_lava.hw_profiles import HardwareProfile, load_hardware
from evsnn_lava.network import NetworkDescription, RunResult
from evsnn_lava.profiling import CostReport, profile_run
from evsnn_lava.reporting import comparison_table, cost_tables
from evsnn_lava.reporting.network_tables import network_tables
from evsnn_lava.simulation.verification import Agreement
from evsnn_lava.training.config import read_config

Result = TypeVar("Result")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--config", type=Path, required=True, help="TOML file with a [masks] table")
    parser.add_argument("-o", "--output", type=Path, default=Path("build/demo"), help="folder (default: build/demo)")
    parser.add_argument("--hw", default="loihi2", help="hardware profile (default: loihi2)")
    parser.add_argument("--lava-limit", type=int, default=100, help="samples to run in Lava (default: 100)")


def execute(options: argparse.Namespace, output: Output) -> int:
    """Train, calibrate, export, inspect, verify, run, profile; then compare."""
    config, hardware = read_config(options.config), load_hardware(options.hw)
    if config.masks is None:
        raise ConfigError(f"{options.config} has no [masks] table; the demo compares with and without masks")
    demo = _Demo(options.output, config.name, hardware, output)
    start = time.perf_counter()
    shutil.rmtree(demo.run_folder, ignore_errors=True)
    train = f"train --config {options.config} -o {demo.run_folder}"
    demo.stage(train, lambda: train_with_progress(config, demo.run_folder, output))
    output.show(demo.stage(f"calibrate {demo.run_folder}", lambda: calibrate_folder(demo.run_folder, output)[0]))
    networks = {name: demo.export(name) for name in ("plain", "masked")}
    output.show(demo.stage(f"inspect {demo.file('masked')}", lambda: network_tables(summarise(networks["masked"]))))
    for name, network in networks.items():
        demo.verify(name, network)
    samples = load_samples(networks["plain"], None, "test", None)
    demo.run_lava(networks["masked"], samples, options.lava_limit)
    reports = demo.compare(networks, samples)
    demo.show_end(reports, time.perf_counter() - start)
    return 0


@dataclass(frozen=True)
class _Demo:
    """One demo: where it writes and how it prints."""

    folder: Path
    name: str
    hardware: HardwareProfile
    output: Output

    @property
    def run_folder(self) -> Path:
        return self.folder / "run"

    def file(self, variant: str) -> Path:
        """The network file of a variant."""
        return self.folder / (f"{self.name}.net" if variant == "masked" else f"{self.name}.{variant}.net")

    def stage(self, command: str, job: Callable[[], Result]) -> Result:
        """Say which command this is, do it, say how long it took."""
        self.output.heading(f"evsnn {command}")
        start = time.perf_counter()
        result = job()
        self.output.note(f"took {time.perf_counter() - start:.1f} s")
        return result

    def export(self, variant: str) -> NetworkDescription:
        """Write the file of a variant."""
        path = self.file(variant)
        command = f"export {self.run_folder} --variant {variant} -o {path}"
        network = self.stage(command, lambda: export_folder(self.run_folder, path, variant))
        self.output.show(describe(network, path))
        return network

    def verify(self, variant: str, network: NetworkDescription) -> None:
        """Check the file on every back-end; the demo ends when one disagrees."""
        found = self.stage(f"verify {self.file(variant)}", lambda: verify_network(network, self.output))
        self.output.show(agreement_table(found))
        for name, agreement in found.items():
            if isinstance(agreement, Agreement) and not agreement.ok:
                raise MismatchError(
                    f"{self.file(variant)}: {name} differs from the file; {agreement.difference or agreement.decision}"
                )

    def run_lava(self, network: NetworkDescription, samples: Samples, limit: int) -> None:
        """Run the first samples in Lava and hold them against the reference."""
        few = samples.first(limit)
        command = f"run {self.file('masked')} --backend lava --limit {len(few)}"
        try:
            result = self.stage(command, lambda: run_samples(network, few, "lava", self.output))
        except BackendUnavailableError as error:
            self.output.note(f"not run in Lava: {error}")
            return
        self.output.show(facts_table(run_facts(network, Rows.of([result]), few)))
        _require_same(network, result, run_samples(network, few, "reference", self.output))
        self.output.show("Lava and the reference agree on every decision, exit step and message.")

    def compare(self, networks: dict[str, NetworkDescription], samples: Samples) -> list[tuple[str, CostReport]]:
        """Cost of both files, with and without their cutoff, on the whole test set."""
        reports = []
        self.output.note(str(samples))
        for name, variant, cutoff in VARIANTS:
            network = networks[variant] if cutoff else without_cutoff(networks[variant])
            result = run_samples(network, samples, "engine", self.output)
            load = core_load(network, samples.blocks(), self.hardware)
            reports.append((name, profile_run(network, result, self.hardware, samples.known, load)))
        command = f"profile {self.file('masked')} --hw {self.hardware.name}"
        self.output.show(self.stage(command, lambda: cost_tables(reports[-1][1])))
        return reports

    def show_end(self, reports: list[tuple[str, CostReport]], seconds: float) -> None:
        """The table and the files."""
        self.output.heading(f"{self.name}: what masks and cutoff are worth")
        self.output.show(comparison_table(reports))
        for variant in ("masked", "plain"):
            self.output.show(f"wrote {self.file(variant)}")
        self.output.show(f"wrote {self.run_folder} (trained models, calibration, TensorBoard logs)")
        self.output.note(f"the whole demo took {seconds:.0f} s")


VARIANTS = (
    ("plain", "plain", False),
    ("masks", "masked", False),
    ("cutoff", "plain", True),
    ("masks + cutoff", "masked", True),
)


def _require_same(network: NetworkDescription, found: RunResult, expected: RunResult) -> None:
    """Refuse a run that differs from the reference.

    Raises
    ------
    MismatchError
        Naming the first quantity and sample that differ.
    """
    difference = first_difference(network, expected, found)
    if difference is not None:
        raise MismatchError(f"{found.backend} differs from {expected.backend}: {difference}; run verify")
