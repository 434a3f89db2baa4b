"""A walk from its first step to its statement."""

import msgspec
import pytest
from runbook_pages import SOUND, page, shell
from statements import only_result

from drills.journal import FILE, End, Status, read_journal
from drills.runbook.measures import StepResult
from drills.runbook.perform import exit_code
from drills.runbook.person import TerminalClosed
from drills.runbook.recompute import recompute
from drills.runbook.report import text
from gates.evidence.keys import own_trust
from gates.evidence.statement import EvidenceKind
from gates.evidence.store import EvidenceStore
from gates.schema.errors import UnverifiedProblem
from gates.schema.outcome import ExitCode, UnknownReason


def code_of(run, ending, report):
    """The exit code of a walk."""
    return exit_code(report, ending, run.signal)


def statuses(report):
    """The steps' names with their status."""
    return {item.step: str(item.status) for item in report.steps}


def test_a_runbook_is_walked_with_its_person(take, person, tmp_path):
    """Every step as the page says, the person's time measured, a signed statement that can be computed again."""
    store = tmp_path / "evidence"
    somebody = person(True, True, took_s=2.5)
    run, ending, report = take(SOUND, somebody, store=store)
    assert ending.end is End.COMPLETED
    assert code_of(run, ending, report) == ExitCode.GREEN
    assert somebody.questions == [("repair: run these commands?", None), ("call (finance): done?", 3600.0)]
    assert set(statuses(report).values()) == {"succeeded"}
    values = {name: (measure.value, measure.samples) for name, measure in report.measures.items() if name != "duration"}
    assert values == {"human_steps_late": ("0", 1), "human_time": ("5.000", 2), "steps_failed": ("0", 3)}
    held = only_result(EvidenceStore(store).load(own_trust(tmp_path / "home")))
    assert held.statement.predicate_type == EvidenceKind.RUNBOOK_RUN
    assert held.statement.predicate.status == "complete"
    names = {artifact.name for artifact in held.statement.predicate.artifacts}
    assert {"journal.jsonl", "page.md", "plan.json", "logs/look.out", "logs/works.err"} <= names
    assert recompute(tmp_path / "run").measures == held.statement.predicate.measures


def test_each_step_is_in_the_journal_before_its_effect(take, person, tmp_path):
    """A line says that it starts; what it left is looked at when the line is on disk."""
    seen = []

    def look(step):
        seen.append((step.name, read_journal(tmp_path / "run" / FILE).events[-1].status))

    take(SOUND, person(True, True), after=look)
    assert [name for name, _ in seen] == ["look", "repair", "call", "works"]
    assert {status for _, status in seen} == {Status.STARTED}


def test_without_a_person_no_step_of_a_person_was_done(take):
    """Its commands are run, and the run is a dry run: unknown, never green."""
    run, ending, report = take(SOUND)
    assert ending.end is End.COMPLETED
    assert (report.status, code_of(run, ending, report)) == ("dry_run", ExitCode.UNKNOWN)
    assert report.detail == "no person did repair, call: --yes is nobody"
    assert statuses(report)["call"] == "skipped"
    assert {report.measures[name].unknown for name in ("human_steps_late", "human_time")} == {UnknownReason.DRY_RUN}


def test_a_person_who_says_no_stops_the_run(take, person):
    """Exit 5; nothing after it is run, and nothing counts as complete."""
    run, ending, report = take(SOUND, person(False))
    assert (ending.end, code_of(run, ending, report)) == (End.ABORTED, ExitCode.REFUSED)
    assert statuses(report) == {"look": "succeeded", "repair": "failed", "call": "skipped", "works": "skipped"}
    assert report.status == "interrupted"
    assert not (run.place.folder / "repaired").exists()


def test_a_person_who_is_late_is_counted(take, person):
    """The answer counts; the measure says how many were late."""
    _, _, report = take(SOUND, person(True, True, took_s=4000.0))
    assert (report.measures["human_steps_late"].value, report.measures["human_steps_late"].detail) == ("1", "call")
    assert "late" in text(report)


@pytest.mark.parametrize(
    ("commands", "info", "reason", "status"),
    [
        ("exit 1", "expect=0 timeout=20s", "exit code 1, the page expects 0", "failed"),
        ("exit 0", "expect=8 timeout=20s", "exit code 0, the page expects 8", "failed"),
        ("sleep 1000", "expect=0 timeout=250ms", "it ran longer than its timeout", "timeout"),
    ],
)
def test_a_step_that_does_not_end_as_it_should_stops_the_run(take, commands, info, reason, status):
    """Exit 1; the reason and the step are named, and the rest is skipped."""
    run, ending, report = take(page(shell(commands, "one", info), shell("touch two", "two")))
    assert (ending.end, ending.deviated, code_of(run, ending, report)) == (End.FAILED, True, ExitCode.RED)
    assert statuses(report) == {"one": status, "two": "skipped"}
    assert (report.measures["steps_failed"].value, report.measures["steps_failed"].samples) == ("1", 1)
    assert report.measures["steps_failed"].skipped == 1
    assert reason in report.steps[0].reason
    assert not (run.place.folder / "two").exists()


