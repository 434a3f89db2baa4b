"""`gonogo setup --join`: somebody who was invited joins a tenant instead of making one."""

import msgspec
import pytest
from fake_gateway import BOOTSTRAP_KEY
from setup_stage import QUICK, Answering

replace = msgspec.structs.replace
JOIN = "POST /v1/access/session/join"


def given(key=BOOTSTRAP_KEY):
    """A user without a terminal whose standard input holds the key."""
    return Answering(terminal=False, stdin=[key])


def test_who_was_invited_joins_and_makes_no_tenant(stage):
    """The key comes from standard input, and stands in no file of the setup."""
    report = stage.walk(replace(QUICK, join="-"), given())
    assert (report.outcome, report.tenant_id) == ("trust_only", "ten_7"), stage.said.getvalue()
    assert (stage.gateway.effects[JOIN], stage.gateway.effects["POST /v1/access/tenants"]) == (1, 0)
    kept = b"".join(path.read_bytes() for path in stage.folder.rglob("*") if path.is_file())
    assert BOOTSTRAP_KEY.encode() not in kept


def test_the_key_is_read_from_a_file_as_the_operators_command_printed_it(stage, tmp_path):
    """Its first line; a key on the command line is refused with what to do."""
    file = tmp_path / "invitation"
    file.write_text(f"key      {BOOTSTRAP_KEY}\nkey id   btk_1\n")
    assert stage.walk(replace(QUICK, join=BOOTSTRAP_KEY)).failure.command == "gonogo setup resume --join -"
    assert stage.walk(replace(QUICK, join=str(file))).tenant_id == "ten_7"


def test_a_file_that_is_not_there_costs_no_mail_and_is_named(stage, tmp_path):
    """The next command names the option, so that nobody goes on without the invitation."""
    report = stage.walk(replace(QUICK, join=str(tmp_path / "misspelt")))
    assert (report.outcome, report.failure.code) == ("paused", "no_terminal")
    assert "misspelt holds no bootstrap key" in stage.said.getvalue() + report.failure.ticket
    assert report.failure.command == "gonogo setup resume --join FILE"
    assert stage.gateway.effects["POST /v1/access/sign-ins"] == 0


@pytest.mark.parametrize("why", ["invalid", "used"])
def test_a_key_that_lets_nobody_in_pauses_the_setup(stage, why):
    """The report names the code, and to give another one; with that the same setup goes on."""
    stage.gateway.bootstrapped = why == "used"
    report = stage.walk(replace(QUICK, join="-"), given("gnb_other" if why == "invalid" else BOOTSTRAP_KEY))
    assert (report.outcome, report.failure.code) == ("paused", f"bootstrap_key_{why}")
    assert report.failure.command == "gonogo setup resume --join -"
    stage.gateway.bootstrapped = False
    assert stage.walk(replace(QUICK, join="-"), given()).tenant_id == "ten_7"


def test_who_belongs_to_the_tenant_already_goes_on(stage):
    """A second `--join` of the same person is no dead end."""
    stage.gateway.tenants.append("ten_7")
    report = stage.walk(replace(QUICK, join="-"), given())
    assert (report.outcome, report.tenant_id) == ("trust_only", "ten_7"), stage.said.getvalue()
