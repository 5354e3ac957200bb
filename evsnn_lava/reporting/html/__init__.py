"""The report as a page: one file that shows what was measured, estimated and checked, and needs nothing else.

A :class:`~evsnn_lava.reporting.html.study.Study` holds what is to be shown, :func:`render` writes the page.
"""

from evsnn_lava.reporting.html.document import render
from evsnn_lava.reporting.html.study import Check, FileStudy, Lane, Raster, Study, TradePoint

__all__ = ["Check", "FileStudy", "Lane", "Raster", "Study", "TradePoint", "render"]
