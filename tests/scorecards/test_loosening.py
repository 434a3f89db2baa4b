"""U22: a criterion that alone stops a launch is loosened by two people, or not at all; and it is on the card for eight weeks."""

from collections.abc import Callable, Sequence

import msgspec
import pytest
from statements import observation

from gates.evidence.dsse import Signer
from gates.evidence.store import Held
from gates.schema.canonical import sha256_hex
from gates.schema.gate import Gate
from gates.schema.outcome import Decision, Operator, Priority
from scorecards.build import BuildInputs, build
from scorecards.card import to_past
from scorecards.card_bar import BarInputs
from scorecards.folder import scorecard_yaml
from scorecards.loosening import Loosening, change_sha256, loosened_text
from scorecards.schema import Scorecard
from scorecards.weekly import BarMove, WeekState
from scorecards.weeks import cutoff, friday, plus

Make = Callable[..., BuildInputs]
PEOPLE = ("ada", "grace")
BUILD = "5f" * 32


@pytest.fixture
def strict(green_gates: tuple[Gate, ...]) -> tuple[Gate, ...]:
    """Gates that can be all green; that nothing settles twice stops a launch alone."""
    return changed(green_gates, "double-settles", operator=Operator.LTE, threshold="0", automatic_no_go=True)


def changed(gates: Sequence[Gate], criterion_id: str, **replaced: object) -> tuple[Gate, ...]:
    found = []
    for gate in gates:
        criteria = tuple(msgspec.structs.replace(item, **replaced) if item.id == criterion_id else item for item in gate.criteria)
        found.append(msgspec.structs.replace(gate, criteria=criteria))
    return tuple(found)


@pytest.fixture
def weeks(
    make_inputs: Make, hold: Callable[..., Held], green_evidence: list[Held], signer: Signer
) -> Callable[..., list[Scorecard]]:
    """Official scorecards of adjacent weeks, W46 first: each week's gates, and the acts that are known then."""

    def run(*each: tuple[Sequence[Gate], Sequence[Loosening]]) -> list[Scorecard]:
        cards: list[Scorecard] = []
        for number, (gates, acts) in enumerate(each):
            week = plus("2026-W46", number)
            at = f"{friday(week)}T11:40:00.000Z"
            measured = green_evidence[1:]
            evidence = [hold(item.statement.predicate_type, item.statement.predicate.measures, at=at) for item in measured]
            evidence.append(observation(signer, BUILD, f"{friday(week)}T09:00:00.000Z"))
            history = tuple(to_past(card, sha256_hex(scorecard_yaml(card))) for card in cards)
            inputs = make_inputs(
                now=f"{cutoff(week):%Y-%m-%dT%H:%M}:00.000Z",
                week=week,
                gates=tuple(gates),
                history=history,
                bar=BarInputs(loosenings=tuple(acts)),
            )
            cards.append(build(inputs, evidence, cards[-1] if cards else None))
        return cards

    return run


def act(card: Scorecard, persons: Sequence[str] = PEOPLE, at: str = "2026-11-20T10:00:00.000Z") -> Loosening:
    """The act that signs the one loosening of a scorecard, by default in W47, before its card."""
    (line,) = card.spec.bar.loosened
    return Loosening(line.gate, line.criterion, change_sha256(line), tuple(persons), at)


def test_double_settles_allowed_0_to_5_for_two_weeks_is_two_weeks_of_no_go(weeks, strict) -> None:
    """Nothing fails by the loosened bar, nobody signed it, and waiting does not make it the bar."""
    loose = changed(strict, "double-settles", threshold="5")
    cards = weeks((strict, ()), (strict, ()), (loose, ()), (loose, ()))
    assert [card.spec.decision for card in cards] == [Decision.GO, Decision.GO, Decision.NO_GO, Decision.NO_GO]
    assert [card.spec.exit_code for card in cards] == [0, 0, 3, 3]
    spec = cards[3].spec
    assert "NO GO, whatever the counts: financial-integrity double-settles alone stops a launch" in spec.reasons[0]
    assert spec.sentence == "NO GO: the bar was lowered without authority."
    assert "financial-integrity double-settles: loosened, threshold 0 -> 5; NOT SIGNED" in loosened_text(spec.bar.loosened[0])
    assert any(action.criteria == ("double-settles",) and "let two people sign" in action.do for action in spec.actions)
    assert spec.streak.length == 0


def test_two_signatures_make_it_the_bar_and_it_stays_on_the_card_for_eight_weeks(weeks, strict) -> None:
    """The week of the change breaks the streak all the same, and the persons are named."""
    loose = changed(strict, "double-settles", threshold="5")
    first = weeks((strict, ()), (loose, ()))[-1]
    cards = weeks((strict, ()), *[(loose, (act(first),))] * 9)
    assert {card.spec.decision for card in cards} == {Decision.GO}
    assert cards[1].spec.streak.length == 1
    assert "the bar was lowered: financial-integrity double-settles: loosened, threshold 0 -> 5" in cards[1].spec.streak.broken_by
    assert [len(card.spec.bar.loosened) for card in cards] == [0, *[1] * 8, 0]
    assert loosened_text(cards[8].spec.bar.loosened[0]).endswith("signed by ada, grace.")


@pytest.mark.parametrize("persons", [(), ("ada",), ("ada", "ada"), ("ada", "Ada "), ("ada", "")])
def test_fewer_than_two_persons_sign_nothing(weeks, strict, persons) -> None:
    """One person twice is one person."""
    loose = changed(strict, "double-settles", threshold="5")
    first = weeks((strict, ()), (loose, ()))[-1]
    assert weeks((strict, ()), (loose, (act(first, persons),)))[-1].spec.decision is Decision.NO_GO


