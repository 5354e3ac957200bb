"""Writing files so that a half-written one is never seen, and reading them whole."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from evsnn_lava.errors import ConfigError, FormatError


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str], make_folders: bool = False) -> Iterator[Path]:
    """Give a temporary path that becomes `path` when the block ends without an error.

    The temporary file stands in the same folder, so the final rename is atomic; it is flushed to
    disk before it is renamed and removed when the block raises. A symbolic link stays; the
    file that it points to is replaced.

    Parameters
    ----------
    path : path-like
        The file to create or replace.
    make_folders : bool
        Make missing parent folders; else they are taken for a wrong path.

    Yields
    ------
    pathlib.Path
        Where the block has to write.

    Raises
    ------
    ConfigError
        If the folder is missing, cannot be made or is not writable, if `path` is something else than a regular file,
        and if writing fails, for example because the disk is full.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> with atomic_write(folder / "a.txt") as temporary:
    ...     _ = temporary.write_text("whole")
    >>> (folder / "a.txt").read_text()
    'whole'
    """
    try:
        target = _regular(Path(path))
        if make_folders:
            target.parent.mkdir(parents=True, exist_ok=True)
        require_parent(target)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}; choose a writable folder") from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _commit(temporary, target)
    except OSError as error:
        if error.filename is not None and os.fspath(error.filename) != str(temporary):
            raise  # the block's trouble with some other file
        reason = error.strerror or str(error).partition("\n")[0]
        raise ConfigError(f"cannot write {path}: {reason}; free some space or choose another folder") from error
    finally:
        temporary.unlink(missing_ok=True)


def require_parent(path: str | os.PathLike[str]) -> None:
    """Refuse a file whose folder is missing, before any work is done for it.

    Parameters
    ----------
    path : path-like
        A file that is to be written.

    Raises
    ------
    ConfigError
        If there is no folder for it.
    """
    folder = Path(path).parent
    if not folder.exists():
        raise ConfigError(f"cannot write {path}: no folder {folder}; make it or correct the path")


def read_regular(path: str | os.PathLike[str], limit: int) -> bytes:
    """Read a regular file whole; nothing else, as a pipe may never end and a device has no size.

    Parameters
    ----------
    path : path-like
        The file.
    limit : int
        Most bytes that it may have.

    Returns
    -------
    bytes
        Its content.

    Raises
    ------
    ConfigError
        If there is no such file, it is no regular file or it cannot be read.
    FormatError
        If it is larger.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "a")
    >>> _ = path.write_bytes(b"abc")
    >>> read_regular(path, limit=3)
    b'abc'
    """
    try:
        found = Path(path).stat()
        if not stat.S_ISREG(found.st_mode):
            kind = "a folder" if stat.S_ISDIR(found.st_mode) else "not a regular file"
            raise ConfigError(f"cannot read {path}: it is {kind}; check the path")
        if found.st_size > limit:
            raise FormatError(f"{path}: it has {found.st_size} bytes, the limit is {limit}; split the network")
        with Path(path).open("rb") as file:
            return file.read(found.st_size)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"cannot read {path}: {reason}; check the path") from error


def _regular(path: Path) -> Path:
    """Follow symbolic links to the file to replace, and refuse what is no regular file."""
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    if target.is_symlink() or (target.exists() and not target.is_file()):
        kind = "a folder" if target.is_dir() else "not a regular file"
        raise ConfigError(f"cannot write {path}: it is {kind}; choose another file name")
    return target


def _commit(temporary: Path, target: Path) -> None:
    """Flush the temporary file to disk and rename it; `mkstemp` made it private, so widen the mode."""
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    umask = os.umask(0)
    os.umask(umask)
    temporary.chmod(0o666 & ~umask)
    try:
        temporary.replace(target)
    except OSError as error:
        raise ConfigError(f"cannot write {target}: {error.strerror}; choose another file name") from error
