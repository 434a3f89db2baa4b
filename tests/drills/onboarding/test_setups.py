"""Setups of our own against a real gateway: each ends as it is meant to, and its journal is evidence."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from gateway_process import command, running

from drills.onboarding.house import House
from drills.onboarding.mails import reader
from drills.onboarding.money import giver
from gates.evidence.keys import own_trust
from gates.evidence.statement import EvidenceKind
from gates.evidence.store import EvidenceStore
from gates.schema.errors import UnknownProblem
from gates.schema.target import load_target


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory):
    """A gateway that writes its mails into a folder, and the environment that the target `local` needs."""
    folder = tmp_path_factory.mktemp("gateway")
    db = folder / "service.db"
    made = subprocess.run(command("demo-data", "--db", str(db), "--format", "json", "--house"), capture_output=True, check=True)
    seed = {f"GONOGO_{name.upper()}": value for name, value in json.loads(made.stdout).items() if isinstance(value, str)}
    with running(db, "--dev", "--mail", "record", "--mail-folder", f"{db}.mails") as served:
        yield db, {**seed, "GONOGO_BASE_URL": served.url, "GONOGO_HOME": str(folder / "home")}


@pytest.fixture
def named(gateway, monkeypatch: pytest.MonkeyPatch):
    """The target, with its credentials in the environment."""
    for name, value in gateway[1].items():
        monkeypatch.setenv(name, value)
    return load_target("local")


@pytest.mark.process
def test_every_walk_ends_as_it_is_meant_to_and_its_journals_are_clean(gateway, tmp_path: Path) -> None:
    """Two pay with demo money, two end without; the gateway confirms each, and no journal has a dead end."""
    db, environ = gateway
    out, home = tmp_path / "setups", Path(environ["GONOGO_HOME"])
    argv = [sys.executable, "-P", "-m", "drills.onboarding", "--target", "local", "--db", str(db), "--setups", "4"]
    folders = ["--out", str(out), "--probes", str(tmp_path), "--evidence", str(home / "evidence")]
    done = subprocess.run(
        [*argv, *folders], env={**os.environ, **environ}, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for line in ("signs up: completed", "tries without money: trust_only", "types a wrong code: trust_only"):
        assert line in done.stderr
    assert "comes back for money: completed" in done.stderr
    held = EvidenceStore(home / "evidence").load(own_trust(home))
    (said,) = [one.statement.predicate for one in held if one.statement.predicate_type == EvidenceKind.SETUP_JOURNAL]
    assert (said.status, said.cohort) == ("complete", "simulated")
    measures = said.measures
    assert [measures[name].value for name in ("dead_ends", "failures_without_next_action")] == ["0", "0"]
    assert (measures["dead_ends"].made_of["setups"], measures["dead_ends"].skipped) == (4, 0)
    assert measures["dead_ends"].made_of["walked"] >= 10
    hosts = measures["setups_on_uncertified_hosts"]
    assert (hosts.value, hosts.samples, hosts.made_of["written"]) == ("0", 1, 1)
    assert 1 <= int(measures["quick_mode_decisions"].value or 0) <= 6
    for path in out.rglob("journal.jsonl"):
        assert "gnb_" not in path.read_text("utf-8")


@pytest.mark.process
def test_what_the_house_is_refused_is_said_with_its_status(named, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is none, and a gateway that does not answer: named, and without the key."""
    monkeypatch.setenv("GONOGO_HOUSE_OPERATOR_KEY", "gng_house_operator_none")
    with House(named, "a") as house, pytest.raises(UnknownProblem, match="POST /v1/house/sign-up: status 401 unauthenticated"):
        house.sign_up("managed")
    monkeypatch.setenv("GONOGO_BASE_URL", "http://127.0.0.1:9")
    with House(named, "a") as house, pytest.raises(UnknownProblem, match="no answer") as caught:
        house.sign_up("managed")
    assert "gng_house_operator_none" not in caught.value.message


@pytest.mark.process
def test_demo_money_is_for_simulated_tenants_alone(gateway) -> None:
    """The gateway's own command refuses a tenant that is not there, and the reason is passed on."""
    with pytest.raises(UnknownProblem, match="demo-money: exit"):
        giver(gateway[0])("ten_none", "wal_none")


def test_the_newest_code_to_an_address_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not that of another address, and not an older one; without a mail the wait ends."""
    for number, (to, code) in enumerate(
        (("a@example.com", "11111111"), ("b@example.com", "22222222"), ("a@example.com", "33333333"))
    ):
        path = tmp_path / f"mail_{number}.eml"
        path.write_text(f"To: {to}\r\nSubject: Your code\r\n\r\nYour code: {code}\r\n")
        os.utime(path, (number, number))
    assert reader(tmp_path)("a@example.com") == "33333333"
    monkeypatch.setattr("drills.onboarding.mails.WITHIN_S", 0.05)
    with pytest.raises(UnknownProblem, match=r"no mail with a code for c@example\.com"):
        reader(tmp_path, lambda _seconds: None)("c@example.com")
