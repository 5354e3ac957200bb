"""Outputs that would replace what is read, or one another, are refused before anything runs."""

from __future__ import annotations

import pytest

from evsnn_lava.cli.outputs import given_path, require_outputs
from evsnn_lava.errors import ConfigError


def test_an_output_replaces_neither_inputs_nor_outputs(tmp_path):
    net, csv = tmp_path / "a.net", tmp_path / "a.csv"
    net.write_text("")
    require_outputs({"--csv": csv, "--trace": None}, [net, None])
    with pytest.raises(ConfigError, match=r"--csv .* is read, too"):
        require_outputs({"--csv": tmp_path / "." / "a.net"}, [net])
    with pytest.raises(ConfigError, match=r"--trace .* is what --csv writes"):
        require_outputs({"--csv": csv, "--trace": csv}, [])


@pytest.mark.parametrize("name", ["x" * 300, "missing/a.csv", "."])
def test_an_output_that_cannot_be_is_refused(tmp_path, name):
    with pytest.raises(ConfigError):
        require_outputs({"--csv": tmp_path / name}, [])


def test_what_stands_for_a_file(tmp_path):
    data = tmp_path / "d.npy"
    data.write_text("")
    assert given_path(str(data)) == [data]
    assert given_path("digits") == given_path(None) == []
