"""The page of all weeks: every gate in every week, the streak, and a link to each scorecard."""

from pathlib import Path
from urllib.parse import unquote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright
from statements import reviewed
from weeks import Weeks

from gates.evidence.dsse import Signer
from gates.evidence.store import Held
from gates.schema.errors import UnverifiedProblem
from gates.schema.gate import Gate
from scorecards.official_weeks import read_official_weeks, write_history

ONE = reviewed("5f" * 32)


@pytest.fixture
def life(tmp_path: Path, signer: Signer, gates: tuple[Gate, ...], evidence: list[Held]) -> Weeks:
    """Three official weeks in four: one is missing, and the last has one gate less."""
    life = Weeks(tmp_path / "the home", signer)
    life.judge(gates, ONE, "2026-11-13T12:01:00Z")
    life.add(evidence, "2026-11-27T11:50:00Z")
    life.judge(gates, ONE, "2026-11-27T12:05:00Z")
    life.judge(gates[1:], ONE, "2026-12-04T12:05:00Z")
    return life


def page(life: Weeks) -> str:
    write_history(life.home, None, life.home.parent / "all.html")
    return (life.home.parent / "all.html").read_text()


def test_every_gate_is_there_in_every_week(life: Weeks, gates: tuple[Gate, ...]) -> None:
    """A week without a scorecard is a column, a gate that is gone keeps its row."""
    html = page(life)
    rows = html.partition("<tbody>")[2].split("<tr")[1:]
    assert len(rows) == 1 + len(gates)
    assert all(row.count("<td") == 4 for row in rows)
    assert "no official scorecard" in rows[0]
    assert gates[0].title in rows[-1]
    failing = next(row for row in rows if "Security baseline" in row)
    assert 'class="fail"' in failing


def test_each_week_leads_to_its_scorecard(life: Weeks) -> None:
    """Relative links, from wherever the page lies, to the files that are there."""
    weeks = read_official_weeks(life.home, "local", life.home.parent)["local"]
    assert [item.past.week for item in weeks] == ["2026-W46", "2026-W48", "2026-W49"]
    for item in weeks:
        assert (life.home.parent / unquote(item.link)).is_file()
    (life.home / "reviews" / "2026-W46-1").rename(life.home / "moved")
    assert read_official_weeks(life.home, "local", life.home)["local"][0].link == ""


def test_the_same_weeks_give_the_same_bytes(life: Weeks) -> None:
    """No clock, no order by chance."""
    assert page(life) == page(life)


def test_a_changed_week_is_named_and_nothing_is_written(life: Weeks) -> None:
    """The stored scorecard is held to the log's digest of it."""
    (item, *_) = read_official_weeks(life.home, "local", life.home)["local"]
    stored = life.store("2026-12-04T12:05:00Z").artifact_path(item.past.yaml_sha256)
    stored.write_bytes(stored.read_bytes().replace(b"NO GO", b"GO"))
    with pytest.raises(UnverifiedProblem, match="2026-W46 was changed"):
        write_history(life.home, None, life.home.parent / "all.html")
    assert not (life.home.parent / "all.html").exists()


def test_no_week_has_a_page_too(tmp_path: Path, signer: Signer) -> None:
    """It says so, and how a week becomes official."""
    html = page(Weeks(tmp_path / "home", signer))
    assert "No week has an official scorecard yet" in html
    assert "gonogo signer init" in html
    assert "<h3>Previews</h3>" not in html


def test_without_an_official_week_the_page_leads_to_the_previews(
    tmp_path: Path, signer: Signer, gates: tuple[Gate, ...], life: Weeks
) -> None:
    """The newest first, each with its decision; one whose folder is gone is named without a link; official weeks need none."""
    early = Weeks(tmp_path / "early", signer)
    for moment in ("2026-11-16T09:00:00Z", "2026-11-17T09:00:00Z"):
        early.judge(gates, ONE, moment)
    html = page(early)
    first = html.partition("<h3>Previews</h3>")[2].split("<li>")[1]
    assert first.startswith('<a href="early/reviews/2026-W47-2/scorecard.html">2026-W47: NO GO</a>'), first
    assert "Tue 17 Nov 2026, 09:00 UTC" in first
    (early.home / "reviews" / "2026-W47-1").rename(early.home / "moved")
    assert "2026-W47: NO GO (its folder is gone)" in page(early)
    assert "How a week becomes official" not in page(life)


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_of_all_weeks_has_no_violation_and_fits(life: Weeks, chromium: str, width: int) -> None:
    """Whatever its number of columns: only the table scrolls."""
    page(life)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        shown = browser.new_page(viewport={"width": width, "height": 800})
        shown.goto((life.home.parent / "all.html").as_uri())
        found = Axe().run(shown)
        sideways = shown.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        browser.close()
    assert found.violations_count == 0, found.generate_report()
    assert sideways == 0
