"""The first screen answers whether we may launch, and when; a failing criterion shows its shortest witness."""

from collections.abc import Callable

import msgspec
import page_scenes
import pytest

from gates.evidence.store import Held
from gates.schema.gate import Gate
from scorecards.build import BuildInputs, build
from scorecards.launch import Answer
from scorecards.render import render_html
from scorecards.schema import Scorecard
from scorecards.text import render_text
from scorecards.witnesses import read_findings

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
    "go-clean": (Answer.NOT_YET, "Not yet: 1 of 2 adjacent weeks is green.", "Earliest broad launch: Fri 4 Dec 2026, if every"),
    "go-week-2": (Answer.YES, "Yes, from now on: 2 adjacent weeks are green.", "If it is missing or not green, the streak ends."),
    "conditional-go": (Answer.LIMITED, "No broad launch. CONDITIONAL GO allows a limited stage", "it ends the streak"),
    "open-findings": (Answer.NO, "No: this scorecard is NO GO, and 0 of 2", "once these gates are fixed"),
    "no-users-yet": (Answer.NO, "No: this scorecard is NO GO, and 0 of 2", "next official"),
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


def test_a_witness_that_shows_only_some_of_the_lines_says_so(make_inputs: Callable[..., BuildInputs], card: Card) -> None:
    """Two of four settles are drawn: the last line has both numbers; where all are drawn there is no such line."""
    whole, cut = (next(read_findings({"findings": {"shown": [one]}}, "double_settles"))[1] for one in page_scenes.SHOWN_AND_CUT)
    assert whole is not None
    assert cut is not None
    assert cut.books[-1] == "2 of 4 lines are shown; the load run's check.json and its books have them all"
    assert "are shown" not in " ".join(whole.books)


def test_a_go_with_a_warning_says_why_it_is_not_plain_green(card: Card) -> None:
    """In the sentence, the colour of the banner and the counts; a clean GO has nothing of it."""
    warned, clean = card("go-week-1").spec, card("go-clean").spec
    assert (warned.yellow, clean.yellow) == (True, False)
    assert warned.sentence == "GO: all 3 P0 gates and 2 of 2 P1 gates pass, not all of them cleanly (with a warning: F)."
    assert clean.sentence == "GO: all 3 P0 gates and 2 of 2 P1 gates pass."
    page = render_html(card("go-clean"), "ab" * 32).decode()
    assert '<header class="banner pass">' in page
    assert '<header class="banner warn">' in render_html(card("go-week-1"), "ab" * 32).decode()


def test_the_share_of_a_limit_is_text_next_to_its_bar(card: Card) -> None:
    """A ratio of 1 that has to be at least 0.995 has used none of its error budget: an empty bar looks like a failure."""
    page = render_html(card("go-clean"), "ab" * 32).decode()
    assert '<small aria-hidden="true">0 % of the error budget used</small>' in page
    assert '<small aria-hidden="true">29 % of the limit</small>' in page


def test_a_witness_is_text_and_not_markup(card: Card) -> None:
    """What a service answered cannot become part of the page."""
    scorecard = card("no-go-with-witness")
    assert "<b>" not in scorecard.spec.launch.sentence
    hostile = page_scenes.hostile(scorecard)
    page = render_html(hostile, "ab" * 32).decode()
    assert "<script" not in page
    assert "&lt;script" in page


def test_open_findings_are_shown_with_owner_and_age_in_the_gate_that_reads_them(card: Card) -> None:
    """The worst first; a register without one says who reviewed it, one without an entry that nobody did."""
    scorecard = card("open-findings")
    page = render_html(scorecard, "ab" * 32).decode()
    gate = page[page.index('id="gate-security-baseline"') :]
    for words in (
        "Open security findings",
        "2 of 9 security findings open; reviewed 2 d 2 h ago by grace.",
        "py/clear-text-logging: a token is written to the log<small><code>F-3fa9c1d204</code></small>",
        "backend</td>",
        "3 d 4 h<small>acknowledged by bob</small>",
        "45 min<small>not acknowledged</small>",
        "No incident yet; reviewed 1 d 2 h ago by grace.",
        'Open onboarding defects</h4>\n<p class="muted">The register has no entry: nobody has reviewed it.</p>',
    ):
        assert words in gate, words
    assert gate.index("F-3fa9c1d204") < gate.index("F-77c01e55aa")
    text = " ".join(render_text(scorecard).split())
    assert "P0 F-3fa9c1d204 of backend, open since 2026-11-24T08:00:00.000Z: py/clear-text-logging" in text
    assert "$ gonogo finding list" in text
    assert "Review the register: No open P0 item (onboarding)" in text


