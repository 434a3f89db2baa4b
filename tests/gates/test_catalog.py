"""The shipped catalog: ten gates, with the numbers of the launch plan, and honest about what is not measured yet."""

from decimal import Decimal

import pytest

from gates.evidence.statement import EvidenceKind
from gates.export import DOCUMENTS, FORMATS, SHIPPED, VALUES, schema_bytes
from gates.schema.catalogs import CATALOGS, NAMES, catalog
from gates.schema.errors import UsageProblem
from gates.schema.gateset import CATALOG, load_gate_files, load_gates
from gates.schema.outcome import Decision, Outcome, UnknownReason
from gates.schema.source import RegisterSource

GATES = {gate.letter: gate for gate in load_gates()}
CRITERIA = {(gate.letter, item.id): item for gate in GATES.values() for item in gate.criteria}
CANARY = "urn:gonogo:evidence:sign-in-canary:v2"
PRODUCED = {kind.value for kind in EvidenceKind}


def test_the_catalog_holds_the_ten_gates_of_the_plan():
    """A to E are P0, F to J are P1."""
    assert "".join(GATES) == "ABCDEFGHIJ"
    assert [GATES[letter].priority for letter in "ABCDEFGHIJ"] == ["P0"] * 5 + ["P1"] * 5


def test_no_p0_gate_is_waivable_and_every_p1_gate_is():
    """CONDITIONAL GO asks for a written mitigation of a P1 gate; nothing stands in for a P0 gate."""
    assert {letter for letter, gate in GATES.items() if gate.waivable} == set("FGHIJ")


@pytest.mark.parametrize(
    ("letter", "criterion", "operator", "threshold", "unit"),
    [
        ("A", "dead_ends", "lte", "0", "count"),
        ("A", "quick_mode_decisions", "lte", "6", "count"),
        ("A", "failures_without_next_action", "lte", "0", "count"),
        ("A", "time_to_first_verified_receipt", "lte", str(8 * 60), "s"),
        ("A", "time_to_first_verified_receipt_p95", "lte", str(15 * 60), "s"),
        ("A", "completion", "gte", "0.70", "ratio"),
        ("A", "onboarding_success", "gte", "0.95", "ratio"),
        ("A", "sign_in_canary", "lte", "0", "count"),
        ("A", "route_failure", "lt", "0.02", "ratio"),
        ("C", "storm_double_settles", "lte", "0", "count"),
        ("C", "crash_lost_settles", "lte", "0", "count"),
        ("F", "availability", "gte", "0.9995", "ratio"),
        ("F", "decision_latency", "gte", "0.95", "ratio"),
        ("F", "first_paid_call", "gte", "0.99", "ratio"),
        ("F", "onboarding", "gte", "0.95", "ratio"),
        ("F", "receipt_verification", "gte", "0.999", "ratio"),
        ("F", "policy_decision_latency", "lt", "300", "ms"),
        ("F", "rollback_time", "lt", str(15 * 60), "s"),
        ("J", "activation", "gte", "0.60", "ratio"),
    ],
)
def test_the_numbers_are_those_of_the_launch_plan(letter, criterion, operator, threshold, unit):
    """Each number of the plan stands in the catalog as written there."""
    item = CRITERIA[letter, criterion]
    assert (item.operator, Decimal(item.threshold), item.unit) == (operator, Decimal(threshold), unit)


def test_the_rollback_is_rehearsed_within_14_days():
    """So are restores, runbooks and hosts; the canary of the hosted sign-in speaks for a day, everything else for a week."""
    restored = (EvidenceKind.RESTORE_DRILL, EvidenceKind.RESTORE_LITESTREAM_DRILL)
    rehearsed = (
        EvidenceKind.ROLLBACK_DRILL,
        *restored,
        EvidenceKind.RUNBOOK_REHEARSAL,
        EvidenceKind.RUNBOOK_RUN,
        EvidenceKind.HOST_MATRIX,
    )
    limits = {**dict.fromkeys(rehearsed, "14d"), CANARY: "24h"}
    for item in CRITERIA.values():
        assert item.max_age == limits.get(item.source.predicate_type, "7d"), item.id


def test_what_is_measured_with_users_counts_external_ones_alone():
    """The times, completion, success, activation and what they failed by; simulated users pass none of them."""
    kinds = (EvidenceKind.ONBOARDING_FUNNEL, EvidenceKind.RUNBOOK_RESOLUTION)
    of_users = {name for (_, name), item in CRITERIA.items() if item.source.predicate_type in kinds}
    first, failures = "time_to_first_verified_receipt", "onboarding_failures_without_runbook"
    assert of_users == {first, f"{first}_p95", "completion", "onboarding_success", "activation", failures}
    assert {name for (_, name), item in CRITERIA.items() if item.cohort == "external"} == of_users


