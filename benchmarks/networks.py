"""The networks that are measured: recorded ones where the data are, generated ones of the same size elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmarks.trained import trained_layers
from evsnn_lava.data import EventSet, bin_set, load, read_events
from evsnn_lava.export.netx.reader import NetxOptions, read_netx
from evsnn_lava.network import (
    ConvSynapse,
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    DirectSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
)

Frames = npt.NDArray[Any]
ROOT = Path(__file__).resolve().parents[1]
BATCH: Final = 64
PILOTNET_INPUT: Final = (3, 66, 200)
PILOTNET_STEPS: Final = 16
RESET_EVERY: Final = 16
DENSE_STEPS: Final = 300
CONV_STEPS: Final = 30

PILOTNET_CONVS: Final = (
    # channels, stride, padding, range of the bias
    (24, (2, 2), (0, 0), (-40, 50)),
    (36, (2, 2), (0, 0), (-20, 24)),
    (48, (2, 2), (0, 0), (-20, 20)),
    (64, (2, 1), (1, 0), (-16, 20)),
    (64, (1, 1), (0, 0), (-16, 18)),
)
PILOTNET_DENSE: Final = (100, 50, 10, 1)


@dataclass(frozen=True, eq=False)
class Case:
    """A network and what it is fed with.

    Parameters
    ----------
    name, title : str
        Key for files, and words for tables.
    network : NetworkDescription
        All frames kept, no cutoff.
    frames : numpy.ndarray, shape (N, C, H, W, T)
        At least one sample.
    origin : str
        Where weights and input come from.
    slayer_batch : int
        Samples of a forward pass in torch, as many as fit into memory with ease.
    netx_file : pathlib.Path or None
        A file of somebody else that stock netx loads; None: it is written from the description.
    """

    name: str
    title: str
    network: NetworkDescription
    frames: Frames
    origin: str
    slayer_batch: int = BATCH
    netx_file: Path | None = None

    @property
    def working_steps(self) -> int:
        """Steps of a sample in which neurons are updated: all but the first, which resets and hands the frame over."""
        return self.network.max_steps - 1

    @property
    def biased(self) -> bool:
        """Whether neurons work without input, also before the first and after the last frame has reached them."""
        return any(getattr(layer.neuron, "bias_mant", None) is not None for layer in self.network.layers)

    def undelayed(self, count: int) -> Frames:
        """Samples for simulators whose layers answer in the step of their input: shape (count, C, H, W, steps).

        With biases every layer works in all our working steps, so they get as many, the rest of them silent.
        """
        frames = self.samples(count)
        more = self.working_steps - frames.shape[-1] if self.biased else 0
        return np.pad(frames, [(0, 0)] * 4 + [(0, more)])

    def samples(self, count: int) -> Frames:
        """So many samples, from the start again when there are not enough."""
        return self.frames[np.arange(count) % len(self.frames)]


def data_folder() -> Path:
    """The folder of recordings and third-party networks, which need not exist."""
    return Path(os.environ.get("EVSNN_DATA", ROOT.parent / "shared" / "data"))


def pilotnet_image() -> Case:
    """PilotNet as LIF with a constant image, as its goldens were recorded."""
    network, folder = _pilotnet(PILOTNET_STEPS)
    image, origin = np.random.default_rng(5).integers(1, 77, PILOTNET_INPUT), "generated weights and image"
    if folder is not None:
        image, origin = np.load(folder / "image.npy").transpose(), "lava-dl's network and image"
    images = np.stack([np.roll(image, 3 * sample, axis=-1) for sample in range(8)]).astype(np.int32)
    frames = np.repeat(images[..., None], PILOTNET_STEPS, axis=-1)
    return _pilotnet_case("pilotnet_image", "PilotNet-LIF, image", network, frames, origin, folder)


def pilotnet_silent() -> Case:
    """PilotNet as LIF without input, reset every 16 steps: the published power measurement, driven by its biases."""
    network, folder = _pilotnet(1)
    steps = RESET_EVERY - network.depth
    network, _ = _pilotnet(steps)
    frames = np.zeros((1, *PILOTNET_INPUT, steps), dtype=np.int32)
    origin = "lava-dl's network, no input" if folder is not None else "generated weights, no input"
    return _pilotnet_case("pilotnet_silent", "PilotNet-LIF, no input", network, frames, origin, folder)


def _pilotnet_case(
    name: str, title: str, network: NetworkDescription, frames: Frames, origin: str, folder: Path | None
) -> Case:
    file = None if folder is None else folder / "network.net"
    return Case(name, title, network, frames, origin, slayer_batch=4, netx_file=file)


def _pilotnet(steps: int) -> tuple[NetworkDescription, Path | None]:
    folder = data_folder() / "networks" / "lava_dl" / "pilotnet_lif"
    if (folder / "network.net").is_file():
        return read_netx(folder / "network.net", NetxOptions(steps=steps)).network, folder
    return generated_pilotnet(steps), None


def generated_pilotnet(steps: int) -> NetworkDescription:
    """A network of PilotNet's size and about its activity: most spikes come from the biases of the first layers."""
    rng = np.random.default_rng(3)
    shape: tuple[int, ...] = PILOTNET_INPUT
    layers = [Layer("input", DirectSynapse(weight=1), _pilotnet_neuron(), shape)]
    for index, (channels, stride, padding, bias) in enumerate(PILOTNET_CONVS):
        weights = 2 * rng.integers(-4, 4, (channels, shape[0], 3, 3))
        synapse = ConvSynapse(weights, stride, padding)
        shape = synapse.output_shape(shape)
        layers.append(Layer(f"conv{index + 1}", synapse, _pilotnet_neuron(rng.integers(*bias, channels)), shape))
    for index, units in enumerate(PILOTNET_DENSE):
        dense = DenseSynapse(2 * rng.integers(-4, 4, (units, int(np.prod(shape)))))
        shape = (units,)
        layers.append(Layer(f"dense{index + 1}", dense, _pilotnet_neuron(rng.integers(-8, 14, units)), shape))
    return plain(f"pilotnet_{steps}", layers, InputRecipe.frames(PILOTNET_INPUT, steps, message_bits=16))


