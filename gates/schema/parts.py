"""What can be read of a gate file whose members do not all fit? Its gates, so that every fault can be named in one go."""

from typing import TypeVar

import msgspec

from gates.schema.gate import Criterion, EvidenceSource, Gate
from gates.schema.outcome import Operator, Priority

Value = TypeVar("Value", bound=msgspec.Struct)

# In the place of a member that cannot be read stands one without a fault; members that are judged together are replaced together.
_CRITERION = Criterion("", "-", EvidenceSource("-", "-"), "count", Operator.LTE, "0")
_RANGE = frozenset({"unit", "operator", "threshold", "upper", "warn_threshold", "confidence", "exhaustive"})
_GATE = Gate("", "-", Priority.P0, "-", "-", "https://example.org/", ())
_RIGHTS = frozenset({"priority", "waivable"})


def readable_gates(raw: object) -> tuple[Gate, ...]:
    """The gates of a GateSet document, without their members that cannot be read; what is wrong with these is not looked at."""
    return tuple(_gate(item, number) for number, item in enumerate(_items(_member(raw, "spec"), "gates"), 1))


def _gate(raw: object, number: int) -> Gate:
    whole = _filled(raw, msgspec.structs.replace(_GATE, id=f"unnamed-{number}"), _RIGHTS)
    criteria = tuple(
        _filled(item, msgspec.structs.replace(_CRITERION, id=f"unnamed-{place}"), _RANGE)
        for place, item in enumerate(_items(raw, "criteria"), 1)
    )
    if not criteria and _member(raw, "criteria") != []:  # an empty list is a fault of its own, one that is not there was named
        criteria = (msgspec.structs.replace(_CRITERION, id="unnamed"),)
    return msgspec.structs.replace(whole, criteria=criteria)


def _filled(raw: object, blank: Value, together: frozenset[str]) -> Value:
    """The struct with each member that can be read, otherwise that of `blank`; of those `together` all of them or none."""
    found: dict[str, object] = {}
    wrong: set[str] = set()
    for field in msgspec.structs.fields(blank):
        if not isinstance(raw, dict) or field.encode_name not in raw:
            wrong |= {field.name} if field.required else set()
            continue
        try:
            found[field.name] = msgspec.convert(raw[field.encode_name], field.type, strict=True)
        except msgspec.ValidationError:
            wrong.add(field.name)
    if wrong & together:
        found = {name: value for name, value in found.items() if name not in together}
    return msgspec.structs.replace(blank, **found)


def _member(raw: object, name: str) -> object:
    return raw.get(name) if isinstance(raw, dict) else None


def _items(raw: object, name: str) -> list[object]:
    found = _member(raw, name)
    return found if isinstance(found, list) else []
