"""What must hold for a crowd, whatever its users did: found again from requests and tables, not from the handlers."""

import datetime as dt
import re
from collections import defaultdict
from ipaddress import ip_network

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
MAILED = ("sign_in", "resend_code", "request_code", "change_address")
TAKEN = ("verify", "step_up", "confirm_address")
ERASABLE = ("sign_ins", "mails", "persons")
"""The tables that may hold an address."""

FORGOTTEN = ("sign_ins", "mails", "throttles", "sessions")
"""The tables whose rows go a day after their end."""

_CODE = re.compile(r"(?<![0-9A-Za-z])[0-9]{8}(?![0-9A-Za-z])")
_SECRET = re.compile(r"gn[bsg]_[A-Za-z0-9_-]{20,}|[\w.+-]+@(?:example|claimed)[\w.]+")


def all_ended(crowd):
    """Every user is at an end of the machine."""
    assert [user.number for user in crowd.users if not user.ended] == []


def one_session_a_code(crowd):
    """Each challenge was traded once, with its own code, and each session in the store comes from such a trade."""
    first = [item for item in crowd.world.log if item.kind == "verify" and item.status == 200 and not item.replayed]
    traded = [item.ids[0] for item in first]
    assert len(traded) == len(set(traded))
    key = crowd.world.engine._access_key
    assert all(item.body["code"] == key.code(item.ids[0]) for item in first)
    sessions = {item.answer["session_id"] for item in first}
    assert {row[0] for row in _rows(crowd, "SELECT session_id FROM sessions")} <= sessions
    assert len(sessions) == len(first)


def codes_are_right(crowd):
    """What a code opened besides sessions, a step-up or a new address, it opened with the code of its own challenge."""
    key = crowd.world.engine._access_key
    for item in crowd.world.log:
        if item.kind in ("step_up", "confirm_address") and item.status == 200:
            assert item.body["code"] == key.code(item.body["sign_in_id"])


def five_tries_a_challenge(crowd):
    """No challenge had more than five wrong codes looked at."""
    wrong = defaultdict(int)
    for item in crowd.world.log:
        if item.outcome == "otp_invalid" and not item.replayed:
            wrong[_challenge(item)] += 1
    assert max(wrong.values(), default=0) <= 5


def throttles_hold(crowd):
    """Codes for an address, starts of a network, and one start an hour after twenty wrong codes: counted again from the log."""
    mailed, started, failed = defaultdict(list), defaultdict(list), defaultdict(list)
    for item in crowd.world.log:
        if item.replayed:
            continue
        whose = crowd.world.whose.get(_challenge(item))
        if item.outcome == "otp_invalid":
            failed[whose].append(item.at)
        if item.kind not in MAILED or item.status != 202:
            continue
        if item.kind != "resend_code":
            late = [at for at in failed[whose] if item.at - at < DAY]
            recent = [at for at in started[whose] if item.at - at < HOUR]
            assert len(late) < 20 or not recent, f"{whose} had {len(late)} wrong codes and starts again"
            started[whose].append(item.at)
        mailed[whose].append(item.at)
        if item.kind == "sign_in":
            started[str(ip_network(f"{item.network}/24", strict=False))].append(item.at)
    assert all(_most(times, HOUR) <= 5 and _most(times, DAY) <= 10 for times in mailed.values())
    assert max(_most(times, HOUR) for name, times in started.items() if "/" in name) <= 20


def no_tenant_without_a_code(crowd):
    """Each tenant was made by somebody with a session, or by the house with a bootstrap key."""
    made = {item.answer["tenant_id"] for item in crowd.world.log if item.kind == "create_tenant" and item.status == 201}
    handed = {item.answer["tenant_id"] for item in crowd.world.log if item.kind == "make_bootstrap_key" and item.status == 201}
    tenants = {row[0] for row in _rows(crowd, "SELECT tenant_id FROM tenants")}
    assert tenants - {"ten_house", "system"} == made | handed
    sql = "SELECT count(*) FROM memberships m JOIN persons p USING (person_id) WHERE p.address IS NOT NULL"
    assert _rows(crowd, sql)[0][0] == len(made)


def five_sessions_a_person(crowd):
    """Nobody ever had more than five sessions at once, and somebody had five."""
    assert crowd.most_sessions == 5


def each_mail_once(crowd):
    """Each code that was promised was queued once and sent at most once, and no other; nothing waits whose code is over."""
    promised = sum(item.kind in MAILED and item.status == 202 and not item.replayed for item in crowd.world.log)
    assert crowd.world.queued() == promised >= len(crowd.world.mailbox.sent) > 0
    assert max(crowd.world.mailbox.sent.values(), default=1) == 1
    sql = "SELECT count(*) FROM mails WHERE state = 'queued' AND expires_at <= ?"
    assert _rows(crowd, sql, (crowd.world.settings.now_text(),))[0][0] == 0


def nothing_secret_is_kept(crowd):
    """No table but those that can be erased has an address, and none at all has a code, a token or a key."""
    world, key = crowd.world, crowd.world.engine._access_key
    codes = {key.code(name) for name in world.whose}
    tables = [row[0] for row in _rows(crowd, "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql <> ''")]
    for table in tables:
        for row in _rows(crowd, f"SELECT * FROM {table}"):  # noqa: S608  # the schema's own names
            text = " ".join(str(value) for value in row if isinstance(value, str | bytes))
            assert not codes & set(_CODE.findall(text)), f"a code in {table}"
            found = [item for item in _SECRET.findall(text) if table not in ERASABLE or "@" not in item]
            assert found == [], f"a secret in {table}"


def what_is_over_is_forgotten(crowd):
    """Two days later the tidying has emptied the tables of challenges, mails, counts and sessions."""
    world = crowd.world
    world.pass_time(world.now + dt.timedelta(days=2))
    world.tidy(to_the_end=True)
    left = {table: len(_rows(crowd, f"SELECT 1 FROM {table}")) for table in FORGOTTEN}  # noqa: S608  # names above
    assert left == dict.fromkeys(FORGOTTEN, 0)


CHECKS = (
    all_ended,
    one_session_a_code,
    codes_are_right,
    five_tries_a_challenge,
    throttles_hold,
    no_tenant_without_a_code,
    five_sessions_a_person,
    each_mail_once,
    nothing_secret_is_kept,
    what_is_over_is_forgotten,
)


def _rows(crowd, sql, values=()):
    return crowd.world.engine._store._writer.execute(sql, values).fetchall()


def _challenge(item) -> str:
    return item.answer.get("sign_in_id") or item.body.get("sign_in_id") or (item.ids[0] if item.ids else "")


def _most(times, window) -> int:
    """The most events within one window."""
    first, most = 0, 0
    for last, at in enumerate(times):
        while at - times[first] >= window:
            first += 1
        most = max(most, last - first + 1)
    return most
