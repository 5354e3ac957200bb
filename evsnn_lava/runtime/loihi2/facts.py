"""What is known of every process of a graph, as data; nothing here needs Lava."""

from __future__ import annotations

from dataclasses import dataclass

from evsnn_lava.runtime.loihi2.hardware import HardwareModel


@dataclass(frozen=True)
class ParameterFacts:
    """A parameter and its register.

    Parameters
    ----------
    name : str
        The quantity.
    low, high : int
        Lowest and highest value in the process.
    limit : (int, int) or None
        What the register holds; None where it is not known.
    """

    name: str
    low: int
    high: int
    limit: tuple[int, int] | None

    @property
    def fits(self) -> bool:
        """Whether the register holds all values."""
        return self.limit is None or (self.limit[0] <= self.low and self.high <= self.limit[1])


@dataclass(frozen=True)
class ProcessFacts:
    """One process of the graph.

    Parameters
    ----------
    name : str
        What it is in its layer.
    layer : str
        Name of the layer; empty at the ends, but for a source that computes the neurons of the input layer.
    kind : str
        Class of the process.
    shape : tuple of int
        What it sends, in Lava's order (x, y, channel).
    model : HardwareModel
        Where it runs, and how we know.
    parameters : tuple of ParameterFacts
        What goes into registers.
    present : bool
        False for an adapter whose package is not installed.
    """

    name: str
    layer: str
    kind: str
    shape: tuple[int, ...]
    model: HardwareModel
    parameters: tuple[ParameterFacts, ...] = ()
    present: bool = True

    @property
    def problems(self) -> tuple[str, ...]:
        """What keeps it from running on the chip, as far as is known."""
        unknown = (f"{self.kind}: {self.model.source}",) if self.model.basis == "unknown" else ()
        return unknown + tuple(
            f"{each.name} {each.low}..{each.high} does not fit {each.limit[0]}..{each.limit[1]}"
            for each in self.parameters
            if each.limit is not None and not each.fits
        )
