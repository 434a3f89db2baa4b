"""Which statement answers a criterion: one answer, for the verdict and for the evidence that a scorecard keeps."""

import datetime as dt

from hypothesis import given, settings
from hypothesis import strategies as st
from statements import INSTANCE, subject

from gates.decide import decide
from gates.evidence.statement import EvidenceKind
from gates.evidence.store import Held
from gates.relevant import relevant
from gates.schema.outcome import Priority, UnknownReason
from gates.schema.source import Sought
from gates.schema.time import format_utc, week_start
from gates.shelf import Shelf, newest

KINDS = [EvidenceKind.LOAD_RUN.value, EvidenceKind.SECRET_SCAN.value, "urn:example:no-criterion-names-it:v1"]
TIMES = ["2026-11-01T10:00:00.000Z", "2026-11-23T08:00:00.000Z", "2026-11-23T09:00:00.000Z", "2027-01-01T00:00:00.000Z", "soon"]


def is_of_this_week(bench, item):
    """Whether a statement is about the build under review and finished in the week of the judgement."""
    subject, finished = item.statement.subject[0], item.statement.predicate.finished_at
    return subject.digest.get("build") == bench.build and format_utc(week_start(bench.now)) <= finished < "2027"


BOTH = (("C", Priority.P0), ("D", Priority.P1))
BUILDS = ["b" * 64, "c" * 64]


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(TIMES), st.sampled_from(BUILDS), st.integers(0, 2))))
def test_judging_the_relevant_statements_is_judging_them_all(bench, rows: list[tuple[str, str, str, int]]) -> None:
    """Whatever the store holds, leaving out what is not relevant changes no verdict."""
    evidence = [
        bench.held(bench.measure(str(bad)), kind=kind, finished_at=at, build=build, ago=dt.timedelta())
        for kind, at, build, bad in rows
    ]
    gates = (bench.gate(bench.criterion()),)
    whole, under_review = bench.cited(evidence), {"local": bench.under_review()}
    kept = relevant(gates, whole, under_review, bench.now)
    assert decide(gates, kept, under_review, bench.now) == decide(gates, whole, under_review, bench.now)
    others = [item for item in kept if item.statement.predicate_type == bench.kind and not is_of_this_week(bench, item)]
    assert len(others) <= 1


def test_a_statement_about_the_build_answers_before_a_newer_one_about_another_build(bench) -> None:
    """Without one about the build the newest about another build is named, and does not count as about the build."""
    ours, later = bench.held(ago=dt.timedelta(hours=5)), bench.held(build=bench.other_build)
    found = newest(Sought(bench.kind), Shelf([later, ours]), "local", bench.under_review())
    assert found is not None
    assert (found.held, found.misfit) == (ours, "")
    other = newest(Sought(bench.kind), Shelf([later]), "local", bench.under_review())
    assert other is not None
    assert (other.held, other.misfit) == (later, "another build")
    assert newest(Sought(bench.kind), Shelf([ours, later]), "staging", bench.under_review()) is None


def test_a_statement_without_a_moment_counts_as_the_newest(bench) -> None:
    """It cannot hide behind an older statement that passes."""
    undated: Held = bench.held(finished_at="soon")
    found = newest(Sought(bench.kind), Shelf([bench.held(), undated]), "local", bench.under_review())
    assert found is not None
    assert found.held == undated


def test_an_observation_of_long_before_the_run_makes_a_statement_stale(bench) -> None:
    """Whatever the gate's priority: 24 hours before the start are allowed, a second more is not."""
    started = bench.now - dt.timedelta(hours=2)
    for seen, reason in ((dt.timedelta(hours=24), None), (dt.timedelta(hours=24, seconds=1), UnknownReason.STALE)):
        observed = bench.observed(subject(bench.build, instance=INSTANCE), format_utc(started - seen))
        run = bench.held(started_at=format_utc(started), build_observation=observed.digest)
        gates = tuple(
            bench.gate(bench.criterion(), gate_id=f"gate-{letter.lower()}", letter=letter, priority=one) for letter, one in BOTH
        )
        review = decide(gates, [run, observed], {"local": bench.under_review()}, bench.now)
        for verdict in (gate.criteria[0] for gate in review.gates):
            assert verdict.unknown is reason
            assert ("more than 24 h before the run started" in verdict.detail) is (reason is not None)
