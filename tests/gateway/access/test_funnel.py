"""The funnel as the gateway writes it: first occurrences, in order, on its own clock, one cohort for each run."""

import datetime as dt
from functools import partial

import msgspec
import pytest
from gateway_house import House
from gateway_shop import refusal

from gateway.access.funnel import MOST_RUNS_AN_HOUR, note_returns
from gateway.access.mail.delivery import SENT, Delivered, MailCode, Outcome
from gateway.access.mail.steps import write_result
from gateway.clock import later, system_clock
from gateway.command_line.house import acting
from gateway.store.access_rows import NewMail, SignInRow


class SetClock:
    """The system's clock, and what a test adds to it."""

    def __init__(self):
        self.later = dt.timedelta()

    def __call__(self):
        return system_clock() + self.later


@pytest.fixture
def house(tmp_path):
    """A gateway with a clock that can be set."""
    clock = SetClock()
    with House(tmp_path, clock=clock) as made:
        made.clock = clock
        yield made


def start(house, run):
    """Announce a run."""
    return house.post("/v1/access/runs", {"run": run, "version": "1.0"}, None)


def report(house, run, event, role="agent", **more):
    """Report an event of a run."""
    return house.post(f"/v1/access/runs/{run}/events", {"event": event, **more}, role)


def lines(house, query="", role="house_support"):
    """The funnel as the house reads it, without the run that demo data begins with."""
    answer = house.ask("GET", f"/v1/house/funnel{query}", role)
    assert answer.headers["content-type"] == "application/x-ndjson"
    found = [msgspec.json.decode(line) for line in answer.content.splitlines()]
    return [line for line in found if line["run"] != house.demo.run]


def label(house, tenant_id, cohort):
    """Set a tenant's cohort."""
    body = {"cohort": cohort, "reason": "test"}
    return house.ok(house.post(f"/v1/house/tenants/{tenant_id}/cohort", body, "house_operator"), 200)


def new_tenant(house, run=None):
    """A tenant of the house's making, and its agent's key."""
    body = {"tenant_name": "Other", "roles": ["agent"], "reason": "test"}
    made = house.ok(house.post("/v1/house/bootstrap-keys", body, "house_operator"))
    body = {"agent_id": "o"} | ({"run": run} if run else {})
    return made["tenant_id"], house.ok(house.post("/v1/access/bootstrap", body, made["key"]))["keys"][0]["key"]


def test_a_run_is_a_line_for_each_event_on_the_gateways_clock(house):
    """Started without a credential; what the client reports carries its tenant, and so does the whole run from then on."""
    assert house.ok(start(house, "run_a1"), 202) == {"run": "run_a1"}
    house.ok(report(house, "run_a1", "host_ok", host="claude-code"), 202)
    house.ok(report(house, "run_a1", "call_tried"), 202)
    found = lines(house)
    assert [line["event"] for line in found] == ["started", "host_ok", "call_tried"]
    assert [line["seq"] for line in found] == [2, 3, 4]
    assert {line["tenant"] for line in found} == {house.demo.tenant_id}
    assert found[1]["host"] == "claude-code"
    assert set(found[0]) == {"v", "seq", "event", "at", "tenant", "run", "cohort", "host", "step", "code", "labelled_at"}
    assert [line["event"] for line in lines(house, "?after=3")] == ["call_tried"]
    assert [line["event"] for line in lines(house, "?after=1&limit=1")] == ["started"]


def test_each_event_counts_once_and_a_repeat_is_no_error(house):
    """Another idempotency key, the same event; failures count once for each step and code."""
    start(house, "run_b1")
    for _ in range(2):
        house.ok(report(house, "run_b1", "host_ok"), 202)
        house.ok(report(house, "run_b1", "failed", step="hosts", code="host_file_locked"), 202)
    house.ok(report(house, "run_b1", "failed", step="hosts", code="host_not_found"), 202)
    assert [line["event"] for line in lines(house)] == ["started", "host_ok", "failed", "failed"]


