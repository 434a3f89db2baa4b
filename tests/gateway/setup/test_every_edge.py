"""Random users, random outages: every setup ends, every failure has a next step, and every edge of the machine was walked."""

import contextlib
import random

import click
import httpx
import msgspec
import pytest
from by_night import number_of_the_night
from fake_gateway import ADDRESS, BOOTSTRAP_KEY, CODE, Refuse
from setup_stage import QUICK, VERIFIED, Answering, Killed, Stage

from gateway.machines.onboarding import ONBOARDING, OnboardingEvent, OnboardingState
from gateway.setup.choices import Choices
from gateway.setup.failures import SetupCode, SetupProblem
from gateway.setup.hosts.ask import Seen
from gateway.setup.hosts.files import HostFiles
from gateway.setup.replay import faults
from gateway.setup.walk import ENDS

LOST = httpx.ReadError("lost")
NOBODY = httpx.ConnectError("refused")
UNKNOWN = Refuse(500, "internal", "unknown")
FAULTS = {
    "GET /.well-known/gonogo-auth.json": [NOBODY, LOST],
    "POST /v1/access/sign-ins": [
        *(Refuse(503, code) for code in ("mail_unavailable", "login_unavailable")),
        *(Refuse(429, "otp_throttled"), Refuse(400, "invalid_request"), LOST),
    ],
    "POST /v1/access/sign-ins/{id}/verify": [
        *(Refuse(401, "otp_invalid"), Refuse(410, "otp_expired"), Refuse(409, "otp_used"), Refuse(429, "otp_locked")),
        *(LOST, UNKNOWN),
    ],
    "POST /v1/access/sign-ins/{id}/resend": [Refuse(429, "otp_throttled"), LOST],
    "POST /v1/access/tenants": [Refuse(403, "signup_waitlisted"), Refuse(403, "tenant_disabled"), LOST],
    "POST /v1/access/session/tenant": [Refuse(403, "tenant_disabled"), LOST],
    "POST /v1/access/keys": [Refuse(403, "step_up_required"), Refuse(401, "session_expired"), LOST],
    "POST /v1/access/bootstrap": [Refuse(410, "bootstrap_key_expired"), LOST],
    "POST /v1/wallets": [Refuse(503, "storage_full"), LOST],
    "POST /v1/payees": [Refuse(403, "step_up_required"), LOST],
    "POST /v1/payments": [
        *(Refuse(403, "policy_denied", reasons=["daily_limit"]), Refuse(409, "insufficient_funds"), Refuse(503, "paused")),
        *(LOST, UNKNOWN),
    ],
    "POST /v1/payments/{id}/settle": [LOST, UNKNOWN, Refuse(409, "reservation_expired")],
    "POST /v1/access/runs": [Refuse(429, "rate_limited")],
    "POST /v1/access/runs/{id}/events": [Refuse(409, "event_out_of_order"), LOST],
}
NOT_OF_THIS_RELEASE = {
    OnboardingEvent.FUND,
    OnboardingEvent.AVAILABLE,
    OnboardingEvent.FUNDING_FAILED,
    OnboardingEvent.CLEARING,
}


class Fickle(Answering):
    """A user who types a wrong code, requests another mail, gives up, or is killed, as the seed has it."""

    def __init__(self, rng, terminal):
        super().__init__(terminal=terminal, stdin=[rng.choice([BOOTSTRAP_KEY, "gnb_other"]) for _ in range(9)])
        self.rng = rng

    def text(self, question, flag, default=None, *, hidden=False):  # noqa: ARG002  # what a person would read
        """Usually what is wanted."""
        self.require(flag)
        if self.rng.random() < 0.03:
            raise self.rng.choice([click.Abort, Killed])
        right = {
            "--address": ADDRESS,
            "--code": CODE,
            "--host": "gemini,claude-code",
            "--tenant": "1",
            "--bootstrap-key": BOOTSTRAP_KEY,
        }
        name = flag.split()[0]
        wrong = {"--code": ["", "1", "11111111"], "--host": ["none", "clod"], "--tenant": ["7"], "--bootstrap-key": [""]}
        return self.rng.choice(wrong[name]) if name in wrong and self.rng.random() < 0.4 else right[name]

    def yes(self, question, flag, *, default=True):  # noqa: ARG002  # the same
        """Usually yes."""
        self.require(flag)
        if self.rng.random() < 0.05:
            raise self.rng.choice([click.Abort, Killed])
        return self.rng.random() < 0.8


