"""Recordings of an event camera, one (`Recording`) or many (`EventSet`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evsnn_lava.data.checks import (
    EVENT_DTYPES,
    UNKNOWN_LABEL,
    Place,
    as_integers,
    check_events,
    check_labels,
    check_offsets,
    lengths,
)
from evsnn_lava.errors import ConfigError, FormatError

SHOWN_CLASSES: Final = 5
"""How many class names the ``repr`` of a set shows."""


@dataclass(frozen=True, eq=False)
class Recording:
    """The events of one sample.

    Parameters
    ----------
    t_us : array_like of int, (events,)
        Time of each event in microseconds from the start of the recording, not falling.
    x, y : array_like of int, (events,)
        Column and row of the pixel.
    p : array_like of int, (events,)
        Polarity: 1 is ON (brighter), 0 is OFF (darker).
    label : int
        Index of the class; -1 where it is not known.
    sample_id : int
        Name of the sample in its data set.
    source : str
        The file or the set the events come from; messages name it.
    silent : bool
        Whether a recording without events is a true one, of a sensor that felt nothing.

    Raises
    ------
    FormatError
        If there are no events where there must be some, or one of them cannot be true.

    Examples
    --------
    >>> recording = Recording(t_us=[10, 25], x=[3, 4], y=[0, 1], p=[1, 0], label=7)
    >>> len(recording), recording.duration_us, recording.p
    (2, 26, array([1, 0], dtype=uint8))
    >>> recording
    Recording(sample 0, label 7, 2 events in 26 us, source 'recording')
    """

    t_us: NDArray[np.integer[Any]]
    x: NDArray[np.integer[Any]]
    y: NDArray[np.integer[Any]]
    p: NDArray[np.integer[Any]]
    label: int = UNKNOWN_LABEL
    sample_id: int = 0
    source: str = "recording"
    silent: bool = False

    def __post_init__(self) -> None:
        """Check the events and store them compactly."""
        events = _events_of(self, self.source)
        check_offsets(self.place, events["t_us"].size, self.silent)
        check_events(self.place, events, None)
        _store(self, events)

    def __repr__(self) -> str:
        """One line: what it is, not the events."""
        facts = f"sample {self.sample_id}, label {self.label}, {len(self)} events in {self.duration_us} us"
        return f"Recording({facts}, source {self.source!r})"

    def __len__(self) -> int:
        """Number of events."""
        return int(self.t_us.size)

    @property
    def duration_us(self) -> int:
        """Microseconds from the start of the recording to the end of its last event."""
        return int(self.t_us[-1]) + 1 if len(self) else 0

    @property
    def place(self) -> Place:
        """What messages about this recording name."""
        return Place(self.source, np.array([0, np.size(self.t_us)]), np.array([self.sample_id]))


@dataclass(frozen=True, eq=False)
class EventSet:
    """Many recordings of one sensor in flat arrays; `Recording`-s are views of them.

    Parameters
    ----------
    name : str
        Name of the data set.
    sensor : (int, int)
        Height and width in pixels.
    class_names : tuple of str
        Name of every class.
    t_us, x, y, p : array_like of int, (events,)
        The events of all recordings, one after the other, as in `Recording`.
    offset : array_like of int, (N + 1,)
        Recording `i` owns the events ``offset[i]:offset[i + 1]``.
    label, sample_id : array_like of int, (N,)
        Class (-1: not known) and name of each recording.
    source : str
        The file the events come from; messages name it, or else the set.
    assumed : frozenset of str
        Which of ``sensor`` and ``class_names`` the source does not state: the sensor is then as large as
        the events need, and the classes are called by their numbers.
    silent : bool
        Whether recordings without events are true ones, of a sensor that felt nothing.

    Raises
    ------
    FormatError
        If the arrays do not fit together, a recording is empty that must not be, or an event is out of range or
        out of order.

    Examples
    --------
    >>> events = EventSet("two", (4, 4), ("a", "b"), t_us=[5, 9, 1], x=[0, 3, 2], y=[1, 1, 0], p=[1, 0, 1],
    ...                   offset=[0, 2, 3], label=[1, 0], sample_id=[10, 11])
    >>> len(events), events.labels, events[1].sample_id
    (2, array([1, 0]), 11)
    >>> [len(recording) for recording in events.select([1, 0])]
    [1, 2]
    >>> events
    EventSet('two', 2 recordings, 2 classes ('a', 'b'), sensor 4 x 4, 3 events)
    """

    name: str
    sensor: tuple[int, int]
    class_names: tuple[str, ...]
    t_us: NDArray[np.integer[Any]]
    x: NDArray[np.integer[Any]]
    y: NDArray[np.integer[Any]]
    p: NDArray[np.integer[Any]]
    offset: NDArray[np.int64]
    label: NDArray[np.int64]
    sample_id: NDArray[np.int64]
    source: str = ""
    assumed: frozenset[str] = frozenset()
    silent: bool = False

    def __post_init__(self) -> None:
        """Check everything and store it compactly."""
        source = self.source or self.name
        table = {field: _int64(source, field, getattr(self, field)) for field in ("offset", "label", "sample_id")}
        place = Place(source, table["offset"], table["sample_id"])
        events = _events_of(self, source)
        check_offsets(place, events["t_us"].size, self.silent)
        if table["label"].size != len(table["sample_id"]):
            raise FormatError(f"{source}: {table['label'].size} labels for {len(self)} recordings; give one each")
        check_labels(place, table["label"], len(self.class_names))
        check_events(place, events, self.sensor)
        _store(self, {**events, **table})

    @classmethod
    def from_recordings(
        cls,
        recordings: Iterable[Recording],
        name: str,
        sensor: tuple[int, int],
        class_names: Sequence[str],
        source: str = "",
        assumed: frozenset[str] = frozenset(),
    ) -> EventSet:
        """Join recordings into one set; where two have the same sample id, all are numbered from 0.

        Examples
        --------
        >>> one = Recording(t_us=[1], x=[0], y=[0], p=[1], label=0)
        >>> EventSet.from_recordings([one, one], "pair", (2, 2), ["dot"]).sample_id
        array([0, 1])
        """
        items = list(recordings)
        ids = [item.sample_id for item in items]
        if len(set(ids)) < len(ids):
            ids = list(range(len(ids)))
        return cls._joined(items, ids, name, sensor, class_names, source, assumed)

    @classmethod
    def _joined(
        cls,
        items: Sequence[Recording],
        ids: Sequence[int],
        name: str,
        sensor: tuple[int, int],
        class_names: Sequence[str],
        source: str,
        assumed: frozenset[str],
    ) -> EventSet:
        if not items:
            raise FormatError(f"{source or name}: it holds no recordings, at least 1 is needed; give another source")
        return cls(
            name=name,
            sensor=sensor,
            class_names=tuple(class_names),
            offset=np.cumsum([0, *(len(item) for item in items)]),
            label=np.array([item.label for item in items]),
            sample_id=np.array(ids),
            source=source,
            assumed=assumed,
            silent=any(item.silent for item in items),
            **{field: np.concatenate([getattr(item, field) for item in items]) for field in EVENT_DTYPES},
        )

    def __repr__(self) -> str:
        """One line: what it is, not the events."""
        shown = [repr(name) for name in self.class_names[:SHOWN_CLASSES]]
        names = ", ".join([*shown, "..."] if len(self.class_names) > SHOWN_CLASSES else shown)
        return (
            f"EventSet({self.name!r}, {len(self)} recordings, {len(self.class_names)} classes ({names}), "
            f"sensor {self.sensor[0]} x {self.sensor[1]}, {self.t_us.size} events)"
        )

    def __len__(self) -> int:
        """Number of recordings."""
        return int(np.size(self.offset)) - 1

    def __getitem__(self, index: int) -> Recording:
        """Give one recording; its arrays are views."""
        if not -len(self) <= index < len(self):
            raise ConfigError(f"{self.name}: recording {index} of {len(self)} does not exist; choose a smaller index")
        index = int(index) % len(self)
        part = slice(int(self.offset[index]), int(self.offset[index + 1]))
        arrays: dict[str, Any] = {field: getattr(self, field)[part] for field in EVENT_DTYPES}
        label, sample_id = int(self.label[index]), int(self.sample_id[index])
        source = self.source or self.name
        return Recording(label=label, sample_id=sample_id, source=source, silent=self.silent, **arrays)

    def __iter__(self) -> Iterator[Recording]:
        """Give the recordings one after the other."""
        return (self[index] for index in range(len(self)))

    @property
    def labels(self) -> NDArray[np.int64]:
        """Class of each recording, shape ``(N,)``."""
        return self.label

    @property
    def events_per_recording(self) -> NDArray[np.int64]:
        """Number of events of each recording, shape ``(N,)``."""
        return np.diff(self.offset)

    def select(self, indices: Iterable[int], name: str | None = None) -> EventSet:
        """Give the recordings at `indices`, in that order, as a set of their own."""
        chosen = [self[index] for index in indices]
        ids = [item.sample_id for item in chosen]
        return EventSet._joined(
            chosen, ids, name or self.name, self.sensor, self.class_names, self.source, self.assumed
        )


def _int64(source: str, field: str, values: Any) -> NDArray[np.int64]:
    return as_integers(source, field, values).astype(np.int64)


def _events_of(owner: Recording | EventSet, source: str) -> dict[str, NDArray[Any]]:
    """Read the four event arrays of `owner` and check that they have one length."""
    events = {field: as_integers(source, field, getattr(owner, field)) for field in EVENT_DTYPES}
    if len({values.size for values in events.values()}) > 1:
        raise FormatError(f"{source}: the event arrays differ in length ({', '.join(lengths(events))}); repair them")
    return events


def _store(owner: Recording | EventSet, arrays: dict[str, NDArray[Any]]) -> None:
    """Put read-only arrays of the right type into a frozen dataclass."""
    for field, values in arrays.items():
        view = np.ascontiguousarray(values, dtype=EVENT_DTYPES.get(field, np.int64)).view()
        view.flags.writeable = False
        object.__setattr__(owner, field, view)
