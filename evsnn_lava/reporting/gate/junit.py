"""The verdict as JUnit XML, which continuous integration shows as tests: one per limit, one per layer."""

from __future__ import annotations

from xml.etree import ElementTree

from evsnn_lava.errors import printable
from evsnn_lava.reporting.gate.checks import Check, LayerCheck
from evsnn_lava.reporting.gate.rows import check_result, layer_result
from evsnn_lava.reporting.gate.verdict import Verdict, headline
from evsnn_lava.reporting.gate.words import blame_sentences


def gate_junit(verdict: Verdict) -> str:
    """Write the verdict as JUnit XML.

    Parameters
    ----------
    verdict : Verdict
        What the gate found.

    Returns
    -------
    str
        A document with one suite; every text in it is made printable, so that no name can break it.
    """
    layers = [layer for layer in verdict.layers if layer.change.is_layer]
    failed = len(verdict.failed) + len(verdict.failed_layers)
    counts = {"tests": str(len(verdict.checks) + len(layers)), "failures": str(failed), "errors": "0", "skipped": "0"}
    root = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(
        root, "testsuite", {"name": printable(f"evsnn gate {verdict.new.network}"), **counts}
    )
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in _properties(verdict).items():
        ElementTree.SubElement(properties, "property", name=name, value=printable(value))
    for check in verdict.checks:
        _add_check(suite, check)
    for layer in layers:
        _add_layer(suite, layer, verdict)
    _add_text(suite, "system-out", "\n".join([headline(verdict), *_said(verdict)]))
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _properties(verdict: Verdict) -> dict[str, str]:
    grew = "" if verdict.blame is None else verdict.blame.layer.name
    return {"hardware": verdict.new.hardware, "cause": verdict.cause, "grew_most": grew}


def _said(verdict: Verdict) -> tuple[str, ...]:
    return () if verdict.old is None else (*blame_sentences(verdict.blame), *verdict.doubts)


def _add_check(suite: ElementTree.Element, check: Check) -> None:
    name = f"{check.quantity.title} {check.limit}"
    case = ElementTree.SubElement(suite, "testcase", classname="evsnn.gate.budget", name=name, time="0")
    if not check.passed:
        _add_failure(case, check_result(check).lower(), check.reason, f"{check.key}: {check.reason}")


def _add_layer(suite: ElementTree.Element, layer: LayerCheck, verdict: Verdict) -> None:
    name = printable(layer.change.name)
    case = ElementTree.SubElement(suite, "testcase", classname="evsnn.gate.layer", name=name, time="0")
    if layer.passed:
        return
    why = f"follows {verdict.cause}: " if layer.role == "follows" else ""
    message = why + "; ".join(layer.reasons)
    _add_failure(case, layer_result(layer).lower(), message, "\n".join([message, *blame_sentences(verdict.blame)]))


def _add_failure(case: ElementTree.Element, kind: str, message: str, text: str) -> None:
    failure = ElementTree.SubElement(case, "failure", type=kind, message=printable(message))
    failure.text = printable(text, keep="\n")


def _add_text(suite: ElementTree.Element, tag: str, text: str) -> None:
    ElementTree.SubElement(suite, tag).text = printable(text, keep="\n")