def world(folder, rng):
    """A machine and a gateway with the outages of this seed."""
    stage = Stage(folder)
    gateway = stage.gateway
    gateway.mail["healthy"], gateway.mode = rng.random() < 0.85, rng.choice(["public_signup"] * 9 + ["managed"])
    gateway.status = rng.choice(["normal", "normal", "trust_only"])
    gateway.tenants += [f"ten_{number}" for number in range(rng.choice([0, 0, 1, 2]))]
    if rng.random() < 0.5:
        gateway.funds, gateway.demo_money = "100000", True
    if rng.random() < 0.5:
        for route in sorted({*rng.sample(sorted(FAULTS), 4), "POST /v1/payments"}):
            gateway.faults[route] = rng.choices(FAULTS[route], k=rng.choice([1, 1, 2, 9]))
    stage.seen = (rng.choice(list(Seen)), "as the host has it")
    stage.verification = msgspec.structs.replace(VERIFIED, verified=rng.random() < 0.95)
    if rng.random() < 0.3:
        place = folder / "home" / ".gemini" / "settings.json"
        place.parent.mkdir(parents=True)
        place.write_text(rng.choice(["{", "{}", '{"mcpServers": []}']))
    return stage


def walked(stage, rng, monkeypatch):
    """One walk; the lines of its journal, whatever ended it."""
    stale = [rng.choice([0, 0, 0, 1, 5])]
    apply = HostFiles.apply

    def changing(self, plan):
        if stale[0]:
            stale[0] -= 1
            raise SetupProblem(SetupCode.HOST_FILE_CHANGED, "somebody wrote it")
        apply(self, plan)

    terminal = rng.random() < 0.7
    choices = Choices(bootstrap_key=rng.choice([None, None, None, "-"]), full=False)
    if not terminal:
        choices = msgspec.structs.replace(
            QUICK, hosts=rng.choice([("none",), ("gemini",), ("gemini", "claude-code")]), pay=rng.random() < 0.9
        )
    with monkeypatch.context() as patch:
        patch.setattr(HostFiles, "apply", changing)
        with contextlib.suppress(click.Abort, Killed):
            stage.walk(choices, Fickle(rng, terminal))
    return stage.lines


def tried(folder, monkeypatch, seed):
    """A user who tries up to four times, then once more with everything working; the edges that were taken."""
    rng = random.Random(seed)  # noqa: S311  # repeatable from its seed
    place = folder / str(seed)
    place.mkdir()
    monkeypatch.setenv("XDG_STATE_HOME", str(place / "xdg"))
    stage = world(place, rng)
    for _ in range(rng.randint(1, 4)):
        lines = walked(stage, rng, monkeypatch)
        assert lines[-1].next in ENDS, (seed, lines[-1])
        assert all(line.code and line.next_command for line in lines if line.phase == "failed"), seed
        assert list(faults(lines)) == [], seed
        if lines[-1].next is OnboardingState.COMPLETED:
            break
    else:
        mended(stage)
        report = stage.walk(msgspec.structs.replace(QUICK, tenant=(stage.gateway.tenants or [None])[0]))
        assert report.outcome in ("completed", "trust_only"), (seed, report.failure, stage.said.getvalue())
    effects = stage.gateway.effects
    assert effects["POST /v1/payments/{id}/settle"] <= 1, seed
    assert effects["POST /v1/wallets"] <= 1, seed
    return {(line.state, line.event) for line in stage.lines if line.event is not None}


def mended(stage):
    """Everything works again."""
    stage.gateway.faults.clear()
    stage.gateway.mode, stage.gateway.mail["healthy"], stage.gateway.status = "public_signup", True, "normal"
    stage.verification = VERIFIED


def all_edges():
    """The edges that a setup of this release can take."""
    reachable = {
        (row.state, row.event)
        for row in ONBOARDING.rows
        if row.event not in NOT_OF_THIS_RELEASE and row.state is not OnboardingState.FUNDING
    }
    stops = {OnboardingEvent.QUIT, OnboardingEvent.KILLED, OnboardingEvent.BUDGET_SPENT}
    return {edge for edge in reachable if edge[1] not in stops}, {edge for edge in reachable if edge[1] in stops}


def test_random_users_all_end_and_walk_every_edge(memory, monkeypatch):
    """140 users: no dead end, each failure with its next command, one payment at most, every edge but the stops."""
    taken = set().union(*(tried(memory, monkeypatch, seed) for seed in range(140)))
    edges, _ = all_edges()
    assert edges - taken == set()


A_NIGHT = 1000
"""Users of one night."""


@pytest.mark.nightly(minutes=3)
def test_many_random_users_all_end(memory, monkeypatch):
    """A thousand more, others each night."""
    first = A_NIGHT * (1 + number_of_the_night())
    for seed in range(first, first + A_NIGHT):
        tried(memory, monkeypatch, seed)
