"""Terminal tables of what is in a network, made for 100 columns; whoever prints them is the command line."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from evsnn_lava.export.part_words import plural
from evsnn_lava.reporting.provenance_values import value_line
from evsnn_lava.reporting.units import format_count

if TYPE_CHECKING:
    from evsnn_lava.export.inspect import CutoffSummary, LayerSummary, NetworkSummary

KEPT, DROPPED = "█", "░"
HASH_DIGITS: Final = 16
MASK_LINE: Final = 50
"""Frames of a mask that are drawn in one line."""

LEADS: Final = {
    "gap": "gap: lead of the best class over the second, in spikes or sums",
    "confidence": "confidence: softmax probability of the best class, in 1/32768",
}
"""What the cutoff compares with its thresholds."""

LEAD_OF: Final = {"topk_gap": "gap", "conformal": "gap", "confidence": "confidence"}
"""By kind of cutoff; the other kinds compare nothing."""


def network_tables(summary: NetworkSummary) -> RenderableType:
    """Everything about one network: facts, layers, masks, thresholds, provenance.

    Parameters
    ----------
    summary : NetworkSummary
        From :func:`evsnn_lava.export.inspect.summarise`.

    Returns
    -------
    rich.console.RenderableType
        The tables, one below the other.
    """
    parts = [facts_table(summary), network_layer_table(summary), mask_table(summary)]
    parts.append(cutoff_table(summary.cutoff, summary.guaranteed))
    if summary.quantisation:
        parts.append(quantisation_table(summary))
    if summary.provenance:
        parts.append(provenance_table(summary))
    return Group(*parts)


def facts_table(summary: NetworkSummary) -> Group:
    """Name, hash, input, classes and golden vectors, a line each.

    Parameters
    ----------
    summary : NetworkSummary
        The network.

    Returns
    -------
    rich.console.Group
        A title and two columns.
    """
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    layers = _counted(summary.depth, "layer")
    rows = {
        "size": f"{layers}, {_counted(summary.neurons, 'neuron')}, {_counted(summary.weights, 'weight')}",
        "steps": f"{_counted(summary.frames_sent, 'frame')} sent + {layers} = {summary.max_steps} steps at most",
        "input": _input(summary),
        "classes": _shortened(summary.class_names),
        "golden": _golden(summary),
        "content": f"sha256 {summary.content_hash[:HASH_DIGITS]}" if summary.content_hash else "not writable",
    }
    for key, value in rows.items():
        table.add_row(key, Text(value))
    return _titled(f"Network {summary.name}", table)


def network_layer_table(summary: NetworkSummary) -> Group:
    """Shape, weights and neuron parameters of every layer.

    Parameters
    ----------
    summary : NetworkSummary
        The network.

    Returns
    -------
    rich.console.Group
        The input and one row per layer.
    """
    table = _table()
    _add_layer_column(table)
    table.add_column("Type", overflow="fold")  # the one that wraps where the line gets long
    for heading in ("Shape", "Neurons", "Weights", "Non-\nzero", "Bits"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Neuron", overflow="fold")
    table.add_row("input", "frames", _shape(summary.recipe.input_shape), *[""] * 5, style="dim")
    for layer in summary.layers:
        table.add_row(*_layer_cells(layer))
    note = "bits: of a weight without the common power of two; vth, bias: mantissas; a..b: differs by channel"
    return _titled("Layers", table, note)


def mask_table(summary: NetworkSummary) -> Group:
    """The frame masks as rows of blocks.

    Parameters
    ----------
    summary : NetworkSummary
        The network.

    Returns
    -------
    rich.console.Group
        One part per layer: which frames it receives; a sentence where all receive every frame. Layers of a cutoff
        listen all the time and are left out.
    """
    dropped = {"skip": "a frame that the first mask drops is never sent", "mute": "a dropped frame is sent as silence"}
    steps, title = summary.recipe.steps, f"Frame masks ({summary.mask_semantics})"
    masked = summary.layers[: summary.depth - summary.cutoff.layers]
    if all("0" not in layer.mask for layer in masked):
        frames = f"all {steps} frames" if steps > 1 else "the only frame"
        return _titled(title, note=f"{frames} kept, in every layer")
    table = _table()
    _add_layer_column(table)
    table.add_column(f"Frames 0..{steps - 1}", no_wrap=True, min_width=min(steps, MASK_LINE))
    table.add_column("Kept", justify="right", no_wrap=True)
    for layer in masked:
        table.add_row(Text(layer.name), folded_mask(layer.mask), f"{layer.mask.count('1')} of {steps}")
    return _titled(title, table, dropped[summary.mask_semantics])


def folded_mask(mask: str) -> Text:
    """Draw a mask, a long one in lines that begin with the number of their first frame.

    Parameters
    ----------
    mask : str
        One ``0`` or ``1`` per frame.

    Returns
    -------
    rich.text.Text
        Lines of ``MASK_LINE`` blocks; neighbouring lines without any difference in words.

    Examples
    --------
    >>> print(folded_mask("1" * 50 + "01" + "1" * 98).plain)
      0: all kept
     50: ░█████████████████████████████████████████████████
    100: all kept
    """
    if len(mask) <= MASK_LINE:
        return mask_blocks(mask)
    starts = range(0, len(mask), MASK_LINE)
    lines, digits = [(start, mask[start : start + MASK_LINE]) for start in starts], len(str(starts[-1]))
    drawn = []
    for uniform, run in groupby(lines, lambda line: line[1][0] if len(set(line[1])) == 1 else ""):
        if uniform:
            drawn.append(Text(f"{next(run)[0]:>{digits}}: all {'kept' if uniform == '1' else 'dropped'}"))
        else:
            drawn += [Text.assemble(f"{start:>{digits}}: ", mask_blocks(line)) for start, line in run]
    return Text("\n").join(drawn)


def mask_blocks(mask: str) -> Text:
    """Draw a mask.

    Parameters
    ----------
    mask : str
        One ``0`` or ``1`` per frame.

    Returns
    -------
    rich.text.Text
        A full block for a kept frame, a shade for a dropped one.

    Examples
    --------
    >>> mask_blocks("1101").plain
    '██░█'
    """
    text = Text()
    for bit, run in groupby(mask):
        symbol, style = (KEPT, "green") if bit == "1" else (DROPPED, "dim")
        text.append(symbol * len(list(run)), style)
    return text


def cutoff_table(cutoff: CutoffSummary, guaranteed: bool = False) -> Group:
    """The thresholds, equal neighbours in one row.

    Parameters
    ----------
    cutoff : CutoffSummary
        The policy.
    guaranteed : bool
        Whether the provenance says what it promises: then not all of its samples were fitted on.

    Returns
    -------
    rich.console.Group
        Steps and what makes the network stop there.
    """
    fitted = _fitted(cutoff, guaranteed)
    if cutoff.layers:
        title = f"Cutoff ({cutoff.kind}): the last {cutoff.layers} layers decide, their first spike stops"
        return _titled(title, note=fitted)
    table = _table()
    table.add_column("After frame", justify="right", no_wrap=True)
    table.add_column("Stop when")
    lead = LEAD_OF.get(cutoff.kind)
    for steps, rule in threshold_runs(cutoff.thresholds, lead or "gap"):
        table.add_row(steps, rule)
    note = f"{LEADS[lead]}; {fitted}" if lead else fitted
    return _titled(f"Cutoff ({cutoff.kind})", table, note)


def _fitted(cutoff: CutoffSummary, guaranteed: bool) -> str:
    """What the thresholds come from."""
    if not cutoff.calibration_samples:
        return "not fitted on data"
    samples = f"{_counted(cutoff.calibration_samples, 'sample')} (sha256 {cutoff.calibration_hash[:HASH_DIGITS]})"
    if guaranteed:
        return f"fitted or tested on {samples}, epsilon {cutoff.epsilon:g}; see cutoff guarantee below"
    return f"fitted on {samples}, epsilon {cutoff.epsilon:g}"


def threshold_runs(thresholds: Sequence[int | None], lead: str = "gap") -> list[tuple[str, str]]:
    """Say the thresholds in words, equal neighbours together.

    Parameters
    ----------
    thresholds : sequence of (int or None)
        One per step; None never stops, a negative one always does. The last step ends in any case.
    lead : str
        What is compared with them.

    Returns
    -------
    list of (str, str)
        Steps, counted from 1, and the rule.

    Examples
    --------
    >>> threshold_runs([None, None, 3, 3, 2])
    [('1-2', 'never'), ('3-4', 'gap > 3'), ('5', 'always')]
    """
    rules = ["never" if value is None else f"{lead} > {value}" if value >= 0 else "always" for value in thresholds]
    rules[-1] = "always"
    runs, start = [], 1
    for rule, run in groupby(rules):
        end = start + len(list(run)) - 1
        runs.append((f"{start}-{end}" if end > start else str(start), rule))
        start = end + 1
    return runs


def quantisation_table(summary: NetworkSummary) -> Group:
    """What rounding did to the weights.

    Parameters
    ----------
    summary : NetworkSummary
        The network.

    Returns
    -------
    rich.console.Group
        One row per layer.
    """
    table = _table()
    _add_layer_column(table)
    for heading in ("Scale", "Largest error", "Clipped", "Zero"):
        table.add_column(heading, justify="right", no_wrap=True)
    for fact in summary.quantisation:
        counts = (format_count(fact.clipped), format_count(fact.zeros))
        table.add_row(Text(fact.layer), f"{fact.weight_scale:g}", f"{fact.max_error:.3g}", *counts)
    return _titled("Quantisation", table, "scale: integer that stands for the weight 1.0")


def provenance_table(summary: NetworkSummary) -> Group:
    """Where the network came from, long values cut.

    Parameters
    ----------
    summary : NetworkSummary
        The network.

    Returns
    -------
    rich.console.Group
        One row per entry, and a hint if a value is cut.
    """
    shown = {key: value_line(value) for key, value in summary.provenance}
    table = _table()
    table.add_column("Entry", overflow="fold", max_width=24, style="dim")
    table.add_column("Value", overflow="fold")
    for key, (line, _) in shown.items():
        table.add_row(Text(key), Text(line))
    cut = any(is_cut for _, is_cut in shown.values())
    return _titled("Provenance", table, "...: cut, `evsnn inspect --json` has the whole values" if cut else "")


def _table() -> Table:
    return Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)


def _add_layer_column(table: Table) -> None:
    table.add_column("Layer", overflow="fold", max_width=14)


def _titled(title: str, table: Table | None = None, note: str = "") -> Group:
    """A title above and a note below, neither bound to the width of the table."""
    parts: list[RenderableType] = ["", Text(title, "bold"), *([] if table is None else [table])]
    return Group(*parts, Text(note, "dim")) if note else Group(*parts)


def _counted(count: int, noun: str) -> str:
    return f"{format_count(count)} {plural(count, noun)}"


def _layer_cells(layer: LayerSummary) -> list[RenderableType]:
    counted = ("-", "-", "-")
    if layer.weights:
        counted = (format_count(layer.weights), f"{layer.nonzero_share:.1%}", str(layer.weight_bits))
    return [
        Text(layer.name),
        f"{layer.type} {layer.detail}".rstrip(),
        _shape(layer.output_shape),
        format_count(layer.neurons),
        *counted,
        Text(" ".join([layer.neuron, *(_parameter(name, value) for name, value in layer.parameters)])),
    ]


def _parameter(name: str, value: int | str | tuple[int, int]) -> str:
    """One parameter, without spaces, where a line may break."""
    shown = f"{value[0]}..{value[1]}" if isinstance(value, tuple) else str(value)
    return f"{name.removesuffix('_mant').replace('_decay', '')}={shown}"


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _input(summary: NetworkSummary) -> str:
    recipe = summary.recipe
    source = f", trained on {recipe.dataset}" if recipe.dataset else ""
    if recipe.binning == "none":
        low, high = recipe.value_range
        values = f"whole numbers {low}..{high}" if recipe.message_bits else "0 or 1"
        return f"{_counted(recipe.steps, 'frame')} as they are, {_shape(recipe.input_shape)}, {values}{source}"
    frames = f"{_counted(recipe.steps, 'frame')} of {recipe.dt_us / 1000:g} ms"
    if recipe.binning == "count":
        frames = f"{_counted(recipe.steps, 'frame')} of equal event count"
    words = [f"{recipe.sensor_height}x{recipe.sensor_width} sensor"]
    if recipe.crop is not None:
        top, left, height, width = recipe.crop
        words.append(f"crop {height}x{width} at ({top}, {left})")
    if recipe.downsample > 1:
        words.append(f"every {recipe.downsample}x{recipe.downsample} pixels one")
    words.append("OFF and ON apart" if recipe.polarities == 2 else "polarities merged")
    return f"{frames}, {_shape(recipe.input_shape)} ({', '.join(words)}){source}"


def _shortened(names: Sequence[str], limit: int = 12) -> str:
    shown = ", ".join(names[:limit])
    return f"{len(names)}: {shown}" + (", ..." if len(names) > limit else "")


def _golden(summary: NetworkSummary) -> str:
    golden = summary.golden
    if golden is None:
        return "none"
    mean_exit = sum(golden.exit_steps) / golden.samples
    return f"{_counted(golden.samples, 'sample')}, {_counted(golden.spikes, 'message')}, mean exit step {mean_exit:.1f}"
