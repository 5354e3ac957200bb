"""What a session asks its worker for."""

from __future__ import annotations

from dataclasses import dataclass, field

from evsnn_lava.errors import ConfigError, unknown_name
from evsnn_lava.network import CutoffPolicy, NetworkDescription
from evsnn_lava.runtime.loihi2.intel import Host

RESETS = {
    "write": "the host writes the states; a sample ends when its cutoff says so",
    "interval": "the neurons reset themselves every so many steps; one uninterrupted run, for probes",
}
STYLES = ("callbacks", "profiler")


@dataclass(frozen=True)
class Options:
    """How the chip is to be used.

    Parameters
    ----------
    reset : str
        A key of `RESETS`.
    slice_steps : int
        Steps after which the host looks at the output, for the cutoff; more are quicker, and may be too many.
    input_delay, output_delay : int
        Steps that the adapters take; not published, the golden vectors of a file tell.
    probes : str, optional
        ``callbacks`` or ``profiler``: measure power and time by that interface.
    host : Host
        Where the chip is.

    Raises
    ------
    ConfigError
        If a number is too small, there is no such name, or probes would be interrupted.
    """

    reset: str = "write"
    slice_steps: int = 1
    input_delay: int = 0
    output_delay: int = 0
    probes: str | None = None
    host: Host = field(default_factory=Host)

    def __post_init__(self) -> None:
        """Check the options."""
        if self.reset not in RESETS:
            raise unknown_name("reset of Loihi 2", self.reset, RESETS)
        if self.probes is not None and self.probes not in STYLES:
            raise unknown_name("interface of the probes", self.probes, STYLES)
        for name, least in (("slice_steps", 1), ("input_delay", 0), ("output_delay", 0)):
            if getattr(self, name) < least:
                raise ConfigError(f"Loihi 2: {name} is {getattr(self, name)}, the limit is {least}; choose more")
        if self.probes and self.reset != "interval":
            raise ConfigError("Loihi 2: probes want one uninterrupted run; add reset='interval'")

    @property
    def delay(self) -> int:
        """Steps that a message is longer under way than in the network."""
        return self.input_delay + self.output_delay


@dataclass(frozen=True, eq=False)
class Walk:
    """Build the graph and walk over it; `limits` stand before what Lava documents."""

    network: NetworkDescription
    limits: dict[str, tuple[int, int]] = field(default_factory=dict)
    period: int = 0


@dataclass(frozen=True, eq=False)
class Compile:
    """Build the graph and compile it for the chip; `samples` are those of the one job, where the chip needs to know."""

    network: NetworkDescription
    options: Options
    samples: int


@dataclass(frozen=True, eq=False)
class Run:
    """Run samples whose messages stand in the file of frames."""

    samples: int
    policy: CutoffPolicy