def test_an_output_that_lacks_a_line_is_a_failure(take):
    """The exit code alone is not the verdict."""
    _, ending, report = take(page(shell("echo all bad"), "```output of=one\nall good\n```"))
    assert ending.deviated
    assert report.steps[0].reason == "the output has no line with 'all good' at its place"


def test_a_missing_program_is_unknown(take):
    """Exit 3: the machine lacks something, and nothing was found out about the runbook."""
    run, ending, report = take(page(shell("nosuchprogram --now")))
    assert (report.status, code_of(run, ending, report)) == ("not_run", ExitCode.UNKNOWN)
    assert report.measures["steps_failed"].unknown is UnknownReason.NOT_RUN
    assert "nosuchprogram: command not found" in report.detail


def test_a_run_that_begins_later_is_not_a_whole_run(take, person):
    """Exit 3, and the steps before it are skipped."""
    run, ending, report = take(SOUND, person(True, True), begin="repair")
    assert statuses(report)["look"] == "skipped"
    assert (report.status, code_of(run, ending, report)) == ("interrupted", ExitCode.UNKNOWN)


def test_a_terminal_that_closes_ends_the_run(take, person):
    """Exit 143: nobody can answer any more."""

    class Gone(person):
        def confirm(self, _question, _limit_s, _meanwhile):
            raise TerminalClosed("the terminal was closed")

    run, ending, report = take(SOUND, Gone())
    assert (ending.end, code_of(run, ending, report)) == (End.INTERRUPTED, ExitCode.TERMINATED)
    assert "the terminal was closed" in report.detail


def test_files_of_one_step_are_there_for_the_next(take):
    """All steps run in one folder, each in a shell of its own."""
    _, _, report = take(
        page(shell("here=1; echo x > file"), shell('test -z "${here:-}"; cat file', "two"), "```output of=two\nx\n```")
    )
    assert set(statuses(report).values()) == {"succeeded"}


def test_no_credential_is_in_any_file_of_a_run(take, tmp_path):
    """Commands that print one, in their own output or in their error."""
    source = page(shell('echo "$GONOGO_OPERATOR_KEY"; echo "$GONOGO_OPERATOR_KEY" >&2'))
    take(source, environ={"GONOGO_OPERATOR_KEY": "not-for-anybody"}, store=tmp_path / "evidence")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if b"not-for-anybody" in path.read_bytes()]
    assert (tmp_path / "run/logs/one.out").read_text() == "[redacted]\n"


@pytest.mark.parametrize(
    ("name", "change", "word"),
    [
        ("logs/look.out", lambda data: data.replace(b"broken", b"normal"), "not what the journal says"),
        ("page.md", lambda data: data.replace(b"expect=3", b"expect=0"), "not the page"),
        ("journal.jsonl", lambda data: data.replace(b'"exit_code":3', b'"exit_code":0'), "the chain is broken"),
        ("plan.json", lambda data: data.replace(b'"by_program":false', b'"by_program":true'), ""),
    ],
)
def test_a_changed_file_is_found_when_the_measures_are_computed_again(take, person, tmp_path, name, change, word):
    """The page and the output decide, not the journal's word; what decides nothing changes nothing."""
    _, _, report = take(SOUND, person(True, True))
    path = tmp_path / "run" / name
    path.write_bytes(change(path.read_bytes()))
    if word:
        with pytest.raises(UnverifiedProblem, match=word):
            recompute(tmp_path / "run")
    else:
        assert recompute(tmp_path / "run").measures == report.measures


def test_a_journal_that_praises_a_failed_step_is_refused(take, tmp_path):
    """A journal that was written again as a whole, with its chain: the page and the exit code contradict it."""
    take(page(shell("exit 1"), shell("true", "two")))
    from drills.journal import Journal
    from gates.schema.time import monotonic_s, system_clock

    path = tmp_path / "run" / FILE
    events = read_journal(path).events
    path.unlink()
    journal = Journal(path, system_clock, monotonic_s)
    for event in events:
        status = Status.SUCCEEDED if event.status is Status.FAILED else event.status
        journal.write(event.phase, event.action, status, step=event.step, facts=event.facts, ending=event.ending)
    journal.close()
    with pytest.raises(UnverifiedProblem, match="the journal says succeeded of the step one"):
        recompute(tmp_path / "run")


def test_a_step_result_is_stable_as_json():
    """What a statement keeps of a step can be read again."""
    item = StepResult("one", Status.SUCCEEDED, exit_code=0, took_s="0.1")
    assert msgspec.json.decode(msgspec.json.encode(item), type=StepResult) == item
