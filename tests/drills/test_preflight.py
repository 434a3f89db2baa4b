"""Before its storm a drill probes the target: a file that describes the service wrongly ends it before anything is killed."""

import pytest
import shapes

from drills.perform import begin, conclude, make_plan, perform
from drills.storm import LOAD
from gates.evidence.keys import own_trust
from gates.evidence.store import EvidenceStore
from gates.schema.outcome import ExitCode
from gates.schema.state import state_dir

pytestmark = pytest.mark.process

WRONG = '{"outcome": "misdescribed", "problem": "id_pointer leads nowhere", "next_step": "correct id_pointer"}'
AWAY = '{"outcome": "unavailable", "problem": "answered with 500", "next_step": "see its log"}'
UNCLEAR = '{"outcome": "unclear", "problem": "another answer", "next_step": "look"}'


@pytest.fixture
def rehearse(rooms, tmp_path, console, drill_file):
    """A function that runs the small drill on a target, and gives exit code, report and the statement that it left."""

    def of(target):
        run = begin(make_plan(str(drill_file()), str(target), 1, None), tmp_path / "out", console, state_dir() / "evidence")
        code = perform(run)
        report = conclude(run)
        trust = own_trust(state_dir())
        held = EvidenceStore(state_dir() / "evidence").contents(trust).statements(trust)
        return code, report, next(item.statement for item in held if item.statement.predicate.kind == "crash-drill")

    return of


@pytest.mark.parametrize(
    ("probed", "code", "words"),
    [
        (WRONG, ExitCode.USAGE, "not run: id_pointer leads nowhere (correct id_pointer)"),
        (AWAY, ExitCode.UNKNOWN, "not run: answered with 500 (see its log)"),
        ("", ExitCode.UNKNOWN, "not run: the probe of the target: no message (see logs/probe.err)"),
    ],
    ids=["described wrongly", "unavailable", "no report"],
)
def test_what_the_probe_says_ends_the_drill_before_anything_is_killed(rehearse, target_file, monkeypatch, probed, code, words):
    """2 for a file that is wrong, 3 for the service; the evidence is not_run and says the same."""
    monkeypatch.setenv("DRILL_PROBED", probed)
    ended, report, statement = rehearse(target_file())
    assert (ended, report.status, report.detail) == (code, "not_run", words)
    assert (statement.predicate.status, statement.predicate.detail) == ("not_run", words)
    assert {measure.value for measure in report.measures.values()} == {None}
    assert not report.deviations


def test_what_answers_and_books_contradict_is_left_to_the_storm(rehearse, target_file, monkeypatch):
    """A probe finds nothing: the drill goes on, and its checker judges."""
    monkeypatch.setenv("DRILL_PROBED", UNCLEAR)
    ended, report, _ = rehearse(target_file())
    assert (ended, report.status) == (ExitCode.GREEN, "complete")


@pytest.mark.parametrize(
    ("odd", "changes", "words"),
    [
        ([], {"id_pointer: /id ": "id_pointer: /idd "}, "spec.operations.reserve.id_pointer"),
        (["--odd", "settle404"], {}, "spec.operations.settle.path"),
        ([], {"build: {path: /version, pointer: /sha256}": "build: {path: /version, header: X-Build}"}, "spec.build.header"),
    ],
    ids=["wrong id pointer", "settle answers 404", "no such header"],
)
def test_the_real_probe_of_a_service_that_is_described_wrongly(rehearse, monkeypatch, tmp_path, odd, changes, words):
    """The whole way, with the process that the target's file starts: exit 2, and the member in the drill's detail."""
    monkeypatch.setattr("drills.storm.LOAD", LOAD)
    for name, value in {**shapes.ACCOUNTS, "GONOGO_AGENT_KEY": shapes.KEYS["minimal"]}.items():
        monkeypatch.setenv(name, value)
    ended, report, _ = rehearse(shapes.described(tmp_path, "minimal", changes, shapes.run_here("minimal", odd)))
    assert ended is ExitCode.USAGE
    assert words in report.detail
