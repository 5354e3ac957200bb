"""The page as text: whole, escaped, the same every time, with every number explained."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from evsnn_lava.reporting.html import Check, render
from evsnn_lava.reporting.html.notes import notes_of
from evsnn_lava.reporting.html.words import script_json, text

pytest.importorskip("plotly")
VOID = {"meta", "img", "br", "link", "input"}


class Reader(HTMLParser):
    """Notes elements, their attributes and texts, and whether they are nested as they should."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.open, self.scripts, self.texts = [], [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        (self.scripts if self.open[-1:] == ["script"] else self.texts).append(data)

    def values(self, name):
        return [attributes[name] for _, attributes in self.elements if name in attributes]


@pytest.fixture(scope="module")
def page(study):
    return render(study)


@pytest.fixture(scope="module")
def read(page):
    return Reader(page)


def test_elements_are_nested_and_ids_are_unique(read):
    assert read.open == []
    assert len(set(read.values("id"))) == len(read.values("id"))


def test_names_of_a_file_make_no_element(read):
    assert "img" not in {tag for tag, _ in read.elements}
    assert not {name for _, attributes in read.elements for name in attributes} & {"onerror", "onclick", "onload"}
    assert len(read.scripts) == 3
    assert any("<img src=x onerror=alert(1)>" in text for text in read.texts)  # it is there, as text


def test_names_are_escaped_within_the_charts(page):
    data = re.search(r'<script type="application/json" id="drawings">(.*?)</script>', page, re.DOTALL).group(1)
    assert not set(data) & set("<>&\u2028\u2029")
    texts = [text for text in _texts(json.loads(data)) if "onerror" in text or "img src" in text]
    assert texts
    assert not any("<img" in text or "</script" in text for text in texts)


def _texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)


def test_json_comes_back_from_a_script():
    value = {"</script>": ["<!--", "&amp;", "\u2028", 1.5, None]}
    written = script_json(value)
    assert json.loads(written) == value
    assert not set(written) & set("<>&\u2028")


def test_the_same_study_makes_the_same_page(study, page):
    assert render(study) == page


def test_nothing_is_loaded_from_elsewhere(read):
    assert not read.values("src")
    assert all(target.startswith("#") for target in read.values("href"))
    assert "default-src 'none'" in " ".join(read.values("content"))


def test_every_mark_leads_to_a_note_and_every_constant_has_one(read, study):
    ids = set(read.values("id"))
    marks = {target[1:] for target in read.values("href")}
    assert marks <= ids
    notes = notes_of(study)
    assert {f"note-{note.number}" for note in notes} <= ids
    assert len(notes) == sum(len(report.constants) for report in study.files[0].reports)


def test_every_note_says_all_of_its_constant(page, study):
    for note in notes_of(study):
        entry = re.search(rf'<li id="note-{note.number}".*?</li>', page).group(0)
        quantity = note.constant.quantity
        for fact in (f"{quantity.value:g}", quantity.status, quantity.scope, str(quantity.year)):
            assert fact in entry


def test_every_chart_says_what_it_shows(read):
    charts = [attributes for tag, attributes in read.elements if attributes.get("class") == "plot"]
    assert len(charts) == 1 + 2 + 1 + 2 * 2 + 2 * 2  # steps, energy, exits, raster and activity, energy by layer
    assert all(chart["role"] == "img" and len(chart["aria-label"]) > 60 for chart in charts)


def test_headings_leave_out_no_level(read):
    levels = [int(tag[1]) for tag, _ in read.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize(("ok", "words"), [(True, "engine agrees"), (False, "engine differs"), (None, "not checked")])
def test_verification_says_what_came_out(study, ok, words):
    file = replace(study.files[0], checks=(Check("engine", ok, "why & how"),))
    page = render(replace(study, files=(file,)))
    assert words in page
    assert "why &amp; how" in page


def test_a_guarantee_stands_beside_the_key_figures(study):
    sentence = "Early exit costs <at most> 5 % & no more."
    first = replace(study.files[0], guarantee=sentence)
    assert render(replace(study, files=(first, *study.files[1:]))).count(f"<p>{text(sentence)}</p>") == 1
    assert "Early exit costs" not in render(study)


def test_a_chip_that_does_not_take_a_file_is_named_where_that_chip_is_shown(study):
    misfits = ("", "It <fits> nowhere")[: len(study.chips)]
    first = replace(study.files[0], misfits=misfits)
    assert len(misfits) == 2
    page = render(replace(study, files=(first, *study.files[1:])))
    assert '<div data-chip="1"><p>It &lt;fits&gt; nowhere.</p></div>' in page
    assert "nowhere" not in render(study)


def test_without_labels_there_is_no_accuracy_to_draw(study):
    points = {name: replace(getattr(study.files[0], name), accuracy=None) for name in ("own", "full")}
    page = render(replace(study, files=(replace(study.files[0], **points),)))
    assert "The samples have no labels" in page
    assert 'id="trade-steps"' not in page


def test_without_a_curve_the_page_says_why(study):
    file = replace(study.files[0], curve=(), full=None, no_curve="it decides on the chip")
    page = render(replace(study, files=(file,)))
    assert "it decides on the chip" in page


def test_a_chip_without_a_placement_has_no_map(study):
    file = replace(study.files[0], balances=(None, study.files[0].balances[1]))
    page = render(replace(study, files=(file,)))
    assert page.count('<figure class="chip">') == 1
    assert "is not known" in page


def test_what_is_not_known_of_a_chip_is_said_and_not_shown_as_zero(sparse_study):
    page = render(sparse_study)
    assert "not published" in page  # SpiNNaker 2 has no times
    assert "The profile of the chip does not say what an operation costs." in page  # of Speck
    assert not re.search(r"static 0\sJ|>0\sJ<", page)
    for report in sparse_study.files[0].reports:
        for reason in report.hardware.unpriced.values():
            assert text(reason) in page
