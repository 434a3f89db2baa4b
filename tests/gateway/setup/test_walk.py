"""A setup walks the machine: with a code, with a bootstrap key, with a saved key; with money and without."""

import base64
import json
import stat
from pathlib import Path

import msgspec
import pytest
from fake_gateway import ADDRESS, BOOTSTRAP_KEY, CODE, HANDLERS, FakeGateway, Refuse
from setup_stage import QUICK, Answering, Stage
from ticking import Ticking

from gateway.setup.choices import Choices

replace = msgspec.structs.replace


def rich(gateway):
    """Demo money in every wallet."""
    gateway.funds, gateway.demo_money = "100000", True


def test_a_newcomer_with_demo_money_completes_by_code(stage):
    """From nothing to a payment whose receipt verifies, without a terminal: each decision is a flag."""
    rich(stage.gateway)
    report = stage.walk()
    assert report.outcome == "completed", stage.said.getvalue()
    assert (report.cohort, report.decisions, report.failure) == ("simulated", 5, None)
    assert report.receipt_id == "rcp_2"
    assert [step.id for step in report.steps if step.status != "done"] == []
    assert stage.gateway.effects["POST /v1/payments/{id}/settle"] == 1
    assert stage.gateway.funnel == ["started", "host_ok", "call_tried", "receipt_verified"]


def test_a_newcomer_without_money_ends_trust_only_with_a_signed_denial(stage):
    """Everything but money: the denial is counted apart, and the report names the next step."""
    report = stage.walk()
    assert report.outcome == "trust_only"
    assert report.failure is not None
    assert (report.failure.code, report.failure.command) == ("wallet_empty", "gonogo setup resume")
    assert stage.gateway.effects["denied"] == 1
    assert stage.gateway.effects["POST /v1/payments/{id}/settle"] == 0


def test_with_the_rail_down_it_ends_trust_only_and_says_so(stage):
    """The failing code of the funding step is the rail's."""
    stage.gateway.status = "trust_only"
    report = stage.walk()
    assert report.outcome == "trust_only"
    assert next(step.code for step in report.steps if step.id == "funding") == "rail_unavailable"


def test_a_user_at_a_terminal_decides_at_most_six_times(stage):
    """Address, code, hosts, pay: with no host nothing is to be applied, and the funding has one choice."""
    rich(stage.gateway)
    person = Answering(address=ADDRESS, code=CODE, host="none")
    assert stage.walk(Choices(), person).outcome == "completed"
    assert person.asked == ["--address", "--code", "--host", "--pay"]


def test_after_trust_only_resume_completes_once_there_is_money(stage):
    """With the saved key, and without another mail, key, wallet or payee."""
    assert stage.walk().outcome == "trust_only"
    before = dict(stage.gateway.effects)
    rich(stage.gateway)
    assert stage.walk(Choices(pay=True)).outcome == "completed"
    made = {route: count for route, count in stage.gateway.effects.items() if count != before.get(route, 0)}
    events = "POST /v1/access/runs/{id}/events"
    assert made.pop(events) == before[events] + 1  # paid this time
    assert made == {"POST /v1/payments": 1, "POST /v1/payments/{id}/settle": 1}


def test_going_on_again_does_not_lengthen_the_time_to_the_first_receipt(stage):
    """It is counted until the first denial that verified, however often the setup went on afterwards."""
    first = stage.walk().ttfvr_ms
    assert (stage.walk().ttfvr_ms, first > 0) == (first, True)


def test_the_gateways_own_failure_names_a_command_that_goes_on(stage):
    """One full stop, the operator as whoever fixes it, and `gonogo setup resume`."""
    stage.gateway.faults["POST /v1/access/sign-ins"] = [Refuse(500, "internal", "unknown")] * 9
    failure = stage.walk().failure
    assert (failure.code, failure.who, failure.command) == ("internal", "operator", "gonogo setup resume")
    assert ".;" not in stage.said.getvalue()


