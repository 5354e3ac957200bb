"""The child's side of a worker: it says what it is, then works each time that it is asked to.

It needs the standard library alone, so that it runs in the environment of the competitors, too.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

MISSING = "missing"


def serve(prepare: Callable[[], tuple[Mapping[str, Any], Mapping[str, Callable[[], float]]]]) -> None:
    """Prepare, print the facts as a line of JSON, then answer each name on standard input with seconds.

    Parameters
    ----------
    prepare : callable
        Gives facts about the work, and the work by name. A module that is not there becomes a fact, too.
    """
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever else is printed must not stand between the answers
    try:
        facts, work = prepare()
    except ImportError as error:
        print(json.dumps({MISSING: str(error).partition("\n")[0]}), file=answers)
        return
    print(json.dumps(dict(facts)), file=answers)
    for line in sys.stdin:
        print(json.dumps(work[line.strip()]()), file=answers)
