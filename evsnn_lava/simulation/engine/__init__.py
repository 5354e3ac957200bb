"""The fast engine: bit for bit the reference, event by event, on all cores."""

from evsnn_lava.simulation.engine.engine import Activity, Engine
from evsnn_lava.simulation.engine.stepper import Stepper

__all__ = ["Activity", "Engine", "Stepper"]
