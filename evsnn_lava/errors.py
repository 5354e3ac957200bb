"""The errors of the package: one class per kind of trouble, all under :class:`EvsnnError`.

A message is one line and says four things: the object, the fact, the limit and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable


class EvsnnError(Exception):
    """Base of all errors that a user can act on.

    The command line prints the message in one line and exits with code 2.
    """


class ConfigError(EvsnnError):
    """A setting, a path or an argument is missing, unknown or out of range."""


class FormatError(EvsnnError):
    """A file is not what its name or its header says."""


class UnsupportedError(EvsnnError):
    """A network or an option is valid but not expressible on the target."""


class CapacityError(EvsnnError):
    """A network does not fit into the integer ranges or the memory of the target."""


class MismatchError(EvsnnError):
    """Two back-ends disagree about a network that they must agree on."""


class CalibrationError(EvsnnError):
    """The calibration data cannot support the policy that was asked for."""


class BackendUnavailableError(EvsnnError):
    """A back-end is not installed or not usable on this machine."""


class RunError(EvsnnError):
    """A run stopped, hung or was interrupted."""


def unknown_name(kind: str, name: object, valid: Iterable[str]) -> ConfigError:
    """Make the error for a name that is not in a table.

    Parameters
    ----------
    kind : str
        What the name stands for, for example ``"hardware profile"``.
    name : object
        The name that was not found.
    valid : iterable of str
        The names that exist.

    Returns
    -------
    ConfigError
        The error to raise; it lists the valid names.

    Examples
    --------
    >>> str(unknown_name("back-end", "gpu", ["lava", "reference"]))
    "unknown back-end 'gpu'; choose one of: lava, reference"
    """
    return ConfigError(f"unknown {kind} {str(name)!r}; choose one of: {', '.join(sorted(valid))}")


def printable(text: str, length: int | None = None, keep: str = "") -> str:
    r"""Make a foreign text fit for a message or a terminal: no control characters in it.

    Parameters
    ----------
    text : str
        Any text, for example a name in a file.
    length : int, optional
        Most characters to keep.
    keep : str
        Control characters that may stay.

    Returns
    -------
    str
        What cannot be printed is a question mark.

    Examples
    --------
    >>> printable("red: \x1b[31m" + 99 * "x", 12)
    'red: ?[31mxx'
    """
    return "".join(letter if letter.isprintable() or letter in keep else "?" for letter in text[:length])
