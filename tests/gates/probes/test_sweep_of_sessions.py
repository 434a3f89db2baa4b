"""The sweep over people who sign in: anonymous callers, sessions, stepped-up sessions and the house."""

from contextlib import contextmanager

import fake_payments
import loopback
import pytest
from fake_sessions import SESSIONS, SessionService, session
from probe_bench import target_of

from gates.probes.access import ANONYMOUS, LET_IN_TO_CHANGE, LET_IN_TO_READ, REFUSED, expected_of, undecided
from gates.probes.authorization_sweep import PROBE
from gates.probes.client import TargetClient
from gates.schema.outcome import ExitCode
from gates.schema.target import Authorization


@contextmanager
def signing_in(folder, *defects):
    """A client of a service whose people sign in."""
    service = SessionService(*defects)
    sessions = {role: f"Bearer {session(role)}" for role in SESSIONS}
    with loopback.serving(service) as url:
        plain = target_of(url).target
        roles = {route: tuple(names) for route, names in service.access.items()}
        declared = Authorization(openapi="/openapi.json", roles=roles, public=tuple(fake_payments.PUBLIC))
        named = target_of(url, folder, credentials={**plain.credentials, **sessions}, authorization=declared)
        with TargetClient(named, "test") as client:
            yield client


def swept(workbench, *defects):
    """What the sweep found."""
    with signing_in(workbench.out.parent, *defects) as client:
        return workbench.conduct(PROBE, client)


@pytest.mark.process
def test_each_session_is_tried_on_each_route(workbench):
    """Nothing is found or skipped, and an anonymous route is tried without a credential and with every good one."""
    done = swept(workbench)
    assert (done.exit_code, done.result.findings, done.result.skipped) == (ExitCode.GREEN, (), ())
    tried = {cell["credential"] for cell in done.result.cells if cell["route"] == "POST /v1/sign-ins"}
    assert tried == {"nobody", *fake_payments.ROLES, *SESSIONS}
    for role in SESSIONS:
        assert {cell["route"] for cell in done.result.cells if cell["credential"] == role} >= set(SessionService().access)


@pytest.mark.process
@pytest.mark.parametrize(
    ("defect", "where"),
    [("stale-session", "POST /v1/keys as session"), ("closed-sign-in", "POST /v1/sign-ins as nobody")],
)
def test_a_session_that_may_too_much_and_a_door_that_is_shut_are_found(workbench, defect, where):
    """An old session where a fresh one is wanted, and a sign-in that wants to know who is calling."""
    done = swept(workbench, defect)
    assert done.exit_code is ExitCode.RED
    assert [item.where for item in done.result.findings] == [where]


@pytest.mark.process
def test_sessions_that_have_ended_are_skipped_and_never_passed(workbench):
    """They show neither that a route is open nor that it is closed: the measure stays unknown."""
    done = swept(workbench, "ended-sessions")
    assert done.exit_code is ExitCode.UNKNOWN
    assert done.result.findings == ()
    skipped = [item for item in done.result.skipped if item.where.endswith(" as session")]
    assert len(skipped) == len(SessionService().access) - 1  # the anonymous route asks for no session
    assert {item.why for item in skipped} == {
        "the credential is no longer valid (session_expired): make a new one, and run the probe again"
    }


@pytest.mark.process
def test_a_made_up_credential_that_is_said_to_have_ended_is_refused_like_any_other(workbench):
    """A refusal is a refusal, whatever its code: only a real credential can have ended."""
    assert swept(workbench, "garbage-has-ended").exit_code is ExitCode.GREEN


@pytest.mark.parametrize(
    ("route", "role", "expected"),
    [
        ("POST /sign-ins", "finance", LET_IN_TO_CHANGE),
        ("POST /sign-ins", ANONYMOUS, LET_IN_TO_CHANGE),
        ("GET /document", "finance", LET_IN_TO_READ),
        ("POST /keys", "session", REFUSED),
        ("POST /keys", "stepped_up", LET_IN_TO_CHANGE),
    ],
)
def test_a_route_for_anybody_is_open_to_every_role(route, role, expected):
    """Who needs no credential is not kept out for having one."""
    roles = {"POST /sign-ins": (ANONYMOUS,), "GET /document": (ANONYMOUS,), "POST /keys": ("stepped_up",)}
    assert expected_of(route, role, roles) == expected


@pytest.mark.parametrize(("code", "said"), [("session_expired", True), ("session_revoked", True), ("unauthenticated", False)])
def test_only_an_ended_credential_leaves_a_401_undecided(code, said):
    """Any other 401 to a good credential is a closed door."""
    assert (undecided(401, code) is not None) is said
