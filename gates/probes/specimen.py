"""A real payment of our own, so that other tenants have something real to be kept away from."""

import re
from collections.abc import Iterator

import msgspec

from gates.probes.client import Answer, ServiceProblem, TargetClient, acknowledges
from gates.probes.patterns import forms
from gates.schema.canonical import Json
from gates.schema.pointer import id_at

AMOUNT = "100"
_UNMISTAKABLE = re.compile(r"(?=(?:[^0-9]*[0-9]){4})[!-~]{16,}")


class Specimen(msgspec.Struct, frozen=True):
    """A payment just reserved: every id that the answer names, the key it was made with, and the answer."""

    fields: dict[str, str]
    answer: Answer

    def markers(self, variables: dict[str, str]) -> dict[str, tuple[bytes, ...]]:
        """Ids that nobody else's answer may hold, in each form they travel in (receipts carry them in base64)."""
        named = {**{name: value for name, value in variables.items() if name.endswith("_id")}, **self.fields}
        unmistakable = sorted({value for value in named.values() if _UNMISTAKABLE.fullmatch(value)})
        return {value: tuple(forms(value)) for value in unmistakable}


def make_specimen(client: TargetClient, amount: str = AMOUNT) -> Specimen:
    """Reserve a small payment with the target's own reserve operation.

    Raises ServiceProblem where that is refused: without a real id isolation cannot be checked.
    """
    operation = client.target.operations.get("reserve")
    if operation is None:
        raise ServiceProblem("the target has no operation `reserve`", next_step="add spec.operations.reserve to the target file")
    key = client.fresh_key()
    answer = client.perform(operation, {"amount": amount}, keys=[key])
    found = id_at(answer.json(), operation.id_pointer or "/payment_id")
    if found is None or not acknowledges(operation, answer):
        raise ServiceProblem(
            f"the reserve that the probe needs was answered {answer.status} {answer.code or ''}".rstrip(),
            next_step="see that the wallet is funded, the policy allows it and the service is not paused",
        )
    ids = dict(_ids(answer.json()))
    return Specimen({**ids, "payment_id": found, "amount": amount, "key": key, "idempotency_key": key}, answer)


def with_payout(client: TargetClient, specimen: Specimen) -> Specimen:
    """The specimen with the id of a payout, too: one that is there already, or else one of a payment settled for it.

    Where the target has no payouts, or cannot make one now, the specimen stays as it is, and what needs the id is skipped.
    """
    found = _listed_payout(client) or _new_payout(client)
    return msgspec.structs.replace(specimen, fields={"payout_id": found, **specimen.fields}) if found else specimen


def _listed_payout(client: TargetClient) -> str | None:
    operation = client.target.audit.payouts
    if operation is None or operation.role not in client.credentials:
        return None
    answer = client.perform(operation, {"cursor": ""})
    return id_at(answer.json(), "/items/0/payout_id") if answer.status == 200 else None


def _new_payout(client: TargetClient) -> str | None:
    payout, settle = (client.target.operations.get(name) for name in ("payout", "settle"))
    if payout is None or settle is None or payout.role not in client.credentials:
        return None
    owed = make_specimen(client)
    if not acknowledges(settle, client.perform(settle, owed.fields)):
        return None
    answer = client.perform(payout, owed.fields)
    return id_at(answer.json(), payout.id_pointer or "/payout_id") if acknowledges(payout, answer) else None


def release(client: TargetClient, specimen: Specimen) -> bool:
    """Give the hold back; whether the service agreed."""
    operation = client.target.operations.get("reverse")
    return operation is not None and acknowledges(operation, client.perform(operation, specimen.fields))


def _ids(value: Json) -> Iterator[tuple[str, str]]:
    """Every member named `*_id`, wherever it stands; the outermost of equal names wins."""
    if isinstance(value, dict):
        for item in value.values():
            yield from _ids(item)
        yield from ((name, found) for name in value if name.endswith("_id") and (found := id_at(value, f"/{name}")))
