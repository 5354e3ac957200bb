"""``evsnn train --plain``: masks from a plain network that exists."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.torch


def test_masks_begin_from_a_plain_network(evsnn, trained, config, tmp_path):
    quick = tmp_path / "bars.toml"
    quick.write_text(config.read_text().replace("soft_epochs = 3", 'method = "uniform"').replace("= 6\n[c", "= 1\n[c"))
    code, out, _ = evsnn("train", "--config", quick, "-o", tmp_path / "run", "--plain", trained / "plain.pt")
    assert code == 0
    assert f"wrote {tmp_path / 'run' / 'masked.pt'}" in out
    assert (tmp_path / "run" / "plain.pt").read_bytes() == (trained / "plain.pt").read_bytes()
    assert not (tmp_path / "run" / "plain").exists()


def test_a_masked_network_is_no_beginning(refused, trained, config, tmp_path):
    message = refused(
        "ConfigError", "train", "--config", config, "-o", tmp_path / "run", "--plain", trained / "masked.pt"
    )
    assert "give its plain.pt" in message
