"""Pictures as frames: parts, rounding, files, and what is refused."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from evsnn_lava.data import data_folder
from evsnn_lava.data.images import IMAGE_SETS, image_recipe, load_images, quantised
from evsnn_lava.errors import ConfigError, FormatError


@pytest.fixture
def mnist(tmp_path):
    """A folder with 40 and 10 grey pictures."""
    (tmp_path / "mnist").mkdir()
    random = np.random.default_rng(0)
    x = random.integers(0, 256, (50, 28, 28)).astype(np.uint8)
    y = np.arange(50, dtype=np.uint8) % 10
    np.savez(tmp_path / "mnist" / "mnist.npz", x_train=x[:40], y_train=y[:40], x_test=x[40:], y_test=y[40:])
    return tmp_path, x


def test_parts_are_disjoint_and_stratified(mnist):
    folder, x = mnist
    train, validation, test = (load_images("mnist", part, folder) for part in ("train", "validation", "test"))
    assert [len(part) for part in (train, validation, test)] == [36, 4, 10]
    rest = {picture.tobytes() for picture in train.pixels} | {picture.tobytes() for picture in validation.pixels}
    assert rest == {picture.tobytes() for picture in x[:40]}
    assert {picture.tobytes() for picture in test.pixels} == {picture.tobytes() for picture in x[40:]}
    assert test.labels.tolist() != sorted(test.labels)
    again = load_images("mnist", "validation", folder)
    assert np.array_equal(again.pixels, validation.pixels)
    assert validation.class_names[3] == "3"


def test_frames_repeat_the_picture_in_whole_numbers(mnist):
    part = load_images("mnist", "test", mnist[0])
    recipe = image_recipe("mnist", 3, 4)
    frames = part.frames(recipe, [2, 5])
    assert frames.shape == (2, 1, 28, 28, 3)
    assert (frames.min(), frames.max()) == (0, 15)
    assert np.array_equal(frames[..., 0], frames[..., 2])
    assert np.array_equal(frames[0, ..., 0], np.rint(part.pixels[2] * (15 / 255)).astype(int))
    assert np.array_equal(quantised(part.pixels, 255), part.pixels)


def test_coloured_pictures_are_unpacked(tmp_path):
    (tmp_path / "cifar10").mkdir()
    flat = np.zeros((20, 32, 32, 3), np.uint8)
    flat[:, :, :, 0], flat[:, :, :, 2] = 200, np.arange(20)[:, None, None] * 10
    packed = []
    for picture in flat:
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=95, subsampling=0)
        packed.append(np.frombuffer(file.getvalue(), np.uint8))
    content: dict[str, np.ndarray] = {}
    for part in ("train", "test"):
        content[f"{part}_bytes"] = np.concatenate(packed)
        content[f"{part}_offset"] = np.cumsum([0, *map(len, packed)])
        content[f"y_{part}"] = np.arange(20) % 10
    np.savez(tmp_path / "cifar10" / "cifar10_jpeg.npz", **content)
    found = load_images("cifar10", "test", tmp_path)
    assert found.pixels.shape == (20, 3, 32, 32)
    order = np.argsort(found.pixels[:, 2, 0, 0])
    assert np.abs(found.pixels[order].astype(int) - flat.transpose(0, 3, 1, 2)).max() <= 4
    assert found.labels[order].tolist() == [*range(10), *range(10)]
    assert found.class_names[0] == "airplane"


def test_digits_come_with_scikit_learn(tmp_path):
    parts = {split: load_images("digit_images", split, tmp_path) for split in ("train", "validation", "test")}
    assert {split: len(part) for split, part in parts.items()} == {"train": 1197, "validation": 300, "test": 300}
    assert parts["train"].pixels.shape[1:] == IMAGE_SETS["digit_images"].shape
    assert parts["train"].pixels.max() == 255


def test_what_is_not_there_is_refused(tmp_path, mnist):
    with pytest.raises(ConfigError, match="set EVSNN_DATA"):
        load_images("mnist", "train", tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="mnits"):
        load_images("mnits", "train", tmp_path)
    with pytest.raises(ConfigError, match="split"):
        load_images("mnist", "training", mnist[0])
    with pytest.raises(ConfigError, match="choose another data set"):
        load_images("mnist", "test", mnist[0]).frames(image_recipe("digit_images", 1, 4))
    (mnist[0] / "mnist" / "mnist.npz").write_bytes(b"PK no archive")
    with pytest.raises(FormatError, match="get the file anew"):
        load_images("mnist", "test", mnist[0])
    np.savez(mnist[0] / "mnist" / "mnist.npz", x_test=np.zeros((2, 28, 28)))
    with pytest.raises(FormatError, match="get the file anew"):
        load_images("mnist", "test", mnist[0])


@pytest.mark.parametrize(("name", "sizes"), [("mnist", (54000, 6000, 10000))])
def test_published_files(name, sizes):
    folder = data_folder()
    if not (folder / name).is_dir():
        pytest.skip(f"there is no {name} below {folder}; set EVSNN_DATA")
    parts = [load_images(name, split, folder) for split in ("train", "validation", "test")]
    assert tuple(len(part) for part in parts) == sizes
    assert set(parts[1].labels[:200]) == set(range(10))
