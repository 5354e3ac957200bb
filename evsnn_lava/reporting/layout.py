"""The look that the tables share."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table


def captioned_table(title: str, caption: str = "") -> Table:
    r"""A table without columns yet, a title above it and a dim caption below.

    Parameters
    ----------
    title, caption : str
        Printed as they are, whatever a file has put into them.

    Returns
    -------
    rich.table.Table
        To be filled.

    Examples
    --------
    >>> captioned_table("network [bold]").title
    'network \\[bold]'
    """
    return Table(
        title=escape(title),
        caption=escape(caption) or None,
        box=SIMPLE_HEAD,
        title_justify="left",
        caption_justify="left",
        title_style="bold",
        caption_style="dim",
        pad_edge=False,
        collapse_padding=True,
    )
