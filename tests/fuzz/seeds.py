"""The valid files that the fuzzer damages: small ones of every kind, and the readers that must survive them."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.export.netfile.writer import content_hash, write_net
from evsnn_lava.network import (
    NEVER,
    ComplexSynapse,
    ConvSynapse,
    CubaNeuron,
    CutoffPolicy,
    DeltaNeuron,
    DenseSynapse,
    DirectSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
    QuantisationFacts,
    RfIzNeuron,
    RfNeuron,
    SigmaDeltaNeuron,
    SigmaNeuron,
)
from evsnn_lava.simulation import record_golden

VERSION_1 = Path(__file__).parents[1] / "export" / "data" / "version1.net"
CONV = ConvSynapse(np.arange(-8, 8).reshape(2, 2, 2, 2) * 2, padding=(1, 0), stride=(1, 2))


@dataclass(frozen=True)
class Reader:
    """A reader under test.

    Parameters
    ----------
    seeds : tuple of str
        Names of the files that it reads.
    read : callable
        Takes a path; gives what it says of the content, as a text.
    strict : bool
        Whether it may refuse with `FormatError` only and must tell every change; otherwise any error of ours will do.
    """

    seeds: tuple[str, ...]
    read: Callable[[Path], str]
    strict: bool


def dense(outputs: int, inputs: int, step: int = 2) -> DenseSynapse:
    """Small weights of both signs."""
    return DenseSynapse((np.arange(outputs * inputs).reshape(outputs, inputs) * 7 % 19 - 9) * step)


def network(recipe: InputRecipe, *layers: Any) -> NetworkDescription:
    """A network of `(synapse, neuron[, recurrent])` with everything optional."""
    shape, named = recipe.input_shape, []
    for index, (synapse, neuron, *recurrent) in enumerate(layers):
        shape = synapse.output_shape(shape)
        named.append(Layer(f"layer{index}", synapse, neuron, shape, *recurrent))
    keep = np.arange(recipe.steps) != 1
    net = NetworkDescription(
        name="fuzz",
        layers=tuple(named),
        recipe=recipe,
        masks=FrameMasks("skip", (keep,) * len(named)),
        cutoff=CutoffPolicy("topk_gap", [NEVER, *range(recipe.steps - 2)], 0.01, "a" * 64, 9),
        class_names=tuple(f"ç{index}" for index in range(named[-1].neurons)),
        quantisation=(QuantisationFacts("layer0", 64.0, 1 / 128, 1, 2),),
        provenance={"seed": "1"},
    )
    low, high = recipe.value_range
    values = np.indices((1, *recipe.input_shape, recipe.steps)).sum(0) % (high + 1 - max(low, -3)) + max(low, -3)
    return replace(net, golden=record_golden(net, values.astype(np.int32 if recipe.message_bits else bool)))


def ours() -> dict[str, NetworkDescription]:
    """Networks of every neuron and synapse."""
    events, binary = InputRecipe(4, 4, 4, 1000, crop=(0, 1, 4, 3)), InputRecipe.frames((2, 4, 3), 4)
    graded, pair = InputRecipe.frames((2, 4, 3), 4, 8, "numbers"), ComplexSynapse(dense(3, 24), dense(3, 24, 4))
    delays = np.arange(9).reshape(3, 3)
    return {
        "cuba": network(events, (CONV, CubaNeuron(60, 1023, 128, [3, -2])), (dense(3, 10), CubaNeuron(80, -1, 300))),
        "recurrent": network(
            binary,
            (dense(3, 24), CubaNeuron(60, [1, 2, -1], [0, 3, 4096]), dense(3, 3)),
            (DenseSynapse(dense(3, 3).weights, delays=delays), CubaNeuron(50, 9, [4, 5, 6])),
        ),
        "sigma-delta": network(
            graded,
            (DirectSynapse(64, 1), DeltaNeuron(9)),
            (CONV, SigmaDeltaNeuron(9, np.arange(-10, 10).reshape(2, 5, 2)[:, :5, :1])),
            (dense(2, 10), SigmaNeuron()),
        ),
        "resonators": network(
            binary, (pair, RfNeuron(9, 3000, -900)), (ComplexSynapse(dense(2, 3), dense(2, 3)), RfIzNeuron(9, -1, 0))
        ),
    }


def write_foreign(path: Path) -> None:
    """A netx file as SLAYER writes it."""
    neuron = {"type": "CUBA", "iDecay": 1024, "vDecay": 128, "vThMant": 80, "refDelay": 1, "gradedSpike": False}
    conv = {"stride": [1, 2], "padding": [1, 0], "dilation": [1, 1], "groups": 1, "bias": np.zeros(2, "f4")}
    weights = (CONV.weights.astype("f4"), dense(3, 20).weights.astype("f4"))
    with h5py.File(path, "w") as net:
        blocks = [("input", [2, 4, 4], {}), ("conv", [2, 5, 2], conv), ("flatten", [20], {}), ("dense", [3], {})]
        for index, (kind, shape, more) in enumerate(blocks):
            fields = {"type": np.array([kind], "S10"), "shape": shape, **more}
            if kind in ("conv", "dense"):
                fields |= {f"neuron/{name}": value for name, value in neuron.items()}
                fields["weight"] = weights[kind == "dense"]
            for name, value in fields.items():
                net[f"layer/{index}/{name}"] = value
        net["layer/3/delay"] = np.arange(3)


def write_nir_file(path: Path) -> None:
    """A NIR graph of the nodes that the reader knows."""
    import nir

    ones = np.ones(5)
    conv = nir.Conv2d((4, 4), np.ones((5, 1, 2, 2)), (2, 2), 0, 1, 1, np.zeros(5))
    neuron = nir.CubaLIF(*(value * ones for value in (0.002, 0.004, 1, 0, 1)))
    flatten = nir.Flatten({"input": np.array([5, 2, 2])}, 0, -1)
    spread = {name: np.ones((5, 2, 2)) * value for name, value in {"r": 1, "v_threshold": 1}.items()}
    last = nir.Affine(np.arange(100.0).reshape(5, 20) - 40, ones)
    graph = nir.NIRGraph.from_list(nir.Input(np.array([1, 4, 4])), conv, nir.IF(**spread), flatten, last, neuron)
    nir.write(path, graph)


def write_seeds(folder: Path) -> dict[str, bytes]:
    """Write all valid files into a folder.

    Parameters
    ----------
    folder : pathlib.Path
        Where to.

    Returns
    -------
    dict of str to bytes
        Their content by name.
    """
    for name, net in ours().items():
        write_net(net, folder / f"{name}.net")
    (folder / "version-1.net").write_bytes(VERSION_1.read_bytes())
    write_foreign(folder / "foreign.net")
    if importlib.util.find_spec("nir"):
        write_nir_file(folder / "graph.nir")
    return {path.stem: path.read_bytes() for path in sorted(folder.iterdir())}


def _read_net(path: Path) -> str:
    return content_hash(read_net(path))


def _read_netx(path: Path) -> str:
    from evsnn_lava.export.netx.reader import read_netx

    return _summary(read_netx(path).network)


def _read_nir(path: Path) -> str:
    from evsnn_lava.export.nir.reader import read_nir

    return _summary(read_nir(path, steps=4)[0])


def _summary(net: NetworkDescription) -> str:
    return ",".join(f"{layer.name}{layer.shape}" for layer in net.layers)[:200]


READERS = {
    "net": Reader((*ours(), "version-1"), _read_net, strict=True),
    "netx": Reader(("foreign",), _read_netx, strict=False),
    "nir": Reader(("graph",), _read_nir, strict=False),
}
