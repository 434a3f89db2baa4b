"""An owner that was overtaken and came back: what it wrote is named, and a run that shows nothing is unknown, never zero."""

import importlib.util
import sys
from pathlib import Path

import msgspec
import pytest

from gates.schema.outcome import ExitCode, UnknownReason
from loadtests.books.entries import Gap
from loadtests.hostile.books import Overtaken
from loadtests.hostile.judge.findings import Rule
from loadtests.hostile.judge.late_writes import LATE_WRITES, judge_overtaken
from loadtests.hostile.judge.verdict import exit_code, judge
from loadtests.hostile.play.faults import OVERTAKEN
from loadtests.hostile.record import Part, joined
from loadtests.hostile.report import text_report


def _load():
    spec = importlib.util.spec_from_file_location("hostile_books", Path(__file__).with_name("hostile_books.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


synthetic = _load()


@pytest.fixture
def run():
    """Two payouts that the rail declined and then charged, and that their last owner calls succeeded."""
    made = synthetic.Run()
    for intent in (0, 1):
        payout = made.payout(intent, OVERTAKEN, "succeeded", charged=0)
        made.charge(payout, "failed", rail_id=f"chg-{intent}")
        made.charge(payout, "succeeded", rail_id=f"chg-{intent}")
    return made


SOUND = (Overtaken("pyo1", "succeeded", "succeeded"), Overtaken("pyo2", "unknown", "unknown"))


def _measure(verdict):
    measure = verdict.measures[LATE_WRITES]
    return measure.value, measure.samples, measure.unknown


def test_an_owner_that_comes_back_and_writes_nothing_leaves_no_finding(run):
    """One payout was decided before, the other after: both are samples."""
    verdict = judge_overtaken(SOUND, run.books())
    assert (verdict.findings, _measure(verdict)) == ((), ("0", 2, None))
    assert exit_code(verdict) is ExitCode.GREEN
    assert list(verdict.measures) == [LATE_WRITES]


def test_a_first_word_that_is_written_after_the_second_is_a_late_write(run):
    """The payout failed when its owner came back and stays so, though the rail has charged it: three books say so."""
    taken = (SOUND[0], Overtaken("pyo2", "unknown", "failed"))
    run.payouts["pyo2"] = msgspec.structs.replace(run.payouts["pyo2"], state="failed")
    verdict = judge_overtaken(taken, run.books())
    late, *others = verdict.findings
    assert (late.rule, late.payout_id, late.count) == (Rule.LATE_WRITE, "pyo2", 1)
    assert [line.rail.status for line in late.witness[1:]] == ["failed", "succeeded"]
    assert {item.rule for item in others} == {Rule.WRONG_OUTCOME, Rule.RAIL_BOOK}
    assert _measure(verdict)[0] == str(len(verdict.findings))
    assert exit_code(verdict) is ExitCode.RED


def test_a_first_word_that_was_written_over_again_is_still_a_late_write(run):
    """Failed for a moment and succeeded in the end: somebody may have acted on it."""
    verdict = judge_overtaken((SOUND[0], Overtaken("pyo2", "unknown", "failed")), run.books())
    assert [item.rule for item in verdict.findings] == [Rule.LATE_WRITE]


def test_a_final_state_that_does_not_last_is_a_late_write(run):
    """Decided by the successor, and failed at the end: without a ledger no other rule would mind, for the rail was late."""
    run.payouts["pyo1"] = msgspec.structs.replace(run.payouts["pyo1"], state="failed")
    verdict = judge_overtaken(SOUND, run.books(entries=Gap(UnknownReason.MISSING, "not told")))
    assert [item.rule for item in verdict.findings] == [Rule.LATE_WRITE]


def test_an_effect_that_was_booked_twice_counts_though_every_state_is_right(run):
    """The late owner gave the money back, the successor paid it out: the ledger has both."""
    run.book("payout_failure", run.payouts["pyo2"], {"payee/p1/paying": -1, "payee/p1/payable": 1})
    verdict = judge_overtaken(SOUND, run.books())
    assert [item.rule for item in verdict.findings] == [Rule.RAIL_BOOK]
    assert _measure(verdict) == ("1", 2, None)


def test_a_payout_that_was_decided_while_its_owner_came_back_shows_nothing(run):
    """Nobody knows which came first: with no other it was not tried at all."""
    between = Overtaken("pyo2", "unknown", "succeeded")
    assert _measure(judge_overtaken((SOUND[0], between), run.books())) == ("0", 1, None)
    assert _measure(judge_overtaken((between,), run.books())) == (None, 0, UnknownReason.NOT_RUN)


def test_a_run_in_which_nobody_was_overtaken_is_unknown(run):
    """With the reason, whatever the books say."""
    verdict = judge_overtaken(Gap(UnknownReason.NOT_RUN, "none held up another one"), run.books())
    assert _measure(verdict) == (None, 0, UnknownReason.NOT_RUN)
    assert exit_code(verdict) is ExitCode.UNKNOWN
    assert "not_run: none held up another one" in text_report("a run", verdict)


@pytest.mark.parametrize("book", ["payouts", "lines"])
def test_without_states_or_the_rails_book_nothing_is_known(run, book):
    """The reason is the book's."""
    gap = Gap(UnknownReason.ADAPTER_ERROR, "it did not answer")
    assert _measure(judge_overtaken(SOUND, run.books(**{book: gap})))[2] is UnknownReason.ADAPTER_ERROR


def test_the_stages_of_a_run_are_told_in_one(run):
    """Measures, findings and rows of both, in the order in which they were played."""
    rest = synthetic.sound_run()
    verdict = joined((Part(judge(rest.books())), Part(judge_overtaken(SOUND, run.books()))))
    assert verdict.measures[LATE_WRITES].value == verdict.measures["extra_charges"].value == "0"
    assert verdict.rows[-1].fault == OVERTAKEN
    assert "errors after a stale worker continued, of 2 checked" in text_report("a run", verdict)
