"""The scorecard says whether a change freeze holds, by the calendar of its folder as it was when the card was made."""

from pathlib import Path

import pytest
import yaml
from freezes import ALWAYS, calendar, write_calendar

from gates.schema.entry import run
from gates.schema.freeze_spans import FoundCalendar
from gates.schema.time import parse_utc
from scorecards.cli import gonogo
from scorecards.frozen import frozen_sentence

LAUNCH = "{name: launch, launch: 2026-12-03T09:00}"
NOW = "A change freeze is in force until"


@pytest.mark.parametrize(
    ("at", "says"),
    [
        ("2026-11-30T07:59:59Z", "No change freeze is in force; the next one (launch) begins Mon 30 Nov 2026, 08:00 UTC."),
        ("2026-11-30T08:00:00Z", "A change freeze is in force until Thu 10 Dec 2026, 08:00 UTC (launch): only what a signed act"),
        ("2026-12-10T08:00:00Z", "No change freeze is in force, and the calendar has no later one."),
    ],
)
def test_the_sentence_follows_from_calendar_and_moment(tmp_path: Path, at: str, says: str) -> None:
    """Before, in and after a freeze; no past freeze is named."""
    assert says in frozen_sentence(FoundCalendar(calendar(tmp_path, LAUNCH)), parse_utc(at))


def test_a_folder_without_a_calendar_says_nothing_and_an_unreadable_one_that_nothing_may_be_deployed() -> None:
    """A calendar that cannot be read lets nothing through, and the card does not hide it."""
    assert frozen_sentence(None, parse_utc("2026-11-30T08:00:00Z")) == ""
    assert "cannot be read, so nothing may be deployed" in frozen_sentence(FoundCalendar(None), parse_utc("2026-11-30T08:00:00Z"))


@pytest.mark.parametrize(
    ("windows", "text", "says"),
    [
        ((ALWAYS,), None, NOW),
        ((), None, "No change freeze is in force"),
        ((), "kind: x\n", "The freeze calendar cannot be read"),
        (None, None, ""),
    ],
)
def test_card_page_and_text_have_the_sentence_and_verify_computes_it_again(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    windows: tuple[str, ...] | None,
    text: str | None,
    says: str,
) -> None:
    """From the inputs in the review's folder: the calendar in the working folder may have changed since."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "home"))
    path = tmp_path / "freeze.yaml"
    if windows is not None:
        write_calendar(path, *windows)
    if text is not None:
        path.write_text(text)
    assert run(gonogo, ["scorecard", "build", "--build", "5f" * 32]) == 3
    printed = " ".join(capsys.readouterr().out.split())
    review = tmp_path / "home" / "reviews" / "latest"
    card = yaml.safe_load((review / "scorecard.yaml").read_text())["spec"]["launch"]["freeze"]
    page = (review / "scorecard.html").read_text()
    for shown in (printed, card, page):
        assert says in shown
        assert (says == "") == ("change freeze" not in shown.lower() and "freeze calendar" not in shown.lower())
    path.unlink(missing_ok=True)
    levels = run(gonogo, ["scorecard", "verify"])
    assert "scorecard.yaml follows from inputs and evidence" in capsys.readouterr().out
    assert levels != 8
