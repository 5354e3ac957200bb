"""The doctor tells what is usable, why not, and what to do, and never fails itself."""

from __future__ import annotations

import json

import numpy as np
import pytest

from evsnn_lava import doctor

SCRIPT = """
import dataclasses, json
from evsnn_lava.doctor import diagnose
print(json.dumps([dataclasses.asdict(finding) for finding in diagnose()]))
"""


@pytest.fixture
def diagnose_without(run_python):
    """Diagnose in a process where some packages are not installed."""
    return lambda *missing: {f["name"]: f for f in json.loads(run_python(SCRIPT, missing=missing))}


def test_python_packages_and_machine_are_named(findings):
    assert findings["python"].ok
    assert findings["package numpy"].detail == np.__version__
    assert findings["back-end reference"].ok
    assert findings["back-end engine"].ok
    assert "numba" in findings["back-end engine"].detail
    assert "usable of" in findings["processors"].detail


def test_what_is_wrong_has_a_remedy_and_what_is_right_has_none(findings):
    for finding in findings.values():
        assert finding.ok == (finding.remedy == ""), finding
        assert "\n" not in finding.detail + finding.remedy


def test_loihi2_says_how_to_get_it(findings):
    finding = findings["back-end loihi2"]
    assert finding.ok or "lava-loihi" in finding.detail or "Lava" in finding.detail


def test_missing_packages_take_their_back_ends_with_them_and_no_more(diagnose_without):
    findings = diagnose_without("torch", "lava")
    usable = {name: finding["ok"] for name, finding in findings.items() if name.startswith("back-end")}
    assert usable == {
        "back-end reference": True,
        "back-end engine": True,
        "back-end slayer": False,
        "back-end lava": False,
        "back-end loihi2": False,
    }
    assert "make setup" in findings["back-end slayer"]["remedy"]


def test_a_library_that_breaks_at_import_is_a_finding(tmp_path, monkeypatch, diagnose_without):
    (tmp_path / "asteval.py").write_text("raise OSError('libthing.so: cannot open shared object file')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    finding = diagnose_without()["back-end lava"]
    assert not finding["ok"]
    assert "libthing.so" in finding["detail"]


def test_no_shared_memory_is_a_finding(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "SHARED_MEMORY", tmp_path / "absent")
    finding = next(f for f in doctor.diagnose() if f.name.startswith("shared memory"))
    assert not finding.ok
    assert "tmpfs" in finding.remedy


def test_little_shared_memory_is_a_finding(monkeypatch):
    monkeypatch.setattr(doctor, "SHARED_MEMORY_NEEDED_MIB", 2**40)
    finding = next(f for f in doctor.diagnose() if f.name.startswith("shared memory"))
    assert not finding.ok
    assert "--shm-size" in finding.remedy
