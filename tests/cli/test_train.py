"""``evsnn train --plain``: masks from a plain network that exists."""

from __future__ import annotations

import json

import pytest

from evsnn_lava.cli.train import kept_frames

pytestmark = pytest.mark.torch


def test_masks_begin_from_a_plain_network(evsnn, trained, config, tmp_path):
    quick = tmp_path / "bars.toml"
    quick.write_text(config.read_text().replace("soft_epochs = 3", 'method = "uniform"').replace("= 6\n[c", "= 1\n[c"))
    code, out, _ = evsnn("train", "--config", quick, "-o", tmp_path / "run", "--plain", trained / "plain.pt")
    assert code == 0
    kept = json.loads((tmp_path / "run" / "masks.json").read_text())["keep"]
    assert [sum(mask) for mask in kept] == [4, 3]
    rows = [line.split() for line in out[: out.index("wrote")].splitlines()[-3:]]
    drawn = ["".join("█" if bit else "░" for bit in mask) for mask in kept]
    assert rows[0] == ["layer", "frames", "0..5", "kept"]
    assert rows[1:] == [["1", drawn[0], "4", "of", "6"], ["2", drawn[1], "3", "of", "6"]]
    assert f"masks, also in {tmp_path / 'run' / 'masks.json'}:" in out
    assert f"wrote {tmp_path / 'run' / 'masked.pt'}" in out
    assert (tmp_path / "run" / "plain.pt").read_bytes() == (trained / "plain.pt").read_bytes()
    assert not (tmp_path / "run" / "plain").exists()


def test_equal_masks_take_a_line(tmp_path):
    assert kept_frames(tmp_path) == []
    (tmp_path / "masks.json").write_text('{"keep": [[1, 0, 1, 0], [1, 0, 1, 0]]}')
    assert kept_frames(tmp_path) == [f"masks: 2 of 4 frames kept, 1010; also in {tmp_path / 'masks.json'}"]


def test_a_masked_network_is_no_beginning(refused, trained, config, tmp_path):
    message = refused(
        "ConfigError", "train", "--config", config, "-o", tmp_path / "run", "--plain", trained / "masked.pt"
    )
    assert "give its plain.pt" in message
