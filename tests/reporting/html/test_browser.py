"""The page in a real browser: drawn, silent, readable on a phone, sorted by mouse and keyboard."""

from __future__ import annotations

import shutil

import pytest

from evsnn_lava.reporting.html import render

pytest.importorskip("plotly")
api = pytest.importorskip("playwright.sync_api")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if CHROMIUM is None:
    pytest.skip("no chromium, chromium-browser or google-chrome in PATH", allow_module_level=True)

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
SHARED = {"chart": "#energy-0-0", "table": '.sortable:has(caption:has-text("Layers of"))'}


class Opened:
    """A page that is open, and everything that it complained of or asked for."""

    def __init__(self, browser, address, **options):
        self.complaints, self.requests = [], []
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(5000)
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(address)
        self.page.wait_for_function("document.querySelectorAll('.plot .main-svg').length > 0")

    def widest(self):
        return self.page.evaluate("document.documentElement.scrollWidth")


@pytest.fixture(scope="module")
def shots(root):
    folder = root / "build" / "report"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def address(study, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render(study), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def browser():
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def wide(browser, address):
    opened = Opened(browser, address, viewport=WIDE, color_scheme="light")
    yield opened
    opened.context.close()


@pytest.fixture(scope="module")
def phone(browser, address):
    opened = Opened(browser, address, viewport=PHONE, color_scheme="dark", is_mobile=True, has_touch=True)
    yield opened
    opened.context.close()


def test_every_chart_of_the_chosen_chip_is_drawn(wide, shots):
    drawn = wide.page.evaluate(
        """[...document.querySelectorAll(".plot")].filter(place => !place.closest("[hidden]")).map(place => [
            place.id, place.querySelectorAll(".main-svg").length,
            place.querySelectorAll(".trace, .bars .point, .hm image").length])"""
    )
    assert len(drawn) == 1 + 1 + 1 + 2 * 2 + 2
    for chart, canvases, traces in drawn:
        assert canvases, chart
        assert traces, chart
    wide.page.screenshot(path=shots / "light.png", full_page=True)


def test_a_name_that_looks_like_markup_makes_no_element(wide):
    assert wide.page.locator("img").count() == 0


def test_the_other_chip_is_drawn_when_it_is_chosen(wide):
    page = wide.page
    assert page.locator("#energy-0-1").is_hidden()
    page.get_by_role("button", name="Loihi 1", exact=True).click()
    assert page.locator("#energy-0-1 .main-svg").first.is_visible()
    assert page.locator("#energy-0-0").is_hidden()
    page.get_by_role("button", name="Loihi 2", exact=True).click()
    assert page.locator("#energy-0-0 .main-svg").first.is_visible()


def column(page, index):
    cells = page.locator(SHARED["table"]).first.locator(f"tbody td:nth-child({index})")
    values = cells.evaluate_all("cells => cells.map(cell => cell.dataset.v)")
    return [None if value is None else float(value) for value in values]


def by_number(values, reverse=False):
    """Numbers in order; what has none stands last either way."""
    numbers = [value for value in values if value is not None]
    return [*sorted(numbers, reverse=reverse), *[None] * values.count(None)]


def test_a_click_sorts_and_a_second_one_turns_it_round(wide):
    page, table = wide.page, wide.page.locator(SHARED["table"]).first
    head = table.locator("th").nth(1)
    before = column(page, 2)
    head.get_by_role("button").click()
    assert (column(page, 2), head.get_attribute("aria-sort")) == (by_number(before), "ascending")
    head.get_by_role("button").click()
    assert (column(page, 2), head.get_attribute("aria-sort")) == (by_number(before, reverse=True), "descending")
    assert None in before
    assert len(set(before)) > 1


def test_keys_sort_too(wide):
    page, table = wide.page, wide.page.locator(SHARED["table"]).first
    first, second = table.locator("th").nth(0), table.locator("th").nth(1)
    first.get_by_role("button").click()
    table.locator("th button").nth(0).focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "neurons"
    page.keyboard.press("Enter")
    assert second.get_attribute("aria-sort") == "ascending"
    assert first.get_attribute("aria-sort") is None
    assert column(page, 2) == by_number(column(page, 2))
    page.keyboard.press("Space")
    assert column(page, 2) == by_number(column(page, 2), reverse=True)


PLACE_OF_A_POINT = """([chart, trace, share]) => {
    const place = document.getElementById(chart), data = place._fullData[trace], layout = place._fullLayout;
    const axis = name => layout[(data[name + "axis"] || name).replace(name, name + "axis")];
    const longest = data.orientation === "h" ? data.x : data.y, most = longest.indexOf(Math.max(...longest));
    const cells = (data.z || []).flatMap((row, y) => row.map((count, x) => [count, x, y]));
    const at = data.z ? cells.find(([count]) => count).slice(1) : [most, most];
    const box = place.getBoundingClientRect(), [x, y] = [axis("x"), axis("y")];
    return [box.x + x._offset + x.l2p(data.x[at[0]]) * share, box.y + y._offset + y.l2p(data.y[at[1]])];
}"""


@pytest.mark.parametrize(
    ("chart", "trace", "share", "words"),
    [
        ("trade-steps", 1, 1, "right"),
        ("exit-histogram", 0, 1, "after frame"),
        ("raster-0", 1, 1, "neuron"),
        ("activity-0", 0, 1, "messages"),
        ("energy-0-0", 0, 0.5, "synop"),
    ],
)
def test_hovering_shows_a_label(wide, chart, trace, share, words):
    page = wide.page
    page.locator(f"#{chart}").scroll_into_view_if_needed()
    x, y = page.evaluate(PLACE_OF_A_POINT, [chart, trace, share])
    page.mouse.move(x - 3, y + 3)
    page.mouse.move(x, y + 1, steps=3)
    page.locator(f"#{chart} .hoverlayer text").first.wait_for()
    assert words in page.locator(f"#{chart} .hoverlayer").text_content()


def test_a_view_shows_a_part_of_the_chart(wide):
    def low():
        return wide.page.evaluate("document.getElementById('trade-steps')._fullLayout.yaxis.range[0]")

    assert low() == 0
    buttons = wide.page.locator("[data-plot=trade-steps]")
    buttons.nth(1).click()
    assert low() > 0.5
    buttons.nth(0).click()
    assert low() == 0


def test_the_button_makes_it_dark_and_light_again(wide, shots):
    def colours():
        return wide.page.evaluate(
            """() => [getComputedStyle(document.body).backgroundColor,
            document.getElementById("energy-0-0")._fullLayout.font.color,
            document.getElementById("energy-0-0")._fullData[0].marker.color]"""
        )

    light = colours()
    button = wide.page.locator("#theme")
    button.click()
    dark = colours()
    assert button.get_attribute("aria-pressed") == "true"
    assert all(before != after for before, after in zip(light, dark, strict=True))
    wide.page.screenshot(path=shots / "dark.png", full_page=True)
    button.click()
    assert colours() == light


def test_a_phone_scrolls_in_one_direction_only(phone, shots):
    assert phone.widest() <= PHONE["width"]
    box = phone.page.locator(SHARED["table"]).first.locator("xpath=..")
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")
    phone.page.screenshot(path=shots / "phone.png", full_page=True)


def test_a_page_follows_the_colours_of_the_system(phone):
    assert phone.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 28)"


def test_focus_can_be_seen(wide):
    wide.page.locator("#theme").focus()
    wide.page.keyboard.press("Tab")
    assert wide.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_nothing_complains_and_nothing_is_asked_for(wide, phone, address):
    for opened in (wide, phone):
        assert opened.complaints == []
        assert [request for request in opened.requests if not request.startswith("data:")] == [address]
