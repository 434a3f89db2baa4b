"""Journals of setups: read whole or refused, and what they show."""

import msgspec
import pytest
from setup_files import BLOCKED, BUILD, COMPLETED, PAUSED, STUMBLED, TRUST_ONLY, Setup, completed, machine, run_id

from gates.probes.onboarding.journal import Broken, read_journal
from gates.probes.onboarding.life import End, FailureStep, Row, dead_rows
from gates.probes.onboarding.walked import DEAD_ENDS, DECISIONS, NO_NEXT, ROUTES, Known, judge, sort_out

NOBODY = Known({}, frozenset(), frozenset())


def known(*numbers: int, paid: bool = True, cohort: str = "simulated", owed: tuple[int, ...] = ()) -> Known:
    """What the gateway knows of these runs."""
    runs = {run_id(number): cohort for number in numbers}
    return Known(runs, frozenset(runs if paid else ()), frozenset(run_id(number) for number in owed))


def judged(*setups: Setup, knows: Known | None = None, life=None):
    """The result of these journals, of runs that the gateway knows."""
    files = [(f"{setup.run}.jsonl", setup.data) for setup in setups]
    knows = knows or Known({setup.run: "simulated" for setup in setups}, frozenset(setup.run for setup in setups), frozenset())
    return judge(life or machine(), sort_out(files, knows, "completed", BUILD))


def test_a_whole_journal_is_read_with_its_mode_and_build():
    """Every line, in its order."""
    journal = read_journal(completed(1).data)
    assert (journal.run, journal.mode, journal.build, journal.torn) == (run_id(1), "quick", BUILD, False)
    assert [line.event for line in journal.moves] == list(COMPLETED)


def test_a_torn_last_line_counts_for_nothing_and_is_named():
    """A kill in the middle of a write leaves half a line; the lines before it hold."""
    data = completed(1).data
    journal = read_journal(data + data.split(b"\n")[-2][:40])
    assert (journal.torn, len(journal.lines)) == (True, len(COMPLETED))
    files = [("a.jsonl", data + b'{"seq":')]
    found = judge(machine(), sort_out(files, known(1), "completed", BUILD))
    assert found.facts["torn"] == ["a.jsonl"]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda lines: [*lines[:3], *lines[4:]], "line 4: it is number 5"),
        (lambda lines: [lines[0], lines[1].replace(b"service", b"Service"), *lines[2:]], "line 3: it does not name the line"),
        (lambda lines: [*lines[:2], *lines[1:]], "line 3: it is number 2"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "line 1: it is number 2"),
        (lambda lines: [*lines[:2], b"{}", *lines[2:]], "line 3: not a line of a setup's journal"),
        (lambda lines: [*lines[:2], b"\xff\xfe", *lines[2:]], "line 3: not a line of a setup's journal"),
        (lambda lines: [lines[0].replace(b"2026-11-23T09", b"2026-99-23T09"), *lines[1:]], "line 1: not a line of a setup's"),
        (lambda _lines: [], "it holds no whole line"),
    ],
)
def test_a_journal_that_was_changed_is_refused_with_its_line(spoil, says):
    """Removed, changed, doubled, moved, foreign and unreadable lines, and no line at all."""
    lines = spoil(completed(1).data.split(b"\n")[:-1])
    with pytest.raises(Broken) as caught:
        read_journal(b"".join(line + b"\n" for line in lines))
    assert says in str(caught.value)


def test_lines_of_another_run_break_a_journal():
    """One journal is of one run."""
    setup = completed(1)
    setup.line(run=run_id(2))
    with pytest.raises(Broken, match="it is of the run run_0"):
        read_journal(setup.data)


