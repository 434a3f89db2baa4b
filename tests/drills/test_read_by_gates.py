"""What the shipped gates ask of a drill is what the drill states: a criterion of another statistic or unit is never judged."""

import pytest

from drills.faults import Fault
from drills.markers import Marker
from drills.measures import measures_of
from drills.objectives import Lives
from drills.record import Check, Kill, Record
from gates.evidence.statement import EvidenceKind, Measure
from gates.schema.catalogs import NAMES, catalog
from gates.schema.gateset import load_gates
from gates.schema.outcome import UnknownReason

S = 1_000_000_000
LIVES = Lives(
    (Fault("kill", S, S, "gone", 2 * S, 3 * S),),
    (
        Marker("settle", "p1", 0, 1, acknowledged=True, bad=False),
        Marker("settle", "p2", 4 * S, 5 * S, acknowledged=True, bad=False),
    ),
    "settle",
    6 * S,
    {},
    S,
)
CRITERIA = [
    pytest.param(item, id=f"{name}-{item.id}")
    for name in NAMES
    for gate in load_gates(catalog(name))
    for item in gate.criteria
    if item.source.predicate_type.endswith("-drill:v2")
]


def _stated(kind):
    """Every measure of a drill of this kind in which all was measured."""
    check = Check({"lost_settles": Measure("0", "count", samples=1)}, ())
    record = Record(kills=[Kill(1.0, 1, recover_s=0.5)], check=check, payouts=check, steady_again_s=6.0)
    record.deploy_s, record.serving_s, record.detected_s = 1.0, 2.0, 3.0
    return measures_of(kind, record, True, UnknownReason.NOT_RUN, LIVES, detecting=True)


@pytest.mark.parametrize("criterion", CRITERIA)
def test_a_criterion_asks_for_the_unit_and_the_statistic_that_the_drill_states(criterion):
    """Otherwise its gate could never pass; the slowest of several faults is a `max`."""
    kind = EvidenceKind(criterion.source.predicate_type)
    measure = _stated(kind).get(criterion.source.measure)
    if measure is not None:  # counts of steps that this run did not take are plain
        assert (criterion.unit, criterion.statistic) == (measure.unit, measure.statistic)
