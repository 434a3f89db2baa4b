"""The answer to "may this be deployed now?": outside of a freeze yes, inside only what a valid signed act names."""

import datetime as dt

import pytest
from freezes import BUILD, OTHER, calendar, rollback_drill
from hypothesis import given
from hypothesis import strategies as st

from gates.acts.act import ActKind
from gates.freeze.decide import Wanted, answer
from gates.freeze.permit import Permit, weigh
from gates.freeze.rehearsed import newest_drill, rehearsal_fault
from gates.schema.freeze_spans import FreezeSpan, FreezeSpans
from gates.schema.time import format_utc, parse_utc

NOW = parse_utc("2026-12-01T12:00:00Z")
LAUNCH, STOP = (
    "{name: launch, launch: 2026-12-03T09:00}",
    "{name: stop, from: 2026-12-01T00:00, until: 2026-12-02T00:00, allow: [P0]}",
)
COMMITS = ("1" * 40, "2" * 40)
DRILL = rollback_drill(NOW - dt.timedelta(days=1))


def permit(**changes):
    """A change record of P0 for a build, signed an hour ago; or whatever a test wants of it."""
    base = {
        "digest": "d" * 64,
        "kind": ActKind.CHANGE,
        "change_class": "P0",
        "author": "bob",
        "signed_by": ("ada",),
        "signed_at": format_utc(NOW - dt.timedelta(hours=1)),
        "expires_at": "",
        "build": BUILD,
        "commits": (),
        "rollback": DRILL.digest,
    }
    return Permit(**{**base, **changes})


def exception(**changes):
    """A freeze exception for a build, from an hour ago until in three hours."""
    base = {"kind": ActKind.FREEZE_EXCEPTION, "change_class": "", "rollback": "", "signed_by": ("ada", "grace")}
    return permit(**{**base, "expires_at": format_utc(NOW + dt.timedelta(hours=3)), **changes})


@pytest.fixture
def decide(tmp_path):
    """The answer for these windows and permits at NOW."""

    def call(windows, wanted, *permits, now=NOW, drills=(DRILL,)):
        spans = calendar(tmp_path, *windows)
        weighed = [weigh(item, spans.in_force(now), now, drills) for item in permits]
        return answer(spans, now, wanted, weighed, preview=False)

    return call


def test_outside_of_every_freeze_anything_is_allowed_and_the_next_freeze_is_named(decide):
    """Also what nobody names."""
    found = decide([LAUNCH], Wanted(), now=parse_utc("2026-11-30T07:59:59.999Z"))
    assert (found.allowed, found.reason) == (True, "no freeze is in force")
    assert found.next == "deploy; the freeze launch begins at 2026-11-30T08:00:00.000Z"
    assert decide([], Wanted()).next == "deploy; no later freeze is in the calendar"


@pytest.mark.parametrize(
    ("wanted", "permits", "allowed", "reason"),
    [
        (Wanted(), [permit()], False, "nothing says what is deployed"),
        (Wanted(BUILD), [], False, f"no change record or exception in force names the build {BUILD[:12]}"),
        (Wanted(BUILD), [permit()], True, "a signed act lets this through"),
        (Wanted(BUILD), [permit(change_class="P1")], True, "launch (P0 and P1 with a change record)"),
        (Wanted(BUILD), [permit(change_class="P2")], False, "names the build"),
        (Wanted(OTHER), [permit()], False, f"names the build {OTHER[:12]}"),
        (Wanted(BUILD), [exception()], True, "a signed act lets this through"),
        (Wanted(commits=COMMITS), [permit(build="", commits=COMMITS)], True, "a signed act lets this through"),
        (Wanted(commits=COMMITS), [permit(commits=COMMITS[:1])], False, f"names 1 of 2 commits, such as {COMMITS[1][:12]}"),
        (Wanted(commits=COMMITS), [permit(commits=COMMITS[:1]), exception(commits=COMMITS[1:])], True, "lets this through"),
        (Wanted(commits=COMMITS), [permit()], False, "names 2 of 2 commits"),
        (Wanted(BUILD, COMMITS), [permit()], False, "names 2 of 2 commits"),
        (Wanted(BUILD, COMMITS), [permit(build="", commits=COMMITS)], False, "names the build"),
        (Wanted(BUILD, COMMITS), [permit(commits=COMMITS)], True, "lets this through"),
    ],
)
def test_in_a_freeze_the_build_and_each_commit_needs_a_permit(decide, wanted, permits, allowed, reason):
    """A build without one, one commit of several, or nothing named at all is refused."""
    found = decide([LAUNCH], wanted, *permits)
    assert (found.allowed, reason in found.reason) == (allowed, True), found.reason
    assert found.in_force[0].name == "launch"


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (permit(signed_at=format_utc(NOW + dt.timedelta(seconds=1))), "which is later"),
        (exception(expires_at=format_utc(NOW)), "it ended at 2026-12-01T12:00:00.000Z"),
        (permit(change_class="P2"), "the freeze launch allows no P2"),
        (permit(rollback="e" * 64), f"no statement of a rollback drill here has the sha256 {'e' * 12}"),
    ],
)
def test_a_permit_that_does_not_count_says_why(decide, found, fault):
    """And lets nothing through."""
    said = decide([LAUNCH], Wanted(BUILD), found)
    assert (said.allowed, fault in said.permits[0].fault) == (False, True)
    assert said.builds == ()


