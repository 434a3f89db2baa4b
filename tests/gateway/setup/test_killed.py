"""A setup that is killed at any line of its journal: resume ends as it would have, and nothing is done twice."""

import random

import msgspec
import pytest
from fake_gateway import FakeGateway
from setup_stage import QUICK, Killed, Stage
from ticking import Ticking

from gateway.setup.replay import faults
from gateway.setup.report import report_bytes, report_of

WAYS = ("before", "after", "torn")
PAID, DENIED = "completed", "trust_only"


def staged(folder, end):
    """A machine whose setup comes to this end."""
    stage = Stage(folder)
    if end == PAID:
        stage.gateway.funds, stage.gateway.demo_money = "100000", True
    (folder / "home").mkdir()
    return stage


def choices():
    """With a host whose file is written."""
    return msgspec.structs.replace(QUICK, hosts=("gemini",))


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """For each end: what is done, and in how many lines, where nobody kills it."""
    made = {}
    with pytest.MonkeyPatch.context() as patch:
        for end in (PAID, DENIED):
            folder = tmp_path_factory.mktemp(end)
            patch.setenv("XDG_STATE_HOME", str(folder / "xdg"))
            stage = staged(folder, end)
            assert stage.walk(choices()).outcome == end, stage.said.getvalue()
            made[end] = (dict(stage.gateway.effects), len(stage.lines))
    return made


def killed_and_resumed(folder, monkeypatch, end, at, how):
    """Kill it there, resume, and return the machine."""
    place = folder / f"{end}-{at}-{how}"
    monkeypatch.setenv("XDG_STATE_HOME", str(place / "xdg"))
    stage = staged(place, end) if not place.mkdir() else None
    assert stage is not None
    with pytest.raises(Killed):
        stage.walk(choices(), at=at, how=how)
    report = stage.walk(choices())
    assert report.outcome == end, (at, how, stage.said.getvalue())
    return stage


@pytest.mark.parametrize("end", [PAID, DENIED])
@pytest.mark.parametrize("how", WAYS)
def test_killed_at_each_line_and_resumed_it_does_nothing_twice(memory, monkeypatch, unbroken, end, how):
    """Before a line, after it, in the middle of it: the same effects, each once, and the journal is a walk of the machine."""
    effects, lines = unbroken[end]
    for at in range(1, lines + 1):
        if (end, at) == (end, lines) and how == "after":
            continue  # the setup was through
        stage = killed_and_resumed(memory, monkeypatch, end, at, how)
        assert dict(stage.gateway.effects) == effects, (at, how)
        assert list(faults(stage.lines)) == []


def test_killed_again_and_again_it_still_comes_to_its_end(memory, monkeypatch, unbroken):
    """Twenty seeded users whose machine fails at up to four random lines."""
    effects, lines = unbroken[PAID]
    for seed in range(20):
        rng = random.Random(seed)  # noqa: S311  # repeatable from its seed
        place = memory / str(seed)
        place.mkdir()
        monkeypatch.setenv("XDG_STATE_HOME", str(place / "xdg"))
        stage = staged(place, PAID)
        for _ in range(rng.randint(1, 4)):
            already = len(stage.lines) if hasattr(stage, "lines") else 0
            try:
                report = stage.walk(choices(), at=already + rng.randint(1, lines), how=rng.choice(WAYS))
            except Killed:
                continue
            break
        else:
            report = stage.walk(choices())
        assert report.outcome == PAID, (seed, stage.said.getvalue())
        assert dict(stage.gateway.effects) == effects, seed


def test_the_report_of_a_killed_setup_names_the_way_on(memory, monkeypatch):
    """It is paused, with a code, a command, a runbook and a text for a ticket, made from the journal alone."""
    monkeypatch.setenv("XDG_STATE_HOME", str(memory / "xdg"))
    stage = staged(memory, PAID)
    with pytest.raises(Killed):
        stage.walk(choices(), at=20)
    report = report_of(stage.lines)
    assert (report.outcome, report.failure.code, report.failure.command) == ("paused", "setup_killed", "gonogo setup resume")
    assert report.run in report.failure.ticket
    assert report_bytes(report) == report_bytes(report_of(stage.lines))


def test_after_the_gateway_forgot_the_answer_the_lost_key_gets_another_secret(memory, monkeypatch):
    """A key that was made and not saved is found by its name and rotated; it is not made a second time."""

    class Forgetful(FakeGateway):
        """Shows a key's secret once, and then knows its name alone."""

        def list_keys(self, *_):
            """The lost key."""
            row = {"key_id": "key_1", "role": "agent", "agent_id": agent, "created_at": "1", "revoked_at": None}
            return {"items": [row]}

    monkeypatch.setenv("XDG_STATE_HOME", str(memory / "xdg"))
    stage = staged(memory, DENIED)
    with pytest.raises(Killed):
        stage.walk(choices(), at=_planned(stage, memory, monkeypatch, "POST /v1/access/keys") + 1, how="before")
    assert stage.gateway.effects["POST /v1/access/keys"] == 1
    agent = f"agent-{stage.lines[0].run[-8:]}"
    from fake_gateway import HANDLERS, Refuse

    gateway = Forgetful(Ticking())
    vars(gateway).update(vars(stage.gateway))
    gateway.faults["POST /v1/access/keys"] = [Refuse(410, "idempotency_key_expired")]
    monkeypatch.setitem(HANDLERS, "GET /v1/access/keys", Forgetful.list_keys)
    monkeypatch.setitem(
        HANDLERS,
        "POST /v1/access/keys/{id}/rotate",
        lambda self, _p, _b, bearer, request: self._key("agent", self._admin(bearer), request.headers["idempotency-key"]),
    )
    stage.gateway = gateway
    assert stage.walk(choices()).outcome == DENIED
    assert gateway.effects["POST /v1/access/keys"] == 1
    assert gateway.effects["POST /v1/access/keys/{id}/rotate"] == 1


def _planned(stage, memory, monkeypatch, route):
    """The line in which a setup like this one plans a request."""
    other = memory / "other"
    other.mkdir()
    twin = staged(other, DENIED)
    twin.walk(choices())
    return next(line.seq for line in twin.lines if line.request and line.request.route == route)
