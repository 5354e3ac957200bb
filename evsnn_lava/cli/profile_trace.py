"""What a trace says of samples beside the counts: how they are called, and which frames layers do not get."""

from __future__ import annotations

import numpy as np

from evsnn_lava.cli.profile_runs import FileRun
from evsnn_lava.network import NetworkDescription
from evsnn_lava.profiling.ledger import INPUT
from evsnn_lava.reporting.named_report import NamedReport
from evsnn_lava.reporting.trace_events import MaskedFrame, Traced


def traced(run: FileRun, named: NamedReport, samples: int) -> Traced:
    """Say what of a run is to be drawn.

    Parameters
    ----------
    run : FileRun
        The run.
    named : NamedReport
        Its costs on one profile.
    samples : int
        How many samples, at most.

    Returns
    -------
    Traced
        For :func:`evsnn_lava.reporting.trace_events.trace_events`.
    """
    drawn = min(samples, run.result.samples)
    titles = tuple(_title(run, sample) for sample in range(drawn))
    return Traced(named, titles, masked_frames(run.file.network))


def masked_frames(network: NetworkDescription) -> tuple[MaskedFrame, ...]:
    """Frames that layers do not get, in the hardware step in which the sender would have sent them.

    The input sends frame ``t`` of the stream in step ``t``, and every layer delays by one step. A frame that is skipped
    takes no step; it stands where the next one is sent.

    Parameters
    ----------
    network : NetworkDescription
        The network with its masks.

    Returns
    -------
    tuple of MaskedFrame
        By receiver.
    """
    masks, sent = network.masks, network.masks.sent_frames
    names = (INPUT, *(layer.name for layer in network.layers))
    skipped = np.setdiff1d(np.arange(masks.steps), sent)
    found = [(int(np.searchsorted(sent, frame)), 0, int(frame)) for frame in skipped]
    for layer in range(len(masks.keep)):
        found += [(int(step) + layer, layer, int(sent[step])) for step in np.flatnonzero(~masks.gate(layer))]
    return tuple(MaskedFrame(step, names[layer], names[layer + 1], frame) for step, layer, frame in found)


def _title(run: FileRun, sample: int) -> str:
    names, decision = run.file.network.class_names, int(run.result.decision[sample])
    label = int(run.samples.labels[sample])
    verdict = "" if label < 0 else ", right" if label == decision else f", wrong: {names[label]}"
    return f"sample {int(run.samples.sample_id[sample])}, decided {names[decision]}{verdict}"
