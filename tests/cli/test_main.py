"""The command line itself: verbs, help, version and exit codes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from evsnn_lava import __version__
from evsnn_lava.cli import main as package_main
from evsnn_lava.cli.console import Output
from evsnn_lava.cli.main import VERBS

SCRIPT = Path(sys.executable).with_name("evsnn")


def console(*arguments, **options):
    """The real console script in a process of its own."""
    assert SCRIPT.is_file(), f"{SCRIPT} is missing; install the package"
    return subprocess.run(
        [str(SCRIPT), *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False, **options
    )


def test_help_names_every_verb(evsnn):
    code, out, _ = evsnn("--help")
    assert code == 0
    for name, summary in VERBS.items():
        assert name in out
        assert " ".join(summary.split()[:4]) in " ".join(out.split())


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb, evsnn):
    code, out, err = evsnn(verb, "--help")
    assert code == 0, err
    assert f"usage: evsnn {verb}" in out
    assert "--quiet" in out


def test_version(evsnn):
    assert evsnn("--version") == (0, f"evsnn {__version__}\n", "")


@pytest.mark.parametrize(
    "arguments", [(), ("fly",), ("run",), ("inspect", "a.net", "--colour"), ("run", "x", "--limit", "a")]
)
def test_wrong_usage_exits_with_2(arguments, evsnn):
    code, out, err = evsnn(*arguments)
    assert (code, out) == (2, "")
    assert "usage: evsnn" in err


def test_an_unknown_verb_is_named_with_the_valid_ones(evsnn):
    err = evsnn("fly")[2]
    assert "'fly'" in err
    assert "inspect" in err


def test_console_script_prints_the_version():
    done = console("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"evsnn {__version__}\n", "")


def test_console_script_says_what_is_wrong_in_one_line(tmp_path):
    done = console("inspect", "none.net", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "ConfigError: cannot read none.net: No such file or directory; check the path\n"
    assert list(tmp_path.iterdir()) == []


def test_core_verbs_do_without_torch_lava_and_lightning(run_python):
    script = """
import sys
from evsnn_lava.cli import main
for verb in ("inspect", "run", "profile", "verify", "doctor"):
    assert main([verb] + (["none.net"] if verb != "doctor" else [])) == (2 if verb != "doctor" else 0)
print(sorted({name.partition(".")[0] for name in sys.modules} & {"torch", "lava", "lightning"}))
"""
    assert run_python(script, missing=("torch", "lava", "lightning")).splitlines()[-1] == "[]"


def test_ctrl_c_is_no_error_with_a_traceback(evsnn, monkeypatch):
    from evsnn_lava.cli import doctor

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(doctor, "execute", interrupted)
    code, out, err = evsnn("doctor")
    assert (code, out) == (130, "")
    assert err.strip() == "interrupted"


def test_the_package_gives_main():
    assert callable(package_main)


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_a_result_that_cannot_be_written_is_one_line(option):
    with open("/dev/full", "w") as full:
        found = subprocess.run(
            [str(SCRIPT), "doctor", *option], stdout=full, stderr=subprocess.PIPE, text=True, timeout=120, check=False
        )
    assert (found.returncode, len(found.stderr.splitlines())) == (2, 1)
    assert "cannot write the result: No space left on device" in found.stderr


def test_a_missing_extra_is_named(evsnn, monkeypatch):
    def missing(*_):
        raise ModuleNotFoundError("No module named 'lightning'", name="lightning.pytorch")

    monkeypatch.setattr("evsnn_lava.cli.doctor.execute", missing)
    code, _, err = evsnn("doctor")
    assert code == 2
    assert "pip install 'evsnn-lava[train]'" in err


def test_a_bug_is_not_taken_for_a_missing_extra(monkeypatch):
    def wrong(*_):
        raise ModuleNotFoundError("No module named 'evsnn_lava.nothing'", name="evsnn_lava.nothing")

    monkeypatch.setattr("evsnn_lava.cli.doctor.execute", wrong)
    with pytest.raises(ModuleNotFoundError):
        package_main(["doctor"])


def test_markup_and_control_characters_are_printed_as_they_are(capsys):
    Output().show("[bold]a[/bold] \x1b[31mb")
    assert capsys.readouterr().out == "[bold]a[/bold] ?[31mb\n"
