"""Every data set by its name, every file by its path."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evsnn_lava.data import (
    SPLITS,
    EventSet,
    bin_set,
    data_folder,
    default_recipe,
    default_split,
    digit_split,
    load,
    names,
    write_events,
)
from evsnn_lava.errors import ConfigError


def ids(*sets: EventSet) -> list[int]:
    return sorted(np.concatenate([part.sample_id for part in sets]).tolist())


def test_digits_by_part(own_cache: Path) -> None:
    for split in SPLITS:
        part = load("digits", split)
        np.testing.assert_array_equal(part.sample_id, digit_split(split))
        np.testing.assert_array_equal(bin_set(part, default_recipe("digits"), [0]).shape, (1, 2, 34, 34, 30))


def test_nmnist_small_by_part(evsnn_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVSNN_DATA", str(evsnn_data))
    parts = {split: load("nmnist_small", split) for split in SPLITS}
    assert {split: len(part) for split, part in parts.items()} == {"train": 850, "validation": 150, "test": 100}
    assert ids(parts["train"], parts["validation"]) == list(range(1, 1001))
    assert ids(parts["test"]) == list(range(60_001, 60_101))
    assert {part.sensor for part in parts.values()} == {(34, 34)}
    counts = np.bincount(parts["validation"].labels)
    assert (counts.min(), counts.max()) == (13, 17)
    assert bin_set(parts["validation"], default_recipe("nmnist_small")).shape == (150, 2, 34, 34, 30)


def test_nmnist_small_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVSNN_DATA", str(tmp_path))
    with pytest.raises(ConfigError, match=r"nmnist_small: there is no folder .*; set EVSNN_DATA"):
        load("nmnist_small")


def test_data_stand_beside_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVSNN_DATA", raising=False)
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    assert data_folder() == tmp_path / "shared" / "data"


@pytest.fixture
def hundred(event_set: EventSet) -> EventSet:
    many = event_set.select(np.arange(100) % 6)
    return EventSet.from_recordings(
        [type(one)(one.t_us, one.x, one.y, one.p, number % 2, number) for number, one in enumerate(many)],
        "hundred",
        many.sensor,
        many.class_names,
    )


def test_a_single_file_is_cut_into_three_parts(tmp_path: Path, hundred: EventSet) -> None:
    write_events(hundred, tmp_path / "all.npz")
    parts = [load(tmp_path / "all.npz", split) for split in SPLITS]
    assert [len(part) for part in parts] == [70, 15, 15]
    assert ids(*parts) == list(range(100))


def test_a_folder_of_train_and_test_gets_a_validation_part(tmp_path: Path, hundred: EventSet) -> None:
    write_events(hundred.select(range(80)), tmp_path / "h_train.npz")
    write_events(hundred.select(range(80, 100)), tmp_path / "h_test.npz")
    train, validation, test = (load(str(tmp_path), split) for split in SPLITS)
    assert (len(train), len(validation), ids(test)) == (68, 12, list(range(80, 100)))
    assert ids(train, validation) == list(range(80))


def test_a_folder_with_a_validation_file_keeps_its_train_file_whole(tmp_path: Path, hundred: EventSet) -> None:
    parts = {"train": range(60), "validation": range(60, 80), "test": range(80, 100)}
    for split, part in parts.items():
        write_events(hundred.select(part), tmp_path / f"h_{split}.npz")
    for split, part in parts.items():
        assert ids(load(tmp_path, split)) == list(part)


def test_a_part_that_a_folder_cannot_give(tmp_path: Path, hundred: EventSet) -> None:
    write_events(hundred, tmp_path / "h_train.npz")
    with pytest.raises(ConfigError, match=r"unknown split of .* 'test'; choose one of: all, train"):
        load(tmp_path, "test")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("digit", "unknown data set 'digit'; choose one of: braille, cifar10, cifar10_dvs, digit_images, digits"),
        ("mnist", r"mnist is a set of pictures and has no events; a \[hoyer\] network trains on it"),
        ("missing.npz", "missing.npz: there is no such file or folder"),
        ("missing.csv", "missing.csv: there is no such file or folder"),
        ("no/where", "no/where: there is no such file or folder"),
    ],
)
def test_what_does_not_exist(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(name)


def test_an_unknown_part() -> None:
    with pytest.raises(ConfigError, match="unknown split 'dev'; choose one of: all, test, train, validation"):
        load("digits", "dev")


@pytest.mark.parametrize("name", names())
def test_every_name_has_a_recipe(name: str) -> None:
    assert default_recipe(name).dataset == name


def test_a_path_has_no_recipe() -> None:
    with pytest.raises(ConfigError, match="unknown data set with a default input recipe 'a'"):
        default_recipe("a")


def test_all_parts_together(tmp_path: Path, hundred: EventSet, own_cache: Path) -> None:
    assert len(load("digits", "all")) == 1797
    write_events(hundred.select(range(80)), tmp_path / "parts" / "h_train.npz")
    write_events(hundred.select(range(80, 100)), tmp_path / "parts" / "h_test.npz")
    write_events(hundred, tmp_path / "one.npz")
    for path in ("parts", "one.npz"):
        assert ids(load(tmp_path / path, "all")) == list(range(100))
    assert [default_split(tmp_path / path) for path in ("parts", "one.npz")] == ["test", "all"]
    assert default_split("nmnist") == "test"


@pytest.mark.parametrize("count", [1, 2])
def test_a_few_recordings_are_not_cut(count: int, tmp_path: Path, hundred: EventSet) -> None:
    write_events(hundred.select(range(count)), tmp_path / "few.npz")
    assert len(load(tmp_path / "few.npz", "all")) == count
    for split in SPLITS:
        with pytest.raises(ConfigError, match=f"few.npz: {count} recordings, at least 3 .*; take split all"):
            load(tmp_path / "few.npz", split)


def test_a_part_remembers_what_its_file_does_not_say(tmp_path: Path, hundred: EventSet) -> None:
    arrays = ("t_us", "x", "y", "p", "offset", "label", "sample_id")
    np.savez(tmp_path / "plain.npz", **{name: getattr(hundred, name) for name in arrays})
    assert load(tmp_path / "plain.npz", "test").assumed == {"sensor", "class_names"}
    write_events(hundred, tmp_path / "stated.npz")
    assert load(tmp_path / "stated.npz", "test").assumed == frozenset()