def _pilotnet_neuron(bias: npt.NDArray[np.int64] | None = None) -> CubaNeuron:
    return CubaNeuron(vth_mant=25, du=4095, dv=1024, bias_mant=bias)


def plain(name: str, layers: list[Layer] | tuple[Layer, ...], recipe: InputRecipe) -> NetworkDescription:
    """A network without masks and cutoff."""
    masks = FrameMasks.all_kept(recipe.steps, len(layers))
    classes = tuple(str(index) for index in range(layers[-1].neurons))
    return NetworkDescription(name, tuple(layers), recipe, masks, CutoffPolicy.never(recipe.steps), classes)


def nmnist_dense() -> Case:
    """2312-512-10 at 300 steps of 1 ms, the SLAYER network that ran on a Loihi chip."""
    file = data_folder() / "networks" / "slayer_nmnist" / "nmnist_full.npz"
    rng = np.random.default_rng(7)
    matrices = [np.clip(rng.normal(-1, 9, size), -120, 120).astype(int) for size in ((512, 2312), (10, 512))]
    words = "generated weights"
    if file.is_file():
        with np.load(file) as kept:
            matrices, words = [kept["fc1"], kept["fc2"]], "weights that ran on a Loihi chip"
    neuron = CubaNeuron(vth_mant=80, du=1023, dv=128)
    layers = [Layer(f"fc{i + 1}", DenseSynapse(w), neuron, (len(w),)) for i, w in enumerate(matrices)]
    network = plain("nmnist_dense", layers, InputRecipe(34, 34, DENSE_STEPS, 1000))
    events, source = recordings("test")
    frames = bin_set(events, network.recipe, range(min(100, len(events.labels))))
    return Case("nmnist_dense", "N-MNIST dense 2312-512-10", network, frames, f"{words}, {source}")


def nmnist_conv() -> Case:
    """Two convolutions and a dense layer at 30 steps of 10 ms, trained for a moment and compiled."""
    recipe = InputRecipe(34, 34, CONV_STEPS, 10_000)
    training, source = recordings("train")
    count = min(len(training.labels), 512)
    layers = trained_layers(bin_set(training, recipe, range(count)), np.asarray(training.labels[:count]))
    test, _ = recordings("test")
    frames = bin_set(test, recipe, range(min(100, len(test.labels))))
    network = plain("nmnist_conv", layers, recipe)
    return Case("nmnist_conv", "N-MNIST conv 8-16-10", network, frames, f"SLAYER, trained for a moment, {source}")


def recordings(split: str) -> tuple[EventSet, str]:
    """Recordings of a camera where they are, else the generated digits, which need the same sensor."""
    file = data_folder() / "nmnist_small" / f"nmnist_small_{split}.npz"
    if file.is_file():
        return read_events(file), "N-MNIST recordings"
    return load("digits", split), "simulated recordings of digits"


def smallest() -> Case:
    """A network for the test of the benchmarks: small enough that even Lava is done in a second."""
    rng = np.random.default_rng(1)
    neuron = CubaNeuron(vth_mant=20, du=1023, dv=128)
    shapes = ((16, 32), (4, 16))
    layers = [
        Layer(f"fc{i + 1}", DenseSynapse(2 * rng.integers(-20, 30, s)), neuron, s[:1]) for i, s in enumerate(shapes)
    ]
    frames = rng.random((8, 2, 4, 4, 10)) < 0.3
    network = plain("smallest", layers, InputRecipe.frames((2, 4, 4), 10))
    return Case("smallest", "smallest", network, frames, "generated")


CASES: Final[dict[str, Callable[[], Case]]] = {
    "pilotnet_image": pilotnet_image,
    "pilotnet_silent": pilotnet_silent,
    "nmnist_dense": nmnist_dense,
    "nmnist_conv": nmnist_conv,
}


def shortened(case: Case, samples: int) -> Case:
    """The same case with fewer samples."""
    return replace(case, frames=case.frames[:samples], slayer_batch=min(case.slayer_batch, samples))
