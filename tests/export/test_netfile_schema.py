"""The specification and the table in the code say the same."""

from __future__ import annotations

import re

import pytest

from evsnn_lava.errors import FormatError
from evsnn_lava.export.netfile.encoding import encode
from evsnn_lava.export.netfile.schema import FIELDS, HASH_PATH, NEWEST_VERSION, field_of

ROW = re.compile(r"^\| `/([^`]+)` \| `([^`]+)` \| ([^|]+) \| ([^|]+) \|$", re.M)


def test_the_document_lists_every_data_set_as_the_code_does(root):
    text = (root / "docs" / "format.md").read_text(encoding="utf-8")
    rows = {path: (kind, dims.strip(), meaning.strip()) for path, kind, dims, meaning in ROW.findall(text)}
    expected = {path: (field.kind, " or ".join(map(str, field.ndims)), field.meaning) for path, field in FIELDS.items()}
    assert rows == expected
    assert f"version {NEWEST_VERSION}" in text.lower()


def test_networks_of_every_kind_use_every_data_set(demo, zoo):
    paths = {path for network in (demo, *zoo.values()) for path in encode(network)}
    used = {re.sub(r"^layer/\d+/", "layer/<i>/", path) for path in paths} | {HASH_PATH}
    assert used == set(FIELDS)


@pytest.mark.parametrize(
    "path", ["layer/<i>/type", "layer/01/type", "layer/x/type", "layer/-1/type", "evsnn", "", "layer/1"]
)
def test_unknown_paths(path):
    with pytest.raises(FormatError, match="unknown object"):
        field_of(path)
