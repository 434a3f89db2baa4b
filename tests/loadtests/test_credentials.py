"""A storm and its credentials: what cannot be sent is refused, and what ends a storm shows its cause and no credential."""

import base64
import json
import os

import msgspec
import pytest

from gates.schema.errors import UsageProblem
from gates.schema.target import load_target
from loadtests.run.folder import RunFolder
from loadtests.schema import load_profile
from loadtests.storm.manners import Order
from loadtests.storm.plan import Accounts, make_plan
from loadtests.storm.supervise import run_storm
from loadtests.storm.wire import Request, require_sendable

SECRET = "gng-" + "of-the-fake-0001"


class Quiet:
    """A progress bar that nobody looks at."""

    def step(self, done, note=""):
        """Show nothing."""


@pytest.fixture
def planned(here, tmp_path, monkeypatch):
    """A run's folder with the plan of the quick storm on a service that is not there, ready for `run_storm`."""
    monkeypatch.setenv("FAKE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("FAKE_TOKEN", SECRET)
    named, profile = load_target(str(here / "fake-target.yaml")), load_profile(str(here / "quick.yaml"))
    short = msgspec.structs.replace(profile.profile, limits=msgspec.structs.replace(profile.profile.limits, duration_s=20))
    folder = RunFolder(tmp_path / "run")
    plan = make_plan(profile, 1, "r", Accounts("w-1", ("s-1",), "EUR"))

    def begin(target=named.target):
        folder.begin(plan, Order(named.name, target, short))
        return folder

    return begin


@pytest.mark.process
@pytest.mark.parametrize(
    ("command", "more"),
    [
        ("run", ("smoke",)),
        ("bench", ("--quick",)),
        ("hostile-rail", ()),
    ],
)
def test_a_credential_with_a_line_end_is_refused_before_any_load(load, here, tmp_path, command, more):
    """Exit 2 names the variable; nothing is started, and the value is in no text."""
    environ = {**os.environ, "FAKE_URL": "http://127.0.0.1:9", "FAKE_TOKEN": f"{SECRET}\n", "GONOGO_RAIL_URL": ""}
    target = tmp_path / "target.yaml"
    target.write_text((here / "fake-target.yaml").read_text() + "  rail: {url: http://127.0.0.1:9}\n")
    done = load(command, *more, "--target", target, "--out", tmp_path / "run", environ=environ)
    assert (done.returncode, "FAKE_TOKEN" in done.stderr) == (2, True), done.stderr
    assert SECRET not in done.stdout + done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.process
def test_a_storm_whose_client_fails_ends_with_the_cause(planned):
    """The history cannot be written: the storm does not wait for the rest of its time, and says what happened."""
    folder = planned()
    folder.files.history.symlink_to("/dev/full")
    end = run_storm(folder.folder, 20, Quiet())
    assert (end.complete, "No space left on device" in end.detail) == (False, True), end
    assert "No space left on device" in folder.files.log.read_text()


@pytest.mark.process
def test_what_ends_a_storm_shows_no_credential(planned, here):
    """A request that no library sends is an exception that quotes its headers: cause and log are without them."""
    named = load_target(str(here / "fake-target.yaml"))
    folder = planned(msgspec.structs.replace(named.target, idempotency_header=f"X-Once: {SECRET}\r\nX"))
    end = run_storm(folder.folder, 20, Quiet())
    assert (end.complete, "ValueError" in end.detail) == (False, True), end
    written = b"".join(path.read_bytes() for path in folder.folder.iterdir() if path != folder.files.order)
    assert SECRET.encode() not in written


@pytest.mark.process
def test_a_storm_whose_process_ends_at_once_gives_its_last_words(planned, tmp_path, monkeypatch):
    """No end was noted: the reason is the last line of the process's log."""
    (tmp_path / "locust").mkdir()
    (tmp_path / "locust" / "__init__.py").touch()
    (tmp_path / "locust" / "__main__.py").write_text("raise SystemExit('no memory is left')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    end = run_storm(planned().folder, 20, Quiet())
    assert (end.complete, "no memory is left" in end.detail) == (False, True), end


@pytest.mark.process
def test_a_storm_without_its_plan_gives_that_as_its_cause(planned):
    """What fails before the first payment is the detail as well."""
    folder = planned()
    folder.files.plan.unlink()
    end = run_storm(folder.folder, 20, Quiet())
    assert (end.complete, "plan.json" in end.detail) == (False, True), end


@pytest.mark.process
def test_an_answer_that_repeats_the_credential_is_shown_without_it(load, fake_service, here, tmp_path):
    """The books are refused with an answer that quotes the header: neither message nor signed statement holds it."""
    environ = fake_service("echo")
    out = tmp_path / "run"
    done = load("run", here / "quick.yaml", "--target", here / "fake-target.yaml", "--out", out, environ=environ)
    assert done.returncode == 2, done.stdout + done.stderr
    secret = environ["FAKE_TOKEN"]
    envelopes = [json.loads(path.read_bytes()) for path in (tmp_path / "home" / "evidence").rglob("*.json")]
    signed = b"".join(base64.b64decode(item["payload"]) for item in envelopes if "payload" in item).decode()
    for text in (signed, done.stderr):
        assert "[redacted]" in text
        assert secret not in text


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        (Request("POST", "/a b", {}, None), "/a b"),
        (Request("POST", "/pay\u00e9", {}, None), "is no HTTP request"),
        (Request("PO ST", "/", {}, None), "PO ST"),
        (Request("POST", "/", {"X Once": "k"}, None), "X Once"),
        (Request("POST", "/", {"Authorization": f"Bearer {SECRET}\n"}, None), "Authorization"),
    ],
)
def test_a_request_that_cannot_be_sent_is_refused_before_the_storm(request_, named):
    """Path, method and headers are named; a header's value is not."""
    with pytest.raises(UsageProblem, match=named) as refused:
        require_sendable(request_)
    assert SECRET not in str(refused.value)
