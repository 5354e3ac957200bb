"""``evsnn hw``: which hardware profiles there are, what is in them, and what is wrong with one's own."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from evsnn_lava._files import atomic_write
from evsnn_lava.cli.console import Output
from evsnn_lava.cli.outputs import require_outputs
from evsnn_lava.errors import ConfigError
from evsnn_lava.hw_profiles import Chip, CostProfile
from evsnn_lava.hw_profiles.costs import OPTIONAL
from evsnn_lava.hw_profiles.faults import Fault, faults
from evsnn_lava.hw_profiles.load import built_in_names, built_in_text, load_any, model_for, read_content
from evsnn_lava.profiling import Constant
from evsnn_lava.reporting.hardware_tables import ProfileFacts, ProfileLine, fault_table, list_table, profile_tables

Profile = Chip | CostProfile


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    tasks = parser.add_subparsers(dest="task", required=True, metavar="TASK")
    listed = tasks.add_parser("list", help="the built-in profiles and their variants, a line each")
    shown = tasks.add_parser(
        "show", help="every number of a profile: value, range, status, source, and what is missing"
    )
    shown.add_argument("profiles", nargs="+", metavar="NAME", help="a name of `evsnn hw list`, or a TOML file")
    started = tasks.add_parser("new", help="write a profile of your own, as a copy of a built-in one")
    started.add_argument("file", type=Path, metavar="FILE", help="the TOML file to write; it must not be there yet")
    started.add_argument("--like", default="loihi2", metavar="NAME", help="the profile to start from (default: loihi2)")
    checked = tasks.add_parser("validate", help="every fault of a profile of your own; exit code 1 if there is one")
    checked.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a TOML file")
    for task in (listed, shown, checked):
        task.add_argument("--json", action="store_true", help="print JSON instead of tables")


def execute(options: argparse.Namespace, output: Output) -> int:
    """Do what is asked for."""
    return TASKS[options.task](options, output)


def _list(options: argparse.Namespace, output: Output) -> int:
    lines = [line_of(load_any(name)) for name in built_in_names()]
    if options.json:
        output.show_json([asdict(line) for line in lines])
    else:
        output.show(list_table(lines))
    return 0


def _show(options: argparse.Namespace, output: Output) -> int:
    every = [facts_of(load_any(name)) for name in options.profiles]
    if options.json:
        output.show_json([_plain(facts) for facts in every])
        return 0
    for index, facts in enumerate(every):
        if index:
            output.show("")
        output.show(profile_tables(facts))
    return 0


def _validate(options: argparse.Namespace, output: Output) -> int:
    found = {str(path): faults_of(path) for path in options.files}
    if options.json:
        output.show_json({name: [asdict(fault) for fault in each] for name, each in found.items()})
    else:
        for name, each in found.items():
            output.show(fault_table(name, [(fault.key, fault.words) for fault in each]))
    return int(any(found.values()))


def _new(options: argparse.Namespace, output: Output) -> int:
    text = built_in_text(options.like)
    if options.file.suffix != ".toml" or options.file.exists():
        raise ConfigError(f"{options.file}: a new profile is a .toml file that is not there yet; choose another name")
    require_outputs({"new": options.file}, [])
    with atomic_write(options.file) as temporary:
        temporary.write_text(text, encoding="utf-8")
    output.show(f"wrote {options.file}; change it, then `evsnn hw validate {options.file}`")
    return 0


TASKS: Final[dict[str, Callable[[argparse.Namespace, Output], int]]] = {
    "list": _list,
    "show": _show,
    "new": _new,
    "validate": _validate,
}


def faults_of(path: Path) -> tuple[Fault, ...]:
    """Every fault of a user's file and its variants.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    tuple of Fault
        Empty if the file is right.

    Raises
    ------
    ConfigError
        If it cannot be read.
    FormatError
        If it is not TOML.
    """
    content = read_content(path)
    return faults(content, model_for(content), str(path))


def line_of(profile: Profile) -> ProfileLine:
    """What a list says of a profile.

    Parameters
    ----------
    profile : Chip or CostProfile
        The profile.

    Returns
    -------
    ProfileLine
        For example 8 of 10 energies, no static power, 12 numbers published.
    """
    limits = "yes" if isinstance(profile, Chip) else "no"
    known = {"energy": "no", "time": "no", "static": "no", "limits": limits}
    if isinstance(profile, CostProfile):
        known["static"] = "yes" if profile.static_power else "no"
        known |= {group: _share(profile, group) for group in ("energy", "time")}
    return ProfileLine(
        profile.name,
        profile.title,
        known,
        dict(Counter(constant.quantity.status for constant in _constants(profile))),
    )


def facts_of(profile: Profile) -> ProfileFacts:
    """Everything that a profile says.

    Parameters
    ----------
    profile : Chip or CostProfile
        The profile.

    Returns
    -------
    ProfileFacts
        Its words, its numbers and what is missing.
    """
    pace, unpriced = (profile.pace, profile.unpriced) if isinstance(profile, CostProfile) else ("", {})
    words = (profile.name, profile.title, profile.chip, profile.description)
    return ProfileFacts(*words, pace, _constants(profile), unpriced)


def _share(profile: CostProfile, group: str) -> str:
    """How many prices of a group are known, of those that a profile has to speak of."""
    wanted = {name: each for name, each in profile.costs().items() if name.startswith(group) and name not in OPTIONAL}
    given = sum(each is not None for each in wanted.values())
    if group == "time" and profile.pace == "recorded":
        return "recorded"
    return f"{given}/{len(wanted)}"


def _constants(profile: Profile) -> tuple[Constant, ...]:
    if isinstance(profile, CostProfile):
        named = profile.quantities()
    else:
        named = {f"limits.{key}": each for key, each in profile.limits if each is not None}
    return tuple(Constant(name, quantity) for name, quantity in named.items())


def _plain(facts: ProfileFacts) -> dict[str, Any]:
    numbers = {constant.name: constant.quantity for constant in facts.constants}
    words = {key: getattr(facts, key) for key in ("name", "title", "chip", "description", "pace")}
    return {**words, "constants": numbers, "unpriced": dict(facts.unpriced)}
