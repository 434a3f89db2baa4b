"""The bundle's evidence: fewer statements, the same judgement."""

from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gates.decide import decide
from gates.evidence.statement import EvidenceKind, Measure
from gates.evidence.store import Held
from gates.schema.gate import Gate
from gates.schema.time import parse_utc
from scorecards.relevant import relevant

KINDS = [EvidenceKind.LOAD_RUN.value, EvidenceKind.SECRET_SCAN.value, "urn:example:nobody-asks:v1"]
TIMES = ["2026-11-01T10:00:00.000Z", "2026-11-27T10:00:00.000Z", "2026-11-27T11:00:00.000Z", "2027-01-01T00:00:00.000Z", "soon"]
BUILDS = ["5f" * 32, "00" * 32]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(TIMES), st.sampled_from(BUILDS), st.integers(0, 2))))
def test_judging_the_relevant_statements_is_judging_them_all(
    gates: tuple[Gate, ...], hold: Callable[..., Held], rows: list[tuple[str, str, str, int]]
) -> None:
    """Whatever the store holds, leaving out what is not relevant changes no verdict."""
    evidence = [
        hold(
            kind,
            {"findings": Measure(str(bad), "count", 9), "double_settles": Measure(str(bad), "count", 900)},
            at=at,
            build_sha=sha,
        )
        for kind, at, sha, bad in rows
    ]
    now = parse_utc("2026-11-27T12:05:00Z")
    builds = {"local": "5f" * 32}
    kept = relevant(gates, evidence, builds)
    assert decide(gates, kept, builds, now) == decide(gates, evidence, builds, now)
    assert len(kept) <= 2
