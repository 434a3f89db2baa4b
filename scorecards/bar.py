"""What is the bar? Every requirement of the gates, by value, and what the evidence is collected with, as one digest. Pure."""

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from gates.schema.canonical import Json, canonical_json, sha256_hex
from gates.schema.errors import UsageProblem
from gates.schema.gate import Criterion, Gate
from gates.schema.outcome import Priority
from gates.schema.source import DESCRIBED
from gates.schema.target import Target
from gates.schema.time import parse_duration_s
from gates.schema.verdict import GateVerdict
from gates.slo.document import Slo, counted

# Every member of a criterion and of its source is a requirement, except these.
NOT_THE_BAR = ("title", "source", *DESCRIBED)
_NUMBERS = ("threshold", "upper", "warn_threshold", "confidence")
_DURATIONS = ("max_age",)

# Where a service is and how it is started says nothing about what is required of it; every other member of a target does.
_NOT_RULES = ("base_url", "credentials", "variables", "ca_file", "process", "commands", "prometheus")
# Members that came later, each with the value that says nothing new.
_LATER = {"amount_format": "string", "body_format": "json", "reverse_refunds": True}
_ADDRESSES = ("url", "listener")  # of the rail
_EMPTY: tuple[object, ...] = (None, (), {})  # a member that a later release adds is no other bar where it is not used
_SETS = ("success", "statuses", "codes", "public")  # lists whose order means nothing


class BarParts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the evidence of a review was collected with, each by sha256; "" where the review used none.

    `target` covers the rules of the target file (`target_bar_sha256`), `profile` the spec of the load profile, and `tables` the
    tables of the probes. A gate requires less if any of these does.
    """

    target: str = ""
    profile: str = ""
    tables: str = ""


class Required(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a gate requires; `Gate` and `GateVerdict` have it both."""

    id: str
    priority: Priority
    waivable: bool
    criteria: tuple[Criterion, ...]


def required(gate: Gate | GateVerdict) -> Required:
    """The requirements of a gate, from its document or from its verdict in a scorecard."""
    criteria = gate.criteria if isinstance(gate, Gate) else tuple(item.criterion for item in gate.criteria)
    return Required(gate.id, gate.priority, gate.waivable, criteria)


def bar_sha256(gates: Sequence[Gate | GateVerdict], parts: BarParts) -> str:
    """The digest of all requirements; titles, owners and runbooks may change under the same bar."""
    requirements = [_of_gate(required(gate)) for gate in sorted(gates, key=lambda gate: gate.id)]
    return sha256_hex(canonical_json({"gates": requirements, "parts": parts}))


def criterion_bar(gate: Required, criterion: Criterion) -> dict[str, Json]:
    """What one criterion requires, and how much its gate counts."""
    return {"priority": gate.priority.value, "waivable": gate.waivable, "criterion": requirements(criterion)}


def requirements(criterion: Criterion) -> dict[str, Json]:
    """What a criterion requires, by member, with equal values written equally: 7d and 168h, 0 and 0.0."""
    return {name: _by_value(name, value) for name, value in as_written(criterion).items()}


def as_written(criterion: Criterion) -> dict[str, Json]:
    """The same in the words of the gate file."""
    members = {**msgspec.to_builtins(criterion), **msgspec.to_builtins(criterion.source)}
    return {name: value for name, value in members.items() if name not in NOT_THE_BAR}


def number(text: Json) -> Fraction | None:
    """A decimal number exactly; None where the text is none."""
    try:
        return Fraction(str(text))
    except ValueError:
        return None


def target_bar_sha256(target: Target, slos: Sequence[Slo] = ()) -> str:
    """The digest of what a target file says about a service: operations, retry, audit, replay and authorization rules.

    `slos` are what the documents hold that it names: their objectives, and what they count.

    Not in it: where the service is, its credentials and variables, and how it is started. A new member of the file is in it.
    """
    rules = _members(target, _NOT_RULES)
    if target.rail is not None:
        rules["rail"] = _members(target.rail, _ADDRESSES)
    if target.authorization is not None:
        rules["roles"] = {route: sorted(roles) for route, roles in target.authorization.roles.items()}
        rules["authorization"] = _members(target.authorization, ("roles",))
    if slos:
        rules["slos"] = [counted(slo) for slo in slos]
    return sha256_hex(canonical_json(_rules(rules)))


def _of_gate(gate: Required) -> Json:
    return {
        "id": gate.id,
        "priority": gate.priority.value,
        "waivable": gate.waivable,
        "criteria": [requirements(item) for item in sorted(gate.criteria, key=lambda item: item.id)],
    }


def _by_value(name: str, value: Json) -> Json:
    if value is None:
        return None
    if name in _NUMBERS:
        exact = number(value)
        return str(value) if exact is None else str(exact)
    if name in _DURATIONS:
        try:
            return f"{round(parse_duration_s(str(value)) * 1000)}ms"
        except UsageProblem:
            return str(value)
    return value


def _members(value: msgspec.Struct, without: tuple[str, ...] = ()) -> dict[str, object]:
    """The members of a struct that are used, without some."""
    members = msgspec.structs.asdict(value)
    used = {name: item for name, item in members.items() if name not in without and item not in _EMPTY}
    return {name: item for name, item in used.items() if name not in _LATER or item != _LATER[name]}


def _rules(value: object, name: str = "") -> Json:
    """JSON without floats, and with lists in one order where their order means nothing."""
    if isinstance(value, msgspec.Struct):
        return _rules(_members(value))
    if isinstance(value, dict):
        return {str(key): _rules(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        items = [_rules(item) for item in value]
        return sorted(items, key=canonical_json) if name in _SETS else items
    if isinstance(value, float):
        return {"float": repr(value)}
    assert value is None or isinstance(value, bool | int | str), "a target holds JSON values"
    return value
