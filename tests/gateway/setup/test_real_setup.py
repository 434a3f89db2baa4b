"""From an empty folder to a verified receipt: a real terminal, a real gateway, codes over SMTP; and where that is down."""

import contextlib
import json
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import httpx
import jsonschema
import pytest
from certified import authority
from gateway_process import command, demo, run, running
from mail_server import CODE, mail_server
from setup_terminal import WAIT_S, Terminal, argv, environ
from waiting import eventually

from gates.export import schema_bytes
from gateway.setup.client import read_key
from gateway.setup.local import LocalState

pytestmark = pytest.mark.process

ADDRESS = "ada@example.org"


def until(found):
    """What there is, once there is something."""
    assert eventually(lambda: bool(found()), WAIT_S)
    return found()


class User:
    """A person with an empty home and an empty folder."""

    def __init__(self, folder: Path) -> None:
        self.home, self.state, self.here = folder / "home", folder / "state", folder / "here"
        self.here.mkdir()
        self.environ = environ(self.home, GONOGO_SETUP_STATE=str(self.state))

    def at_terminal(self, *words: str) -> Terminal:
        """`gonogo setup ...` at a terminal."""
        return Terminal(argv(*words), self.environ, self.here)

    def gonogo(self, *words: str, **given) -> subprocess.CompletedProcess[str]:
        """A command to its end, without a terminal."""
        line = [sys.executable, "-P", "-m", "scorecards", *words]
        return subprocess.run(
            line, env=self.environ, cwd=self.here, capture_output=True, text=True, timeout=WAIT_S, check=False, **given
        )

    def report(self) -> dict[str, object]:
        """The last run's report, after it was replayed."""
        replayed = self.gonogo("setup", "replay")
        assert replayed.returncode == 0, replayed.stdout + replayed.stderr
        return json.loads(self.gonogo("setup", "report", "--format", "json").stdout)

    @property
    def run_folder(self) -> Path:
        """Where the last run is kept."""
        local = LocalState(self.state)
        return local.run_folder(local.pointer().run)


@pytest.fixture
def user(tmp_path):
    """A new user."""
    return User(tmp_path)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """An authority, and a mail server's certificate."""
    return authority(tmp_path_factory.mktemp("certificates"))


def smtp(port: int, ca: Path) -> tuple[str, ...]:
    """The options of a gateway that sends its codes there."""
    return ("--mail", "smtp", "--smtp", f"smtp://127.0.0.1:{port}", "--smtp-ca", str(ca), "--mail-from", "gateway@example.com")


def code_of(server) -> str:
    """The code of the newest mail, once it is there."""
    text = until(lambda: server.texts()[-1:])[0]
    return re.search(CODE, text)[1]


