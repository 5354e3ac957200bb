"""A file is written whole or not at all, and the user hears why in one line."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from evsnn_lava._files import atomic_write, read_regular
from evsnn_lava.errors import ConfigError, FormatError


def write(path, content=b"new"):
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)


def fail_half_way(path, number):
    with atomic_write(path) as temporary:
        temporary.write_bytes(b"half")
        raise OSError(number, os.strerror(number))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_failed_write_is_one_line_and_leaves_the_old_file(tmp_path, number):
    path = tmp_path / "a.net"
    write(path, b"old")
    words = rf"cannot write .*a\.net: {os.strerror(number)}; free some space"
    with pytest.raises(ConfigError, match=words) as caught:
        fail_half_way(path, number)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("place", ["nope/a.net", "nope/deeper/a.net"])
def test_a_missing_folder_is_taken_for_a_wrong_path(tmp_path, place):
    path = tmp_path / place
    with pytest.raises(ConfigError) as caught:
        write(path)
    assert str(caught.value) == f"cannot write {path}: no folder {path.parent}; make it or correct the path"
    assert list(tmp_path.iterdir()) == []
    with atomic_write(path, make_folders=True) as temporary:
        temporary.write_bytes(b"new")
    assert path.read_bytes() == b"new"


def test_a_folder_that_is_a_file_is_no_folder(tmp_path):
    write(tmp_path / "file")
    with pytest.raises(ConfigError, match=r"cannot write .*; choose a writable folder"):
        write(tmp_path / "file" / "a.net")


def test_trouble_with_another_file_stays_what_it_is(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"missing\.txt"), atomic_write(tmp_path / "a"):
        (tmp_path / "missing.txt").read_bytes()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["socket", "folder", "fifo", "link to a folder", "loop"])
def test_only_regular_files_are_replaced(tmp_path, kind):
    path = tmp_path / "target"
    if kind == "socket":
        os.mknod(path, stat.S_IFSOCK | 0o600)
    elif kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "link to a folder":
        path.symlink_to(tmp_path)
    else:
        path.symlink_to(path)
    before, mode = set(path.parent.iterdir()), path.lstat().st_mode
    entered = []
    with (
        pytest.raises(ConfigError, match=rf"cannot write {path}: it is .*; choose another"),
        atomic_write(path) as file,
    ):
        entered.append(file)
    assert entered == []
    assert path.lstat().st_mode == mode
    assert set(path.parent.iterdir()) == before


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_is_followed_and_stays(tmp_path, exists):
    real, link = tmp_path / "store" / "real", tmp_path / "link"
    real.parent.mkdir()
    if exists:
        real.write_bytes(b"old")
    link.symlink_to("store/real")
    write(link)
    assert link.is_symlink()
    assert real.read_bytes() == link.read_bytes() == b"new"
    assert not real.is_symlink()
    assert list(real.parent.iterdir()) == [real]


@pytest.mark.timeout(10)
def test_only_regular_files_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, kind in ((tmp_path / "pipe", "not a regular file"), (tmp_path, "a folder"), (Path("/dev/zero"), "not a")):
        with pytest.raises(ConfigError, match=f"^cannot read .*: it is {kind}"):
            read_regular(path, 100)


def test_a_file_beyond_the_limit_is_not_read(tmp_path):
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(FormatError, match="it has 1099511627776 bytes, the limit is 10"):
        read_regular(path, 10)