@pytest.mark.parametrize("event", ["call_tried", "receipt_verified"])
def test_what_comes_before_the_host_is_out_of_order(house, event):
    """The refusal names what is missing, and nothing is written."""
    start(house, "run_c1")
    answer = report(house, "run_c1", event)
    assert refusal(answer) == (409, "event_out_of_order")
    assert "host_ok" in answer.json()["detail"]
    assert [line["event"] for line in lines(house)] == ["started"]


def test_a_run_that_is_not_there_or_is_another_tenants_is_not_found(house):
    """A run belongs to the tenant that reported for it first."""
    assert refusal(report(house, "run_dead", "host_ok")) == (404, "not_found")
    start(house, "run_d1")
    house.ok(report(house, "run_d1", "host_ok"), 202)
    _, other = new_tenant(house)
    assert refusal(report(house, "run_d1", "call_tried", other)) == (404, "not_found")


def test_what_a_path_names_never_stands_for_a_tenants_key(house):
    """Another tenant reports for a run that it calls by the victim's tenant id: the victim's key has led to nothing."""
    _, other = new_tenant(house)
    key = house.fresh()
    answer = house.post(f"/v1/access/runs/{house.demo.tenant_id}/events", {"event": "host_ok"}, other, key)
    assert refusal(answer) == (404, "not_found")
    assert refusal(house.ask("GET", f"/v1/idempotency-keys/{key}")) == (404, "not_found")


def test_a_run_begins_once(house):
    """A second announcement of its id, with another key, is refused and moves no clock."""
    start(house, "run_e1")
    assert refusal(start(house, "run_e1")) == (409, "name_taken")
    assert len(lines(house)) == 1


def test_a_code_counts_as_sent_once_its_mail_was_handed_over(house):
    """Not before, and once for all the mails of a run."""
    start(house, "run_91")
    now = house.settings.now_text()
    until = later(house.clock(), 600)
    with acting(house.settings, "test") as act:
        access = act.tx.access
        access.sign_ins.add(SignInRow("sgn_1", "sign_in", "ann@example.com", "a" * 32, None, "run_91", now, until, now))
        for mail_id in ("mai_1", "mai_2"):
            access.mails.add(NewMail(mail_id, "sgn_1", "ann@example.com", "sign_in", now, until))
        held = access.mails.due(now, 2)
    refused = Delivered(Outcome.REFUSED, MailCode.MAIL_REFUSED)
    house.run(house.engine.run_chore(partial(write_result, held=held[0], delivered=refused)))
    assert [line["event"] for line in lines(house)] == ["started"]
    for _ in range(2):
        house.run(house.engine.run_chore(partial(write_result, held=held[1], delivered=SENT)))
    assert [line["event"] for line in lines(house)] == ["started", "code_sent"]


def test_a_bootstrap_key_with_a_run_makes_its_key_event(house):
    """So the run has its tenant before the client reports anything."""
    start(house, "run_f1")
    tenant_id, _ = new_tenant(house, "run_f1")
    assert [(line["event"], line["tenant"]) for line in lines(house)] == [
        ("started", tenant_id),
        ("key_made", tenant_id),
    ]


def test_whether_a_receipt_was_paid_is_the_gateways_word(house):
    """A client that says so without a settled payment of this run is trust-only."""
    house.ok(house.post(f"{house.reserved()}/settle", {}), 200)
    for run in ("run_aa", "run_bb"):
        start(house, run)
        house.ok(report(house, run, "host_ok"), 202)
        if run == "run_bb":
            house.ok(house.post(f"{house.reserved()}/settle", {}), 200)
        house.ok(report(house, run, "receipt_verified", step="paid"), 202)
    steps = [line["step"] for line in lines(house) if line["event"] == "receipt_verified"]
    assert steps == ["trust_only", "paid"]


def test_a_paid_receipt_after_a_trial_is_written_once(house):
    """Who tried without money first and pays later in the same setup has paid; a repeat adds nothing."""
    start(house, "run_cc")
    house.ok(report(house, "run_cc", "host_ok"), 202)
    house.ok(report(house, "run_cc", "receipt_verified"), 202)
    house.ok(house.post(f"{house.reserved()}/settle", {}), 200)
    for _ in range(2):
        house.ok(report(house, "run_cc", "receipt_verified"), 202)
    assert [line["step"] for line in lines(house) if line["event"] == "receipt_verified"] == ["trust_only", "paid"]


