"""``evsnn migrate`` writes the newest version and says what changed."""

from __future__ import annotations

import json
from pathlib import Path

from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.export.netfile.schema import FORMAT_VERSION
from evsnn_lava.export.netfile.writer import content_hash

VERSION_1 = Path(__file__).parents[1] / "export" / "data" / "version1.net"
CHANGES = [
    "version 2: /evsnn/recipe/message_bits is new, 0: frames are binary, as they were",
    "version 3: /evsnn/cutoff/layers is new, 0: the host decides, as it did",
]


def test_an_old_file(evsnn, tmp_path):
    new = tmp_path / "new.net"
    code, out, err = evsnn("migrate", VERSION_1, "-o", new)
    assert (code, err) == (0, "")
    first, *changes = out.splitlines()
    assert first == f"wrote {new}: version {FORMAT_VERSION} instead of 1, the same network"
    assert changes == [f"  {change}" for change in CHANGES]
    assert content_hash(read_net(new)) == content_hash(read_net(VERSION_1))


def test_a_new_file_stays_as_it_is(evsnn, tmp_path):
    new, again = tmp_path / "new.net", tmp_path / "again.net"
    evsnn("migrate", VERSION_1, "-o", new)
    code, out, _ = evsnn("migrate", new, "-o", again)
    assert code == 0
    assert "nothing changed" in out
    assert again.read_bytes() == new.read_bytes()


def test_in_place(evsnn, tmp_path):
    path = tmp_path / "a.net"
    path.write_bytes(VERSION_1.read_bytes())
    (tmp_path / "folder").mkdir()
    same = tmp_path / "folder" / ".." / "a.net"
    code, out, _ = evsnn("migrate", path, "-o", same)
    assert code == 0
    assert out.startswith(f"wrote {same} in place of the old file: version {FORMAT_VERSION} instead of 1")
    assert "nothing changed" in evsnn("migrate", path, "-o", path)[1]


def test_json_says_what_was_done(evsnn, tmp_path):
    new = tmp_path / "new.net"
    code, out, _ = evsnn("migrate", VERSION_1, "-o", new, "--json")
    said = {"file": str(VERSION_1), "output": str(new), "version_before": 1, "version_after": FORMAT_VERSION}
    assert (code, json.loads(out)) == (0, {**said, "in_place": False, "changes": CHANGES})
    assert json.loads(evsnn("migrate", new, "-o", new, "--json")[1])["in_place"] is True


def test_a_damaged_file_writes_nothing(evsnn, tmp_path):
    bad = tmp_path / "bad.net"
    bad.write_bytes(VERSION_1.read_bytes()[:-9])
    code, out, err = evsnn("migrate", bad, "-o", tmp_path / "new.net")
    assert (code, out) == (2, "")
    assert err.startswith("FormatError: ")
    assert not (tmp_path / "new.net").exists()
