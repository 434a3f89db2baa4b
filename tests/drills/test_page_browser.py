"""The page of a drill in a real browser: desktop and phone, light and dark, on paper; axe finds nothing."""

from collections.abc import Iterator

import drill_folder
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import ARGUMENTS, SIDEWAYS, opened, unfold
from playwright.sync_api import Browser, sync_playwright

from drills.journal import End
from drills.page.make import write_page

pytestmark = pytest.mark.browser

ENDINGS = {"passed": {}, "lost": {"lost": 3}, "unknown": {"end": End.FAILED}}


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """One browser for all pages."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module", params=ENDINGS)
def file(request, tmp_path_factory):
    """The page of a drill that passed, of one that lost settles, and of one that could not be completed."""
    folder = drill_folder.write_drill(tmp_path_factory.mktemp("page") / "drill", **ENDINGS[request.param])
    write_page(folder)
    return folder / "report.html"


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_axe_finds_no_violation_and_nothing_is_scrolled_sideways(browser, file, size, scheme):
    """Contrast, landmarks, headings, tables and names hold in each size and colour scheme, with every part unfolded."""
    page = opened(browser, file, size, scheme)
    unfold(page)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate(SIDEWAYS) == 0
    page.close()


def test_the_page_asks_for_nothing_but_itself(browser, file):
    """One request, for the file."""
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    assert asked == [file.as_uri()]
    page.close()


def test_the_lanes_are_as_wide_as_the_page_on_a_phone_and_on_paper(browser, file):
    """The timeline keeps its room, and the journal is unfolded in print."""
    page = opened(browser, file, "phone", "light")
    lane, section = (page.locator(place).first.bounding_box() for place in (".lane", "section"))
    assert section["width"] - 40 < lane["width"] <= section["width"]
    page.emulate_media(media="print")
    assert page.locator("details ol").first.is_visible()
    page.close()
