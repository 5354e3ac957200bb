"""What sources of messages leave in the files of a session: counts in every step, messages and states on request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import NetworkDescription
from evsnn_lava.runtime.exchange import Exchange, pack
from evsnn_lava.runtime.layout import lava_axes, source_graded
from evsnn_lava.simulation.neurons import DYNAMICS


class Records:
    """The files of one source, open for as long as its process lives.

    They are appended to without a buffer, so that nothing is lost when the run is paused or killed.

    Parameters
    ----------
    exchange : Exchange
        Names of the files.
    source : int
        Number of the source in the names; 0 is the input.
    graded : bool
        Whether the messages are numbers.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> exchange = Exchange(Path(tempfile.mkdtemp()))
    >>> records = Records(exchange, 0, graded=False)
    >>> records.count(np.array([2, 12, 1]))
    >>> np.fromfile(exchange.counts(0), np.int64).tolist()
    [2, 12, 1]
    >>> records.close()
    """

    def __init__(self, exchange: Exchange, source: int, graded: bool) -> None:
        self._graded = graded
        self._counts = exchange.counts(source).open("ab", buffering=0)
        self._messages = exchange.messages(source).open("ab", buffering=0)

    def count(self, counts: npt.NDArray[np.int64]) -> None:
        """Write down what happened in a step.

        Parameters
        ----------
        counts : numpy.ndarray of int64, shape (3,)
            Messages, synaptic operations that they cause in the next layer, and in the layer itself.
        """
        self._counts.write(counts.tobytes())

    def keep(self, messages: npt.NDArray[Any]) -> None:
        """Write the messages of a step down.

        Parameters
        ----------
        messages : numpy.ndarray of bool or int
            In Lava's axis order.
        """
        self._messages.write(pack(messages, messages.ndim, self._graded).tobytes())

    def close(self) -> None:
        """Close the files."""
        self._counts.close()
        self._messages.close()


class NetworkRecords:
    """The files of all sources, for a process that is the whole network.

    Parameters
    ----------
    network : NetworkDescription
        The network.
    exchange : Exchange
        Names of the files.
    """

    def __init__(self, network: NetworkDescription, exchange: Exchange) -> None:
        self._sources = [Records(exchange, *known) for known in enumerate(source_graded(network))]
        self._names = [DYNAMICS[type(layer.neuron)].states for layer in network.layers]
        self._states = [exchange.states(index).open("ab", buffering=0) for index in range(network.depth)]

    def count(self, counts: npt.NDArray[np.int64]) -> None:
        """Write down what happened in a step.

        Parameters
        ----------
        counts : numpy.ndarray of int64, shape (L + 1, 3)
            As for `Records.count`, for the input and every layer.
        """
        for records, row in zip(self._sources, counts, strict=True):
            records.count(row)

    def keep_messages(self, messages: Sequence[npt.NDArray[Any]]) -> None:
        """Write all messages of a step down.

        Parameters
        ----------
        messages : sequence of numpy.ndarray of bool or int
            Of the input and every layer, in the description's axis order.
        """
        for records, sent in zip(self._sources, messages, strict=True):
            records.keep(sent.transpose())

    def keep_states(self, states: Sequence[Mapping[str, npt.NDArray[Any]]]) -> None:
        """Write the states after a step down.

        Parameters
        ----------
        states : sequence of mappings from str to numpy.ndarray of int
            By name for every layer, in the description's axis order.
        """
        for file, names, values in zip(self._states, self._names, states, strict=True):
            for name in names:
                file.write(lava_axes(values[name]).astype(np.int32).tobytes())

    def close(self) -> None:
        """Close the files."""
        for records in self._sources:
            records.close()
        for file in self._states:
            file.close()
