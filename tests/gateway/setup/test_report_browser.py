"""The page of a setup in a real browser: desktop and phone, light and dark; axe finds nothing."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import ARGUMENTS, SIDEWAYS, opened
from playwright.sync_api import Browser, sync_playwright
from setup_stage import QUICK, Stage

from gateway.setup.report import report_of
from gateway.setup.report_page import as_page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """One browser for all pages."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module", params=["trust only", "blocked"])
def file(request, tmp_path_factory):
    """The page of a setup that came to its end, and of one that is blocked."""
    folder = tmp_path_factory.mktemp("page")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder / "xdg"))
        stage = Stage(folder)
        stage.gateway.mode = "managed" if request.param == "blocked" else "public_signup"
        stage.walk(QUICK)
    page = folder / "report.html"
    page.write_text(as_page(report_of(stage.lines), stage.lines), encoding="utf-8")
    return page


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_axe_finds_no_violation_and_nothing_is_scrolled_sideways(browser, file, size, scheme):
    """Contrast, landmarks, headings, tables and names hold in each size and colour scheme."""
    page = opened(browser, file, size, scheme)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate(SIDEWAYS) == 0
    page.close()


def test_the_page_loads_nothing_but_itself(browser, file):
    """One request, for the file."""
    page = browser.new_page()
    loaded = []
    page.on("request", lambda request: loaded.append(request.url))
    page.goto(file.as_uri())
    assert loaded == [file.as_uri()]
    page.close()