def test_deny_wins_where_two_freezes_hold(decide):
    """Each of them has to allow the class; an exception passes both."""
    assert decide([LAUNCH, STOP], Wanted(BUILD), permit(change_class="P1")).allowed is False
    assert decide([LAUNCH, STOP], Wanted(BUILD), permit(change_class="P0")).allowed is True
    assert decide([LAUNCH, STOP.replace("[P0]", "[]")], Wanted(BUILD), permit(change_class="P0")).allowed is False
    assert decide([LAUNCH, STOP.replace("[P0]", "[]")], Wanted(BUILD), exception()).allowed is True


def test_a_freeze_that_allows_no_class_names_the_exception_as_the_next_step(decide):
    """A change record would change nothing."""
    found = decide([STOP.replace("[P0]", "[]")], Wanted(BUILD))
    assert "gonogo freeze exception --build" in found.next
    assert "gonogo freeze change --build" in decide([STOP], Wanted(BUILD)).next


DAYS_14 = dt.timedelta(days=14)


@pytest.mark.parametrize(
    ("drill", "fault"),
    [
        (rollback_drill(NOW - DAYS_14), ""),
        (rollback_drill(NOW - DAYS_14 - dt.timedelta(milliseconds=1)), "more than 14 days ago"),
        (rollback_drill(NOW + dt.timedelta(milliseconds=1)), "which is later"),
        (rollback_drill(NOW, "0"), "did not show a verified rollback"),
        (rollback_drill(NOW, None), "did not show a verified rollback"),
        (rollback_drill(NOW, status="not_run"), "did not show a verified rollback"),
        (rollback_drill(NOW, measures={}), "did not show a verified rollback"),
    ],
)
def test_a_rollback_plan_is_rehearsed_by_a_drill_of_the_last_14_days_that_verified_it(drill, fault):
    """To the millisecond; a drill that failed, did not run or measured nothing is no rehearsal."""
    found = rehearsal_fault(drill.digest, [drill], NOW)
    assert (fault in found) if fault else found == "", found


def test_a_later_drill_that_failed_takes_the_rehearsal_back():
    """Whoever names an earlier one gets the same answer; the newest that came to a result is the one that signing takes."""
    failed = rollback_drill(NOW, "0")
    assert f"the later rollback drill {failed.digest[:12]} of shop failed" in rehearsal_fault(DRILL.digest, [DRILL, failed], NOW)
    assert newest_drill([failed, DRILL], NOW) == failed
    assert rehearsal_fault(DRILL.digest, [DRILL, failed], NOW - dt.timedelta(minutes=1)) == ""


def test_a_later_drill_that_did_not_run_changes_nothing():
    """A freeze refuses drills that deploy: that must not take back the rehearsal of the fix."""
    refused = rollback_drill(NOW, None, status="not_run")
    assert rehearsal_fault(DRILL.digest, [DRILL, refused], NOW) == ""
    assert newest_drill([refused, DRILL], NOW) == DRILL


HOURS = st.integers(0, 500)


@given(
    st.lists(st.tuples(HOURS, HOURS, st.sets(st.sampled_from(["P0", "P1", "P2"]))), max_size=4),
    HOURS,
    st.sampled_from(["P0", "P1"]),
)
def test_another_freeze_never_allows_what_was_refused(windows, hour, change_class):
    """However windows fall: an answer with fewer of them is never stricter, and the last moment of each is free again."""
    begin = parse_utc("2026-12-01T00:00:00Z")
    at = [format_utc(begin + dt.timedelta(hours=number)) for number in range(1002)]
    spans = tuple(
        FreezeSpan(f"w{number}", at[first], at[first + length + 1], at[first], at[first + length + 1], tuple(sorted(allow)))
        for number, (first, length, allow) in enumerate(windows)
    )
    now = begin + dt.timedelta(hours=hour)
    drill = rollback_drill(begin)

    def allowed(some):
        held = FreezeSpans("", "UTC", "tzdata", some).in_force(now)
        signed = permit(change_class=change_class, rollback=drill.digest, signed_at=at[0])
        weighed = [weigh(signed, held, now, [drill])] if hour <= 14 * 24 else []
        return answer(FreezeSpans("", "UTC", "tzdata", some), now, Wanted(BUILD), weighed, preview=False).allowed

    for number in range(len(spans)):
        assert allowed(spans) <= allowed(spans[:number] + spans[number + 1 :])
    for span in spans:
        assert not FreezeSpans("", "UTC", "tzdata", (span,)).in_force(parse_utc(span.ends_at))
