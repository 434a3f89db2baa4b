"""A red answer stays red for the week however its criterion's source is edited; other criteria are not touched by it."""

import datetime as dt

import msgspec
import pytest

from gates.adapters.collect import sources_of
from gates.decide import decide
from gates.evidence.statement import Inputs
from gates.schema.gate import EvidenceSource, sought
from gates.schema.outcome import Operator, Outcome
from gates.schema.source import ADAPTED, CommandSource, FileSource, Place
from gates.schema.time import format_utc
from gates.schema.verdict import Review

HOUR = dt.timedelta(hours=1)
BEFORE, NOW = (CommandSource(argv=("echo", number), value=Place(pattern="(.*)")) for number in "30")
RATIO = {"unit": "ratio", "operator": Operator.GTE, "threshold": "0.5"}


@pytest.fixture
def gate(bench):
    """A gate of one criterion that stops a launch alone, with changes."""

    def make(source=BEFORE, gate_id: str = "quality", **changes):
        criterion = bench.criterion(id="one", min_samples=1, automatic_no_go=True)
        return bench.gate(
            msgspec.structs.replace(criterion, source=source, **changes), gate_id=gate_id, letter=gate_id[0].upper()
        )

    return make


@pytest.fixture
def answer(bench):
    """What `evidence collect` signs for the criterion of a gate, or of several that share its source."""

    def make(value: str, *gates, ago: dt.timedelta = HOUR, read: dt.timedelta | None = None, **changes):
        (source,) = sources_of(gates)
        (criterion,) = gates[0].criteria
        at = format_utc(bench.now - (ago if read is None else read))
        inputs = Inputs(target=bench.under_review().target, source=sought(criterion).source, queried_at=at, judges=source.judges)
        measure = bench.measure(value, criterion.unit, statistic=criterion.statistic)
        return bench.held(measure, "value", kind=ADAPTED, inputs=inputs, ago=ago, **changes)

    return make


def judged(bench, gates, *evidence) -> Review:
    return decide(gates, bench.cited(evidence), {"local": bench.under_review()}, bench.now)


@pytest.mark.parametrize(
    "edited",
    [
        {"source": NOW},
        {"source": FileSource(path="n.json", value=Place(pointer="/n"))},
        {"source": NOW, **RATIO},
        {"source": NOW, "statistic": "p95 nearest-rank"},
        {"source": NOW, "cohort": "external"},
    ],
    ids=["arguments", "adapter", "unit and sense", "statistic", "cohort"],
)
def test_an_edited_source_does_not_undo_what_the_criterion_found(bench, gate, answer, edited):
    """Another query, another adapter, another unit: the run of this week on this build failed this criterion."""
    before, now = gate(), gate(**edited)
    red, clean = answer("3", before, ago=HOUR * 5), answer("1" if edited.get("unit") else "0", now)
    review = judged(bench, (now,), red, clean)
    (verdict,) = review.gates[0].criteria
    assert (verdict.outcome, verdict.value, verdict.criterion.unit) == (Outcome.FAIL, "3", "count")
    assert "the criterion's source was edited since), which a later run does not undo" in verdict.detail
    assert red.digest in [run.evidence for run in review.red_runs]
    explained = decide((now,), bench.cited((red, clean)), {"local": bench.under_review()}, bench.now, (), (red.digest,))
    assert "edited since" not in explained.gates[0].criteria[0].detail


def test_stored_evidence_in_the_place_of_the_source_does_not_undo_it_either(bench, gate, answer):
    """The criterion is the same one, wherever its value comes from now."""
    now = gate(EvidenceSource(bench.kind, "double_settles", ""))
    review = judged(bench, (now,), answer("3", gate(), ago=HOUR * 5), bench.held())
    assert (review.gates[0].outcome, review.gates[0].criteria[0].value) == (Outcome.FAIL, "3")


@pytest.mark.parametrize(("threshold", "outcome"), [("3", Outcome.PASS), ("2", Outcome.FAIL)])
def test_an_old_value_of_the_same_unit_is_judged_by_the_threshold_of_now(bench, gate, answer, threshold, outcome):
    """As every red run of the week is."""
    now = gate(NOW, threshold=threshold)
    assert judged(bench, (now,), answer("3", gate(), ago=HOUR * 5), answer("0", now)).gates[0].outcome is outcome


def test_a_value_of_another_unit_that_passed_then_passes_still(bench, gate, answer):
    """It is judged by the limit that it was collected for, not by one of another unit."""
    before, now = gate(**RATIO), gate(NOW)
    assert judged(bench, (now,), answer("0.6", before, ago=HOUR * 5), answer("0", now)).gates[0].outcome is Outcome.PASS
    assert judged(bench, (now,), answer("0.4", before, ago=HOUR * 5), answer("0", now)).gates[0].outcome is Outcome.FAIL


def test_a_red_answer_of_another_build_or_another_criterion_is_not_held_against_this_one(bench, gate, answer):
    """Every adapter's measure has the same name: only GATE/CRITERION and the source identify what was measured."""
    now = gate(NOW)
    for other in (answer("3", gate(gate_id="other"), ago=HOUR * 5), answer("3", gate(), ago=HOUR * 5, build=bench.other_build)):
        review = judged(bench, (now,), other, answer("0", now))
        assert (review.gates[0].outcome, review.red_runs) == (Outcome.PASS, ())


def test_two_criteria_that_shared_a_source_have_each_their_own_red_run(bench, gate, answer):
    """The answer failed both; one of them still has that source, the other one was edited."""
    before = (gate(), gate(gate_id="other"))
    red = answer("3", *before, ago=HOUR * 5)
    now = (gate(NOW), gate(gate_id="other", threshold="5"))
    review = judged(bench, now, red, answer("0", now[0]))
    assert [one.outcome for one in review.gates] == [Outcome.FAIL, Outcome.PASS]
    assert [run.criteria for run in review.red_runs] == [("Q.one",)]


@pytest.mark.parametrize(("max_age", "outcome"), [("30d", Outcome.FAIL), ("1d", Outcome.PASS)])
def test_an_old_report_that_was_read_this_week_is_a_run_of_this_week(bench, gate, answer, max_age, outcome):
    """Its own date does not hide it, unless it was too old to judge by when it was read."""
    before, now = gate(max_age=max_age), gate(NOW, max_age=max_age)
    old = answer("3", before, ago=dt.timedelta(days=8), read=HOUR * 5)
    assert judged(bench, (now,), old, answer("0", now)).gates[0].outcome is outcome
    last_week = answer("3", before, ago=dt.timedelta(days=8), read=dt.timedelta(days=4))
    assert judged(bench, (now,), last_week, answer("0", now)).gates[0].outcome is Outcome.PASS