def test_an_act_is_for_one_loosening_and_no_other(weeks, strict) -> None:
    """Signed for 5, it does not allow 6; nor the same for another criterion."""
    signed = act(weeks((strict, ()), (changed(strict, "double-settles", threshold="5"), ()))[-1])
    more = changed(strict, "double-settles", threshold="6")
    other = msgspec.structs.replace(signed, criterion="lost-settles")
    assert weeks((strict, ()), (more, (signed,)))[-1].spec.decision is Decision.NO_GO
    assert weeks((strict, ()), (more, (other,)))[-1].spec.decision is Decision.NO_GO


def test_a_loosening_that_is_signed_later_counts_from_then_on(weeks, strict) -> None:
    """A NO GO until two people sign, and for eight weeks from then on the card shows it."""
    loose = changed(strict, "double-settles", threshold="5")
    first = weeks((strict, ()), (loose, ()))[-1]
    cards = weeks((strict, ()), (loose, ()), (loose, ()), (loose, (act(first),)), (loose, (act(first),)))
    assert [card.spec.decision for card in cards[1:]] == [Decision.NO_GO, Decision.NO_GO, Decision.GO, Decision.GO]
    assert [line.week for line in cards[-1].spec.bar.loosened] == ["2026-W49"]


def test_a_loosening_that_is_undone_is_over(weeks, strict) -> None:
    """Back on the old bar, or on a stricter one, nothing is left to sign."""
    loose = changed(strict, "double-settles", threshold="5")
    stricter = changed(strict, "double-settles", min_samples=400)
    for undone in (strict, stricter):
        last = weeks((strict, ()), (loose, ()), (undone, ()))[-1]
        assert (last.spec.decision, last.spec.bar.loosened) == (Decision.GO, ())


def test_an_act_does_not_cover_the_same_change_after_it_was_undone(weeks, strict) -> None:
    """It was signed before the last official scorecard with the strict bar; a new one counts, also weeks later."""
    loose = changed(strict, "double-settles", threshold="5")
    first = act(weeks((strict, ()), (loose, ()))[-1])
    again = act(weeks((strict, ()), (loose, ()))[-1], at="2026-12-04T10:00:00.000Z")
    row = ((strict, ()), (loose, (first,)), (strict, (first,)), (loose, (first,)), (loose, (first,)))
    decisions = [card.spec.decision for card in weeks(*row)]
    assert decisions == [Decision.GO, Decision.GO, Decision.GO, Decision.NO_GO, Decision.NO_GO]
    assert weeks(*row, (loose, (first, again)))[-1].spec.decision is Decision.GO


@pytest.mark.parametrize("at", ["2026-11-13T12:00:00.000Z", "2026-11-12T00:00:00.000Z"])
def test_an_act_of_before_the_strict_card_covers_nothing(weeks, strict, at) -> None:
    """Signed at its moment or earlier, as for a change that is still to come."""
    loose = changed(strict, "double-settles", threshold="5")
    signed = act(weeks((strict, ()), (loose, ()))[-1], at=at)
    assert weeks((strict, ()), (loose, (signed,)))[-1].spec.decision is Decision.NO_GO


WAYS = {
    "its threshold": lambda gates: changed(gates, "double-settles", threshold="5"),
    "its mark": lambda gates: changed(gates, "double-settles", automatic_no_go=False),
    "its samples": lambda gates: changed(gates, "double-settles", min_samples=1),
    "its operator": lambda gates: changed(gates, "double-settles", operator=Operator.GTE, threshold="1"),
    "its name": lambda gates: changed(gates, "double-settles", id="double-settled"),
    "its gate's priority": lambda gates: tuple(
        msgspec.structs.replace(gate, priority=Priority.P1) if gate.letter == "C" else gate for gate in gates
    ),
    "its gate": lambda gates: tuple(gate for gate in gates if gate.letter != "C"),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_loosen_it_needs_two_signatures(weeks, strict, way) -> None:
    """Also those of which nobody can say whether they loosen it."""
    spec = weeks((strict, ()), (WAYS[way](strict), ()))[-1].spec
    assert (spec.decision, len(spec.bar.loosened)) == (Decision.NO_GO, 1)


def test_loosening_what_does_not_stop_a_launch_alone_needs_no_signature(weeks, strict) -> None:
    """It breaks the streak and is named, and that is all."""
    spec = weeks((strict, ()), (changed(strict, "availability", threshold="0.9"), ()))[-1].spec
    assert (spec.decision, spec.bar.state.move, spec.streak.length) == (Decision.GO, BarMove.LOOSENED, 1)


def test_a_week_without_authority_is_not_judged_and_breaks_the_streak(weeks, strict) -> None:
    """Every gate passes by the loosened bar; the week is no green one, and nothing is said to have failed."""
    cards = weeks((strict, ()), (changed(strict, "double-settles", threshold="5"), ()))
    states = [to_past(card, "0" * 64).state for card in cards]
    assert states == [WeekState.GREEN, WeekState.UNKNOWN]


def test_a_tightened_bar_of_two_weeks_makes_a_streak(weeks, strict) -> None:
    """Tightened or added does not break it: two green weeks, the second on a stricter bar."""
    tighter = changed(strict, "reserve-p95", threshold="250")
    last = weeks((strict, ()), (tighter, ()))[-1].spec
    assert (last.bar.state.move, last.streak.length, last.streak.broken_by) == (BarMove.TIGHTENED, 2, "")
    assert last.changes.sentence.endswith("the bar was raised (sre-reliability reserve-p95: tightened, threshold 300 -> 250).")
