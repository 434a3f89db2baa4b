"""A history shows by itself whether it is that of a whole storm; evidence says how a run ended."""

import msgspec
import pytest

from loadtests.checker.check import check
from loadtests.run.whole import fault_of, status_of
from loadtests.storm.supervise import StormEnd

DONE = StormEnd(complete=True, done=20, detail="")
SAME = ("a", "a")


@pytest.fixture
def world(worlds):
    """A world whose history is that of a whole storm: its attempts are numbered one by one."""
    world = worlds.clean_world(3)
    numbers = {}
    for index, event in enumerate(world.events):
        if event.type == "invoke":
            numbers[event.key] = numbers.get(event.key, 0) + 1
        world.events[index] = msgspec.structs.replace(event, attempt=numbers[event.key], index=index)
    return world


def renumbered(events):
    """The events with numbers without a hole."""
    return [msgspec.structs.replace(event, index=index) for index, event in enumerate(events)]


def test_a_whole_history_has_no_fault(world):
    """Numbered without a hole, every attempt with its end, every payment begun."""
    assert fault_of(world.plan, world.events) == ""


def test_lines_that_are_missing_are_noticed_by_their_numbers(world):
    """A part of the generator whose lines did not arrive."""
    assert "a part of it is missing" in fault_of(world.plan, world.events[:10] + world.events[12:])


def test_an_attempt_without_an_end_is_noticed(world):
    """The process that sent it went missing."""
    assert "1 attempts have no end" in fault_of(world.plan, world.events[:-1])


def test_a_payment_that_never_began_is_noticed(world):
    """The last payments are not there at all, and every line that is there is right."""
    events = renumbered([event for event in world.events if event.payment < 18])
    assert "2 of 20 planned payments are not in the history" in fault_of(world.plan, events)


def test_an_end_without_its_beginning_is_noticed(world):
    """Two histories that were put together."""
    assert "without having begun" in fault_of(world.plan, renumbered(world.events[1:]))


@pytest.mark.parametrize("cause", ["interrupted", "invalid_generator"])
def test_evidence_says_how_a_storm_ended_before_its_end(world, cause):
    """Never complete, unless something was found: that is a fact, however the run ended."""
    counts = check(world.plan, world.events, world.books(), world.opening()).counts
    end = StormEnd(complete=False, done=3, detail="cut short", cause=cause)
    assert status_of(end, SAME, counts, 0) == (cause, "the storm is not complete: cut short")
    assert status_of(end, SAME, counts, 1)[0] == "complete"
    assert status_of(DONE, SAME, counts, 0) == ("complete", "")
    assert status_of(DONE, ("a", "b"), counts, 0)[0] == "adapter_error"
