"""A NIR file to a graph of the `nir` package, without trusting the file.

A child process reads it, see `evsnn_lava.export.nir.tree`: the HDF5 library crashes or hangs on some damaged files.
Only what came out well reaches the package, which makes its nodes of it.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from evsnn_lava._children import child_environment, child_program
from evsnn_lava._files import atomic_write, read_regular
from evsnn_lava.errors import FormatError, RunError, printable
from evsnn_lava.export.nir.package import nir_package
from evsnn_lava.export.nir.tree import REFUSED, REMEDY, SIZE_LIMIT, TROUBLE, no_graph, unpacked

CPU_LIMIT_S = 8
"""Computing time that the HDF5 library gets; an honest file at the limits of size or objects takes a third."""

WALL_LIMIT_S = 9.0
"""Time after which the child is given up, however little it computed."""

MAIN: Final = child_program("evsnn_lava.export.nir.tree")


def read_graph(path: str | os.PathLike[str]) -> Any:
    """Read the graph of a NIR file.

    Parameters
    ----------
    path : path-like
        A file that ``nir.write`` wrote.

    Returns
    -------
    nir.NIRGraph
        Its types are not inferred.

    Raises
    ------
    FormatError
        If the file is damaged, hostile or no NIR file; the message begins with the path.
    ConfigError
        If it cannot be opened.
    BackendUnavailableError
        If the package is not installed.
    RunError
        If the process that reads the file does not start.
    """
    package = nir_package()
    data = read_regular(path, SIZE_LIMIT)
    try:
        node = _untyped(_tree(data)["node"])
        if node.get("type") != "NIRGraph":
            raise FormatError(f"/node is {printable(str(node.get('type')), 40)!r}, expected a NIRGraph; {REMEDY}")
        with np.errstate(all="ignore"):  # the package infers shapes from strides that may be 0; we check them later
            return package.dict2NIRNode(node)
    except (FormatError, RunError) as error:
        raise type(error)(f"{path}: {error}") from error
    except TROUBLE as error:
        raise FormatError(f"{path}: {no_graph(error)}") from error


def write_graph(graph: Any, path: str | os.PathLike[str]) -> None:
    """Write a graph with ``nir.write``; the file appears whole or not at all.

    Parameters
    ----------
    graph : nir.NIRGraph
        The graph.
    path : path-like
        The file to create or replace.
    """
    memory = io.BytesIO()  # the HDF5 library crashes on a full disk
    nir_package().write(memory, graph)
    with atomic_write(path) as temporary:
        temporary.write_bytes(memory.getvalue())


def _tree(data: bytes) -> dict[str, Any]:
    """Let a child read the file; it ends with this call, however the call ends."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", MAIN, str(CPU_LIMIT_S)],
            input=data,
            capture_output=True,
            timeout=WALL_LIMIT_S,
            env=child_environment(),
            start_new_session=True,  # Ctrl-C comes to us alone, and we end the child
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise FormatError(
            f"the HDF5 library has not read it within {WALL_LIMIT_S:g} s; free the processor and try again, or {REMEDY}"
        ) from error
    except OSError as error:
        raise RunError(f"the child that reads NIR files cannot start: {error.strerror}; free memory") from error
    if done.returncode:
        raise _failure(done.returncode, done.stdout, done.stderr)
    return unpacked(done.stdout)


def _failure(code: int, output: bytes, errors: bytes) -> FormatError | RunError:
    """What the end of the child says about the file."""
    if code == REFUSED:
        return FormatError(output.decode())
    if code == -getattr(signal, "SIGXCPU", 0):
        return FormatError(f"the HDF5 library has not read it within {CPU_LIMIT_S} s of computing; {REMEDY}")
    if code < 0:
        return FormatError(f"the HDF5 library crashes on it (signal {-code}); {REMEDY}")
    last = errors.decode("utf-8", "replace").strip().rpartition("\n")[2]
    return RunError(
        f"the child that reads NIR files ended with code {code}: {printable(last, 120)}; install h5py again"
    )


def _untyped(node: Any) -> dict[str, Any]:
    """Tell every graph not to infer types: the package refuses valid graphs, and we check shapes ourselves."""
    if not isinstance(node, dict):
        raise FormatError(f"a node is no group; {REMEDY}")
    if node.get("type") != "NIRGraph":
        return node
    nodes = node.get("nodes", {})
    if not isinstance(nodes, dict):
        raise FormatError(f"the nodes of a graph are no group; {REMEDY}")
    return {**node, "nodes": {name: _untyped(inner) for name, inner in nodes.items()}, "type_check": False}


def read_text(metadata: Any, key: str) -> str | None:
    """A text in the metadata of a node, or None.

    Parameters
    ----------
    metadata : object
        What the node has as metadata.
    key : str
        The name of the entry.
    """
    value = metadata.get(key) if isinstance(metadata, Mapping) else None
    return value if isinstance(value, str) else None