def test_with_mail_down_a_bootstrap_key_is_the_way(stage):
    """The setup says what is left in its order; the key comes from standard input, and its answers are saved."""
    stage.gateway.mail["healthy"] = False
    rich(stage.gateway)
    paused = stage.walk()
    assert (paused.outcome, paused.failure.code) == ("paused", "mail_unavailable")
    assert paused.failure.command == "gonogo setup resume --bootstrap-key -"
    said = stage.said.getvalue()
    assert said.index("1. A saved API key") < said.index("2. A bootstrap key") < said.index("trust_only")
    assert said.count("mail_unavailable") == 1
    done = stage.walk(replace(QUICK, bootstrap_key="-"), Answering(terminal=False, stdin=[BOOTSTRAP_KEY]))
    assert done.outcome == "completed", stage.said.getvalue()
    admin = Path(stage.environ["GONOGO_KEY_FILE"]).with_name("api.tenant-admin.key")
    assert stat.S_IMODE(admin.stat().st_mode) == 0o600


def test_a_bootstrap_key_is_taken_from_a_terminal_where_sign_in_is_down(stage):
    """It is offered first, and not shown."""
    stage.gateway.mail["mode"] = "none"
    person = Answering(bootstrap_key=BOOTSTRAP_KEY)
    assert stage.walk(replace(QUICK, address=None), person).outcome == "trust_only"
    assert person.asked[0] == "--bootstrap-key"


def test_a_bootstrap_key_on_the_command_line_is_refused(stage):
    """It would stay in the shell's history; the way to give it is named."""
    report = stage.walk(replace(QUICK, bootstrap_key="gnb_secret"))
    assert (report.outcome, report.failure.code) == ("paused", "no_terminal")
    assert report.failure.command == "gonogo setup resume --bootstrap-key -"


@pytest.mark.parametrize(
    ("code", "status"), [("bootstrap_key_invalid", 401), ("bootstrap_key_used", 409), ("bootstrap_key_expired", 410)]
)
def test_a_bootstrap_key_that_is_refused_pauses_with_its_code(stage, code, status):
    """The operator makes another."""
    stage.gateway.faults["POST /v1/access/bootstrap"] = [Refuse(status, code)]
    report = stage.walk(replace(QUICK, bootstrap_key="-"), Answering(terminal=False, stdin=["gnb_other"]))
    assert (report.outcome, report.failure.code, report.failure.who) == ("paused", code, "operator")


@pytest.mark.parametrize("mode", ["managed", "closed"])
def test_where_nobody_may_sign_up_the_setup_is_blocked(stage, mode):
    """The named operator helps on."""
    stage.gateway.mode = mode
    report = stage.walk()
    assert (report.outcome, report.failure.code) == ("blocked", "signup_closed")


def test_of_several_tenants_one_is_named(stage):
    """Without a terminal the flag is; with it, the setup goes on in that tenant."""
    stage.gateway.tenants += ["ten_1", "ten_2"]
    report = stage.walk()
    assert (report.outcome, report.failure.code) == ("paused", "tenant_choice_required")
    assert report.failure.command == "gonogo setup resume --tenant TENANT_ID"
    assert stage.walk(replace(QUICK, tenant="ten_2")).tenant_id == "ten_2"


def test_of_several_tenants_one_is_chosen_at_a_terminal(stage):
    """By its number."""
    stage.gateway.tenants += ["ten_1", "ten_2"]
    assert stage.walk(person=Answering(tenant="2")).tenant_id == "ten_2"


def test_wrong_codes_are_tried_again_and_end_after_five(stage):
    """The budget: five codes; each wrong one names the next step."""
    person = Answering(code=["1", "11111111", "22222222", "33333333", "44444444", CODE])
    report = stage.walk(replace(QUICK, code=None), person)
    assert (report.outcome, report.failure.code) == ("paused", "otp_invalid")
    assert stage.gateway.calls.count("POST /v1/access/sign-ins/{id}/verify") == 4


def test_an_empty_line_has_the_code_sent_again_and_spaces_do_not_matter(stage):
    """The same sign-in, one more mail."""
    person = Answering(code=["", f"{CODE[:4]} {CODE[4:]}"])
    assert stage.walk(replace(QUICK, code=None), person).outcome == "trust_only"
    assert stage.gateway.effects["POST /v1/access/sign-ins/{id}/resend"] == 1
    assert stage.gateway.effects["POST /v1/access/sign-ins"] == 1


