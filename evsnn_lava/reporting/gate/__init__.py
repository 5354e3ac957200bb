"""The cost gate: a profile against a budget and a baseline, and which layer made it grow."""

from evsnn_lava.reporting.gate.budget import Budget, default_budget, read_budget
from evsnn_lava.reporting.gate.facts import gate_facts
from evsnn_lava.reporting.gate.junit import gate_junit
from evsnn_lava.reporting.gate.markdown import gate_markdown
from evsnn_lava.reporting.gate.profile_facts import Profile, profile_of, read_profile
from evsnn_lava.reporting.gate.terminal import answer, gate_tables
from evsnn_lava.reporting.gate.verdict import Verdict, headline, judge

__all__ = [
    "Budget",
    "Profile",
    "Verdict",
    "answer",
    "default_budget",
    "gate_facts",
    "gate_junit",
    "gate_markdown",
    "gate_tables",
    "headline",
    "judge",
    "profile_of",
    "read_budget",
    "read_profile",
]
