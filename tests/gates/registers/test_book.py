"""What is open follows from the entries in the order of their dates, and from nothing else."""

import datetime as dt

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.registers.book import Book, read_book
from gates.registers.check import Entered
from gates.registers.document import (
    Acknowledged,
    Closed,
    Event,
    FindingSpec,
    Item,
    Opened,
    Passed,
    Reviewed,
    ShownBy,
)
from gates.schema.errors import UnverifiedProblem
from gates.schema.gate import Criterion, EvidenceSource
from gates.schema.outcome import Operator, Priority
from gates.schema.register import Register
from gates.schema.time import format_utc

BEGAN = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
LATE = BEGAN + dt.timedelta(days=7)
NAME, OTHER = "F-0000000001", "F-0000000002"
CRITERION = Criterion("x", "x", EvidenceSource("x", "x"), "count", Operator.LTE, "0")


def at(minutes: int) -> str:
    """A moment after the beginning."""
    return format_utc(BEGAN + dt.timedelta(minutes=minutes))


def opened(*names: str, severity: Priority = Priority.P0) -> Opened:
    """Items are open."""
    return Opened(tuple(Item(name, severity, f"finding {name}", "backend") for name in names or (NAME,)))


def closed(*names: str, severity: Priority = Priority.P0, began: int = 1_000) -> Closed:
    """Items are closed by a run that began at a minute."""
    return Closed(
        names or (NAME,), severity, "masked", ShownBy("a" * 64, "local", "b" * 64, at(began), (Passed("g", CRITERION),))
    )


def entry(minutes: int, event: Event, by: str = "ada", register: Register = Register.SECURITY, void: str = "") -> Entered:
    """An entry of a minute; the digest is that of the minute."""
    return Entered(f"{minutes:064d}", FindingSpec(register, by, at(minutes), "c" * 64, event), void)


def book(*entries: Entered) -> Book:
    """The registers a week later."""
    return read_book(entries, LATE)


def refused(*entries: Entered) -> str:
    """Why these entries cannot be."""
    with pytest.raises(UnverifiedProblem) as caught:
        book(*entries)
    return caught.value.message


def test_a_closed_item_is_open_again_when_it_is_opened_again():
    """And its acknowledgement is gone: somebody has to look again."""
    found = book(
        entry(0, opened()),
        entry(1, Acknowledged((NAME,), ""), "grace"),
        entry(2, closed(), "grace"),
        entry(1_001, opened(), "ines"),
    ).items[NAME]
    assert (found.state, found.opened_at, found.opened_by, found.acknowledged_by) == ("open", at(1_001), ("ines",), "")


def test_an_item_that_is_opened_twice_is_one_with_the_worst_severity():
    """And neither of the two who opened it closes it."""
    entries = (
        entry(0, opened(severity=Priority.P2)),
        entry(1, opened(severity=Priority.P0), "Grace"),
        entry(2, opened(severity=Priority.P3)),
    )
    found = book(*entries).items[NAME]
    assert (found.item.severity, found.opened_at, found.opened_by) == (Priority.P0, at(0), ("ada", "Grace"))
    for person in ("ada", "grace", "ADA"):
        assert f"{person} opened {NAME}: another person has to close it" in refused(*entries, entry(3, closed(), person))
    assert book(*entries, entry(3, closed(), "ines")).items[NAME].state == "closed"


def test_only_the_first_closing_and_the_first_acknowledgement_count():
    """The later ones change nothing."""
    entries = [entry(0, opened()), entry(1, Acknowledged((NAME,), ""), "grace"), entry(2, Acknowledged((NAME,), ""), "ines")]
    assert book(*entries).items[NAME].acknowledged_by == "grace"
    entries += [entry(3, closed(), "grace"), entry(4, closed(), "ines"), entry(5, Acknowledged((NAME,), ""), "ines")]
    found = book(*entries).items[NAME]
    assert (found.closed_by, found.state) == ("grace", "closed")


