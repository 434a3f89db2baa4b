"""`gonogo setup login`: a fresh code whatever is saved, and the setup goes on with that session."""

import msgspec
import pytest
from fake_gateway import BOOTSTRAP_KEY, CODE, URL, FakeGateway, Refuse
from setup_stage import QUICK, Answering
from ticking import Ticking

from gateway.setup.steps.login import LOGIN_STEPS

replace = msgspec.structs.replace


def test_login_gives_an_agents_key_what_it_may_not_do_itself(stage):
    """Its wallet is made with the session of the same tenant, in the same run."""
    stage.gateway = FakeGateway(Ticking(), bootstrap_roles=("agent",))
    paused = stage.walk(replace(QUICK, bootstrap_key="-"), Answering(terminal=False, stdin=[BOOTSTRAP_KEY]))
    assert paused.failure.command == "gonogo setup login"
    signed_in = stage.walk(steps=LOGIN_STEPS)
    assert (signed_in.outcome, signed_in.failure.code) == ("paused", "signed_in")
    assert signed_in.failure.command == "gonogo setup resume"
    assert stage.gateway.effects["POST /v1/access/keys"] == 0
    assert stage.walk(replace(QUICK, address=None, code=None)).outcome == "trust_only"
    assert stage.gateway.effects["POST /v1/wallets"] == 1


def test_login_binds_the_session_to_the_tenant_of_the_run(stage):
    """Also where its user belongs to several."""
    stage.gateway.tenants += ["ten_1", "ten_2"]
    stage.gateway.faults["POST /v1/payees"] = [Refuse(403, "step_up_required")]
    paused = stage.walk(replace(QUICK, tenant="ten_2"))
    assert (paused.failure.code, paused.failure.command) == ("step_up_required", "gonogo setup login")
    assert stage.walk(steps=LOGIN_STEPS).tenant_id == "ten_2"
    assert stage.walk().outcome == "trust_only", stage.said.getvalue()


def test_a_saved_session_is_bound_to_the_tenant_of_the_agents_key(stage):
    """A sign-in that was ended before its tenant was chosen, then a bootstrap key: the wallet is made in the key's tenant."""
    stage.gateway.tenants += ["ten_8", "ten_9"]
    assert stage.walk().failure.code == "tenant_choice_required"
    assert stage.local.session(URL) is not None
    stage.gateway.bootstrap_roles = ("agent",)
    with_key = replace(QUICK, bootstrap_key="-")
    report = stage.walk(with_key, Answering(terminal=False, stdin=[BOOTSTRAP_KEY]))
    assert report.outcome == "trust_only", stage.said.getvalue()
    assert set(stage.gateway.sessions.values()) <= {None, "ten_1"}


@pytest.mark.parametrize("why", ["ended", "of another tenant"])
def test_a_saved_session_that_does_not_help_leads_to_login(stage, why):
    """It has ended, or its user is not in the tenant of the agent's key: nothing is made anywhere else."""
    stage.gateway.tenants += ["ten_8", "ten_9"]
    assert stage.walk().failure.code == "tenant_choice_required"
    if why == "ended":
        stage.gateway.sessions.clear()
    else:
        stage.gateway.hidden = {"ten_1"}
    stage.gateway.bootstrap_roles = ("agent",)
    report = stage.walk(replace(QUICK, bootstrap_key="-"), Answering(terminal=False, stdin=[BOOTSTRAP_KEY]))
    assert (report.failure.code, report.failure.command) == ("sign_in_needed", "gonogo setup login")
    assert stage.gateway.wallets == []


def test_login_has_the_code_sent_again(stage):
    """`--resend`: the same sign-in, one more mail, and then the code is typed."""
    stage.walk(replace(QUICK, code=None), steps=LOGIN_STEPS)
    report = stage.walk(replace(QUICK, code=None, resend=True), Answering(code=CODE), steps=LOGIN_STEPS)
    assert report.failure.code == "signed_in"
    assert stage.gateway.effects["POST /v1/access/sign-ins"] == 1
    assert stage.gateway.effects["POST /v1/access/sign-ins/{id}/resend"] == 1


def test_where_mail_is_down_login_says_so(stage):
    """It has no other way in."""
    stage.gateway.mail["healthy"] = False
    report = stage.walk(steps=LOGIN_STEPS)
    assert (report.outcome, report.failure.code) == ("paused", "mail_unavailable")


def test_a_bootstrap_key_is_read_from_what_the_operators_command_printed(stage, tmp_path):
    """The file may hold the whole output, whose first line is `key` and the key."""
    stage.gateway.mail["mode"] = "none"
    printed = tmp_path / "printed"
    printed.write_text(f"key      {BOOTSTRAP_KEY}\nkey id   btk_1\n", encoding="ascii")
    assert stage.walk(replace(QUICK, bootstrap_key=str(printed))).outcome == "trust_only", stage.said.getvalue()
