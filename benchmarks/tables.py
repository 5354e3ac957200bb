"""Results as tables in Markdown, one function for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from benchmarks.networks import BATCH

MIB: Final = 1 << 20
SAME: Final = {True: "yes", False: "**no**", None: ""}

Data = Mapping[str, Any]


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """A table in Markdown.

    Examples
    --------
    >>> table(["a", "b"], [["1", "2"]])
    ['| a | b |', '|---|---|', '| 1 | 2 |']
    """
    head = list(head)
    lines = [head, *rows]
    written = ["| " + " | ".join(cells) + " |" for cells in lines]
    return [written[0], "|" + "---|" * len(head), *written[1:]]


def times(value: float | None) -> str:
    """A ratio.

    Examples
    --------
    >>> times(0.5123), times(12.34), times(1234.5), times(None)
    ('0.51 x', '12.3 x', '1234 x', '')
    """
    if value is None:
        return ""
    digits = 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:.{digits}f} x"


def duration(seconds: float) -> str:
    """A time with its unit.

    Examples
    --------
    >>> duration(2.5), duration(0.01234), duration(3e-6)
    ('2.50 s', '12.3 ms', '3.00 us')
    """
    unit, factor = next(((u, f) for u, f in (("s", 1.0), ("ms", 1e3)) if seconds * f >= 1), ("us", 1e6))
    return f"{seconds * factor:.3g} {unit}" if seconds * factor >= 10 else f"{seconds * factor:.2f} {unit}"


def span(timing: Data) -> str:
    """Least to most."""
    return f"{duration(timing['min'])} to {duration(timing['max'])}"


def inference(data: Data) -> list[str]:
    """A table for every network."""
    lines = []
    for case in data["cases"]:
        lines += [
            f"**{case['title']}** ({case['origin']}): {case['frames']} frames, {case['steps']} steps, "
            f"{case['neurons']} neurons; a step has {case['spikes_per_step']:.0f} spikes and "
            f"{case['synops_per_step']:.0f} synaptic operations.",
            "",
            *table(
                ("", "cores", "batch", "against netx", "against SLAYER", "a sample", "range", "a step", "same spikes"),
                _inference_rows(case),
            ),
            "",
        ]
    return lines[:-1]


def _inference_rows(case: Data) -> Iterable[list[str]]:
    medians = {row["name"]: row["sample_s"]["median"] for row in case["rows"] if "sample_s" in row}
    for row in case["rows"]:
        head = [_label(row["label"], row["facts"]), str(row["threads"]), str(row["batch"])]
        if row["missing"]:
            yield [*head, row["missing"], "", "", "", "", ""]
            continue
        median = row["sample_s"]["median"]
        ratios = [times(medians[base] / median if base in medians else None) for base in ("netx", "slayer")]
        step = duration(median / case["steps"])
        yield [*head, *ratios, duration(median), span(row["sample_s"]), step, SAME[row["same"]]]


def _label(label: str, facts: Data) -> str:
    """With the version of a framework, which is the first that it tells."""
    return f"{label} {next(iter(facts['versions'].values()))}" if "versions" in facts else label


def in_flight(data: Data) -> list[str]:
    """Buffers of the samples that are computed at the same time."""
    found = [(case, row) for case in data["cases"] for row in case["rows"] if row["name"] == f"engine_one_{BATCH}"]
    rows = [
        [
            case["title"],
            f"{row['facts']['memory_per_sample_bytes'] / 1024:.0f} KiB",
            str(row["facts"]["slots"]),
            f"{row['facts']['memory_per_sample_bytes'] * row['facts']['slots'] / MIB:.1f} MiB",
        ]
        for case, row in found
    ]
    return table(("network", "a sample in flight", "in flight on a core", "together"), rows)


def training(data: Data) -> list[str]:
    """Steps of training."""
    rows = []
    for row in data["rows"]:
        head = [_label(row["label"], row), str(row["threads"])]
        if row["missing"]:
            rows.append([*head, row["missing"], "", "", ""])
            continue
        median = row["step_s"]["median"]
        rows.append([*head, times(row["times_slayer"]), f"{1 / median:.1f}", duration(median), span(row["step_s"])])
    head = ("", "cores", "against SLAYER", "steps per second", "a step", "range")
    batch = data["rows"][0]["batch"]
    return [f"{data['network']}; {data['steps']} frames, batch {batch}.", "", *table(head, rows)]


def roof(data: Data) -> list[str]:
    """Loops that do nothing else."""
    one, every = data["roof"]["one"], data["roof"]["all"]
    rows = [
        [
            name,
            f"{rate['best']:.1f} {rate['unit']}",
            f"{every[name]['best']:.1f} {rate['unit']}" if name in every else "",
        ]
        for name, rate in one.items()
    ]
    return table(("loop", "one core", "all cores"), rows)


def kernels(data: Data) -> list[str]:
    """Kernels against the roof."""
    rows = [
        [
            row["title"],
            f"{100 * row['share']:.0f} %",
            row["roof"],
            f"{row['limit']:.1f} {row['unit']}",
            f"{row['rate']['best']:.1f} {row['unit']}",
        ]
        for row in data["kernels"]
    ]
    return table(("kernel", "of the roof", "roof", "which allows", "measured"), rows)


def growth(data: Data) -> list[str]:
    """What an operation costs."""
    fit = data["fit"]
    rows = [
        ["a synaptic operation", f"{fit['synop_ns']:.3f} ns"],
        ["an event (message or input)", f"{fit['event_ns']:.1f} ns" if fit["event_ns"] else "too little to tell"],
        ["a neuron update", f"{fit['update_ns']:.2f} ns"],
        ["a sample", f"{fit['sample_ns'] / 1000:.1f} us"],
    ]
    note = f"Fitted over {len(data['points'])} networks; the largest ratio between fit and measurement is "
    return [*table(("one more of", "costs, on one core"), rows), "", f"{note}{fit['largest_ratio']:.2f}."]


def memory(data: Data) -> list[str]:
    """A long run."""
    seen = data["rss_mib"]
    rows = [
        ["samples in a row", f"{data['samples']}, in blocks of {data['block']} ({data['network']})"],
        ["resident memory before and at the end", f"{data['rss_before_mib']:.1f} MiB and {seen[-1]:.1f} MiB"],
        ["growth in the second half", f"{data['growth_of_second_half_mib']:.2f} MiB"],
        ["buffers of a sample in flight", f"{data['memory_per_sample_bytes'] / 1024:.0f} KiB"],
        ["samples in flight", f"{data['slots'] * data['threads']} on {data['threads']} cores"],
        ["samples per second", f"{data['samples_per_s']:.0f}"],
    ]
    return table(("", ""), rows)


def startup(data: Data) -> list[str]:
    """First and later starts."""
    names = {"import_s": "import of the engine", "first_result_s": "first sample", "process_s": "the whole process"}
    rows = [
        [words, duration(data["first"][name]), duration(data["later"][name]["median"]), span(data["later"][name])]
        for name, words in names.items()
    ]
    return table((data["network"], "first after installation", "later", "range"), rows)


def counters(data: Data) -> list[str]:
    """What counting costs."""
    rows = [
        [row["title"], times(row["ratio"]), duration(row["with_s"]["median"]), duration(row["without_s"]["median"])]
        for row in data["rows"]
    ]
    return table(("network", "with to without", "a sample, counted", "not counted"), rows)


def machine(data: Data) -> list[str]:
    """What was measured on."""
    found = data["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    effort = "" if data["effort"] == "full" else " **A quick run: the figures are rough.**"
    hardware = f"{found['cpu']}, {found['cores']} cores"
    return [f"{hardware}; Python {found['python']}, {versions}; commit {found['commit']}.{effort}"]


TABLES: Final[dict[str, tuple[str, Callable[[Data], list[str]]]]] = {
    "machine": ("inference", machine),
    "inference": ("inference", inference),
    "training": ("training", training),
    "roof": ("roof", roof),
    "kernels": ("roof", kernels),
    "growth": ("growth", growth),
    "memory": ("memory", memory),
    "in_flight": ("inference", in_flight),
    "startup": ("startup", startup),
    "counters": ("counters", counters),
}
"""Marker in the document: the file of results, and who writes the table."""
