"""What holds of deciding whatever the evidence: it is deterministic, order does not matter, and it fails closed."""

import datetime as dt
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from gates.evidence.statement import Measure
from gates.schema.canonical import canonical_json
from gates.schema.outcome import Outcome, UnknownReason

STATUSES = ("complete", "not_run", "dry_run", "adapter_error", "invalid_generator")
VALUES = st.one_of(
    st.none(),
    st.sampled_from(["NaN", "-1", "", "0.5", "1e3"]),
    st.integers(0, 3).map(str),
    st.decimals(0, 2, allow_nan=False, allow_infinity=False, places=3).map(str),
)
MEASURES = st.builds(
    Measure,
    value=VALUES,
    unit=st.sampled_from(["count", "ratio", "ms"]),
    samples=st.integers(-1, 400),
    failures=st.one_of(st.none(), st.integers(0, 400)),
    skipped=st.integers(0, 2),
    statistic=st.sampled_from([None, "p95 nearest-rank"]),
    unknown=st.sampled_from([None, None, UnknownReason.NOT_RUN]),
)
EVIDENCE = st.fixed_dictionaries(
    {
        "measure": MEASURES,
        "name": st.sampled_from(["double_settles", "another"]),
        "ago": st.integers(-3, 200).map(lambda hours: dt.timedelta(hours=hours)),
        "build": st.sampled_from(["b" * 64, "c" * 64, ""]),
        "target": st.sampled_from(["local", "staging"]),
        "status": st.sampled_from(STATUSES),
    }
)
CRITERIA = st.one_of(
    st.fixed_dictionaries({"operator": st.sampled_from(["lte", "eq"]), "threshold": st.just("0"), "min_samples": st.just(50)}),
    st.fixed_dictionaries(
        {
            "unit": st.just("ratio"),
            "operator": st.sampled_from(["gte", "lt"]),
            "threshold": st.sampled_from(["0.5", "0.95", "0.99"]),
            "confidence": st.sampled_from([None, "0.95"]),
        }
    ),
    st.fixed_dictionaries(
        {
            "unit": st.just("ms"),
            "operator": st.just("lt"),
            "threshold": st.just("1.5"),
            "statistic": st.sampled_from([None, "p95 nearest-rank"]),
        }
    ),
)
SOME = settings(max_examples=60, deadline=None)


def _held(bench, recipes):
    return [bench.held(**recipe) for recipe in recipes]


@SOME
@given(criterion=CRITERIA, recipes=st.lists(EVIDENCE, max_size=5), data=st.data())
def test_the_order_of_evidence_does_not_matter(bench, criterion, recipes, data):
    """The same statements in another order, or doubled, give the same bytes."""
    held = _held(bench, recipes)
    shuffled = data.draw(st.permutations([*held, *held]))
    gates = [bench.gate(bench.criterion(**criterion))]
    assert canonical_json(bench.review(gates, held)) == canonical_json(bench.review(gates, shuffled))


@SOME
@given(criterion=CRITERIA, recipes=st.lists(EVIDENCE, max_size=4), extra=EVIDENCE, status=st.sampled_from(STATUSES[1:]))
def test_evidence_that_says_nothing_never_makes_a_pass(bench, criterion, recipes, extra, status):
    """Adding a statement that is unknown, absent or without a value never turns what did not pass into a pass."""
    criterion, before = bench.criterion(**criterion), _held(bench, recipes)
    if bench.judge(criterion, *before).outcome is Outcome.PASS:
        return
    empty = {**extra, "measure": Measure(None, "count")}
    for nothing in ({**extra, "status": status}, empty, {**extra, "name": "another"}, {**extra, "build": "c" * 64}):
        after = bench.judge(criterion, *before, bench.held(**nothing))
        assert after.outcome is not Outcome.PASS


@SOME
@given(recipe=EVIDENCE, low=st.integers(1, 99), high=st.integers(1, 99))
def test_a_looser_threshold_never_judges_worse(bench, recipe, low, high):
    """With `at most`, a higher threshold is at least as good; with `at least`, a lower one."""
    low, high = sorted((low, high))
    rank = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.PASS).index
    for unit, step in (("count", "1"), ("ratio", "0.01"), ("ms", "0.03")):
        held = bench.held(**{**recipe, "status": "complete", "build": "b" * 64})
        for operator, strict, loose in (("lte", low, high), ("gte", high, low)):
            outcomes = [
                bench.judge(bench.criterion(unit=unit, operator=operator, threshold=str(limit * Decimal(step))), held).outcome
                for limit in (strict, loose)
            ]
            assert rank(outcomes[0]) <= rank(outcomes[1])


@SOME
@given(criterion=CRITERIA, recipes=st.lists(EVIDENCE, max_size=5))
def test_a_pass_has_everything_that_a_pass_needs(bench, criterion, recipes):
    """Whatever was thrown at it: a pass has evidence of this build, fresh, with samples, and a value."""
    verdict = bench.judge(bench.criterion(**criterion), *_held(bench, recipes))
    assert (verdict.outcome is Outcome.UNKNOWN) == (verdict.unknown is not None)
    if verdict.outcome is Outcome.PASS:
        assert verdict.evidence is not None
        assert -60 <= verdict.age_s <= 7 * 86_400
        assert verdict.samples >= verdict.criterion.min_samples
        assert Decimal(verdict.value).is_finite()


def test_deciding_twice_gives_the_same_bytes(bench):
    """Nothing but the arguments goes in: no clock, no hash seed, no memory of the last time."""
    gates, held = [bench.gate()], [bench.held(), bench.held(bench.measure("1"), ago=dt.timedelta(days=1))]
    assert len({canonical_json(bench.review(gates, held)) for _ in range(2)}) == 1
