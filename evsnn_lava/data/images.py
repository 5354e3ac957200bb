"""Sets of pictures, for networks that need a single step: MNIST and CIFAR-10 as frames of whole numbers."""

from __future__ import annotations

import io
import itertools
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evsnn_lava.data.digits import DIGIT_NAMES, digit_split
from evsnn_lava.data.split import stratified_split
from evsnn_lava.errors import ConfigError, FormatError, unknown_name
from evsnn_lava.network import InputRecipe

OBJECT_NAMES: Final = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
VALIDATION_PERCENT: Final = 10
SPLIT_SEED: Final = 0
BRIGHTEST: Final = 255


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Pictures of one part of a set.

    Parameters
    ----------
    name : str
        Name of the set.
    pixels : numpy.ndarray of uint8, shape (N, C, H, W)
        Brightness, 0..255.
    labels : numpy.ndarray of int64, shape (N,)
        Class of each.
    class_names : tuple of str
        Names of the classes.
    """

    name: str
    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]

    def __len__(self) -> int:
        """Number of pictures."""
        return len(self.labels)

    @property
    def sample_id(self) -> NDArray[np.int64]:
        """Number of each picture in its part."""
        return np.arange(len(self))

    @property
    def assumed(self) -> frozenset[str]:
        """Nothing had to be assumed."""
        return frozenset()

    def select(self, indices: NDArray[np.integer]) -> ImageSet:
        """Some of the pictures."""
        return ImageSet(self.name, self.pixels[indices], self.labels[indices], self.class_names)

    def frames(self, recipe: InputRecipe, indices: Any = slice(None)) -> NDArray[np.int16]:
        """Pictures as a network with this recipe gets them: the same frame in every step.

        Parameters
        ----------
        recipe : InputRecipe
            Its number of message bits, with the sign, says how finely brightness is resolved.
        indices : slice or array-like of int
            Which pictures.

        Returns
        -------
        numpy.ndarray of int16, shape (N, C, H, W, T)
            0 to the largest value of the recipe.

        Raises
        ------
        ConfigError
            If the pictures have another shape than the recipe's frames.
        """
        if self.pixels.shape[1:] != recipe.input_shape:
            raise ConfigError(
                f"{self.name}: pictures are {self.pixels.shape[1:]}, the network takes {recipe.input_shape}; "
                "choose another data set"
            )
        levels = quantised(self.pixels[indices], recipe.value_range[1])
        return np.repeat(levels[..., None], recipe.steps, axis=-1)


def quantised(pixels: NDArray[np.uint8], largest: int) -> NDArray[np.int16]:
    """Round brightness of 0..255 to 0..`largest`.

    Examples
    --------
    >>> quantised(np.array([0, 8, 9, 128, 255], np.uint8), 15).tolist()
    [0, 0, 1, 8, 15]
    """
    return ((pixels.astype(np.int32) * (2 * largest) + BRIGHTEST) // (2 * BRIGHTEST)).astype(np.int16)


def image_recipe(name: str, steps: int, pixel_bits: int) -> InputRecipe:
    """How pictures of a set become frames.

    Parameters
    ----------
    name : str
        A key of ``IMAGE_SETS``.
    steps : int
        How often the same frame is sent.
    pixel_bits : int
        Bits of the brightness.

    Returns
    -------
    InputRecipe
        Without binning; messages have a bit more, for the sign.

    Examples
    --------
    >>> image_recipe("digit_images", 1, 4).value_range
    (-16, 15)
    """
    return InputRecipe.frames(IMAGE_SETS[name].shape, steps, pixel_bits + 1, name)


def load_images(name: str, split: str, folder: Path) -> ImageSet:
    """Load one part of a set of pictures.

    Parameters
    ----------
    name : str
        A key of ``IMAGE_SETS``.
    split : {"train", "validation", "test"}
        The part; ``validation`` is a seeded, stratified tenth of the published training set.
    folder : pathlib.Path
        Holds the folders of the sets.

    Returns
    -------
    ImageSet

    Raises
    ------
    ConfigError
        If the set or part is unknown, or its file is not there.
    FormatError
        If the file does not hold what it should.
    """
    if name not in IMAGE_SETS:
        raise unknown_name("set of pictures", name, IMAGE_SETS)
    if split not in ("train", "validation", "test"):
        raise unknown_name("split", split, ("train", "validation", "test"))
    return IMAGE_SETS[name].read(folder, split)


def _from_file(name: str, file_name: str, names: tuple[str, ...], read: Callable[..., Any]) -> Callable[..., ImageSet]:
    def load(folder: Path, split: str) -> ImageSet:
        file = folder / name / file_name
        if not file.is_file():
            raise ConfigError(f"{name}: there is no file {file}; set EVSNN_DATA to the folder that holds {name}")
        try:
            with np.load(file) as content:
                found = read(content, "test" if split == "test" else "train")
                labels = content["y_test" if split == "test" else "y_train"].astype(np.int64)
        except (OSError, ValueError, LookupError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise FormatError(f"{file} does not hold {name}: {error}; get the file anew") from error
        if found.shape != (len(labels), *IMAGE_SETS[name].shape) or not set(labels) <= set(range(len(names))):
            held = f"pictures {found.shape}, labels up to {labels.max(initial=0)}"
            raise FormatError(f"{file} does not hold {name}, but {held}; get the file anew")
        whole = ImageSet(name, found, labels, names)
        return _mixed(whole if split == "test" else _train_part(whole, split))

    return load


def _train_part(whole: ImageSet, split: str) -> ImageSet:
    parts = stratified_split(whole.labels, len(whole) * VALIDATION_PERCENT // 100, SPLIT_SEED)
    return whole.select(parts[split == "validation"])


def _mixed(part: ImageSet) -> ImageSet:
    """The same pictures in a seeded order: some files hold them sorted by class, and the first ones shall be any."""
    return part.select(np.random.default_rng(SPLIT_SEED).permutation(len(part)))


def _grey(content: Any, part: str) -> NDArray[np.uint8]:
    return np.asarray(content[f"x_{part}"], np.uint8)[:, None]


def _jpeg(content: Any, part: str) -> NDArray[np.uint8]:
    from PIL import Image  # only pictures in files need it

    packed, offset = content[f"{part}_bytes"], content[f"{part}_offset"]
    pictures = [np.asarray(Image.open(io.BytesIO(packed[a:b].tobytes()))) for a, b in itertools.pairwise(offset)]
    return np.ascontiguousarray(np.stack(pictures).astype(np.uint8).transpose(0, 3, 1, 2))


def _small_digits(_: Path, split: str) -> ImageSet:
    from sklearn.datasets import load_digits  # a second of import time that only the digits need

    digits, chosen = load_digits(), digit_split(split)
    pixels = np.asarray(digits.images * (BRIGHTEST / 16)).astype(np.uint8)[:, None]
    return ImageSet("digit_images", pixels[chosen], np.asarray(digits.target, np.int64)[chosen], DIGIT_NAMES)


@dataclass(frozen=True)
class _Source:
    """Shape of the pictures of a set, and who reads them."""

    shape: tuple[int, int, int]
    read: Callable[[Path, str], ImageSet]


IMAGE_SETS: Final[Mapping[str, _Source]] = {
    "cifar10": _Source((3, 32, 32), _from_file("cifar10", "cifar10_jpeg.npz", OBJECT_NAMES, _jpeg)),
    "digit_images": _Source((1, 8, 8), _small_digits),
    "mnist": _Source((1, 28, 28), _from_file("mnist", "mnist.npz", DIGIT_NAMES, _grey)),
}
"""Sets of pictures by name; ``digit_images`` comes with scikit-learn."""
