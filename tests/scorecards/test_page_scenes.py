"""The first screen answers whether we may launch, and when; a failing criterion shows its shortest witness."""

from collections.abc import Callable

import page_scenes
import pytest

from gates.evidence.store import Held
from gates.schema.gate import Gate
from scorecards.build import BuildInputs, build
from scorecards.launch import Answer
from scorecards.render import render_html
from scorecards.schema import Scorecard
from scorecards.text import render_text

Card = Callable[[str], Scorecard]


@pytest.fixture(scope="module")
def card(
    make_inputs: Callable[..., BuildInputs],
    green_evidence: list[Held],
    green_gates: tuple[Gate, ...],
    hold: Callable[..., Held],
) -> Card:
    return lambda name: page_scenes.scene(name, make_inputs, green_evidence, green_gates, hold)


ANSWERS = {
    "go-week-1": (Answer.NOT_YET, "Not yet: 1 of 2 adjacent weeks is green.", "Earliest broad launch: Fri 4 Dec 2026, if every"),
    "go-week-2": (Answer.YES, "Yes, from now on: 2 adjacent weeks are green.", "If it is missing or not green, the streak ends."),
    "conditional-go": (Answer.LIMITED, "No broad launch. CONDITIONAL GO allows a limited stage", "it ends the streak"),
    "no-go-with-witness": (Answer.NO, "No: this scorecard is NO GO, and 0 of 2", "once these gates are fixed"),
}


@pytest.mark.parametrize("name", page_scenes.NAMES)
def test_the_card_says_whether_we_may_launch_and_what_comes_next(name: str, card: Card) -> None:
    """Page, text and YAML have the same answer, the next official scorecard, and the command that makes it."""
    scorecard = card(name)
    answer, sentence, next_words = ANSWERS[name]
    launch = scorecard.spec.launch
    assert launch.answer is answer
    assert launch.sentence.startswith(sentence)
    assert next_words in f"{launch.sentence} {launch.next}"
    page, text = render_html(scorecard, "ab" * 32).decode(), " ".join(render_text(scorecard).split())
    for shown in (page, text):
        assert launch.sentence in shown
        assert launch.next in shown
        assert launch.command in shown


@pytest.mark.parametrize("name", page_scenes.NAMES)
def test_nothing_that_is_past_is_announced_and_nothing_is_called_done_that_is_not(name: str, card: Card) -> None:
    """A code freeze that has begun is in force; the next official scorecard is always something to do."""
    scorecard = card(name)
    text = render_text(scorecard)
    assert "nothing" not in text.partition("Next")[2].lower()
    begins = [day for day in ("Tue 24 Nov 2026", "Tue 17 Nov 2026") if day in scorecard.spec.launch.freeze]
    assert not begins, "that day is before the evaluation"


def test_a_scorecard_of_a_past_week_announces_nothing_that_is_past(make_inputs: Callable[..., BuildInputs]) -> None:
    """Judged for a week long ago, the next official scorecard is one that can still be made."""
    card = build(make_inputs(week="2026-W40"), (), None)
    assert "The next official scorecard is that of 2026-W48, from Fri 27 Nov 2026" in card.spec.launch.next


def test_a_failing_criterion_shows_its_shortest_witness_as_a_timeline(card: Card) -> None:
    """Payment, attempts on one time axis, and the lines of the books; of two findings the one with fewer lines."""
    scorecard = card("no-go-with-witness")
    found = [one for one in scorecard.spec.findings if one.criterion == "double-settles"]
    assert [one.witness is not None for one in found] == [False, True]
    page = render_html(scorecard, "ab" * 32).decode()
    for words in (
        "Shortest witness: pay_01, 4 attempts",
        "settle attempt 1 at 9.0 ms: never answered",
        "settle attempt 2 at 31.4 ms: outcome unknown after 52.0 ms, timeout",
        "settle attempt 3 at 32.0 ms: acknowledged after 61.3 ms, 200",
        "ledger 18: settle e18: wallet/w1/held -500, payee/p1/payable 500",
        "list, page 2: settle cap_9: 500, state captured",
    ):
        assert words in page
    assert page.count('class="attempt"') == 4


def test_a_witness_is_text_and_not_markup(card: Card) -> None:
    """What a service answered cannot become part of the page."""
    scorecard = card("no-go-with-witness")
    assert "<b>" not in scorecard.spec.launch.sentence
    hostile = page_scenes.hostile(scorecard)
    page = render_html(hostile, "ab" * 32).decode()
    assert "<script" not in page
    assert "&lt;script" in page
