"""Many simulated users: whatever they do and whatever fails, each comes to an end, and nobody comes in without a right code.

`pytest tests/gateway/access/test_many_users.py -s` prints the distribution of ends; so does the nightly run of 10,000.
"""

from collections import Counter
from pathlib import Path
from random import Random

import msgspec
import pytest
from certified import authority
from crowd import Crowd, drawn
from crowd_checks import CHECKS
from crowd_person import ENDS
from crowd_service import Service
from crowd_user import User
from gateway_process import demo, running
from mail_server import mail_server

from gateway.machines.onboarding import OnboardingState

QUICK, FULL, OVER_HTTP = 300, 10_000, 200
SEED = 20261201
SHARE = {"completed", "trust_only", "paused", "blocked"}


def report(name, found) -> str:
    """One line of figures, with the largest first."""
    ordered = sorted(found.items(), key=lambda item: -item[1])
    return f"{name}: " + ", ".join(f"{key} {count}" for key, count in ordered)


def published(crowd, folder: Path) -> None:
    """Print the distribution of ends, and write it with everything that was answered."""
    print(f"\n{len(crowd.users)} users, {crowd.world.requests} requests until {crowd.world.settings.now_text()}")  # noqa: T201  # what -s is for
    print(report("ends", crowd.ends()))  # noqa: T201  # the same
    found = {"ends": crowd.ends(), "events": crowd.events(), "outcomes": crowd.outcomes()}
    (folder / "many-users.json").write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2))


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """Some hundred users, all at their ends."""
    folder = tmp_path_factory.mktemp("crowd")
    made = Crowd(folder, QUICK, SEED)
    made.run()
    published(made, folder)
    yield made
    made.world.close()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_what_must_hold_holds_for_some_hundred_users(crowd, check):
    """Ends, sessions, tries, throttles, tenants, mails, secrets and what is forgotten: found again from requests and tables."""
    check(crowd)


def test_the_crowd_meets_what_it_is_there_for(crowd):
    """Each end is reached, and each of the answers that sign-in can give was given; a crowd that meets nothing proves nothing."""
    assert set(crowd.ends()) == SHARE
    given = {name for name, count in crowd.outcomes().items() if count}
    for kind, outcomes in {
        "sign_in": ("ok", "otp_throttled", "mail_unavailable"),
        "resend_code": ("ok", "otp_throttled"),
        "verify": ("ok", "otp_invalid", "otp_expired", "otp_used", "otp_locked"),
        "create_tenant": ("ok", "signup_closed", "session_expired", "session_revoked"),
        "create_key": ("ok", "step_up_required"),
        "bootstrap": ("ok", "bootstrap_key_invalid", "bootstrap_key_used"),
        "reserve": ("ok", "insufficient_funds"),
    }.items():
        assert {f"{kind}: {outcome}" for outcome in outcomes} <= given


def test_the_same_seed_is_the_same_crowd(tmp_path):
    """Every request and every answer, in the same order; another seed is another crowd."""
    traces = []
    for name, seed in (("one", 5), ("two", 5), ("three", 6)):
        (tmp_path / name).mkdir()
        made = Crowd(tmp_path / name, 40, seed)
        made.run()
        traces.append(made.world.trace.hexdigest())
        made.world.close()
    assert traces[0] == traces[1]
    assert traces[0] != traces[2]


@pytest.mark.nightly(minutes=7)
def test_ten_thousand_users_come_to_an_end(tmp_path):
    """Over some simulated days; the distribution of their ends is printed and written."""
    made = Crowd(tmp_path, FULL, SEED)
    made.run()
    published(made, tmp_path)
    for check in CHECKS:
        check(made)
    assert set(made.ends()) == SHARE
    made.world.close()


@pytest.mark.nightly(minutes=2)
@pytest.mark.process
def test_two_hundred_users_come_to_an_end_over_http(tmp_path):
    """The same users at a real gateway, with codes over a real mail server."""
    db, rng = tmp_path / "gateway.db", Random(SEED)  # noqa: S311  # a simulation's seed
    demo(db)
    ca, tls = authority(tmp_path)
    with mail_server(starttls=tls) as server:
        smtp = ("--mail", "smtp", "--smtp", f"smtp://127.0.0.1:{server.port}", "--smtp-ca", str(ca))
        options = ("--mail-from", "gateway@example.com", "--trusted-proxy", "127.0.0.1/32", "--default-rate", "0")
        with running(db, *smtp, *options) as process:
            service = Service(process.url, db, server, rng)
            users = [User(service, drawn(rng), number) for number in range(OVER_HTTP)]
            acting = list(users)
            while acting:
                acting = [user for user in acting if user.act() is not None]
            service.close()
    ends = Counter(user.state.value for user in users)
    print(report(f"\n{OVER_HTTP} users over HTTP, {len(service.log)} requests, ends", ends))  # noqa: T201  # what -s is for
    assert {OnboardingState(name) for name in ends} <= set(ENDS)
    assert ends["completed"] > OVER_HTTP // 4
    first = [item for item in service.log if item.kind == "verify" and item.status == 200 and not item.replayed]
    assert len({item.ids[0] for item in first}) == len(first)
    assert all(item.body["code"] == service.key.code(item.ids[0]) for item in first)
