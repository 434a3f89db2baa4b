"""The page in a real browser: desktop and phone, light and dark, on paper; axe finds nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path

import page_scenes
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import ARGUMENTS, SIDEWAYS, SIZES, opened, unfold
from msgspec.structs import replace
from playwright.sync_api import Browser, sync_playwright

from gates.evidence.store import Held
from gates.schema.canonical import sha256_hex
from gates.schema.gate import Gate
from scorecards.build import BuildInputs, build
from scorecards.folder import scorecard_yaml
from scorecards.needs import Need
from scorecards.render import render_html
from scorecards.schema import Scorecard

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """One browser for all pages."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, week: Scorecard) -> Path:
    """The synthetic week's page on disk."""
    return written(tmp_path_factory.mktemp("page"), week)


@pytest.fixture(scope="module", params=page_scenes.NAMES)
def scene(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    make_inputs: Callable[..., BuildInputs],
    green_evidence: list[Held],
    green_gates: tuple[Gate, ...],
    hold: Callable[..., Held],
) -> Path:
    """The page of each scene on disk: GO week 1, GO week 2, CONDITIONAL GO, NO GO with a witness."""
    card = page_scenes.scene(request.param, make_inputs, green_evidence, green_gates, hold)
    return written(tmp_path_factory.mktemp(request.param), card)


def written(folder: Path, card: Scorecard) -> Path:
    path = folder / "scorecard.html"
    path.write_bytes(render_html(card, sha256_hex(scorecard_yaml(card))))
    return path


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(browser: Browser, file: Path, size: str, scheme: str) -> None:
    """Contrast, landmarks, headings, tables and names hold in each size and colour scheme, with every part unfolded."""
    page = opened(browser, file, size, scheme)
    folded = Axe().run(page)
    assert folded.violations_count == 0, folded.generate_report()
    unfold(page)
    unfolded = Axe().run(page)
    assert unfolded.violations_count == 0, unfolded.generate_report()
    page.close()


@pytest.mark.parametrize("size", ["phone", pytest.param("desktop", marks=pytest.mark.nightly)])
def test_each_decision_has_a_page_without_violations_that_fits(browser: Browser, scene: Path, size: str) -> None:
    """The axe checks pass and nothing has to be scrolled sideways, whatever the decision; the witness is unfolded too."""
    page = opened(browser, scene, size, "light")
    unfold(page)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate(SIDEWAYS) == 0
    page.close()


def test_each_bar_is_drawn_on_a_phone(browser: Browser, scene: Path) -> None:
    """The bars of users and waits, too, next to the texts that they stand for."""
    page = opened(browser, scene, "phone", "light")
    unfold(page)
    drawn = page.evaluate("[...document.querySelectorAll('svg.share')].map(bar => bar.getBoundingClientRect().width > 40)")
    assert all(drawn)
    assert drawn or scene.parent.name.rstrip("0") != "no-users-yet"
    page.close()


@pytest.mark.parametrize("size", SIZES)
def test_nothing_has_to_be_scrolled_sideways(browser: Browser, file: Path, size: str) -> None:
    """Also on a phone of 390 pixels, with every part unfolded."""
    page = opened(browser, file, size, "light")
    unfold(page)
    assert page.evaluate(SIDEWAYS) == 0
    page.close()


def test_the_page_asks_for_nothing_but_itself(browser: Browser, file: Path) -> None:
    """One request, for the file."""
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    assert asked == [file.as_uri()]
    page.close()


def test_on_paper_every_part_is_unfolded(browser: Browser, file: Path) -> None:
    """What is folded on the screen takes its room in print."""
    page = opened(browser, file, "desktop", "light")
    visible = (
        "[...document.querySelectorAll('details:not([open]) > table, details:not([open]) > dl')].map(x => x.checkVisibility())"
    )
    assert True not in page.evaluate(visible)
    page.emulate_media(media="print")
    printed = page.evaluate(visible)
    assert printed
    assert False not in printed
    page.close()


def test_the_decision_is_seen_first_without_scrolling(browser: Browser, file: Path) -> None:
    """Decision, sentence and the strip of gates are within the first screen of a phone."""
    page = opened(browser, file, "phone", "light")
    box = page.locator(".strip").bounding_box()
    assert box is not None
    assert box["y"] < SIZES["phone"][1]
    assert page.locator("h1").inner_text().startswith("NO GO")
    page.close()


OVERLAPPING = """() => {
  const box = (node) => node.getBoundingClientRect();
  const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  const seen = [...document.querySelectorAll('summary.named')];
  const titles = seen.filter((one) => {
    const parts = [...one.children].map(box).filter((part) => part.width > 0);
    return parts.some((a, i) => parts.slice(i + 1).some((b) => meet(a, b)));
  });
  const badges = [...document.querySelectorAll('.actions .letter.named')];
  const out = badges.filter((one) => meet(box(one), box(one.closest('tr').cells[2])) || one.scrollWidth > one.clientWidth);
  return [seen.length, badges.length, titles.map((one) => one.innerText), out.map((one) => one.innerText)];
}"""


@pytest.mark.parametrize("size", SIZES)
def test_gates_that_have_names_instead_of_letters_do_not_overlap(
    browser: Browser, tmp_path: Path, make_inputs: Callable[..., BuildInputs], green_gates: tuple[Gate, ...], size: str
) -> None:
    """Such as those that `gonogo init` writes: each title, badge and question has its place."""
    named = tuple(replace(gate, letter=None, id=f"no-double-settle-{number}") for number, gate in enumerate(green_gates))
    needs = (Need("environment", "Export `GONOGO_AGENT_KEY` and `GONOGO_WALLET_ID`: requests are filled in with them."),)
    page = opened(browser, written(tmp_path, build(make_inputs(gates=named, needs=needs), (), None)), size, "light")
    assert page.locator(".actions .letter:not(.named)").count() == 0
    assert "Export GONOGO_AGENT_KEY and" in page.locator(".actions tbody tr").first.inner_text()
    seen, badges, titles, out = page.evaluate(OVERLAPPING)
    assert (seen, titles, out) == (len(named), [], [])
    assert badges > 0
    page.close()