def operate(*words: str) -> str:
    """A command of the gateway's operator; what it printed."""
    done = run(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


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
        first = user.report()
        assert first["outcome"] == "trust_only"
        give_demo_money(db, first)
        terminal = user.at_terminal("resume")
        terminal.until("Pay 100 minor units of demo money")
        terminal.type("y")
        assert terminal.end() == 0, terminal.raw
        assert "completed" in terminal.shown()
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
        terminal.until("Signing in by a code is not possible now")
        terminal.until("Bootstrap key")
        terminal.type(key)
        assert terminal.end() == 3, terminal.raw
        assert key not in terminal.raw
    report = user.report()
    assert report["outcome"] == "trust_only"
    assert next(step["code"] for step in report["steps"] if step["id"] == "probe") == "mail_unavailable"


@contextmanager
def recording(tmp_path: Path, *options: str):
    """A gateway that writes its mails into a folder, and what reads the code from there."""
    folder = tmp_path / "mails"

    def code(address: str = ADDRESS) -> str:
        mails = until(lambda: [text for file in folder.glob("*.eml") if address in (text := file.read_text())])
        return re.search(CODE, mails[0])[1]

    db = tmp_path / "gateway.db"
    with running(db, "--dev", "--mail", "record", "--mail-folder", str(folder), *options) as gateway:
        yield gateway, code


def test_with_the_rail_down_the_setup_ends_trust_only(user, tmp_path):
    """Everything but money: the denial verifies, and the funding step names the rail."""
    db = tmp_path / "gateway.db"
    tenant = demo(db)
    with recording(tmp_path, "--rail", "http://127.0.0.1:9") as (gateway, code):
        cut_rail(gateway, tenant)
        terminal = user.at_terminal("run", "--base-url", gateway.url, "--address", ADDRESS, "--host", "none")
        terminal.until("Code from the mail")
        terminal.type(code())
        assert terminal.end() == 3, terminal.raw
    report = user.report()
    assert report["outcome"] == "trust_only"
    assert next(step["code"] for step in report["steps"] if step["id"] == "funding") == "rail_unavailable"
    assert {level["mark"] for level in report["levels"]} == {"pass"}, report["levels"]


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


KILLED = """
import os, signal, sys
from gateway.setup.journal import Journal
from scorecards.cli import main

at, add = int(sys.argv.pop(1)), Journal.add

def dying(self, **members):
    line = add(self, **members)
    if line.seq == at:
        os.kill(os.getpid(), signal.SIGKILL)
    return line

Journal.add = dying
sys.exit(main())
"""


def typed_when_sent(words: list[str], user: User, code, address: str) -> tuple[int, str, str]:
    """Run a setup without a terminal, and give it the code once its mail was sent: how it ended, what it said, the code."""
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE, "stdout": subprocess.DEVNULL, "text": True}
    process = subprocess.Popen(words, env=user.environ, cwd=user.here, **pipes)
    shown = known = ""
    try:
        for said in process.stderr:
            shown += said
            if not known and said.startswith("If mail reaches"):
                known = code(address)
                with contextlib.suppress(BrokenPipeError):  # it was killed before it read
                    process.stdin.write(f"{known}\n")
                    process.stdin.flush()
        return process.wait(WAIT_S), shown, known
    finally:
        process.kill()
        process.wait(WAIT_S)
        process.stderr.close()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()


def killed_and_resumed(folder: Path, gateway, code, at: int) -> dict[str, int]:
    """A setup that is killed by the system at a line and resumed without a terminal; what the tenant then has."""
    folder.mkdir()
    user = User(folder)
    address = f"user{at}@example.org"
    choices = ("--address", address, "--host", "gemini", "--apply")
    killed = [sys.executable, "-P", "-c", KILLED, str(at), "setup", "run", "--base-url", gateway.url, *choices, "--code", "-"]
    ended, shown, known = typed_when_sent(killed, user, code, address)
    if ended == 3:  # it was through before that line
        assert len((user.run_folder / "journal.jsonl").read_bytes().splitlines()) < at
        return things(gateway, user)
    assert ended == -9, shown
    ended, shown, _ = typed_when_sent(argv("resume", *choices, "--code", known or "-"), user, code, address)
    assert ended == 3, shown
    assert user.report()["outcome"] == "trust_only", shown
    return things(gateway, user)


def things(gateway, user: User) -> dict[str, object]:
    """How many wallets, payees, payments and live keys the user's tenant has."""
    key = (user.home / ".local" / "share" / "gonogo" / "api.key").read_text().strip()
    found = {}
    for name in ("wallets", "payees", "payments"):
        answer = httpx.get(f"{gateway.url}/v1/{name}", headers={"authorization": f"Bearer {key}"})
        found[name] = len(answer.json()["items"])
    return found


ONCE = {"wallets": 1, "payees": 1, "payments": 1}


def test_killed_by_the_system_and_resumed_nothing_is_there_twice(tmp_path):
    """SIGKILL at two lines; each resumed setup ends with one wallet, one payee, one denied payment."""
    with recording(tmp_path) as (gateway, code):
        for at in (12, 46):
            assert killed_and_resumed(tmp_path / f"user-{at}", gateway, code, at) == ONCE, at


@pytest.mark.nightly
@pytest.mark.parametrize("first", range(1, 76, 15))
def test_killed_by_the_system_at_every_line(tmp_path, first):
    """Each line of a setup, fifteen users at a gateway: it limits the codes of one network to twenty an hour."""
    with recording(tmp_path) as (gateway, code):
        for at in range(first, first + 15):
            assert killed_and_resumed(tmp_path / f"user-{at}", gateway, code, at) == ONCE, at


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