def test_the_gate_about_new_users_shows_how_far_they_came_and_what_it_waits_for(card: Card) -> None:
    """Bars with the same as text, for each cohort; what counts external users alone is unknown and says so."""
    scorecard = card("no-users-yet")
    page = render_html(scorecard, "ab" * 32).decode()
    gate = page[page.index('id="gate-onboarding-quality"') : page.index('id="gate-financial-integrity"')]
    for words in (
        "<h4>New users: how far they came</h4>",
        "1 user began, by the gateway&#39;s own events of",
        "Each bar counts those who took every step above it, in this order",
        "<h4>New users: steps that not everybody needs</h4>",
        "<h4>Users of the cohort simulated: how far they came</h4>",
        '<th scope="row">paid and verified receipt</th><td>1</td><td>50 %</td>',
        "<h4>What setups waited for</h4>",
        '<th scope="row">mail</th><td>35.0 s</td><td>89 %</td>',
        '<th scope="row">rail</th><td>0.0 s</td><td>0 %</td>',
        "<h4>Hosts that setups changed</h4>",
        '<th scope="row">claude-code 2.1.197</th><td>1, ran</td><td>100 %</td>',
        "it waits for external users",
    ):
        assert words in gate, words
    assert gate.count('<svg class="share"') == 10 + 10 + 5 + 1
    outcomes = {item.criterion.id: item.outcome.value for item in scorecard.spec.gates[0].criteria}
    assert [outcomes[name] for name in ("dead_ends", "quick_mode_decisions", "failures_without_next_action")] == ["pass"] * 3
    assert {outcomes[name] for name in ("completion", "onboarding_success", "time_to_first_verified_receipt")} == {"unknown"}


def test_a_picture_is_drawn_once_and_only_of_what_judged(card: Card) -> None:
    """Another gate by the same evidence shows it no second time; evidence that judged nothing is not drawn."""
    scorecard = card("no-users-yet")
    first = scorecard.spec.gates[0]
    twice = msgspec.structs.replace(first, id="again", letter="Z")
    more = msgspec.structs.replace(scorecard, spec=msgspec.structs.replace(scorecard.spec, gates=(*scorecard.spec.gates, twice)))
    assert render_html(more, "ab" * 32).decode().count('<svg class="share"') == 26
    assert card("go-week-1").spec.new_users == ()


def test_a_finding_is_text_and_not_markup(card: Card) -> None:
    """What a scanner wrote cannot become part of the page."""
    scorecard = card("open-findings")
    bad = "<script>alert(1)</script>"
    states = tuple(
        msgspec.structs.replace(
            state, open=tuple(msgspec.structs.replace(item, title=bad, owner=bad, acknowledged_by=bad) for item in state.open)
        )
        for state in scorecard.spec.registers
    )
    hostile = msgspec.structs.replace(scorecard, spec=msgspec.structs.replace(scorecard.spec, registers=states))
    assert "<script" not in render_html(hostile, "ab" * 32).decode()


def test_more_open_findings_than_a_page_shows_are_counted(card: Card) -> None:
    """Ten rows, and how many more there are."""
    scorecard = card("open-findings")
    first = scorecard.spec.registers[0]
    many = tuple(msgspec.structs.replace(first.open[0], id=f"F-{number:010d}") for number in range(14))
    states = (msgspec.structs.replace(first, open=many),)
    long = msgspec.structs.replace(scorecard, spec=msgspec.structs.replace(scorecard.spec, registers=states))
    page = render_html(long, "ab" * 32).decode()
    assert ("F-0000000009" in page, "F-0000000010" in page, "and 4 more in scorecard.yaml" in page) == (True, False, True)
