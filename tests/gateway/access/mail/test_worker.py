"""The mail worker: what is due is sent once, what fails is tried three times, and a crash loses nothing."""

import asyncio
import datetime as dt
import logging
import re

import msgspec
import pytest
from mail_server import CODE
from queued_mail import KEY, LIFETIME_S, queue_mail

from gateway.access.mail.delivery import SENT, Delivered, MailCode, Outcome
from gateway.access.mail.health import MailHealth
from gateway.access.mail.steps import LEASE_S, TRIES
from gateway.access.mail.worker import MailContext, run_once
from gateway.mailing import MailCounts, MailMode
from gateway.store.house_rows import RunRow

DOWN = Delivered(Outcome.DOWN, MailCode.TIMEOUT)
LATER = Delivered(Outcome.LATER, MailCode.MAIL_REFUSED)
REFUSED = Delivered(Outcome.REFUSED, MailCode.MAIL_REFUSED)
NOTHING = MailCounts()


class Scripted:
    """A delivery that ends as it was told, and keeps what it was given; an exception is raised."""

    def __init__(self):
        self.results = []
        self.mails = []

    async def send(self, mail):
        """The next result, or success."""
        self.mails.append(mail)
        result = self.results.pop(0) if self.results else SENT
        if isinstance(result, BaseException):
            raise result
        return result

    async def probe(self):
        """Always through."""
        return SENT


class Post:
    """A worker on a desk's database, under its clock."""

    def __init__(self, desk):
        self.desk, self.delivery = desk, Scripted()
        self.health = MailHealth(MailMode.SMTP, lambda: "now", lambda _: None)
        self.context = MailContext(self.delivery, self.health, self._chore, KEY, "gateway@example.com", lambda: desk.now)

    async def _chore(self, chore):
        return self.desk.chore(chore)

    def queue(self, name="1", **changes):
        """Queue a mail."""
        return self.desk.chore(lambda tx, ctx: queue_mail(tx, ctx.now, name, **changes))

    def work(self, after_s=0, limit=8):
        """One round, so many seconds later."""
        self.desk.now += dt.timedelta(seconds=after_s)
        return asyncio.run(run_once(self.context, limit))

    def row(self, name="1"):
        """A mail as it is stored."""
        return self.desk.tx.access.mails.find(f"mail_{name}")


@pytest.fixture
def post(desk):
    """A worker on a fresh database."""
    return Post(desk)


def test_a_queued_mail_is_sent_once_with_its_code(post):
    """The code is derived when it is sent; nothing that is stored holds it, and a second round sends nothing."""
    sign_in_id = post.queue()
    assert post.work() == MailCounts(tries=1, sent=1)
    assert post.work(LEASE_S + 1) == NOTHING
    [mail] = post.delivery.mails
    assert (mail.recipient, mail.sender) == ("ada@example.com", "gateway@example.com")
    assert re.findall(CODE, mail.content.decode()) == [KEY.code(sign_in_id)]
    assert KEY.code(sign_in_id) not in repr(post.row())
    assert (post.row().state, post.row().tries) == ("sent", 1)


@pytest.mark.parametrize("failed", [LATER, DOWN])
def test_a_mail_that_does_not_leave_is_tried_three_times(post, failed):
    """At once, after 5 and after 30 seconds; then it is given up with the reason."""
    post.queue()
    post.delivery.results = [failed] * 9
    rounds = [post.work(seconds) for seconds in (0, 4, 1, 29, 1, 60)]
    tried, given_up = MailCounts(tries=1), MailCounts(tries=1, failed=1)
    assert rounds == [tried, NOTHING, tried, NOTHING, given_up, NOTHING]
    assert (post.row().state, post.row().tries, post.row().last_code) == ("failed", TRIES, failed.code)
    assert len(post.delivery.mails) == TRIES
    assert len(set(post.delivery.mails)) == len({mail.content for mail in post.delivery.mails})


def test_a_second_try_can_succeed(post):
    """The mail is the same but for its date."""
    post.queue()
    post.delivery.results = [LATER]
    assert [post.work(), post.work(5)] == [MailCounts(tries=1), MailCounts(tries=1, sent=1)]
    first, second = (re.sub(rb"Date: .*", b"", mail.content) for mail in post.delivery.mails)
    assert first == second


def test_a_mail_that_is_refused_is_not_tried_again(post):
    """A server's final refusal is final."""
    post.queue()
    post.delivery.results = [REFUSED]
    assert post.work() == MailCounts(tries=1, failed=1)
    assert post.work(60) == NOTHING
    assert (post.row().state, post.row().last_code) == ("failed", MailCode.MAIL_REFUSED)


