"""Rules about kinds: neurons, connections, masks and cutoffs that the chip does not have, or has with a catch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from evsnn_lava.export.check.finding import Change, Finding
from evsnn_lava.export.check.subject import Subject, layer_object
from evsnn_lava.export.netfile.netx_limits import netx_problems
from evsnn_lava.export.netfile.netx_weights import largest_sum
from evsnn_lava.network import ConvSynapse, Layer, passes_on
from evsnn_lava.network.policy import NEVER

LAVA: Final = "lava"
NETX: Final = "lava-dl 0.6.0, lava.lib.dl.netx"
SUMS_IN_NETX: Final = (
    "netx has no words for a head of sums; the loihi2 back-end sets its sigma-delta neurons, other users must"
)
LARGEST_MESSAGE: Final = 2**15 - 1
"""Of 16 bits with a sign, which netx gives to the messages of sigma-delta neurons."""

DROPPED_PERIOD: Final = 256
"""The compiler warns that spikes of columns ``n * 256 - 1`` may be dropped."""


def kinds(subject: Subject) -> Iterator[Finding]:
    """The chip has neurons and connections of these kinds."""
    supports = subject.chip.supports
    if supports is None:
        return
    for layer in subject.network.layers:
        for rule, part, known in (
            ("neuron_kind", layer.neuron, supports.neurons),
            ("synapse_kind", layer.synapse, supports.synapses),
        ):
            name = type(part).__name__
            proven = [kind for kind in known if kind not in supports.unproven]
            change = Change(rule.partition("_")[0], None, f"use {' or '.join(proven)}, or run it on the CPU")
            found = _has(subject, rule, layer.name, name in known, f"a {name}", change)
            yield (
                found
                if name not in supports.unproven
                else replace(
                    found, level="warning", fact=f"a {name}, which nothing public shows on the chip", change=change
                )
            )


def connections(subject: Subject) -> Iterator[Finding]:
    """The chip has recurrence and delays, where the network has them."""
    supports = subject.chip.supports
    if supports is None:
        return
    for layer in subject.network.layers:
        if layer.recurrent is not None:
            change = Change("recurrent", None, "train it without recurrence")
            yield _has(subject, "recurrence", layer.name, supports.recurrence, "it reaches itself", change)
        if delay := max(synapse.max_delay for synapse in layer.synapses):
            change = Change("delay", 0, "train it without delays")
            yield _has(subject, "delays", layer.name, supports.delays, f"delays up to {delay}", change)


def decays(subject: Subject) -> Iterator[Finding]:
    """One decay for a layer; several are a risk where the maker documents one."""
    supports = subject.chip.supports
    if supports is None:
        return
    for layer in subject.network.layers:
        per_channel = [name for name in ("du", "dv") if name in layer.neuron.per_channel]
        if per_channel and not supports.per_channel_decays:
            yield Finding(
                "one_decay",
                layer_object(layer.name),
                "warning",
                f"{' and '.join(per_channel)} differ between channels, the chip documents one for a layer",
                basis=supports.status,
                source=supports.source,
                change=Change("du", None, "train one decay for the layer (SLAYER: shared_param=True)"),
            )


def _has(subject: Subject, rule: str, layer: str, holds: bool, fact: str, change: Change) -> Finding:
    supports = subject.chip.supports
    basis, source = (LAVA, "") if supports is None else (supports.status, supports.source)
    level = "ok" if holds else "error"
    said = fact if holds else f"{fact}, which {subject.chip.title} does not have"
    return Finding(rule, layer_object(layer), level, said, basis=basis, source=source, change=None if holds else change)


def hidden_masks(subject: Subject) -> Iterator[Finding]:
    """A mask inside the network needs neurons that know frame numbers; stock ones do not."""
    masks, decided = subject.network.masks, subject.network.cutoff.layers
    for index, layer in enumerate(subject.network.layers[: subject.network.depth - decided]):
        closed = int((~masks.gate(index)).sum())
        if not index or not closed:
            continue
        yield Finding(
            "hidden_masks",
            layer_object(layer.name),
            "error",
            f"it is to see {masks.stream_steps - closed} of the {masks.stream_steps} frames that are sent; no stock "
            "neuron counts frames",
            source="lava.proc.lif.process: u, v, du, dv, bias and vth",
            change=Change(
                "keep",
                None,
                "`evsnn export FILE --masks input -o NEW.net` gives one to all layers; `evsnn pipeline FILE` compares "
                "accuracy",
            ),
        )


ON_CHIP: Final = Change(
    "cutoff",
    None,
    "`evsnn export FILE --cutoff on-chip -o NEW.net` builds the decision from neurons, which cost, too: compare both "
    "with `evsnn profile FILE NEW.net`",
)


def cutoff_form(subject: Subject) -> Iterator[Finding]:
    """Who decides when to stop, and what that asks of the host."""
    cutoff = subject.network.cutoff
    if cutoff.layers:
        fact = f"the last {cutoff.layers} layers decide; the host waits for one spike"
        yield Finding("cutoff_form", "network", "ok", fact)
    elif (cutoff.thresholds[:-1] < NEVER).any():
        counts_spikes = cutoff.kind != "confidence" and not subject.network.layers[-1].neuron.graded
        yield Finding(
            "cutoff_form",
            "network",
            "note",
            "the host reads the output in every step and decides; that costs a round trip per step",
            change=ON_CHIP if counts_spikes else None,
        )


def input_rate(subject: Subject) -> Iterator[Finding]:
    """How many messages the host has to send in a step."""
    golden = subject.network.golden
    if golden is None or not golden.frames.size:
        return
    frames = np.asarray(subject.network.masks.stream(golden.frames)) != 0
    per_step = frames.reshape(len(frames), -1, frames.shape[-1]).sum(axis=1)
    yield Finding(
        "input_rate",
        "input",
        "note",
        f"{per_step.mean():.0f} messages a step, {per_step.max()} at most, in the golden samples; no limit is "
        "published, and a run that waits for its input says nothing about energy",
        value=float(per_step.max()),
    )


def wide_convolution(subject: Subject) -> Iterator[Finding]:
    """Columns whose spikes the compiler may drop, by its own warning."""
    for layer in subject.network.layers if _by_netx(subject) else ():
        if isinstance(layer.synapse, ConvSynapse) and layer.shape[2] >= DROPPED_PERIOD:
            yield Finding(
                "wide_convolution",
                layer_object(layer.name),
                "warning",
                f"{layer.shape[2]} columns; the compiler warns that spikes of column {DROPPED_PERIOD - 1} may be lost",
                value=layer.shape[2],
                limit=DROPPED_PERIOD - 1,
                basis="fitted",
                source="a warning of the Loihi 2 compiler, lava-dl notebooks",
                change=Change("columns", DROPPED_PERIOD - 1, f"{DROPPED_PERIOD - 1} columns fit; crop or stride"),
            )


def stock_netx(subject: Subject) -> Iterator[Finding]:
    """Stock netx loads every layer and computes it exactly; it is the way to the chip."""
    if not _by_netx(subject):
        return
    problems = list(netx_problems(subject.network))
    refused = {name for name, _ in problems}
    for layer in subject.network.layers:
        if passes_on(layer.neuron):
            yield _sums(layer)
        elif layer.name not in refused:
            yield Finding("stock_netx", layer_object(layer.name), "ok", "netx computes the same", source=NETX)
    for name, problem in problems:
        fact, _, remedy = str(problem).partition(": ")[2].rpartition("; ")
        change = Change("layer", None, remedy)
        yield Finding("stock_netx", layer_object(name), "error", fact, source=NETX, change=change)


def _sums(layer: Layer) -> Finding:
    """A head of sums, whose messages have to fit the bits that netx gives to sigma-delta neurons."""
    largest = max(map(largest_sum, layer.synapse.matrices))
    level = "warning" if largest <= LARGEST_MESSAGE else "error"
    change = Change("weights", None, "smaller weights: train with a larger train.logit_scale")
    return Finding(
        "stock_netx",
        layer_object(layer.name),
        level,
        f"{SUMS_IN_NETX}; its messages reach {largest}, {LARGEST_MESSAGE} fit",
        value=largest,
        limit=LARGEST_MESSAGE,
        source=NETX,
        change=None if level == "warning" else change,
    )


def _by_netx(subject: Subject) -> bool:
    supports = subject.chip.supports
    return supports is not None and supports.netx