@pytest.mark.parametrize("given", ["stdin", "file"])
def test_a_code_comes_from_standard_input_or_a_file(stage, given):
    """For scripts: nothing of it is on the command line."""
    file = stage.folder / "code"
    file.write_text(f"{CODE}\n")
    choices = replace(QUICK, code="-") if given == "stdin" else replace(QUICK, code=None, code_file=file)
    assert stage.walk(choices, Answering(terminal=False, stdin=[CODE])).outcome == "trust_only"


@pytest.mark.parametrize(
    ("choices", "flag"),
    [
        (replace(QUICK, address=None), "--address"),
        (replace(QUICK, code=None), "--code"),
        (replace(QUICK, hosts=()), "--host"),
        (replace(QUICK, hosts=("gemini",), apply=None), "--apply"),
        (replace(QUICK, pay=None), "--pay"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_without_a_terminal_the_missing_flag_is_named(stage, choices, flag):
    """And resume goes on from there."""
    rich(stage.gateway)
    report = stage.walk(choices)
    assert (report.outcome, report.failure.code) == ("paused", "no_terminal")
    assert report.failure.command.startswith(f"gonogo setup resume {flag}")
    assert stage.walk(replace(QUICK, hosts=choices.hosts or ("none",))).outcome == "completed"


@pytest.mark.parametrize("code", ["otp_locked", "otp_throttled"])
def test_a_locked_sign_in_pauses_with_its_code(stage, code):
    """Without a terminal nothing is tried again behind the user's back."""
    stage.gateway.faults["POST /v1/access/sign-ins/{id}/verify"] = [Refuse(429, code)]
    report = stage.walk()
    assert (report.outcome, report.failure.code) == ("paused", code)
    assert stage.gateway.calls.count("POST /v1/access/sign-ins") == 1


@pytest.mark.parametrize("code", ["otp_expired", "otp_used"])
def test_an_expired_code_leads_to_another_mail(stage, code):
    """A new sign-in, with a key of its own."""
    stage.gateway.faults["POST /v1/access/sign-ins/{id}/verify"] = [Refuse(410, code)]
    person = Answering(code=CODE)
    assert stage.walk(replace(QUICK, code=None), person).outcome == "trust_only"
    assert stage.gateway.effects["POST /v1/access/sign-ins"] == 2


def test_a_payment_of_unknown_outcome_is_sent_again_with_the_same_key(stage):
    """The answer was lost after the gateway had paid: once is once."""
    rich(stage.gateway)
    stage.gateway.lost += ["POST /v1/payments/{id}/settle"] * 5
    report = stage.walk()
    assert report.outcome == "completed"
    assert stage.gateway.effects["POST /v1/payments/{id}/settle"] == 1


def test_a_payment_that_stays_unknown_pauses_and_is_the_same_one_later(stage):
    """The budget is three; resume asks nothing and pays nothing twice."""
    rich(stage.gateway)
    stage.gateway.lost += ["POST /v1/payments/{id}/settle"] * 9
    report = stage.walk()
    assert (report.outcome, report.failure.code) == ("paused", "call_unknown")
    assert stage.walk(replace(QUICK, pay=None)).outcome == "completed"
    assert stage.gateway.effects["POST /v1/payments"] == 1
    assert stage.gateway.effects["POST /v1/payments/{id}/settle"] == 1


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Refuse(403, "policy_denied", reasons=["daily_limit"]), "call_denied"),
        (Refuse(409, "insufficient_funds"), "insufficient_funds"),
        (Refuse(401, "unauthenticated"), "unauthenticated"),
    ],
    ids=["denied", "no funds", "revoked"],
)
def test_a_payment_that_is_refused_pauses_with_its_code(stage, fault, code):
    """No money has moved, and the reasons are in the text."""
    rich(stage.gateway)
    stage.gateway.faults["POST /v1/payments"] = [fault]
    report = stage.walk()
    assert (report.outcome, report.failure.code) == ("paused", code)
    assert code in stage.said.getvalue()


def test_a_receipt_that_does_not_verify_blocks(stage):
    """Nothing is trusted, and the runbook is that of a stolen key."""
    rich(stage.gateway)
    stage.verification = replace(stage.verification, verified=False, detail="signature: by another key")
    report = stage.walk()
    assert (report.outcome, report.failure.code) == ("blocked", "receipt_not_verified")
    assert report.failure.runbook == "runbooks/key-compromise.md"


