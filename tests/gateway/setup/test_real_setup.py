"""From an empty folder to a verified receipt: a real terminal, a real gateway, codes over SMTP; and where that is down."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import jsonschema
import pytest
from certified import authority
from gateway_process import command, demo, running
from mail_server import mail_server
from setup_terminal import WAIT_S
from setup_user import ADDRESS, User, code_of, operate, recording, smtp, until

from gates.export import schema_bytes
from gateway.setup.client import read_key

pytestmark = [pytest.mark.process, pytest.mark.each_python]

RECORDED = Path(__file__).with_name("recorded")


def assert_recorded(name: str, text: str) -> None:
    """What the terminal showed is what was recorded; GONOGO_UPDATE_GOLDEN=1 records it again, to be read by a person."""
    file = RECORDED / f"{name}.txt"
    if os.environ.get("GONOGO_UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text


@pytest.fixture
def user(tmp_path):
    """A new user."""
    return User(tmp_path)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """An authority, and a mail server's certificate."""
    return authority(tmp_path_factory.mktemp("certificates"))


def give_demo_money(db: Path, report: dict[str, object]) -> None:
    """What an operator does for a tenant whose money is made up."""
    tenant = str(report["tenant_id"])
    operate("tenant", "cohort", tenant, "simulated", "--db", str(db), "--reason", "a test")
    operate("demo-money", "--db", str(db), "--tenant", tenant, "--wallet", str(report["wallet"]))


def test_from_an_empty_folder_to_a_verified_receipt_by_a_code_over_smtp(user, tmp_path, certificates):
    """Address, code, hosts, apply: trust only; then, with demo money, one more decision and a paid receipt that verifies."""
    db, private = tmp_path / "gateway.db", []
    with mail_server(starttls=certificates[1]) as server, running(db, *smtp(server.port, certificates[0])) as gateway:
        terminal = user.at_terminal("run", "--base-url", gateway.url)
        terminal.until("Your email address")
        terminal.type(ADDRESS)
        terminal.until("Code from the mail")
        private.append(code_of(server))
        terminal.type(private[0])
        terminal.until("Hosts to set up")
        private.append(json.loads((user.state / "session").read_bytes())["token"])
        terminal.type("gemini")
        terminal.until("Change 1 file")
        terminal.type("y")
        assert terminal.end() == 3, terminal.raw
        assert "trust only" in terminal.shown()
        screens = [terminal.shown()]
        first = user.report()
        assert first["outcome"] == "trust_only"
        give_demo_money(db, first)
        terminal = user.at_terminal("resume")
        terminal.until("Pay 1.00 USD of demo money")
        terminal.type("y")
        assert terminal.end() == 0, terminal.raw
        assert "completed" in terminal.shown()
    assert_recorded("completed", user.as_recorded(*screens, terminal.shown()))
    assert user.receipt()["kind"] == "settle"
    report = user.report()
    assert (report["outcome"], report["cohort"], report["mode"]) == ("completed", "simulated", "quick")
    jsonschema.Draft202012Validator(json.loads(schema_bytes("SetupReport"))).validate(report)
    assert {level["mark"] for level in report["levels"]} == {"pass"}, report["levels"]
    settings = json.loads((user.home / ".gemini" / "settings.json").read_text())
    assert settings["mcpServers"]["gonogo"]["env"]["GONOGO_BASE_URL"] == gateway.url
    key_file = user.home / ".local" / "share" / "gonogo" / "api.key"
    private.append(read_key({}, key_file))
    assert_kept_secret(private, user, tmp_path, key_file)
    assert user.gonogo("host", "undo", "gemini", "--yes").returncode == 0
    assert not (user.home / ".gemini" / "settings.json").exists()


def assert_kept_secret(private: list[str], user: User, tmp_path: Path, key_file: Path) -> None:
    """No code, session or key in any file of the user or of the gateway, but for the file of the key."""
    for file in (path for path in tmp_path.rglob("*") if path.is_file() and path != key_file):
        content = file.read_bytes()
        for secret in private:
            assert secret.encode() not in content, file
    for file in (user.run_folder / name for name in ("journal.jsonl", "report.json")):
        content = file.read_text()
        assert ADDRESS not in content
        assert str(tmp_path) not in content


def test_with_mail_down_the_setup_ends_by_a_bootstrap_key(user, tmp_path, certificates):
    """Nobody can sign in; the key of an operator is typed where it is not shown."""
    db = tmp_path / "gateway.db"
    with mail_server(starttls=certificates[1]) as server:
        port = server.port
    with running(db, *smtp(port, certificates[0])) as gateway:
        until(lambda: not httpx.get(f"{gateway.url}/.well-known/gonogo-auth.json").json()["mail"]["healthy"])
        roles = ("--role", "agent", "--role", "tenant_admin")
        key = re.search(r"gnb_\S+", operate("bootstrap-key", "--db", str(db), "--tenant-name", "acme", *roles))[0]
        terminal = user.at_terminal("run", "--base-url", gateway.url, "--host", "none")
        terminal.until("You cannot sign in by a code now")
        terminal.until("Bootstrap key")
        terminal.type(key)
        assert terminal.end() == 3, terminal.raw
        assert key not in terminal.raw
    assert_recorded("mail_down", user.as_recorded(terminal.shown()))
    report = user.report()
    assert report["outcome"] == "trust_only"
    assert_denial_verified(user, report)
    assert next(step["code"] for step in report["steps"] if step["id"] == "probe") == "mail_unavailable"


