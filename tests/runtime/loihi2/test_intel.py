"""What is missing without Intel's packages, and how one gets it."""

from __future__ import annotations

import importlib.util
import sys

import pytest

from evsnn_lava.errors import BackendUnavailableError
from evsnn_lava.runtime.backends import backend
from evsnn_lava.runtime.loihi2.intel import PARTS, missing, why_not

pytestmark = pytest.mark.skipif(importlib.util.find_spec("nxcore") is not None, reason="Intel's nxcore is installed")


def test_every_missing_part_is_named(chip_networks):
    assert missing() == tuple(PARTS)
    network = chip_networks.spiking(1)
    with pytest.raises(BackendUnavailableError) as caught:
        backend("loihi2").run(network, chip_networks.frames(network, 1))
    text = str(caught.value)
    assert all(f"{name} ({what})" in text for name, what in PARTS.items())
    assert "Intel's Neuromorphic Research Community (INRC)" in text
    assert text.endswith("join it or use the back-end lava")


def test_with_all_parts_the_back_end_is_there(intel):
    assert missing() == ()
    assert why_not() is None
    assert backend("loihi2").available() is None


def test_one_part_alone_is_not_enough(tmp_path, monkeypatch):
    (tmp_path / "nxcore").mkdir()
    (tmp_path / "nxcore" / "__init__.py").write_text("raise ImportError\n", encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert missing() == tuple(name for name in PARTS if name != "nxcore")
    assert "nxcore (" not in (why_not() or "")
