"""The catalog for any payment service: what it requires, what it answers, and that it agrees with the launch plan's."""

import msgspec
import pytest

from gates.evidence.statement import EvidenceKind
from gates.schema.catalogs import NAMES, SERVICE, catalog, rules_path
from gates.schema.gateset import CATALOG, load_gate_files, load_gates
from gates.schema.outcome import Decision, Priority
from gates.schema.soundness import QUESTIONS, faults

PLAN, GATES = load_gates(CATALOG), load_gates(catalog(SERVICE))
CRITERIA = {item.id: item for gate in GATES for item in gate.criteria}


def test_four_p0_gates_and_two_p1_gates():
    """Money, the crash and secrets stop a launch; latency and rollback count."""
    assert [(gate.id, gate.priority.value) for gate in GATES] == [
        ("no-double-settle", "P0"),
        ("no-lost-settle", "P0"),
        ("crash", "P0"),
        ("secrets", "P0"),
        ("latency", "P1"),
        ("rollback", "P1"),
    ]
    assert {gate.letter for gate in GATES} == {None}


def test_a_criterion_that_both_catalogs_have_requires_the_same():
    """By every member but its title: a threshold that is looser here would be a second truth."""
    plan = {item.id: item for gate in PLAN for item in gate.criteria}
    shared = sorted(plan.keys() & CRITERIA.keys())
    assert len(shared) == 11
    for name in shared:
        assert msgspec.structs.replace(CRITERIA[name], title="") == msgspec.structs.replace(plan[name], title=""), name


def test_every_criterion_can_be_measured_with_a_command_of_this_release():
    """So a service can reach GO without evidence of its own."""
    produced = {kind.value for kind in EvidenceKind}
    assert [item.id for item in CRITERIA.values() if not item.source.produced_by] == []
    assert {item.source.predicate_type for item in CRITERIA.values()} <= produced


def test_perfect_evidence_is_a_go(bench):
    """The catalog is reachable: every gate passes, nothing is missing."""
    kinds = {item.source.predicate_type for item in CRITERIA.values()}
    held = [bench.held(kind=kind, measures=_perfect(bench, kind)) for kind in sorted(kinds)]
    review = bench.review(GATES, held)
    assert (review.decision.decision, review.decision.exit_code) == (Decision.GO, 0)


def _perfect(bench, kind):
    """A measure that passes for each criterion of a kind."""
    return {
        item.source.measure: bench.measure(
            {"lte": "0", "lt": "1", "gte": "1", "eq": item.threshold}[item.operator],
            item.unit,
            samples=2000,
            statistic=item.statistic,
            made_of=item.needs,
        )
        for item in CRITERIA.values()
        if item.source.predicate_type == kind
    }


def test_no_p0_gate_is_waivable_and_every_p1_gate_is():
    """As in the launch plan."""
    assert all(gate.waivable is (gate.priority is Priority.P1) for gate in GATES)


def test_what_gates_may_answer_are_the_letters_of_the_launch_plan():
    """One list, and a letter outside of it is refused with the choices."""
    assert "".join(gate.letter for gate in PLAN) == QUESTIONS
    (fault,) = faults([msgspec.structs.replace(GATES[0], answers=("C", "Z"))])
    assert fault == "gate no-double-settle: answers 'Z', which is not one of A, B, C, D, E, F, G, H, I, J"


def test_each_file_holds_one_gate_named_as_the_file():
    """After its number, which gives the order."""
    for number, file in enumerate(load_gate_files(catalog(SERVICE)), 1):
        (gate,) = file.gates
        assert file.path.stem == f"{number}-{gate.id}"


@pytest.mark.parametrize(
    ("given", "target", "judged_by"),
    [
        (None, "local", "launch-plan"),
        (None, "./my-service.yaml", "service"),
        (None, "local.yaml", "service"),
        ("launch-plan", "./my-service.yaml", "launch-plan"),
        ("service", "local", "service"),
    ],
)
def test_the_target_decides_by_which_catalog_it_is_judged_unless_one_is_named(given, target, judged_by, tmp_path, monkeypatch):
    """The reference gateway by the launch plan, every other service by the one for any service."""
    monkeypatch.chdir(tmp_path)
    assert rules_path(given and type(tmp_path)(given), target) == catalog(judged_by)


def test_a_folder_of_that_name_comes_before_the_shipped_catalog(tmp_path, monkeypatch):
    """Somebody's own gates are never replaced by ours without a word."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "service").mkdir()
    own = type(tmp_path)("service")
    assert rules_path(own, "local") == own


def test_a_gate_without_a_letter_is_listed_and_explained_by_its_id(gonogo):
    """And the refusal of an unknown one lists ids."""
    assert "no-double-settle  P0" in gonogo("gate", "list", "--gates", "service")[1]
    code, out, _ = gonogo("gate", "explain", "crash", "--gates", "service")
    assert (code, out.splitlines()[0]) == (0, "crash  (P0, owner backend)")
    code, _, err = gonogo("gate", "explain", "C", "--gates", "service")
    assert (code, "no gate is called 'C'" in err, "no-double-settle, no-lost-settle" in err) == (2, True, True)


def test_gates_that_are_nowhere_end_with_2_and_the_shipped_names(gonogo):
    """A misspelt catalog is no path either."""
    code, _, err = gonogo("gate", "list", "--gates", "servce")
    assert code == 2
    assert f"or one of {', '.join(NAMES)}" in err
