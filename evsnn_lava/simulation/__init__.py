"""The integer twin: what a network description computes, without Lava and without torch."""

from evsnn_lava.network.fanout import fanout
from evsnn_lava.simulation.counting import cumulative_scores, result_from_trace
from evsnn_lava.simulation.reference import Trace, run, simulate
from evsnn_lava.simulation.witness import record_golden

__all__ = ["Trace", "cumulative_scores", "fanout", "record_golden", "result_from_trace", "run", "simulate"]
