"""When mail counts as down, and when it counts as working again."""

import itertools

import pytest

from gateway.access.mail.delivery import SENT, Delivered, MailCode, Outcome
from gateway.access.mail.health import MailHealth
from gateway.mailing import MailMode, MailState

DOWN = Delivered(Outcome.DOWN, MailCode.TIMEOUT)
LATER = Delivered(Outcome.LATER, MailCode.MAIL_REFUSED)
REFUSED = Delivered(Outcome.REFUSED, MailCode.MAIL_REFUSED)


@pytest.fixture
def changes():
    """What was reported."""
    return []


@pytest.fixture
def health(changes):
    """A healthy delivery, under a clock that counts its readings."""
    times = (f"t{number}" for number in itertools.count())
    return MailHealth(MailMode.SMTP, lambda: next(times), changes.append)


def test_two_failures_in_a_row_are_an_outage(health, changes):
    """One is a connection that was lost; the change is reported once, with its reason, and keeps its time."""
    health.tried(DOWN)
    assert health.state == MailState(MailMode.SMTP, healthy=True, since="t0")
    health.tried(DOWN)
    health.tried(DOWN)
    assert health.state == MailState(MailMode.SMTP, healthy=False, since="t1")
    assert changes == [DOWN]


@pytest.mark.parametrize("between", [SENT, LATER, REFUSED])
def test_a_server_that_answers_is_no_outage(health, between):
    """A mail that was sent, or refused for what it is, ends the row of failures."""
    for one in (DOWN, between, DOWN, between, DOWN):
        health.tried(one)
    assert health.state.healthy


@pytest.mark.parametrize("refusal", [LATER, REFUSED])
def test_refused_addresses_say_nothing_about_the_others(health, refusal):
    """However many mails a server refuses: nobody can close the sign-in of others with addresses of their own choice."""
    for _ in range(1000):
        health.tried(refusal)
    assert health.state.healthy


def test_a_probe_decides_at_once(health, changes):
    """Down by one failed probe, and working again by the next that goes through; failures before it are forgotten."""
    health.probed(DOWN)
    assert not health.state.healthy
    health.probed(SENT)
    health.tried(DOWN)
    assert health.state.healthy
    assert changes == [DOWN, SENT]


def test_without_mail_there_is_no_health():
    """Mode none is never healthy and has no time."""
    assert MailHealth(MailMode.NONE, lambda: "now", lambda _: None).state == MailState(MailMode.NONE, healthy=False, since=None)
