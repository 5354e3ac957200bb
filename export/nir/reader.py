"""From a NIR graph to a network description in integers, with a report of what was rounded."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from evsnn_lava import __version__
from evsnn_lava.errors import ConfigError, EvsnnError, FormatError, UnsupportedError
from evsnn_lava.export.nir.graph import Plan, kind, read_plan
from evsnn_lava.export.nir.layers import build_layers, stored_number
from evsnn_lava.export.nir.linear import NEURON_LIMIT
from evsnn_lava.export.nir.package import nir_package
from evsnn_lava.export.nir.quantise import Options
from evsnn_lava.export.nir.report import QuantisationReport
from evsnn_lava.export.nir.storage import read_graph, read_text
from evsnn_lava.network import (
    CutoffPolicy,
    FrameMasks,
    InputRecipe,
    NetworkDescription,
)

DEFAULT_DT_S: Final = 1e-3
STEPS_LIMIT: Final = 100_000

NOTES: Final = (
    "time: NIR has differential equations, a step here is one step of forward Euler of length dt",
    "reset: to v_reset, as NIR defines it; a network that was trained with a reset that subtracts the threshold, or "
    "with several spikes per step, as sinabs can, is approximated",
    "states: whole numbers of 24 bits, decays round toward zero in every step",
)


def read_nir(
    source: str | os.PathLike[str] | Any,
    steps: int | None = None,
    weight_bits: int = 8,
    dt_s: float | None = None,
    recipe: InputRecipe | None = None,
    class_names: Sequence[str] | None = None,
    inclusive: bool = False,
) -> tuple[NetworkDescription, QuantisationReport]:
    """Import a NIR graph.

    Parameters
    ----------
    source : path-like or nir.NIRGraph
        A file that ``nir.write`` wrote, or a graph.
    steps : int, optional
        Frames of a sample; NIR does not say it. Not needed with a `recipe` or for a file of ``write_nir``.
    weight_bits : int
        Bits of a weight, 2..8. Signed weights become even, as a synapse of 8 bits with a sign has them.
    dt_s : float, optional
        Seconds of a step; what the file says, or 0.001.
    recipe : InputRecipe, optional
        How recordings become frames. Without it an input of one or two channels in two dimensions takes events in
        bins of `dt_s` (channel 1 is ON), and anything else takes frames as they are.
    class_names : sequence of str, optional
        One per output neuron; numbers otherwise.
    inclusive : bool
        The network was trained with neurons that spike at the threshold; NIR's own spike above it.

    Returns
    -------
    network : NetworkDescription
        Integers; no masks and no cutoff.
    report : QuantisationReport
        What was rounded, layer by layer.

    Raises
    ------
    FormatError
        If the file is damaged or no NIR file.
    UnsupportedError
        If the graph has no integer form; the message names the nodes and what to do.
    ConfigError, CapacityError
        If an option or a value is out of range.
    BackendUnavailableError
        If the package `nir` is not installed.

    Examples
    --------
    >>> nir = nir_package()
    >>> one = np.ones(2)
    >>> neuron = nir.LIF(tau=one / 100, r=one, v_leak=0 * one, v_threshold=one)
    >>> graph = nir.NIRGraph.from_list(nir.Linear(np.eye(2)), neuron)
    >>> network, report = read_nir(graph, steps=5)
    >>> network.layers[0].neuron.dv, network.layers[0].neuron.vth_mant
    (410, 2550)
    """
    graph = read_graph(source) if isinstance(source, str | os.PathLike) else source
    if kind(graph) != "NIRGraph":
        raise ConfigError(f"expected a path or a nir.NIRGraph, found {kind(graph)}; give one of the two")
    name = Path(source).name if isinstance(source, str | os.PathLike) else "NIR graph"
    try:
        with np.errstate(all="ignore"):  # what overflows is refused
            return _convert(graph, name, _digest(source), steps, weight_bits, dt_s, recipe, class_names, inclusive)
    except (FormatError, UnsupportedError) as error:
        raise type(error)(f"{name}: {error}") from error


def _convert(
    graph: Any,
    name: str,
    digest: dict[str, str],
    steps: int | None,
    weight_bits: int,
    dt_s: float | None,
    recipe: InputRecipe | None,
    class_names: Sequence[str] | None,
    inclusive: bool,
) -> tuple[NetworkDescription, QuantisationReport]:
    plan = read_plan(graph)
    step_s, dt_source = _step(graph, dt_s)
    options = Options(step_s, weight_bits, inclusive)
    recipe = _fitting(plan, recipe) or _recipe(plan, graph, steps, step_s)
    if not 1 <= recipe.steps <= STEPS_LIMIT:
        raise ConfigError(f"{recipe.steps} steps, the limit is 1..{STEPS_LIMIT}; give fewer")
    layers, facts, report = build_layers(plan, recipe.input_shape, options)
    names = tuple(class_names or _stored_names(graph) or (str(n) for n in range(layers[-1].neurons)))
    network = NetworkDescription(
        name=read_text(graph.metadata, "evsnn_name") or Path(name).stem,
        layers=layers,
        recipe=recipe,
        masks=FrameMasks.all_kept(recipe.steps, len(layers)),
        cutoff=CutoffPolicy.never(recipe.steps),
        class_names=names,
        quantisation=facts,
        provenance={
            "tool": f"evsnn_lava {__version__}",
            "source": name,
            "nir": nir_package().__version__,
            "dt_s": repr(options.dt_s),
            "weight_bits": str(weight_bits),
            **digest,
        },
    )
    return network, QuantisationReport(name, options.dt_s, weight_bits, report, NOTES, dt_source, plan.timed)


def _input_shape(plan: Plan) -> tuple[int, int, int]:
    """Shape of the input as (C, H, W); a vector of N is (N, 1, 1), channels by length (C, 1, L)."""
    try:
        sizes = [int(size) for size in np.asarray(plan.input_node.input_type["input"]).reshape(-1)]
    except (TypeError, KeyError, ValueError, OverflowError) as error:
        raise FormatError(f"node {plan.input_name}: its shape is not stored; write the graph again") from error
    if not 1 <= len(sizes) <= 3 or min(sizes) < 1 or math.prod(sizes) > NEURON_LIMIT:
        raise UnsupportedError(
            f"node {plan.input_name}: shape {tuple(sizes[:8])}, expected (N,), (C, L) or (C, H, W) and at most "
            f"{NEURON_LIMIT} values; correct the graph"
        )
    channels, *rest = sizes
    height, width = {0: (1, 1), 1: (1, *rest), 2: tuple(rest)}[len(rest)]
    return channels, height, width


def _recipe(plan: Plan, graph: Any, steps: int | None, dt_s: float) -> InputRecipe:
    stored, shape = read_text(graph.metadata, "evsnn_recipe"), _input_shape(plan)
    recipe = _fitting(plan, None if stored is None else _stored_recipe(stored))
    if recipe is not None:
        require_step(recipe, dt_s, "the file")
        return recipe if steps is None else replace(recipe, steps=steps)
    if steps is None:
        raise ConfigError("NIR does not say how many steps a sample has; give steps (`--steps`)")
    return recipe_for(shape, steps, dt_s)


def recipe_for(shape: tuple[int, int, int], steps: int, dt_s: float) -> InputRecipe:
    """The recipe of an input that says its shape and nothing else.

    Parameters
    ----------
    shape : (int, int, int)
        ``(C, H, W)``.
    steps : int
        Frames of a sample.
    dt_s : float
        Seconds of a step.

    Returns
    -------
    InputRecipe
        Bins of events for one or two channels in two dimensions, else frames as they are.

    Examples
    --------
    >>> recipe_for((2, 34, 34), 300, 1e-3).binning, recipe_for((2312, 1, 1), 300, 1e-3).binning
    ('time', 'none')
    """
    dt_us = round(dt_s * 1e6)
    if shape[0] <= 2 and min(shape[1:]) > 1 and dt_us >= 1:
        return InputRecipe(shape[1], shape[2], steps, dt_us, polarities=shape[0])
    return InputRecipe.frames(shape, steps)


def require_step(recipe: InputRecipe, dt_s: float, owner: str) -> None:
    """Refuse a step that is not a frame of the recipe.

    Parameters
    ----------
    recipe : InputRecipe
        With ``time`` binning it says how long a frame is.
    dt_s : float
        Seconds of a step.
    owner : str
        Whose recipe it is, for the message.

    Raises
    ------
    ConfigError
        If they differ, or the step is not positive.
    """
    if not (math.isfinite(dt_s) and dt_s > 0):
        raise ConfigError(f"dt is {dt_s} s, it must be positive; give the step the network was trained with")
    if recipe.binning == "time" and recipe.dt_us != round(dt_s * 1e6):
        raise ConfigError(
            f"dt is {1000 * dt_s:g} ms, the recipe of {owner} has frames of {recipe.dt_us / 1000:g} ms, a step is "
            "one of them; leave dt out (`--dt-ms`)"
        )


def _fitting(plan: Plan, recipe: InputRecipe | None) -> InputRecipe | None:
    """A recipe, after checking that the input takes its frames; a vector takes frames of its size."""
    shape = _input_shape(plan)
    same = recipe is None or recipe.input_shape == shape
    if recipe is None or same or (shape[1:] == (1, 1) and math.prod(recipe.input_shape) == shape[0]):
        return recipe
    raise ConfigError(f"the recipe makes frames {recipe.input_shape}, the graph takes {shape}; give a fitting recipe")


def _stored_recipe(text: str) -> InputRecipe:
    """The recipe that ``write_nir`` put into the graph."""
    try:
        values = dict(json.loads(text))
        crop = values.pop("crop")
        if set(values) != {field.name for field in fields(InputRecipe)} - {"crop"}:
            raise KeyError("fields")
        return InputRecipe(**values, crop=None if crop is None else tuple(crop))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, EvsnnError) as error:
        raise FormatError("the metadata evsnn_recipe is damaged; give a recipe or write the graph again") from error


def _stored_names(graph: Any) -> list[str] | None:
    text = read_text(graph.metadata, "evsnn_class_names")
    try:
        names = None if text is None else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError("the metadata evsnn_class_names is damaged; write the graph again") from error
    if names is not None and not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise FormatError("the metadata evsnn_class_names is no list of names; write the graph again")
    return names


def _step(graph: Any, dt_s: float | None) -> tuple[float, str]:
    """Seconds of a step, and how they are known: a key of ``DT_SOURCES``."""
    if dt_s is not None:
        return dt_s, "given"
    stated = isinstance(graph.metadata, dict) and "evsnn_dt_s" in graph.metadata
    return stored_number(graph.metadata, "evsnn_dt_s", DEFAULT_DT_S), "file" if stated else "assumed"


def _digest(source: Any) -> dict[str, str]:
    if not isinstance(source, str | os.PathLike):
        return {}
    return {"source_sha256": hashlib.sha256(Path(source).read_bytes()).hexdigest()}
