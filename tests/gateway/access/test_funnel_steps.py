"""What the funnel counts: its order, its window and its days of return. Pure."""

import pytest

from gateway.access.steps import AFTER, FunnelEvent, counts_still, day_of_return, missing_before
from gateway.commands.funnel import ReportEvent

START = "2026-11-23T10:00:00.000Z"


def test_the_events_stand_in_the_funnels_order():
    """As the page of onboarding lists them; failures stand apart."""
    assert [str(event) for event in FunnelEvent] == [
        *("started", "code_sent", "signed_in", "key_made", "funding_submitted", "funded"),
        *("host_ok", "call_tried", "receipt_verified", "returned", "failed"),
    ]
    order = [*FunnelEvent]
    assert all(order.index(before) < order.index(event) for event, before in AFTER.items())


def test_a_client_reports_only_what_the_gateway_cannot_see():
    """Its events are some of the funnel's; none of them says who paid."""
    told = {*ReportEvent.__annotations__["event"].__args__}
    assert told == {"host_ok", "call_tried", "receipt_verified", "failed"}


@pytest.mark.parametrize(
    ("event", "known", "missing"),
    [
        ("call_tried", set(), "host_ok"),
        ("receipt_verified", {"call_tried"}, "host_ok"),
        ("receipt_verified", {"host_ok"}, None),
        ("call_tried", {"host_ok"}, None),
        ("host_ok", set(), None),
        ("failed", set(), None),
    ],
)
def test_a_call_and_a_receipt_come_after_the_host(event, known, missing):
    """A trust-only end has a receipt without a call."""
    assert missing_before(FunnelEvent(event), known) == missing


@pytest.mark.parametrize(
    ("now", "counts"),
    [
        ("2026-11-23T09:59:59.999Z", False),
        (START, True),
        ("2026-11-30T09:59:59.999Z", True),
        ("2026-11-30T10:00:00.000Z", False),
    ],
)
def test_events_count_for_seven_days(now, counts):
    """From the start on, to the millisecond."""
    assert counts_still(START, now) is counts


@pytest.mark.parametrize(
    ("acted_at", "day"),
    [
        ("2026-11-23T10:00:00.000Z", None),
        ("2026-11-24T09:59:59.999Z", None),
        ("2026-11-24T10:00:00.000Z", 1),
        ("2026-11-30T10:00:00.000Z", 7),
        ("2026-12-01T09:59:59.999Z", 7),
        ("2026-12-01T10:00:00.000Z", None),
        ("2026-11-22T10:00:00.000Z", None),
    ],
)
def test_a_return_is_counted_on_the_days_one_to_seven(acted_at, day):
    """The day of the receipt itself is no return."""
    assert day_of_return(START, acted_at) == day