def test_events_later_than_seven_days_are_taken_and_not_counted(house):
    """The client is not troubled, the funnel stays as it was."""
    start(house, "run_01")
    house.clock.later = dt.timedelta(days=7, seconds=1)
    house.ok(report(house, "run_01", "host_ok"), 202)
    assert [line["event"] for line in lines(house)] == ["started"]


def test_a_run_has_one_cohort_whatever_its_tenant_is_labelled_later(house):
    """The first label counts back to a run that began before it, and shows when it came; a later one never does."""
    tenant_id, key = new_tenant(house)
    labelled = {}
    for number, cohort in enumerate((None, "external", "canary"), 2):
        if cohort:
            labelled[cohort] = label(house, tenant_id, cohort)["history"][-1]["at"]
        house.clock.later = dt.timedelta(hours=number)
        start(house, f"run_0{number}")
        house.ok(report(house, f"run_0{number}", "host_ok", key), 202)
        if cohort is None:
            assert {(line["cohort"], line["labelled_at"]) for line in lines(house)} == {("none", None)}
    found = {line["run"]: line["cohort"] for line in lines(house)}
    assert found == {"run_02": "external", "run_03": "external", "run_04": "canary"}
    assert {line["run"]: line["labelled_at"] for line in lines(house)} == {
        "run_02": labelled["external"],
        "run_03": labelled["external"],
        "run_04": labelled["canary"],
    }


def returned(house):
    """Let the gateway look for returns; the days that the funnel has."""
    house.run(house.engine.run_chore(note_returns))
    return [line["step"] for line in lines(house) if line["event"] == "returned"]


def test_a_user_who_pays_again_on_later_days_has_returned(house):
    """Each of the days one to seven once, by a request of the tenant's own; a hold that expires is nobody's return."""
    start(house, "run_05")
    house.ok(report(house, "run_05", "host_ok"), 202)
    house.ok(report(house, "run_05", "receipt_verified"), 202)
    house.reserved()
    assert returned(house) == []
    house.clock.later = dt.timedelta(days=2, hours=1)
    house.run(house.engine.tidy())
    assert house.rows("SELECT count(*) FROM operations WHERE kind = 'expire'") == [(1,)]
    assert returned(house) == []
    house.reserved()
    assert returned(house) == returned(house) == ["2"]
    house.clock.later = dt.timedelta(days=7, hours=2)
    house.reserved()
    assert returned(house) == ["2", "7"]
    house.clock.later = dt.timedelta(days=9)
    house.reserved()
    assert returned(house) == ["2", "7"]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"event": "started"}, "$.event"),
        ({"event": "returned"}, "$.event"),
        ({"event": "host_ok", "host": "Ann's Mac"}, "$.host"),
        ({"event": "failed", "code": "x" * 65}, "$.code"),
        ({"event": "failed", "at": "2026-01-01"}, "$"),
        ({}, "$"),
    ],
)
def test_a_report_says_nothing_but_what_the_funnel_has_room_for(house, body, where):
    """Neither the time nor free text, in which something secret could stand."""
    start(house, "run_06")
    answer = house.post("/v1/access/runs/run_06/events", body)
    assert refusal(answer) == (400, "invalid_request")
    assert where in answer.json()["detail"]


@pytest.mark.parametrize("run", ["run_", "run_XYZ", "ten_1", "run_" + "a" * 65, ""])
def test_a_run_is_known_by_a_plain_id(house, run):
    """Hexadecimal digits, which no person is named by."""
    assert refusal(start(house, run)) == (400, "invalid_request")


def test_how_many_setups_a_network_begins_in_an_hour_is_limited(house):
    """Anybody may announce one; the refusal says when the next one may begin."""
    for number in range(MOST_RUNS_AN_HOUR):
        house.ok(start(house, f"run_{number:x}"), 202)
    answer = start(house, "run_ffff")
    assert refusal(answer) == (429, "rate_limited")
    assert 3500 < int(answer.headers["retry-after"]) <= 3600
    house.clock.later = dt.timedelta(minutes=61)
    house.ok(start(house, "run_ffff"), 202)
