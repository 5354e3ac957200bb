"""Reporting: what a cost report looks like to a person."""

from evsnn_lava.reporting.tables import (
    comparison_table,
    constants_table,
    cost_tables,
    layer_table,
    summary_table,
)
from evsnn_lava.reporting.units import format_count, format_range, format_si

__all__ = [
    "comparison_table",
    "constants_table",
    "cost_tables",
    "format_count",
    "format_range",
    "format_si",
    "layer_table",
    "summary_table",
]
