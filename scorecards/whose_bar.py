"""Whose bar is this? A shipped catalog, or your own gates, and which P0 questions of the launch plan they leave open. Pure."""

from collections.abc import Mapping, Sequence

import msgspec

from gates.page.words import short
from gates.schema.canonical import canonical_json, sha256_hex
from gates.schema.catalogs import LAUNCH_PLAN
from gates.schema.gate import Gate
from gates.schema.gateset import gate_set_digest
from gates.schema.outcome import Priority
from scorecards.bar import criterion_bar, required


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A P0 question of the launch plan, the gate that asks it there, and the sha256 of what that gate requires."""

    letter: str
    question: str
    gate: str
    requires: str


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The shipped catalogs by the digest of their gates, and the launch plan's P0 questions."""

    catalogs: dict[str, str]
    questions: tuple[Question, ...]


def make_plan(catalogs: Mapping[str, Sequence[Gate]]) -> Plan:
    """The plan of these catalogs by name; one of them is `launch-plan`."""
    questions = tuple(
        Question(gate.letter, gate.question, gate.id, _requires(gate))
        for gate in catalogs[LAUNCH_PLAN]
        if gate.priority is Priority.P0 and gate.letter is not None
    )
    return Plan({gate_set_digest(gates): name for name, gates in sorted(catalogs.items())}, questions)


def unanswered(gates: Sequence[Gate], plan: Plan) -> tuple[Question, ...]:
    """The plan's P0 questions that no P0 gate answers: none names the letter in `answers`, or is the plan's gate unchanged."""
    stops = [gate for gate in gates if gate.priority is Priority.P0]
    letters = {letter for gate in stops for letter in gate.answers}
    same = {(gate.id, _requires(gate)) for gate in stops}
    return tuple(one for one in plan.questions if one.letter not in letters and (one.gate, one.requires) not in same)


def whose_bar(gates: Sequence[Gate], plan: Plan) -> str:
    """One or two sentences: which catalog, or your own gates and what of the plan they leave open."""
    digest = gate_set_digest(gates)
    shipped = plan.catalogs.get(digest)
    if shipped is not None:
        whose = f"Judged by the shipped gates `{shipped}` (gate set {short(digest)})."
        if shipped == LAUNCH_PLAN:
            return whose
    else:
        whose = f"Judged by your own gate set ({short(digest)}), not by the shipped launch plan."
    if not plan.questions:
        return f"{whose} Its questions were not compared with the plan's."
    missing = unanswered(gates, plan)
    if not missing:
        return f"{whose} Its P0 gates answer every P0 question of the plan."
    listed = "; ".join(f"{one.letter} {one.question}" for one in missing)
    return f"{whose} It leaves {len(missing)} of the launch plan's {len(plan.questions)} P0 questions unanswered: {listed}"


def _requires(gate: Gate) -> str:
    asked = required(gate)
    criteria = [criterion_bar(asked, item) for item in sorted(gate.criteria, key=lambda item: item.id)]
    return sha256_hex(canonical_json(criteria))
