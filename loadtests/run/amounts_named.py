"""Does the target's file say where an amount is sent? What the file leaves out or sends as null is no fault of the service."""

from collections.abc import Iterator

import msgspec

from gates.schema.canonical import Json
from gates.schema.errors import UsageProblem
from gates.schema.target import Target

_AMOUNT = "{amount}"


def require_amounts(target: Target) -> None:
    """Raise UsageProblem naming an operation that sends null in the place of an amount, or a reserve that sends none at all."""
    reserve = target.operations.get("reserve")
    places = {place for place, value in _leaves(reserve.body if reserve else None) if _AMOUNT in str(value)}
    for name, operation in target.operations.items():
        for place, value in _leaves(operation.body):
            if value is None and place and (place in places or "amount" in place.lower()):
                raise _refused(name, f"{place} is null")
    if reserve is not None and _AMOUNT not in msgspec.json.encode(reserve).decode():
        raise _refused("reserve", f"no part of the request is {_AMOUNT}")


def _refused(name: str, why: str) -> UsageProblem:
    return UsageProblem(
        f"spec.operations.{name}.body: {why}: the service would be sent no amount",
        next_step=f'write the amount as a quoted text in the target file, such as amount: "{_AMOUNT}"',
    )


def _leaves(value: Json, where: str = "") -> Iterator[tuple[str, Json]]:
    """Every value that is no mapping and no list, with its pointer."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _leaves(item, f"{where}/{name}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _leaves(item, f"{where}/{number}")
    else:
        yield where, value
