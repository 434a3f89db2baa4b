"""A disk that is really full and a home that is really read-only: the documented code, nothing lost, and resume goes on."""

import json
import re
from contextlib import contextmanager

import httpx
import pytest
from gateway_process import running
from mail_server import CODE
from setup_terminal import WAIT_S, argv, environ
from small_disk import small_disk
from waiting import eventually

pytestmark = [pytest.mark.process, pytest.mark.usefixtures("own_mounts")]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    """A real gateway whose mails are files: its address, its database, and what reads the code of an address."""
    folder = tmp_path_factory.mktemp("gateway")
    mails, db = folder / "mails", folder / "gateway.db"

    def code(address):
        found = []

        def arrived():
            found[:] = [text for file in mails.glob("*.eml") if address in (text := file.read_text())]
            return bool(found)

        assert eventually(arrived, WAIT_S)
        return re.search(CODE, found[0])[1]

    with running(db, "--dev", "--mail", "record", "--mail-folder", str(mails)) as process:
        yield process.url, db, code


class User:
    """A user on a machine with that disk."""

    def __init__(self, disk, gateway, here, address, **variables):
        self.disk, self.address, self.here = disk, address, here
        self.url, self._db, self._code = gateway
        self.environ = {**environ(here / "own"), "GONOGO_BASE_URL": self.url, **variables}

    def setup(self, *words):
        """`gonogo setup ...` where the disk is; no traceback in any case."""
        done = self.disk.inside(argv(*words), env=self.environ, cwd=self.here)
        assert "Traceback" not in done.stderr
        return done

    def begin(self):
        """As far as the code, which is mailed."""
        done = self.setup("run", "--address", self.address)
        assert (done.returncode, "no_terminal" in done.stdout) == (3, True), done.stdout + done.stderr

    def resume(self, *words):
        """Go on with the code; without a terminal."""
        return self.setup("resume", "--code", self._code(self.address), "--pay", *words)

    def things(self, key):
        """How many wallets, payees, payments and keys the tenant has."""
        found = {}
        for name in ("wallets", "payees", "payments"):
            answer = httpx.get(f"{self.url}/v1/{name}", headers={"authorization": f"Bearer {key}"})
            found[name] = len(answer.json()["items"])
        return found


ONCE = {"wallets": 1, "payees": 1, "payments": 1}


@contextmanager
def on_a_small_disk(tmp_path, gateway, address):
    """A user whose state and key are on a disk of 64 pages."""
    with small_disk(tmp_path / "disk", "size=256k") as disk:
        state, key = disk.folder / "state", disk.folder / "keys" / "api.key"
        yield User(disk, gateway, tmp_path, address, GONOGO_SETUP_STATE=str(state), GONOGO_KEY_FILE=str(key)), state, key


def journal(user, state):
    """The lines of the last run's journal, as they are on the disk."""
    run_id = json.loads(user.disk.read(state / "state.json"))["run"]
    return user.disk.read(state / "runs" / run_id / "journal.jsonl")


def filled_and_freed(user, state, key, steps):
    """Fill the disk, go on, make room step by step, go on each time; whether each stop named its code and lost no line."""
    user.begin()
    user.disk.fill()
    before, stops = journal(user, state), 0
    for pages in steps:
        done = user.resume("--host", "none")
        if done.returncode == 3 and "trust only" in done.stdout:
            break
        stops += 1
        assert done.returncode in (2, 3), done.stdout + done.stderr
        assert "local_state_unwritable" in done.stdout + done.stderr, done.stdout + done.stderr
        assert str(user.disk.folder) in done.stderr
        now = journal(user, state)
        assert now.startswith(before)
        before = now
        user.disk.empty() if pages is None else user.disk.free(pages)
    else:
        done = user.resume("--host", "none")
    assert (done.returncode, "trust only" in done.stdout) == (3, True), done.stdout + done.stderr
    assert journal(user, state).startswith(before)
    replayed = user.setup("replay")
    assert (replayed.returncode, "byte for byte" in replayed.stdout) == (0, True), replayed.stdout
    assert user.things(user.disk.read(key).strip()) == ONCE
    return stops


def test_on_a_full_disk_the_setup_stops_and_resume_goes_on_once_there_is_room(tmp_path, gateway):
    """Full, then a few pages, then room: local_state_unwritable with the file, each line kept, and nothing made twice."""
    with on_a_small_disk(tmp_path, gateway, "full@example.org") as (user, state, key):
        assert filled_and_freed(user, state, key, [3, None]) == 2


@pytest.mark.nightly
def test_on_a_disk_that_gets_its_room_page_by_page_each_stop_is_the_same(tmp_path, gateway):
    """One page more each time, whatever file is the one that has no room; one alone is taken by the journal of going on."""
    with on_a_small_disk(tmp_path, gateway, "pages@example.org") as (user, state, key):
        assert filled_and_freed(user, state, key, range(1, 11)) > 2


def test_with_a_read_only_home_each_place_is_named_by_its_variable_until_it_is_given(tmp_path, gateway):
    """State, then key, then the host's file, which is left to its user: the setup ends trust-only all the same."""
    with small_disk(tmp_path / "home", "ro") as disk:
        user = User(disk, gateway, tmp_path, "readonly@example.org", HOME=str(disk.folder))
        done = user.setup("run", "--address", user.address)
        assert (done.returncode, "local_state_unwritable" in done.stderr, "GONOGO_SETUP_STATE" in done.stderr) == (2, True, True)
        assert "Read-only file system" in done.stderr
        user.environ["GONOGO_SETUP_STATE"] = str(tmp_path / "state")
        user.begin()
        done = user.resume("--host", "none")
        assert (done.returncode, "local_state_unwritable" in done.stdout) == (3, True), done.stdout + done.stderr
        assert "GONOGO_KEY_FILE" in done.stdout
        user.environ["GONOGO_KEY_FILE"] = str(tmp_path / "api.key")
        done = user.resume("--host", "gemini", "--apply")
        assert (done.returncode, "trust only" in done.stdout) == (3, True), done.stdout + done.stderr
        assert ('"mcpServers"' in done.stderr, "local_state_unwritable" in done.stdout) == (True, True)
    assert user.things((tmp_path / "api.key").read_text().strip()) == ONCE