def assert_denial_verified(user: User, report: dict[str, object]) -> None:
    """The receipt is a signed denial of a payment of which nothing moved, and every level of it passes."""
    receipt = user.receipt()
    assert (receipt["kind"], receipt["money"]["moved"]) == ("denial", "no")
    assert (receipt["receipt_id"], receipt["subject"]["id"]) == (report["receipt_id"], report["payment_id"])
    assert len(report["levels"]) >= 4
    assert {level["mark"] for level in report["levels"]} == {"pass"}, report["levels"]


def test_with_the_rail_down_the_setup_ends_trust_only_with_a_denial_that_a_child_verifies(user, tmp_path):
    """The funding step names the rail; `gonogo receipt verify` is a child of the setup, and it is given the pinned keys."""
    user.note_children()
    db = tmp_path / "gateway.db"
    tenant = demo(db)
    with recording(tmp_path, "--rail", "http://127.0.0.1:9") as (gateway, code):
        cut_rail(gateway, tenant)
        terminal = user.at_terminal("run", "--base-url", gateway.url, "--address", ADDRESS, "--host", "none")
        terminal.until("Code from the mail")
        terminal.type(code())
        assert terminal.end() == 3, terminal.raw
    assert_recorded("rail_down", user.as_recorded(terminal.shown()))
    [verifying] = user.children_of(terminal.child.pid)
    assert verifying[:5] == ["-P", "-m", "scorecards", "receipt", "verify"]
    assert verifying[5:8] == [str(user.run_folder / "chain.jsonl"), "--trust", str(next((user.state / "keys").iterdir()))]
    report = user.report()
    assert report["outcome"] == "trust_only"
    assert_denial_verified(user, report)
    assert next(step["code"] for step in report["steps"] if step["id"] == "funding") == "rail_unavailable"


def cut_rail(gateway, tenant) -> None:
    """Pay out until the gateway knows that its rail does not answer."""
    body = {"wallet_id": tenant["wallet_id"], "payee_id": tenant["payee_ids"][0], "amount": "5000", "currency": "USD"}

    def post(path: str, role: str, content: dict[str, object], key: str) -> dict[str, object]:
        headers = {"authorization": f"Bearer {tenant[f'{role}_key']}", "idempotency-key": key}
        answer = httpx.post(f"{gateway.url}{path}", json=content, headers=headers)
        assert answer.status_code < 300, answer.text
        return answer.json()

    payment = post("/v1/payments", "agent", body, "reserve-for-the-payouts")["payment"]["payment_id"]
    post(f"/v1/payments/{payment}/settle", "agent", {}, "settle-for-the-payouts")
    for number in range(8):
        post(
            "/v1/payouts",
            "finance",
            {"payee_id": body["payee_id"], "amount": "1", "currency": "USD"},
            f"payout-number-{number:02d}",
        )
    headers = {"authorization": f"Bearer {tenant['agent_key']}"}
    until(lambda: httpx.get(f"{gateway.url}/v1/status", headers=headers).json()["mode"] == "trust_only")


BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_commands_of_the_page_work(user, tmp_path):
    """Each `sh` block of runbooks/setup.md, in its order, as printed."""
    page = (Path(__file__).parents[3] / "runbooks" / "setup.md").read_text(encoding="utf-8")
    blocks = BLOCK.findall(page)
    assert blocks
    with recording(tmp_path) as (gateway, code):
        variables = {**user.environ, "GONOGO_BASE_URL": gateway.url, "PYTHON": sys.executable}
        done = None
        for block in blocks:
            script = 'gonogo() { "$PYTHON" -P -m scorecards "$@"; }\n' + block.replace(
                "12345678", code() if "12345678" in block else ""
            )
            done = subprocess.run(
                ["bash", "-euc", script],
                env=variables,
                cwd=user.here,
                capture_output=True,
                text=True,
                timeout=WAIT_S,
                check=False,
            )
            assert done.returncode in (0, 3), done.stdout + done.stderr
    assert user.report()["outcome"] == "trust_only"


def test_the_gateways_options_are_those_of_this_test():
    """The commands that operators use here exist."""
    for words in (("tenant", "cohort", "--help"), ("bootstrap-key", "--help"), ("demo-money", "--help")):
        assert subprocess.run(command(*words), capture_output=True, check=False).returncode == 0, words