def test_the_automatic_no_gos_are_those_of_the_plan():
    """A policy bypass, a leaked secret, an idempotency violation on settle, reverse or payout, a dead end of the onboarding.

    An entry on the run's accounts that no planned payment explains is such a violation under another id.
    """
    automatic = {f"{letter}:{item.source.measure}" for (letter, _), item in CRITERIA.items() if item.automatic_no_go}
    assert automatic == {
        "A:dead_ends",
        "B:settlements_without_policy",
        "C:double_settles",
        "C:extra_charges",
        "C:double_reversals",
        "C:replay_changes",
        "C:unexplained_entries",
        "C:unknown_outcome_violations",
        "E:findings",
    }


def test_a_criterion_names_the_command_that_leaves_its_evidence_exactly_where_there_is_one():
    """A kind that nothing produces yet names none, and its criterion stays unknown; a register is reviewed by a command."""
    for item in CRITERIA.values():
        is_produced = item.source.predicate_type in PRODUCED or isinstance(item.source, RegisterSource)
        assert bool(item.source.produced_by) == is_produced, item.id


def test_without_evidence_every_criterion_is_missing_and_the_answer_is_no_go(bench):
    """The honest answer of an empty store: NO GO, exit 3, and a list of all that is missing."""
    review = bench.review(GATES.values(), [])
    assert (review.decision.decision, review.decision.exit_code) == (Decision.NO_GO, 3)
    assert {item.reason for item in review.decision.missing} == {UnknownReason.MISSING}
    assert len(review.decision.missing) == len(CRITERIA)


def test_perfect_evidence_of_all_that_is_produced_leaves_exactly_the_rest_unknown(bench):
    """With flawless runs B, C, D and F pass today; A, G, H, I, J and a part of E are unknown, and nothing fails."""
    held = [bench.held(kind=kind, measures=_perfect(bench, kind)) for kind in PRODUCED]
    review = bench.review(GATES.values(), held)
    outcomes = {gate.letter: gate.outcome for gate in review.gates}
    assert {letter for letter, outcome in outcomes.items() if outcome is Outcome.PASS} == set("BCDF")
    assert set(outcomes.values()) == {Outcome.PASS, Outcome.UNKNOWN}
    unknown = {item.criterion for item in review.decision.missing if item.gate[0] in "es"}
    assert {"unresolved_p0_findings", "unresolved_p0_incidents"} == unknown
    assert review.decision.exit_code == 3


def _perfect(bench, kind):
    """A measure that passes for each criterion of a kind."""
    measures = {}
    for item in CRITERIA.values():
        if item.source.predicate_type == kind:
            value = {"lte": "0", "lt": "0", "gte": max("1", item.threshold, key=Decimal), "eq": item.threshold}[item.operator]
            measures[item.source.measure] = bench.measure(
                value, item.unit, samples=5990, statistic=item.statistic, made_of=item.needs
            )
    return measures


def test_each_file_holds_one_gate_and_tells_editors_its_schema():
    """The first line points to a schema that is there."""
    for file in load_gate_files(CATALOG):
        (gate,) = file.gates
        first = file.path.read_text().splitlines()[0]
        assert file.path.stem == f"{gate.letter.lower()}-{gate.id}"
        assert (file.path.parent / first.removeprefix("# yaml-language-server: $schema=")).resolve().is_file()


@pytest.mark.parametrize("kind", [*DOCUMENTS, *FORMATS])
def test_the_committed_schemas_are_in_step_with_the_types(kind):
    """`gonogo schema KIND` prints exactly what is committed."""
    committed = CATALOGS.parent / "schemas" / f"{kind.lower()}.schema.json"
    assert committed.read_bytes() == schema_bytes(kind), f"run `gonogo schema {kind} > gates/schemas/{committed.name}`"


@pytest.mark.parametrize("kind", [*DOCUMENTS, *VALUES, *SHIPPED])
def test_schemas_refuse_unknown_keys_at_every_level(kind):
    """Every object with named properties forbids others."""
    import json

    def walk(node):
        if isinstance(node, dict):
            if "properties" in node and node.get("type") == "object":
                assert node["additionalProperties"] is False
            for item in node.values():
                walk(item)
        elif isinstance(node, list):
            for item in node:
                walk(item)

    schema = json.loads(schema_bytes(kind))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    walk(schema)


def test_an_unknown_kind_has_no_schema():
    """The refusal names the kinds there are."""
    with pytest.raises(UsageProblem, match="no kind is called 'Gate'") as caught:
        schema_bytes("Gate")
    assert "Finding, FreezeCalendar, GateSet, Incident, Measures, Project, Roster, Signers, Target" in caught.value.next_step


@pytest.mark.parametrize("name", NAMES)
def test_the_catalogs_validate_against_their_own_schema(name):
    """jsonschema, which is not ours, agrees with the types."""
    import json

    import jsonschema
    import yaml

    validator = jsonschema.Draft202012Validator(json.loads(schema_bytes("GateSet")))
    for path in sorted(catalog(name).glob("*.yaml")):
        document = yaml.safe_load(path.read_text())
        validator.validate(document)
        document["spec"]["gates"][0]["criteria"][0]["treshold"] = "1"
        assert not validator.is_valid(document)