def test_a_payment_that_was_settled_is_not_sent_again_however_late(stage):
    """The gateway has forgotten its answers by then: the receipt that the journal names is checked."""
    rich(stage.gateway)
    stage.verification = replace(stage.verification, verified=False)
    assert stage.walk().outcome == "blocked"
    stage.verification = replace(stage.verification, verified=True)
    for route in ("POST /v1/payments", "POST /v1/payments/{id}/settle"):
        stage.gateway.faults[route] = [Refuse(410, "idempotency_key_expired")] * 9
    assert stage.walk().outcome == "completed"


@pytest.mark.parametrize("lie", ["another payment", "a reserve", "nothing", "no receipt"])
def test_a_receipt_that_is_not_of_this_call_blocks_whatever_its_signature(stage, lie):
    """It verifies, and it is not what was called for."""
    rich(stage.gateway)
    listed = stage.gateway.list_receipts

    def lying(_gateway, path, body, bearer, request):
        items = listed(path, body, bearer, request)["items"]
        shown = {"another payment": [{**items[-1], "envelope": _of(items[-1], "pay_9")}], "a reserve": items[:1], "nothing": []}
        return {"items": shown.get(lie, [{**items[-1], "envelope": {"payload": "x"}}])}

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(HANDLERS, "GET /v1/receipts", lying)
        report = stage.walk()
    assert (report.outcome, report.failure.code) == ("blocked", "receipt_not_verified")
    assert stage.walk().outcome == "completed"


def _of(item, payment_id):
    payload = json.loads(base64.b64decode(item["envelope"]["payload"]))
    changed = json.dumps({**payload, "subject": {"id": payment_id}}).encode()
    return {"payload": base64.b64encode(changed).decode()}


def test_a_saved_key_that_was_revoked_is_replaced(stage):
    """The setup says so, and signs in for another one."""
    stage.walk()
    former = stage.key()
    del stage.gateway.keys[former]
    stage.gateway.tenants[:] = ["ten_1"]
    assert stage.walk(run="run_" + "f" * 32).outcome == "trust_only"
    assert stage.key() != former


def test_a_key_of_another_gateway_is_neither_sent_nor_overwritten(tmp_path):
    """A key that no setup saved for this gateway stays where it is."""
    stage = Stage(tmp_path, GONOGO_KEY_FILE="")
    file = tmp_path / "data" / "gonogo" / "api.key"
    file.parent.mkdir(parents=True)
    file.write_text("gng_agent_of_another_gateway\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
        report = stage.walk()
    assert (report.outcome, report.failure.code) == ("paused", "key_file_taken")
    assert file.read_text() == "gng_agent_of_another_gateway\n"
    assert "gng_agent_of_another_gateway" not in stage.gateway.bearers
    assert stage.gateway.effects["POST /v1/access/keys"] == 0


def test_an_agents_key_alone_makes_no_wallet(stage):
    """The report names `gonogo setup login`."""
    gateway = FakeGateway(Ticking(), bootstrap_roles=("agent",))
    stage.gateway = gateway
    report = stage.walk(replace(QUICK, bootstrap_key="-"), Answering(terminal=False, stdin=[BOOTSTRAP_KEY]))
    assert (report.outcome, report.failure.code) == ("paused", "sign_in_needed")
    assert report.failure.command == "gonogo setup login"


def test_a_session_that_ended_in_the_middle_says_to_sign_in_again(stage):
    """By its code: the next command is `gonogo setup login`."""
    stage.gateway.faults["POST /v1/payees"] = [Refuse(403, "step_up_required")]
    report = stage.walk()
    assert (report.outcome, report.failure.code, report.failure.command) == ("paused", "step_up_required", "gonogo setup login")
    assert stage.walk().outcome == "trust_only"


def test_an_existing_policy_stays_as_it_is(stage):
    """Where it denies the check's payee, the reasons are shown and a payee can be named."""
    stage.gateway.policy = {"allowed_payees": ["pye_9"]}
    rich(stage.gateway)
    report = stage.walk()
    assert (report.outcome, report.failure.code) == ("paused", "call_denied")
    assert stage.gateway.effects["POST /v1/policies"] == 0
    assert stage.walk(replace(QUICK, payee="pye_9")).outcome == "completed"
