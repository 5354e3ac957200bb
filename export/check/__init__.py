"""Check whether a network fits on a chip and computes there what it computes here.

:func:`check` and :func:`check_file` are the doors; ``docs/check.md`` has the rules in words.
"""

from evsnn_lava.export.check.files import check_file
from evsnn_lava.export.check.finding import Change, Finding
from evsnn_lava.export.check.rules import RULES, check
from evsnn_lava.export.check.verdict import Verdict, broken_rules, summary_line

__all__ = ["RULES", "Change", "Finding", "Verdict", "broken_rules", "check", "check_file", "summary_line"]
