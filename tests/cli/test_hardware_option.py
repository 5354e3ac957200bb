"""What stands between the commas of ``--hw``."""

from __future__ import annotations

import pytest

from evsnn_lava.cli.hardware_option import named_files, split_names
from evsnn_lava.errors import ConfigError


def test_each_name_once_in_its_order():
    assert split_names("loihi2, a.toml,loihi1,,loihi2", ()) == ["loihi2", "a.toml", "loihi1"]


def test_nothing_named():
    with pytest.raises(ConfigError, match="choose of: loihi2, mine or TOML files"):
        split_names(" ,", ("loihi2", "mine"))


def test_variants_stand_for_their_file():
    found = named_files(["loihi2", "mine.toml", "other.toml:fast"])
    assert [path.name for path in found] == ["mine.toml", "other.toml"]
