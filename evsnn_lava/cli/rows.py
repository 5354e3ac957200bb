"""One row per sample: what is kept of a run of any length, and the files that ``evsnn run -o`` writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava import __version__
from evsnn_lava._files import atomic_write, require_parent
from evsnn_lava.cli.recordings import Samples
from evsnn_lava.errors import ConfigError
from evsnn_lava.network import NetworkDescription, RunResult

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Rows:
    """Decisions and counts of N samples, summed over their steps.

    Parameters
    ----------
    backend : str
        Who computed them.
    decision, exit_step, steps : numpy.ndarray of int64, shape (N,)
        As of `RunResult`.
    wall_time_s_share : numpy.ndarray of float64, shape (N,)
        Time of the block a sample was run in, divided by the samples of that block.
    scores : numpy.ndarray of int64, shape (N, classes)
        As of `RunResult`.
    input_events : numpy.ndarray of int64, shape (N,)
        Input spikes sent.
    messages, synops : numpy.ndarray of int64, shape (N, L)
        Messages sent by each layer; synaptic operations in it.
    """

    backend: str
    decision: IntArray
    exit_step: IntArray
    steps: IntArray
    wall_time_s_share: npt.NDArray[np.float64]
    scores: IntArray
    input_events: IntArray
    messages: IntArray
    synops: IntArray

    @classmethod
    def of(cls, results: Iterable[RunResult]) -> Rows:
        """Reduce results as they come, so that the counts of the steps do not pile up.

        Parameters
        ----------
        results : iterable of RunResult
            At least one, all of one network and back-end.

        Returns
        -------
        Rows
            Of all samples.
        """
        parts = [_reduced(result) for result in results]
        names = [field.name for field in fields(cls) if field.name != "backend"]
        return cls(
            parts[0].backend, **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
        )

    @property
    def samples(self) -> int:
        """Number of samples N."""
        return len(self.decision)

    @property
    def wall_time_s(self) -> float:
        """Time of all blocks, without start-up."""
        return float(self.wall_time_s_share.sum())

    def accuracy(self, labels: npt.NDArray[np.integer]) -> float:
        """Share of right decisions, 0..1."""
        return float(np.mean(self.decision == labels))


def _reduced(result: RunResult) -> Rows:
    return Rows(
        backend=result.backend,
        decision=result.decision,
        exit_step=result.exit_step,
        steps=result.steps,
        wall_time_s_share=np.full(result.samples, result.wall_time_s / result.samples),
        scores=result.scores,
        input_events=result.input_events.sum(axis=1),
        messages=result.messages.sum(axis=2),
        synops=result.synops.sum(axis=2),
    )


def require_results_file(path: Path, source: str | None = None) -> None:
    """Refuse a file that could not be written in the end, before anything is run.

    Parameters
    ----------
    path : pathlib.Path
        What the user wants written.
    source : str, optional
        What the user wants run.

    Raises
    ------
    ConfigError
        If its suffix is not one of `WRITERS`, it is what is to be run or a folder, or its own folder is missing.
    ModuleNotFoundError
        If it needs a package that is not installed.
    """
    if path.suffix not in WRITERS:
        raise ConfigError(
            f"cannot write {path}: results go to {' or '.join(WRITERS)} files; choose one of these suffixes"
        )
    if path.is_dir() or (source is not None and path.exists() and path.resolve() == Path(source).resolve()):
        what = "a folder" if path.is_dir() else "the recordings to run"
        raise ConfigError(f"cannot write {path}: it is {what}; choose another name")
    if path.suffix == ".parquet":
        import pyarrow.parquet  # noqa: F401 - an optional package; the command line says how to get it
    require_parent(path)


def write_rows(rows: Rows, samples: Samples, network: NetworkDescription, path: Path) -> None:
    """Write one row per sample, in the format that the suffix names.

    Parameters
    ----------
    rows : Rows
        What came out.
    samples : Samples
        What was run.
    network : NetworkDescription
        What it was run through.
    path : pathlib.Path
        File to write, see :func:`require_results_file`.
    """
    columns = {
        "sample_id": samples.sample_id,
        "label": samples.labels,
        "decision": rows.decision,
        "exit_step": rows.exit_step,
        "steps": rows.steps,
        "wall_time_s": rows.wall_time_s_share,
        "scores": rows.scores,
        "input_events": rows.input_events,
        "messages": rows.messages,
        "synops": rows.synops,
    }
    names = {"layers": [layer.name for layer in network.layers], "class_names": list(network.class_names)}
    about = {"network": network.name, "backend": rows.backend, "evsnn_lava": __version__, **names}
    with atomic_write(path) as temporary:
        WRITERS[path.suffix](temporary, columns, about)


def _write_npz(path: Path, columns: Mapping[str, npt.NDArray[Any]], about: Mapping[str, Any]) -> None:
    arrays: dict[str, Any] = {**columns, **{name: np.array(value) for name, value in about.items()}}
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)


def _write_parquet(path: Path, columns: Mapping[str, npt.NDArray[Any]], about: Mapping[str, Any]) -> None:
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.table({name: _arrow_column(pyarrow, values) for name, values in columns.items()})
    about_json = json.dumps(about).encode()
    pyarrow.parquet.write_table(table.replace_schema_metadata({b"evsnn": about_json}), path, compression="zstd")


def _arrow_column(pyarrow: Any, values: npt.NDArray[Any]) -> Any:
    """A column of numbers, or of lists where there are several in a row."""
    if values.ndim == 1:
        return pyarrow.array(values)
    ends = np.arange(len(values) + 1, dtype=np.int32) * values.shape[1]
    return pyarrow.ListArray.from_arrays(pyarrow.array(ends), pyarrow.array(values.reshape(-1)))


WRITERS: Final[dict[str, Callable[[Path, Mapping[str, npt.NDArray[Any]], Mapping[str, Any]], None]]] = {
    ".npz": _write_npz,
    ".parquet": _write_parquet,
}
"""How to write results, by suffix."""