def test_good_setups_show_no_dead_end_five_or_six_decisions_and_no_silent_failure():
    """Completed and trust-only ones; each pair of the machine was looked at."""
    found = judged(completed(1), Setup(run_id(2)).walk(*TRUST_ONLY), Setup(run_id(3)).walk(*STUMBLED))
    dead, decisions, silent = (found.measures[name] for name in (DEAD_ENDS, DECISIONS, NO_NEXT))
    assert (found.findings, found.skipped) == ((), ())
    assert (dead.value, dead.samples, dead.made_of["setups"]) == ("0", len(machine().rows), 3)
    assert (decisions.value, decisions.samples, decisions.statistic) == ("5", 2, "max")
    assert (silent.value, silent.samples) == ("0", len(machine().failures) + 1)


def test_a_quick_setup_that_asks_seven_times_is_seen():
    """The most decisions count, not the usual number; a repeated decision counts again."""
    asked = Setup(run_id(1)).walk(*COMPLETED[:10])
    asked.line(state="host_written", event="applied", next="host_planned")
    asked.state = "host_planned"
    asked.walk("applied")
    asked.line(state="host_written", event="applied", next="host_planned")
    asked.state = "host_planned"
    asked.walk("applied", "host_sees_it", "pay", "settled", "payment_verified")
    assert judged(completed(2), asked).measures[DECISIONS].value == "7"


@pytest.mark.parametrize(
    ("events", "last", "measure", "found"),
    [
        (BLOCKED, {"next_command": None}, DEAD_ENDS, "none"),
        (PAUSED, {"next_command": "open a ticket"}, DEAD_ENDS, "none"),
        (BLOCKED, {"code": None}, NO_NEXT, "code none"),
        (BLOCKED, {"code": "no_such_code"}, NO_NEXT, "code no_such_code"),
        (BLOCKED, {"next_command": ""}, NO_NEXT, "service_unreachable, and no command"),
        (COMPLETED[:3], {"next": "blocked", "next_command": "gonogo setup resume"}, DEAD_ENDS, "to blocked"),
    ],
)
def test_an_end_without_a_way_on_and_a_failure_without_a_next_step_are_findings(events, last, measure, found):
    """An end needs a command, a failure a code that has a row, and a step has to be one of the machine."""
    result = judged(Setup(run_id(1)).walk(*events, **last))
    assert (result.measures[measure].value, found) in [("1", item.found) for item in result.findings if item.measure == measure]


def test_a_setup_that_goes_on_from_another_state_is_a_finding():
    """Between two steps nothing else moved it; a resume begins again."""
    setup = Setup(run_id(1)).walk(*COMPLETED[:3])
    setup.state = "signed_in"
    setup.walk("tenant_made")
    assert [item.found for item in judged(setup).findings] == ["at signed_in"]
    resumed = Setup(run_id(2)).walk(*PAUSED)
    resumed.state = None
    resumed.walk(*COMPLETED)
    assert judged(resumed).findings == ()


def test_what_cannot_count_is_skipped_and_never_passed_over():
    """A broken chain, an unknown run, a claim that the gateway does not confirm, and a setup of ours without a journal."""
    broken = [("broken.jsonl", completed(1).data.replace(b"service", b"Service", 1))]
    claimed = [("claimed.jsonl", completed(2).data)]
    unknown = [("unknown.jsonl", completed(3).data)]
    knows = Known({run_id(2): "simulated", run_id(4): "simulated"}, frozenset(), frozenset({run_id(4)}))
    found = judge(machine(), sort_out([*broken, *claimed, *unknown], knows, "completed", BUILD))
    why = {item.where: item.why for item in found.skipped if item.measure == DEAD_ENDS}
    assert [why[name].partition(":")[0] for name in ("broken.jsonl", "unknown.jsonl")] == [
        "broken",
        f"the gateway knows no run {run_id(3)}",
    ]
    assert "knows no paid and verified receipt" in why["claimed.jsonl"]
    assert "there is no journal of it" in why[run_id(4)]
    assert all(measure.skipped == 4 for measure in found.measures.values())


