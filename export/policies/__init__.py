"""When to stop, fitted on held-out data: ``fit(scores, labels)``, then ``policy_`` and ``decide(scores)``."""

from evsnn_lava.export.policies.base import Exits, Policy, decide
from evsnn_lava.export.policies.choice import PolicyChoice
from evsnn_lava.export.policies.confidence import Confidence
from evsnn_lava.export.policies.conformal import Conformal
from evsnn_lava.export.policies.curve import Curve, ExitSummary, accuracy_curve, exit_summary
from evsnn_lava.export.policies.fixed import Fixed
from evsnn_lava.export.policies.gap import TopKGap
from evsnn_lava.export.policies.guarantee import Certificate, Guaranteed
from evsnn_lava.export.policies.violations import Violations, violation_rate

__all__ = [
    "Certificate",
    "Confidence",
    "Conformal",
    "Curve",
    "ExitSummary",
    "Exits",
    "Fixed",
    "Guaranteed",
    "Policy",
    "PolicyChoice",
    "TopKGap",
    "Violations",
    "accuracy_curve",
    "decide",
    "exit_summary",
    "violation_rate",
]
