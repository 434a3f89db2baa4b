"""The gateway's funnel: who counts, when, and as what."""

import datetime as dt

import pytest
from setup_files import Funnel, run_id

from gates.probes.onboarding.figures import ACTIVATION, COMPLETION, SUCCESS, TTFVR_P50, TTFVR_P95, figures, funnel_facts
from gates.probes.onboarding.funnel import NoFunnel, read_funnel, users_of
from gates.schema.time import parse_utc

NOW = parse_utc("2026-11-23T10:00:00Z")
LONG_AGO, YOUNG = "2026-11-10T10:00:00Z", "2026-11-20T10:00:00Z"


def measured(funnel: Funnel, now: dt.datetime = NOW):
    """The measures of a funnel."""
    return figures(read_funnel(funnel.data), now)


def good(count: int, **options: object) -> Funnel:
    """A funnel with so many users who paid, verified and came back."""
    funnel = Funnel()
    for number in range(count):
        funnel.user(number, LONG_AGO, **options)
    return funnel


def test_users_who_paid_and_verified_and_came_back_are_complete_and_active():
    """Twenty of twenty, with the time by the gateway's clock."""
    found = measured(good(20))
    for name in (COMPLETION, SUCCESS, ACTIVATION):
        assert (found[name].value, found[name].samples, found[name].failures, found[name].skipped) == ("1", 20, 0, 0)
    assert (found[TTFVR_P50].value, found[TTFVR_P50].statistic) == ("240", "p50 nearest-rank")
    assert (found[TTFVR_P95].value, found[TTFVR_P95].statistic) == ("240", "p95 nearest-rank")


def test_without_external_users_every_measure_is_unknown_and_says_what_it_waits_for():
    """Simulated and canary users, and external ones of less than seven days, measure nothing."""
    funnel = good(30, cohort="simulated").user(40, LONG_AGO, cohort="canary").user(41, YOUNG)
    for name, measure in measured(funnel).items():
        assert (measure.value, measure.unknown, measure.samples) == (None, "too_few_samples", 0), name
        assert "began later: 1; users of another cohort or of none: 31" in measure.detail


def test_unfinished_and_trust_only_users_count_as_not_completed_and_as_never():
    """Neither is left out: half of them drop out, and the median is the seven days that they had."""
    funnel = good(9).user(20, LONG_AGO, took_s=None).user(21, LONG_AGO, step="trust_only")
    for number in range(22, 30):
        funnel.user(number, LONG_AGO, took_s=None)
    found = measured(funnel)
    assert (found[COMPLETION].value, found[COMPLETION].samples, found[COMPLETION].failures) == ("0.473684", 19, 10)
    assert (found[TTFVR_P50].value, found[TTFVR_P95].value) == ("604800", "604800")
    assert found[TTFVR_P50].made_of["never"] == 10


def test_a_receipt_after_seven_days_is_none():
    """A user has seven days; the gateway's clock decides."""
    found = measured(good(1, took_s=7 * 86_400 + 1))
    assert (found[COMPLETION].value, found[TTFVR_P50].value) == ("0", "604800")


def test_setups_of_nobody_who_is_known_count_against():
    """Runs that came to no tenant and tenants in no cohort are skipped in the ratios and never in the times."""
    funnel = good(20)
    for number in range(50, 60):
        funnel.user(number, LONG_AGO, tenant=None, cohort="none")
    for number in range(60, 70):
        funnel.user(number, LONG_AGO, cohort="none")
    found = measured(funnel)
    assert (found[COMPLETION].samples, found[COMPLETION].skipped) == (20, 20)
    assert (found[TTFVR_P50].value, found[TTFVR_P95].value) == ("240", "604800")
    assert found[TTFVR_P95].made_of["unnamed"] == 20


def test_all_setups_of_one_tenant_are_one_user_who_began_with_the_first():
    """Starting anew makes nobody faster, and one friend with many setups is one sample."""
    funnel = Funnel()
    who = {"tenant": "tnt_1", "cohort": "external"}
    for number, minute in enumerate((0, 30, 60)):
        funnel.event(run_id(number), "started", parse_utc(f"2026-11-10T1{minute // 60}:{minute % 60:02}:00Z"), **who)
    for event in ("host_ok", "call_tried"):
        funnel.event(run_id(2), event, parse_utc("2026-11-10T11:01:00Z"), **who)
    funnel.event(run_id(2), "receipt_verified", parse_utc("2026-11-10T11:02:00Z"), step="paid", **who)
    found = measured(funnel)
    assert (found[COMPLETION].samples, found[COMPLETION].made_of["setups"], found[TTFVR_P50].value) == (1, 3, "3720")


def test_a_user_whose_start_the_gateway_did_not_see_has_no_time():
    """The first step on the gateway's clock is where the time begins."""
    funnel = Funnel()
    who = {"tenant": "tnt_1", "cohort": "external", "step": "paid"}
    funnel.event(run_id(1), "receipt_verified", parse_utc(LONG_AGO), **who)
    assert measured(funnel)[TTFVR_P50].value == "604800"


@pytest.mark.parametrize("left_out", ["started", "host_ok", "call_tried"])
def test_a_receipt_without_the_steps_before_it_is_none(left_out):
    """The funnel is ordered: a user whose start, host or call the gateway did not see is not completed, nor active."""
    funnel = good(2)
    funnel.lines = [line for line in funnel.lines if (line["run"], line["event"]) != (run_id(1), left_out)]
    found = measured(funnel)
    assert (found[COMPLETION].value, found[ACTIVATION].value, found[TTFVR_P95].value) == ("0.5", "0.5", "604800")