def test_two_different_journals_of_one_run_are_not_chosen_from():
    """The same file twice is one; another one of the same run is skipped."""
    other = Setup(run_id(1)).walk(*TRUST_ONLY)
    same = sort_out([("a", completed(1).data), ("b", completed(1).data)], known(1), "completed", BUILD)
    assert ([one.name for one in same.counted], same.skipped) == (["a"], ())
    two = sort_out([("a", completed(1).data), ("b", other.data)], known(1), "completed", BUILD)
    assert two.skipped == (("b", f"another journal of the run {run_id(1)}"),)


def test_a_journal_of_another_build_is_counted_apart():
    """It says nothing about this build, and stands in the facts."""
    found = judged(completed(1), completed(2, build="00" * 32))
    assert (found.measures[DEAD_ENDS].made_of["setups"], found.measures[DEAD_ENDS].made_of["other_build"]) == (1, 1)
    assert found.facts["other_build"] == [f"{run_id(2)}.jsonl"]


def test_failed_requests_are_counted_without_the_proven_outages_of_others():
    """No answer and a 5xx are failures; a 503 by which the gateway proves that the mail is out is no sample."""
    setup = completed(1)
    setup.line(request={"route": "POST /v1/access/sign-ins", "status": 202})
    setup.line(request={"route": "POST /v1/access/sign-ins", "status": 503}, code="mail_unavailable", next_command="gonogo setup")
    setup.line(request={"route": "GET /v1/wallets", "status": None}, phase="failed", code="service_unreachable")
    setup.line(request={"route": "GET /v1/wallets", "status": 500}, phase="failed", code="internal", next_command="gonogo setup")
    routes = judged(setup).measures[ROUTES]
    assert (routes.samples, routes.failures, routes.made_of) == (4, 2, {"outages_of_others": 1})


def test_waits_are_added_up_by_what_was_waited_for():
    """The time from a line to the next one, on the clock that never steps back; a resume starts again."""
    setup = Setup(run_id(1)).walk("begin", "probe_ok", "address", waiting_on="mail")
    setup.line(mono_ms=60_000, waiting_on="user").line(mono_ms=90_000).line(mono_ms=10, waiting_on="user")
    facts = judged(setup).facts
    assert facts["waits"] == [{"waiting_on": "mail", "ms": 59_250}, {"waiting_on": "user", "ms": 30_000}]


def test_the_shipped_machine_has_no_dead_end():
    """In none of the sets of outages."""
    assert list(dead_rows(machine())) == []


def test_a_machine_with_a_dead_end_shows_it_with_the_outage():
    """A row that leads into a trap, an end without a way on, and an event that needs what is out."""
    life = machine()
    trap = msgspec.structs.replace(life, rows=(*life.rows, Row("host_ok", "fell", "trapped", "step")))
    assert [item.found for item in dead_rows(trap)] == ["trapped leads to none with everything at hand"]
    mute = msgspec.structs.replace(life, ends=(*(one for one in life.ends if one.state != "blocked"), End("blocked")))
    mute = msgspec.structs.replace(mute, ends=tuple(sorted(mute.ends, key=lambda one: one.state != "completed")))
    assert "blocked leads to none" in " ".join(item.found for item in dead_rows(mute))
    on = ("later", "rail_down", "has_money")
    needy = tuple(msgspec.structs.replace(row, needs=("rail",)) if row.event in on else row for row in life.rows)
    assert any("without rail" in item.found for item in dead_rows(msgspec.structs.replace(life, rows=needy)))


def test_a_code_without_a_next_step_is_a_finding_before_anybody_meets_it():
    """The table is looked at as well as the journals."""
    life = machine()
    silent = msgspec.structs.replace(life, failures=(*life.failures, FailureStep("mute", "", "gonogo explain mute", "errors.md")))
    assert [(item.measure, item.where) for item in judged(completed(1), life=silent).findings] == [(NO_NEXT, "code mute")]


def test_nothing_handed_in_measures_no_decisions():
    """Without a quick setup that came through there is no maximum."""
    result = judge(machine(), sort_out([], NOBODY, "completed", BUILD))
    assert (result.measures[DECISIONS].value, result.measures[DECISIONS].samples) == (None, 0)
    assert result.measures[ROUTES].value is None
