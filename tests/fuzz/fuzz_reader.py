"""Fuzz the readers with damaged files; nothing but a refusal, or the very same content, is right.

    python tests/fuzz/fuzz_reader.py --cases 20000 --seed 0 [--reader net|netx|nir] [--first 0]

Each case is a function of reader, seed and number, so every finding can be repeated: `--first N --cases 1`. The cases
run in a child process with a limit on its memory; a child that crashes or hangs is replaced and the case reported.
Exit code 0 when nothing was found.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import select
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from mutations import mutate
from seeds import READERS, Reader, write_seeds

HANG_S = 10
"""Longest time that a single file may take."""

MEMORY_LIMIT = 1 << 30
"""Bytes that reading a file may take."""

MAKING = "making the file"

GOOD = ("refused", "same", "other", "not made")
"""A case is not made when the HDF5 library, which makes the edits, crashes; no reader of ours is then to blame."""


def main() -> int:
    """Run the cases and print the totals as JSON."""
    options = parse()
    if options.child:
        run_cases(options)
        return 0
    started, totals = time.monotonic(), Totals()
    first, end = options.first, options.first + options.cases
    while first < end:
        first = watch(options, first, end, totals)
    report = {"reader": options.reader, "seed": options.seed, "cases": options.cases, **totals.summary()}
    print(json.dumps({**report, "seconds": round(time.monotonic() - started, 1)}, indent=2))
    return 1 if totals.findings else 0


def parse() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reader", choices=READERS, default="net")
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--keep", type=Path, help="folder for the files of the findings")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


class Totals:
    """What came out so far."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.by_mutation: dict[str, Counter[str]] = {}
        self.findings: list[dict[str, Any]] = []
        self.grown = 0
        self.slowest_s = 0.0

    def add(self, record: dict[str, Any]) -> None:
        """Count one case."""
        outcome = record["outcome"]
        self.outcomes[outcome if outcome in GOOD else "found"] += 1
        for name in record.get("mutation", "?").split(" + "):
            self.by_mutation.setdefault(name, Counter())[outcome if outcome in GOOD else "found"] += 1
        self.grown = max(self.grown, record.get("grown", 0))
        self.slowest_s = max(self.slowest_s, record.get("seconds", 0.0))
        if outcome not in GOOD:
            self.findings.append(record)

    def summary(self) -> dict[str, Any]:
        """As plain data."""
        return {
            **{name: self.outcomes[name] for name in (*GOOD, "found")},
            "memory_growth_mib": round(self.grown / 2**20, 1),
            "slowest_s": round(self.slowest_s, 2),
            "by_mutation": {name: dict(counts) for name, counts in sorted(self.by_mutation.items())},
            "findings": self.findings,
        }


def watch(options: argparse.Namespace, first: int, end: int, totals: Totals) -> int:
    """Run cases in a child until all are done or one ends it; gives the number of the next case."""
    arguments = [
        "--reader",
        options.reader,
        "--seed",
        options.seed,
        "--first",
        first,
        "--cases",
        end - first,
        "--child",
    ]
    keep = ["--keep", options.keep] if options.keep else []
    command = [sys.executable, __file__, *map(str, [*arguments, *keep])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        begun: dict[str, Any] = {"case": first, "outcome": "?"}
        why = _follow(child, totals, begun)
        child.kill()
        child.wait()
        if begun["case"] >= end:
            return end
        errors = child.stderr.read().decode(errors="replace")[-400:] if child.stderr else ""
    ended = why or f"ended with {child.returncode}"
    totals.add({**begun, "outcome": "not made" if begun.get("stage") == MAKING else ended, "stderr": errors})
    return int(begun["case"]) + 1


def _follow(child: subprocess.Popen[bytes], totals: Totals, begun: dict[str, Any]) -> str:
    """Read what the child says, a line before and a line after each case; "hang" when it says nothing."""
    if child.stdout is None:
        return "no pipe"
    pending, patience = b"", 60.0  # the first line waits for the imports
    while True:
        if not select.select([child.stdout], [], [], patience)[0]:
            return "hang"
        data = child.stdout.read1(1 << 16)  # type: ignore[attr-defined]
        if not data:
            return ""
        *lines, pending = (pending + data).split(b"\n")
        for line in lines:
            record = json.loads(line)
            patience = HANG_S
            if "outcome" in record:
                totals.add(record)
                begun["case"] = record["case"] + 1
            else:
                begun.update(record)


def run_cases(options: argparse.Namespace) -> None:
    """The child: read damaged files and say what came of each."""
    warnings.simplefilter("error")
    reader = READERS[options.reader]
    with tempfile.TemporaryDirectory() as folder:
        files = write_seeds(Path(folder))
        target, expected = Path(folder) / "case.net", {}
        for name in reader.seeds:
            target.write_bytes(files[name])
            expected[name] = reader.read(target)
        limit_memory()
        for case in range(options.first, options.first + options.cases):
            rng = random.Random(f"{options.reader}/{options.seed}/{case}")
            name = rng.choice(reader.seeds)
            say({"case": case, "file": name, "stage": MAKING})
            data, mutation = mutate(files[name], rng, [files[other] for other in reader.seeds])
            target.write_bytes(data)
            record: dict[str, Any] = {"case": case, "file": name, "mutation": mutation, "stage": "reading"}
            say(record)
            begun, before = time.monotonic(), peak()  # making the file takes memory too
            outcome = read(reader, target, expected[name], "edit" in mutation or "splice" in mutation)
            grown = peak() - before
            if outcome in GOOD and grown > MEMORY_LIMIT:
                outcome = f"took {grown} bytes"
            if outcome not in GOOD and options.keep:
                options.keep.mkdir(parents=True, exist_ok=True)
                (options.keep / f"{options.reader}-{options.seed}-{case}").write_bytes(data)
            say({**record, "outcome": outcome, "grown": grown, "seconds": time.monotonic() - begun})


def read(reader: Reader, path: Path, expected: str, may_change: bool) -> str:
    """Read one file: "refused", the "same" content, "other" content where that is right, or what is wrong."""
    from evsnn_lava.errors import EvsnnError, FormatError

    try:
        content = reader.read(path)
    except EvsnnError as error:
        if "\n" in str(error) or len(str(error)) > 2000:
            return f"message of {len(str(error))} characters: {str(error)[:300]!r}"
        return "refused" if type(error) is FormatError or not reader.strict else f"{type(error).__name__}: {error}"
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is a finding
        return f"{type(error).__name__}: {str(error)[:300]}"
    if content == expected:
        return "same"
    return "other" if may_change or not reader.strict else "accepted with other content"


def say(record: dict[str, Any]) -> None:
    """Tell the parent."""
    sys.stdout.write(json.dumps(record) + "\n")
    sys.stdout.flush()


def limit_memory() -> None:
    """From here on, addresses end a little above what the process has now."""
    with open("/proc/self/statm", encoding="ascii") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY_LIMIT + (1 << 28), resource.RLIM_INFINITY))


def peak() -> int:
    """Most memory that the process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    sys.exit(main())
