"""What a person reads: the verdict first, what it rests on, and each finding with its proof."""

import msgspec
import pytest

from gates.schema.outcome import ExitCode, UnknownReason
from loadtests.books.entries import Gap
from loadtests.checker.check import RULES
from loadtests.run.assessment import assess, finding_facts
from loadtests.run.folder import RunReport
from loadtests.run.report import text_report, verdict_of
from loadtests.run.runner import LoadResult
from loadtests.schema import Limits
from loadtests.storm.supervise import StormEnd


@pytest.fixture
def result(worlds):
    """A function that assesses a world as a finished run."""

    def of(world, *, complete=True, books=None):
        assessment = assess(
            world.plan, world.events, books or world.books(), Limits(generator_lag_p99_ms=1000), opening=world.opening()
        )
        end = StormEnd(complete, 20, "" if complete else "cut short after 1 s")
        run = RunReport(
            profile="drawn",
            seed=1,
            run_id="test",
            target="fake",
            base_url="http://127.0.0.1:1",
            builds=(None, None),
            started_at="a",
            finished_at="b",
            duration_ms=1,
            profile_sha256="0" * 64,
            storm=end,
            latency=assessment.latency,
            counts=assessment.counts,
        )
        return LoadResult(run, assessment)

    return of


def test_a_clean_run_says_so_with_the_bound_that_its_samples_allow(worlds, result):
    """Zero of n is told with what n cannot exclude."""
    told = text_report(result(worlds.clean_world(1, payments=100)))
    assert "verdict: clean" in told
    assert "95 % confidence: at most" in told


def test_a_finding_is_told_with_each_line_of_its_witness(worlds, result):
    """Rule, payment, what is wrong, then history, ledger, receipt and balance lines by number."""
    world = worlds.clean_world(2, payments=40, unknown_percent=0)
    entry = world.entry_of("settle", 0)
    world.book("settle", entry.payment_id, {p.account: int(p.amount) for p in entry.postings}, 1)
    world.balance_error = 1
    finished = result(world)
    told = text_report(finished)
    assert verdict_of(finished) is ExitCode.RED
    for words in ("FOUND double_settle", "FOUND receipt_mismatch", "FOUND balance_mismatch"):
        assert words in told
    for words in ("    history ", "    ledger ", "    receipt ", "    balance "):
        assert words in told


def test_a_missing_book_is_told_as_unknown_with_its_reason(worlds, result):
    """A line without a number says why there is none, and the run is not clean."""
    world = worlds.clean_world(3)
    books = msgspec.structs.replace(world.books(), receipts=Gap(UnknownReason.MISSING, "no receipts here"))
    finished = result(world, books=books)
    assert verdict_of(finished) is ExitCode.UNKNOWN
    assert "unknown  effects without exactly one matching receipt: missing: no receipts here" in text_report(finished)


def test_a_storm_that_was_cut_short_is_not_clean(worlds, result):
    """Nothing found in part of a storm is not a verdict on all of it."""
    finished = result(worlds.clean_world(4), complete=False)
    assert verdict_of(finished) is ExitCode.UNKNOWN
    assert "cut short after 1 s" in text_report(finished)


def test_every_rule_has_its_line(worlds, result):
    """Every rule has a line in the report."""
    told = text_report(result(worlds.clean_world(5)))
    assert sum(" checked" in line for line in told.splitlines()) == len(RULES)


def test_evidence_carries_the_first_findings_and_the_number_of_all(worlds, result):
    """A red storm does not make a statement of megabytes."""
    world = worlds.clean_world(6, payments=200, unknown_percent=0)
    world.receipts.clear()
    facts = finding_facts(result(world).assessment.findings, world.events)
    assert facts["count"] > 200
    assert len(facts["shown"]) == 20


def test_a_run_that_was_not_checked_is_not_clean(worlds, result):
    """Nothing was compared with the books: exit 3, and the verdict says so."""
    finished = msgspec.structs.replace(result(worlds.clean_world(7)), assessment=None)
    assert verdict_of(finished) is ExitCode.UNKNOWN
    assert "verdict: not checked" in text_report(finished)


@pytest.mark.parametrize(
    ("how", "first"),
    [
        ({"type": "fail", "status": 401}, "every request was refused: 20 of 20"),
        ({"type": "info", "error": "timeout"}, "no request was acknowledged: 0 refused, 20 unknown"),
    ],
)
@pytest.mark.parametrize("checked", [True, False])
def test_a_run_that_had_no_effect_says_so_in_its_first_line(worlds, result, how, first, checked):
    """A service that refuses all requests settles nothing twice, and is never clean."""
    world = worlds.idle_world(8, payments=20, **how)
    finished = result(world)
    if not checked:
        finished = msgspec.structs.replace(finished, assessment=None)
    assert verdict_of(finished) is ExitCode.UNKNOWN
    assert text_report(finished).splitlines()[0] == first
    assert "clean" not in text_report(finished)
