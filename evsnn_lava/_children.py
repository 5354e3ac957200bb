"""How a child process with our own code in it is started: no file in the user's folder may stand in for a module."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def child_program(module: str) -> str:
    """Program for ``python -c`` that runs ``main(arguments)`` of one of our modules and ends with what it returns.

    Parameters
    ----------
    module : str
        Full name of the module.

    Returns
    -------
    str
        `-m` would put the current folder before the standard library, `-c` does so as an empty entry of the path, which
        the program takes out.

    Examples
    --------
    >>> child_program("evsnn_lava.runtime.child").rpartition("; ")[0]
    'import sys; sys.path[:] = filter(None, sys.path); from evsnn_lava.runtime.child import main'
    """
    return f"import sys; sys.path[:] = filter(None, sys.path); from {module} import main; sys.exit(main(sys.argv[1:]))"


def child_environment(**variables: str) -> dict[str, str]:
    """Environment of a child: ours, our modules, and one thread for its linear algebra.

    An empty entry of the path is the current folder; it goes last, so that no file in it can stand in for a module of
    the standard library. Python 3.11 and newer leave it out in the child's own children, too.

    Parameters
    ----------
    **variables : str
        What else it needs.

    Returns
    -------
    dict of str to str
        For `subprocess`.

    Examples
    --------
    >>> child_environment(TMPDIR="there")["TMPDIR"]
    'there'
    """
    entries = [entry for entry in sys.path if entry]
    path = os.pathsep.join(entries if "" not in sys.path else [*entries, str(Path.cwd())])
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": "1", **threads, **variables}
