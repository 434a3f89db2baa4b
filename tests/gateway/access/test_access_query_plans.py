"""Query plans of access: nothing that a caller can cause walks through the rows of everybody."""

import re

import pytest

NOW, HASH = "2026-11-23T10:00:00.000Z", "0" * 32

QUERIES = {
    "sign_ins.find": lambda access: access.sign_ins.find("sgn_1"),
    "sign_ins.use": lambda access: access.sign_ins.use("sgn_1", NOW),
    "sign_ins.add_try": lambda access: access.sign_ins.add_try("sgn_1"),
    "sign_ins.sent_again": lambda access: access.sign_ins.sent_again("sgn_1", NOW),
    "sign_ins.purge": lambda access: access.sign_ins.purge(NOW, 1),
    "throttles.newest": lambda access: access.throttles.newest(HASH, "sent", NOW, 1),
    "throttles.failures_in_row": lambda access: access.throttles.failures_in_row(HASH),
    "throttles.succeed": lambda access: access.throttles.succeed(HASH),
    "throttles.forget": lambda access: access.throttles.forget(HASH),
    "throttles.purge": lambda access: access.throttles.purge(NOW, 1),
    "throttles.purge_rows": lambda access: access.throttles.purge_rows(NOW, 100, 1),
    "people.find": lambda access: access.people.find("per_1"),
    "people.of_address": lambda access: access.people.of_address(HASH),
    "people.tenants": lambda access: access.people.tenants("per_1"),
    "sessions.find": lambda access: access.sessions.find("ses_1"),
    "sessions.of_token": lambda access: access.sessions.of_token(bytes(32)),
    "sessions.live": lambda access: access.sessions.live("per_1", NOW, NOW),
    "sessions.see": lambda access: access.sessions.see("ses_1", NOW),
    "sessions.end": lambda access: access.sessions.end("ses_1", NOW, "logout"),
    "sessions.end_of_person": lambda access: access.sessions.end_of_person("per_1", NOW, "logout"),
    "sessions.end_of_tenant": lambda access: access.sessions.end_of_tenant("ten_1", NOW),
    "sessions.purge": lambda access: access.sessions.purge(NOW, 1),
}
WALK = re.compile(r"SCAN (?!CONSTANT ROW|\(subquery|SUBQUERY)")


@pytest.mark.parametrize("name", QUERIES)
def test_no_statement_of_access_walks_through_the_rows_of_everybody(entrance, name):
    """Each finds its rows by an index, however many users there are."""
    sent = []
    entrance.connection.set_trace_callback(sent.append)
    try:
        QUERIES[name](entrance.tx.access)
    finally:
        entrance.connection.set_trace_callback(None)
    assert sent
    plans = [line for sql in sent for *_, line in entrance.connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert [line for line in plans if WALK.match(line)] == []
