"""The board: a small shared table in which every process notes what it is doing, for the watchdog and for progress."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

IDLE: Final = 0
WAITING: Final = 1
WORKING: Final = 2

_FINISHED, _PHASE, _SAMPLE, _STEP = range(4)
_RECORD_ROW, _FEEDER_ROW = 0, 1


class Board:
    """All rows, as the session sees them.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    names : tuple of str
        Processes in the order in which messages pass them; the first is the feeder.
    create : bool
        Make the file.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "board"
    >>> board, row = Board(path, ("feeder", "readout"), create=True), BoardRow(path, 1)
    >>> row.working()
    >>> board.stuck()
    'readout'
    """

    def __init__(self, path: Path, names: tuple[str, ...], create: bool = False) -> None:
        self.names = names
        shape = (len(names) + 1, 4)
        self._rows: npt.NDArray[np.int64] = np.memmap(path, np.int64, mode="w+" if create else "r+", shape=shape)

    def set_record(self, messages: bool, states: bool) -> None:
        """Tell the recorders whether to write messages, and the neurons whether to write their states."""
        self._rows[_RECORD_ROW, :2] = messages, states

    @property
    def progress(self) -> int:
        """A number that grows while anything happens."""
        return int(self._rows[1:, _FINISHED].sum())

    @property
    def samples(self) -> int:
        """Samples of the job that are finished."""
        return int(self._rows[_FEEDER_ROW, _SAMPLE])

    @property
    def step(self) -> int:
        """Step of the sample at hand, from 0."""
        return int(self._rows[_FEEDER_ROW, _STEP])

    @property
    def steps(self) -> int:
        """Steps since the graph was built."""
        return int(self._rows[_FEEDER_ROW, _FINISHED])

    def stuck(self) -> str:
        """Name the process that holds up all others.

        Returns
        -------
        str
            The first process that works on the oldest unfinished step; when all of them wait, the first that waits,
            as its input comes from a process of Lava that keeps no row here.
        """
        rows = self._rows[1:]
        late = np.flatnonzero(rows[:, _FINISHED] == rows[:, _FINISHED].min())
        working = late[rows[late, _PHASE] == WORKING]
        if len(working):
            return self.names[working[0]]
        waiting = late[(rows[late, _PHASE] == WAITING) & (late > 0)]
        return f"what feeds {self.names[waiting[0]]}" if len(waiting) else self.names[late[0]]


class BoardRow:
    """The row of one process, as that process sees it.

    Parameters
    ----------
    path : pathlib.Path
        The file, made by `Board`.
    row : int
        Index of the process in the names of the board.
    """

    def __init__(self, path: Path, row: int) -> None:
        rows: npt.NDArray[np.int64] = np.memmap(path, np.int64, mode="r+").reshape(-1, 4)
        self._row, self._record = rows[row + 1], rows[_RECORD_ROW]

    @property
    def record_messages(self) -> bool:
        """Whether messages are to be written."""
        return bool(self._record[0])

    @property
    def record_states(self) -> bool:
        """Whether states are to be written."""
        return bool(self._record[1])

    def waiting(self) -> None:
        """Note that the process waits for a message."""
        self._row[_PHASE] = WAITING

    def working(self) -> None:
        """Note that the process computes."""
        self._row[_PHASE] = WORKING

    def finished(self) -> None:
        """Note that the process is through with the step."""
        self._row[_FINISHED] += 1
        self._row[_PHASE] = IDLE

    def at(self, sample: int, step: int) -> None:
        """Note where the sample at hand stands; only the feeder does so."""
        self._row[_SAMPLE], self._row[_STEP] = sample, step
