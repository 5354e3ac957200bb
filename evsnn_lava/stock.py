"""lava-dl's SLAYER and netx as they are, for your own scripts: importable on Python 3.11+, numpy 2.4+, without OpenCV.

>>> from evsnn_lava.stock import netx, slayer
>>> slayer.block.cuba.Dense.__name__, netx.hdf5.Network.__name__
('Dense', 'Network')

Once this module is imported, `import lava.lib.dl.slayer as slayer` and `from lava.lib.dl import netx` work in the same
program, too: put ``import evsnn_lava.stock`` above them and leave the rest of a script alone. Nothing installed is
edited. Of SLAYER only the object detection (``slayer.obd``) is left out; it needs OpenCV and torchvision, and can be
imported as ``lava.lib.dl.slayer.object_detection`` where they are installed.

Raises
------
BackendUnavailableError
    At import, if torch, lava-nc, lava-dl or something that they need is not installed.
"""

from __future__ import annotations

from evsnn_lava._lava import netx as _netx
from evsnn_lava._torch import slayer

netx = _netx()

__all__ = ["netx", "slayer"]