def test_no_mail_leaves_whose_code_is_worth_nothing(post):
    """Expired, used or erased: the mail is given up unsent."""
    used = post.queue("used")
    erased = post.queue("erased")
    post.desk.chore(lambda tx, ctx: tx.access.sign_ins.use(used, ctx.now_text))
    post.desk.connection.execute("DELETE FROM sign_ins WHERE sign_in_id = ?", (erased,))
    assert post.work() == MailCounts(failed=2)
    post.queue("late")
    assert post.work(LIFETIME_S) == MailCounts(failed=1)
    assert {name: post.row(name).last_code for name in ("used", "erased", "late")} == {
        "used": MailCode.CODE_USED,
        "erased": MailCode.CODE_USED,
        "late": MailCode.CODE_EXPIRED,
    }
    assert post.delivery.mails == []


def test_a_process_that_dies_with_a_mail_has_used_up_a_try(post):
    """Whoever starts next tries it again once the lease is over, and three deaths are the end of it."""
    post.queue()
    post.delivery.results = [asyncio.CancelledError()] * 9
    for _ in range(TRIES):
        with pytest.raises(asyncio.CancelledError):
            post.work(LEASE_S)
        assert post.work(LEASE_S - 1) == NOTHING
        post.desk.now += dt.timedelta(seconds=1 - LEASE_S)
    assert post.work(LEASE_S) == MailCounts(failed=1)
    assert (post.row().state, post.row().last_code, len(post.delivery.mails)) == ("failed", MailCode.NO_RESULT, TRIES)


def test_a_defect_keeps_the_mail_and_says_nothing_of_it(post, caplog):
    """The log has the kind of the error alone: its text may hold the address or the code."""
    sign_in_id = post.queue()
    post.delivery.results = [RuntimeError(f"ada@example.com {KEY.code(sign_in_id)}")]
    with caplog.at_level(logging.DEBUG):
        assert post.work() == NOTHING
    assert "RuntimeError" in caplog.text
    assert "ada@" not in caplog.text
    assert KEY.code(sign_in_id) not in caplog.text
    assert post.work(LEASE_S) == MailCounts(tries=1, sent=1)


def test_a_code_that_left_is_noted_in_the_funnel_of_its_run(post):
    """Once, when the first mail of the run has left; what waits or failed is not noted."""
    post.desk.chore(lambda tx, ctx: tx.access.funnel.add_run(RunRow("run_a", "1", ctx.now_text)))
    post.queue("1", run="run_a")
    post.queue("2", run="run_a")
    events = lambda: [(item.event, item.run) for item in post.desk.tx.access.funnel.events("run_a")]  # noqa: E731  # read thrice
    post.delivery.results = [LATER, LATER]
    post.work()
    assert events() == []
    post.work(5)
    assert events() == [("code_sent", "run_a")]


def test_an_address_that_cannot_be_mailed_is_given_up_and_is_no_outage(post):
    """However many there are."""
    for number in range(5):
        post.queue(str(number), address=f"a{number} b@example.com\r\n")
    assert post.work() == MailCounts(tries=5, failed=5)
    assert post.row("4").last_code == MailCode.ADDRESS_UNUSABLE
    assert (post.health.state.healthy, post.delivery.mails) == (True, [])


def test_failures_of_the_server_become_an_outage(post):
    """Two mails that could not be handed over, and mail counts as down; one that could, and it does not."""
    for name in ("1", "2", "3"):
        post.queue(name)
    post.delivery.results = [DOWN, DOWN]
    post.work(limit=2)
    assert not post.health.state.healthy
    post.work(limit=1)
    assert post.health.state.healthy


def test_a_round_takes_no_more_than_it_may(post):
    """The oldest first; the rest waits for the next round."""
    for name in ("1", "2", "3"):
        post.queue(name)
        post.desk.now += dt.timedelta(milliseconds=1)
    assert [post.work(limit=2).sent, post.work(limit=2).sent] == [2, 1]
    assert [mail.mail_id for mail in post.delivery.mails] == ["mail_1", "mail_2", "mail_3"]


def test_counts_add_up():
    """Members of both."""
    assert MailCounts(1, 2, 3) + MailCounts(4, 5, 6) == msgspec.structs.replace(MailCounts(), tries=5, sent=7, failed=9)
