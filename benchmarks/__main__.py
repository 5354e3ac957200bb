"""Measure everything in one run.

    python -m benchmarks [--quick] [--only PART ...] [--output FOLDER]

Without --output the results go where they are committed, and the tables of docs/performance.md are written from them.
A quick run is a smoke test; its figures are rough.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from benchmarks.counters import measure_counters
from benchmarks.growth import measure_growth
from benchmarks.inference import measure_case
from benchmarks.kernels import measure_kernels
from benchmarks.machine import machine
from benchmarks.measure import FULL, QUICK, Effort
from benchmarks.memory import measure_memory
from benchmarks.networks import CASES, nmnist_conv, nmnist_dense, pilotnet_image, shortened, smallest
from benchmarks.report import RESULTS, write_report
from benchmarks.roof import measure_roof
from benchmarks.startup import measure_startup
from benchmarks.training import measure_training
from evsnn_lava._files import atomic_write

MEMORY_SAMPLES: Final = 10_000
QUICK_MEMORY_SAMPLES: Final = 1_000


def roof(effort: Effort) -> dict[str, Any]:
    """The machine, then the kernels against it."""
    found = measure_roof(effort)
    return {"roof": found, "kernels": measure_kernels(found["one"], effort)}


def inference(effort: Effort) -> dict[str, Any]:
    """All networks; for a smoke test two small ones."""
    if effort is QUICK:
        return {"cases": [measure_case(case, effort) for case in (smallest(), shortened(nmnist_conv(), 16))]}
    return {"cases": [measure_case(make(), effort) for make in CASES.values()]}


def growth(effort: Effort) -> dict[str, Any]:
    """The synthetic family."""
    return measure_growth(effort)


def memory(effort: Effort) -> dict[str, Any]:
    """A long run."""
    return measure_memory(QUICK_MEMORY_SAMPLES if effort is QUICK else MEMORY_SAMPLES)


def startup(effort: Effort) -> dict[str, Any]:
    """First and later starts."""
    return measure_startup(smallest() if effort is QUICK else nmnist_dense(), later=1 if effort is QUICK else 3)


def counters(effort: Effort) -> dict[str, Any]:
    """With and without."""
    cases = [shortened(nmnist_conv(), 32)]
    if effort is not QUICK:
        cases += [shortened(nmnist_dense(), 32), shortened(pilotnet_image(), 1)]
    return {"rows": measure_counters(cases, effort)}


PARTS: Final[dict[str, Callable[[Effort], dict[str, Any]]]] = {
    "roof": roof,
    "inference": inference,
    "training": lambda effort: measure_training(effort, batch=8 if effort is QUICK else 32),
    "growth": growth,
    "memory": memory,
    "startup": startup,
    "counters": counters,
}


def rounded(value: Any) -> Any:
    """Numbers with six digits, in whatever holds them.

    Examples
    --------
    >>> rounded({"a": [1.23456789, 2]})
    {'a': [1.23457, 2]}
    """
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, list | tuple) else value


def run(part: str, effort: Effort, folder: Path) -> None:
    """Measure a part and write its file."""
    begin = time.perf_counter()
    found = PARTS[part](effort)
    facts = {"machine": machine(), "effort": "quick" if effort is QUICK else "full"}
    content = {**facts, "seconds": time.perf_counter() - begin, **found}
    with atomic_write(folder / f"{part}.json", make_folders=True) as temporary:
        temporary.write_text(json.dumps(rounded(content), indent=1) + "\n", encoding="utf-8")
    print(f"{part}: {content['seconds']:.0f} s", flush=True)


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a smoke test of about two minutes")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART", help=", ".join(PARTS))
    parser.add_argument("-o", "--output", type=Path, default=RESULTS, help="folder for the results")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # Lava forks, torch and lava-dl deprecate; none of it is a result
    for part in options.only:
        run(part, QUICK if options.quick else FULL, options.output)
    if options.output == RESULTS:
        write_report()
        print("docs/performance.md is written")
    else:
        print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
