"""A file is written whole or not at all, and the user hears why in one line."""

from __future__ import annotations

import errno
import os
import stat

import pytest

from evsnn_lava._files import atomic_write
from evsnn_lava.errors import ConfigError


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
