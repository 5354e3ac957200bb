"""Train, compile, run and cost event-based spiking networks for Loihi 2."""

__version__ = "0.1.0"
