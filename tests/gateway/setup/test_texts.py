"""What a setup says: each failure once and by its own code, amounts as people write them, and next steps that lead on."""

import msgspec
import pytest
from fake_gateway import CODE, HANDLERS, Refuse
from setup_stage import QUICK, Answering

from gates.schema import amounts
from gateway.setup import money
from gateway.setup.money import shown
from gateway.setup.report_page import as_page
from gateway.setup.report_text import as_text

replace = msgspec.structs.replace
VERIFY = "POST /v1/access/sign-ins/{id}/verify"


@pytest.mark.parametrize(("given", "left"), [("11111111", 4), ("1234", None)], ids=["wrong", "too short"])
def test_without_a_terminal_a_wrong_code_is_what_the_report_names(stage, given, left):
    """otp_invalid with the tries that are left, and the option that goes on; not that there is no terminal."""
    report = stage.walk(replace(QUICK, code=given))
    assert (report.outcome, report.failure.code, report.failure.tries_left) == ("paused", "otp_invalid", left)
    assert report.failure.command == "gonogo setup resume --code CODE"
    assert ("tries left: 4" in as_text(report)) is (left == 4)
    assert "no_terminal" not in stage.said.getvalue() + as_text(report)
    assert stage.walk(replace(QUICK, address=None, code=CODE)).outcome == "trust_only"
    assert stage.gateway.effects["POST /v1/access/sign-ins"] == 1


@pytest.mark.parametrize("code", ["otp_expired", "otp_used"])
def test_without_a_terminal_a_code_that_came_too_late_is_named_and_another_mail_is_sent(stage, code):
    """Its successor is given with the same option."""
    stage.gateway.faults[VERIFY] = [Refuse(410, code)]
    report = stage.walk()
    assert (report.failure.code, report.failure.command) == (code, "gonogo setup resume --code CODE")
    assert stage.gateway.effects["POST /v1/access/sign-ins"] == 2
    assert stage.walk().outcome == "trust_only"


def test_at_a_terminal_each_wrong_code_is_one_line_with_the_tries_that_are_left(stage):
    """Neither a command nor a runbook stands between two questions."""
    assert stage.walk(replace(QUICK, code=None), Answering(code=["11111111", CODE])).outcome == "trust_only"
    wrong = [line for line in stage.said.getvalue().splitlines() if "otp_invalid" in line]
    assert wrong == ["The code is not right: tries left: 4 (otp_invalid)"]
    assert "gonogo setup resume" not in stage.said.getvalue()


def test_a_locked_sign_in_says_how_long_to_wait(stage, monkeypatch):
    """In the report, too, of which the texts of the gateway are no part."""
    monkeypatch.setitem(HANDLERS, VERIFY, refused_for_half_an_hour)
    report = stage.walk()
    assert (report.failure.code, report.failure.retry_after_s) == ("otp_locked", 1800)
    assert "otp_locked: Too many wrong codes; wait 1800 s (who can fix it: you)" in as_text(report)


def refused_for_half_an_hour(*_):
    """The gateway's refusal with a Retry-After."""
    raise Refuse(429, "otp_locked", headers={"retry-after": "1800"})


@pytest.mark.parametrize("code", ["otp_locked", "mail_unavailable"])
def test_a_failure_that_ends_the_setup_is_said_once(stage, code):
    """Where it happened; the report that follows has the next step."""
    stage.gateway.faults["POST /v1/access/sign-ins"] = [Refuse(429 if code == "otp_locked" else 503, code)]
    assert stage.walk().failure.code == code
    assert stage.said.getvalue().count(f"({code})") == 1


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [("1000", "USD", "10.00 USD"), ("1", "EUR", "0.01 EUR"), ("100", "JPY", "100 JPY"), ("1001", "KWD", "1.001 KWD")],
)
def test_an_amount_is_shown_as_a_decimal_with_its_currency(minor, currency, text):
    """With as many digits as the currency has."""
    assert shown(minor, currency) == text


def test_the_digits_of_currencies_are_those_of_the_gates():
    """One list of two rooms, which import nothing from each other."""
    assert money._DIGITS == amounts._DIGITS


@pytest.mark.parametrize("paid", [True, False])
def test_no_text_of_a_setup_has_minor_units(stage, paid):
    """They are for JSON alone."""
    if paid:
        stage.gateway.funds, stage.gateway.demo_money = "100000", True
    asked = []

    class Reading(Answering):
        """A user who reads each question."""

        def yes(self, question, flag, *, default=True):
            """Keep it."""
            asked.append(question)
            return super().yes(question, flag, default=default)

    stage.walk(replace(QUICK, pay=None), Reading())
    said = stage.said.getvalue() + "".join(asked)
    assert "at most 10.00 USD each and 50.00 USD a day" in said
    assert ("Pay 1.00 USD of demo money to the payee" in said) is paid
    assert "minor" not in said


def test_a_call_that_was_refused_is_not_called_a_payment(stage):
    """Trust only: on the terminal and on the page it is `refused`, with its signed denial."""
    report = stage.walk()
    for text in (as_text(report), as_page(report, stage.lines)):
        assert "refused" in text
        assert report.payment_id in text
    assert not any(line.strip().startswith("payment ") for line in as_text(report).splitlines())
    stage.gateway.funds, stage.gateway.demo_money = "100000", True
    assert "  payment    pay_" in as_text(stage.walk())


@pytest.mark.parametrize(
    ("fault", "command"),
    [
        (Refuse(409, "brand_new_code"), "gonogo setup probe"),
        (Refuse(503, "storage_full"), "gonogo explain storage_full"),
        (Refuse(403, "step_up_required"), "gonogo setup login"),
    ],
    ids=["unknown", "explain", "login"],
)
def test_a_next_step_that_does_not_go_on_itself_says_what_goes_on(stage, fault, command):
    """`then: gonogo setup resume`, in the report's text, its JSON and its page."""
    stage.gateway.faults["POST /v1/payees"] = [fault] * 9
    report = stage.walk()
    assert (report.failure.command, report.failure.then) == (command, "gonogo setup resume")
    lines = [line.strip() for line in as_text(report).splitlines()]
    assert lines.index("then: gonogo setup resume") == lines.index(command) + 1
    assert "Then: <code>gonogo setup resume</code>" in as_page(report, stage.lines)


def test_going_on_needs_no_currency_again(stage):
    """That of the wallet that was made is used, also in the questions."""
    stage.walk(replace(QUICK, currency="jpy", pay=None))
    assert "at most 1000 JPY each" in stage.said.getvalue()
    assert [row["currency"] for row in stage.gateway.wallets] == ["JPY"]
    assert stage.walk(replace(QUICK, address=None)).outcome == "trust_only"
    assert [row["currency"] for row in stage.gateway.wallets] == ["JPY"]