def test_a_step_counts_when_it_comes_first_after_the_one_before_it():
    """A receipt from before the call does not count, and the next one does."""
    funnel, who = good(0), {"tenant": "tnt_1", "cohort": "external"}
    steps = ("started", 0), ("host_ok", 60), ("receipt_verified", 70), ("call_tried", 80), ("receipt_verified", 100)
    for event, at_s in steps:
        step = "paid" if event == "receipt_verified" else None
        funnel.event(run_id(1), event, parse_utc(LONG_AGO) + dt.timedelta(seconds=at_s), step=step, **who)
    assert measured(funnel)[TTFVR_P50].value == "100"


def test_who_came_back_before_the_paid_receipt_did_not_come_back():
    """A trial without money, a return on the next day, and the payment on the sixth: nobody has seen this user again."""
    funnel = good(1).user(1, LONG_AGO, took_s=6 * 86_400, returned=())
    who = {"tenant": "tnt_1", "cohort": "external"}
    start = parse_utc(LONG_AGO)
    funnel.event(run_id(1), "receipt_verified", start + dt.timedelta(minutes=4), step="trust_only", **who)
    for day, hours in (("1", 25), ("6", 24 * 6 + 1)):
        funnel.event(run_id(1), "returned", start + dt.timedelta(hours=hours), **{**who, "step": day})
    assert (measured(funnel)[COMPLETION].value, measured(funnel)[ACTIVATION].value) == ("1", "0.5")


def test_a_setup_is_ours_only_if_the_house_says_so_within_an_hour():
    """Later it would know who failed: such a user is of no cohort, and counts against."""
    funnel = good(20)
    for number, labelled in ((40, "2026-11-10T10:59:00Z"), (41, "2026-11-10T11:01:00Z"), (42, "2026-11-01T00:00:00Z")):
        funnel.user(number, LONG_AGO, cohort="canary", took_s=None, labelled_at=labelled)
    assert (measured(funnel)[COMPLETION].samples, measured(funnel)[COMPLETION].skipped) == (20, 1)


def test_a_run_that_was_external_once_stays_external():
    """No later label takes a failing user out of the measures."""
    funnel = good(1).user(1, LONG_AGO, took_s=None)
    funnel.event(run_id(1), "failed", parse_utc("2026-11-11T10:00:00Z"), tenant="tnt_1", cohort="simulated", code="internal")
    assert (measured(funnel)[COMPLETION].samples, measured(funnel)[COMPLETION].value) == (2, "0.5")


def test_coming_back_counts_on_days_one_to_seven_only_with_a_paid_receipt():
    """Active is who paid, verified and came back."""
    funnel = good(1).user(1, LONG_AGO, returned=()).user(2, LONG_AGO, step="trust_only", returned=(1, 2))
    assert measured(funnel)[ACTIVATION].value == "0.333333"


def test_success_is_that_of_users_who_came_to_a_host():
    """Those who left before are no setups on a supported host; completion has them."""
    funnel = good(3).user(5, LONG_AGO, took_s=None)
    funnel.lines = [line for line in funnel.lines if line["run"] != run_id(5) or line["event"] != "host_ok"]
    found = measured(funnel)
    assert (found[SUCCESS].samples, found[SUCCESS].value, found[COMPLETION].value) == (3, "1", "0.75")


def test_the_steps_of_the_picture_only_fall():
    """Whoever did not begin, or left a step out, is not in a later one; steps that not everybody needs stand apart."""
    funnel = good(3).user(3, LONG_AGO, took_s=None)
    funnel.lines = [line for line in funnel.lines if (line["run"], line["event"]) != (run_id(0), "started")]
    funnel.lines = [line for line in funnel.lines if (line["run"], line["event"]) != (run_id(1), "call_tried")]
    (facts,) = funnel_facts(read_funnel(funnel.data))
    assert facts["users"] == 4
    assert [(one["step"], one["users"]) for one in facts["steps"]] == [
        ("started", 3),
        ("host_ok", 3),
        ("call_tried", 1),
        ("receipt_verified", 1),
        ("returned", 1),
    ]
    assert {one["step"]: one["users"] for one in facts["aside"]}["signed_in"] == 3


def test_the_facts_show_each_cohort_apart():
    """For the picture: how many users came to each step."""
    facts = funnel_facts(read_funnel(good(2).user(9, LONG_AGO, cohort="simulated", took_s=None).data))
    assert [(one["cohort"], one["users"]) for one in facts] == [("external", 2), ("simulated", 1)]
    assert {one["step"]: one["users"] for one in facts[0]["steps"]}["receipt_verified"] == 2
    assert facts[0]["returned_days"] == [2, 0, 0, 0, 0, 0, 0]
    assert facts[0]["hosts"] == [{"host": "claude-code", "users": 2, "verified": 2}]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (good(1).data[:-1], "it has no end"),
        (b'{"v":2}\n', "line 1: not an event of a funnel"),
        (good(1).data + b"<html>\n", "not an event of a funnel"),
        (good(1).data.replace(b"2026-11-10T", b"2026-99-10T", 1), "line 1: not an event of a funnel"),
        (good(1, labelled_at="soon").data, "line 1: not an event of a funnel"),
        (good(1).data.replace(b'"external"', b'"vip"', 1), "line 1: not an event of a funnel"),
        (good(1).data.replace(b'"event":"started"', b'"event":"begun"', 1), "line 1: not an event of a funnel"),
    ],
)
def test_what_is_no_funnel_is_refused_with_its_line(data, says):
    """Cut off, of another version, HTML, without a moment, with an unknown cohort or event."""
    with pytest.raises(NoFunnel) as caught:
        read_funnel(data)
    assert says in str(caught.value)


def test_an_empty_funnel_has_no_users():
    """Nothing happened yet, which is not an error."""
    assert users_of(read_funnel(b"")) == ()