def test_what_no_command_writes_is_refused():
    """An unknown item, one of another register, a run from before, a severity that was lowered."""
    for event in (closed(), Acknowledged((NAME,), "")):
        assert f"is about {NAME}, which nobody opened before" in refused(entry(0, event, "grace"))
    both = (entry(0, opened()), entry(1, opened(), "grace", Register.ONBOARDING))
    assert "is of the register security" in refused(*both)
    assert "which nobody opened" in refused(entry(0, opened()), entry(1, closed(), "grace", Register.ONBOARDING))
    assert "before F-0000000001 was opened" in refused(entry(5, opened()), entry(6, closed(began=4), "grace"))
    assert "is P0, and was closed as P2" in refused(entry(0, opened()), entry(1, closed(severity=Priority.P2), "grace"))


def test_an_entry_that_counts_for_nothing_closes_and_reviews_nothing():
    """That of a key which was retired as of an earlier moment."""
    void = "the key is retired"
    entries = (entry(0, opened()), entry(1, closed(), "grace", void=void), entry(2, Reviewed(("a report of Monday",)), void=void))
    found = book(*entries)
    assert (found.items[NAME].state, found.reviews) == ("open", {})


def test_what_is_dated_ahead_closes_and_reviews_nothing_yet():
    """What is opened counts at once."""
    entries = (
        entry(0, opened()),
        entry(2, closed(), "grace"),
        entry(3, Reviewed(("a report of Monday",))),
        entry(4, opened(OTHER)),
    )
    early = read_book(entries, BEGAN)
    assert ([one.state for one in early.items.values()], early.reviews) == (["open", "open"], {})
    assert [one.state for one in book(*entries).items.values()] == ["closed", "open"]


def test_the_state_of_a_register_lists_the_worst_first():
    """Then the oldest; the review is the newest one, whatever it found."""
    entries = (
        entry(0, opened(NAME, severity=Priority.P1)),
        entry(1, opened(OTHER)),
        entry(2, Reviewed(("a report of Monday", "the tickets of Monday")), "grace"),
        entry(3, opened("F-0000000003", severity=Priority.P1)),
    )
    (state,) = book(*entries).states()
    assert [item.id for item in state.open] == [OTHER, NAME, "F-0000000003"]
    assert (state.items, state.looked_at, state.reviewed_by, state.last) == (3, 2, "grace", entries[3].digest)


_EVENTS = st.one_of(
    st.builds(lambda name, severity: opened(name, severity=severity), st.sampled_from([NAME, OTHER]), st.sampled_from(Priority)),
    st.builds(lambda name: Acknowledged((name,), ""), st.sampled_from([NAME, OTHER])),
    st.builds(closed, st.sampled_from([NAME, OTHER])),
    st.just(Reviewed(("a report of Monday",))),
)
_ENTRIES = st.lists(st.tuples(_EVENTS, st.sampled_from(["ada", "grace", "ines"]), st.booleans()), max_size=12)


@given(_ENTRIES, st.randoms(use_true_random=False))
def test_the_order_in_a_log_means_nothing_and_nothing_is_closed_by_who_opened_it(drawn, order):
    """A restored log lists entries in another order: the same follows, or the same is refused."""
    entries = [
        entry(number, event, by, void="" if counts or isinstance(event, Opened) else "retired")
        for number, (event, by, counts) in enumerate(drawn)
    ]
    shuffled = list(entries)
    order.shuffle(shuffled)
    assert _outcome(shuffled) == _outcome(entries)
    if isinstance(_outcome(entries), str):
        return
    found = read_book(entries, LATE)
    for one in found.items.values():
        assert one.is_open or one.closed_by not in one.opened_by
    opens = {item.id for one in entries if isinstance(one.spec.event, Opened) for item in one.spec.event.items}
    assert set(found.items) == opens


def _outcome(entries: list[Entered]) -> object:
    """The states of the registers, or why they cannot be."""
    try:
        return msgspec.to_builtins(read_book(entries, LATE).states())
    except UnverifiedProblem as problem:
        return problem.message
