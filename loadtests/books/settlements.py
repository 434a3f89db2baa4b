"""What does a list of settlements show, in the terms of the target's file? What does not fit is named by its member. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Literal

import msgspec

from gates.schema.amounts import AmountFormat, read_amount
from gates.schema.canonical import Json
from gates.schema.pointer import id_at, read_pointer
from gates.schema.printable import printable
from gates.schema.readback import Settlements

_JSON = msgspec.json.Decoder(float_hook=Decimal)
LIST = "spec.audit.settlements"
"""The member of a target's file that describes the list."""

_SHOWN, _DEEPEST = 5, 8


class Misdescribed(ValueError):
    """What the target's file says about the list does not fit it; the message begins with the member."""

    def __init__(self, member: str, text: str) -> None:
        self.member = f"{LIST}.{member}" if member else LIST
        super().__init__(f"{self.member}: {text}")


class Absent(Misdescribed):
    """The list names nothing of what was acknowledged: it is about something else, or the service keeps nothing."""


class Repeated(ValueError):
    """One item is on two pages: the list changed while it was read, or its pages overlap."""


class Money(msgspec.Struct, frozen=True):
    """How the list writes amounts, the digits of the minor unit, and the currency of the run."""

    form: AmountFormat
    digits: int
    currency: str


class Expected(msgspec.Struct, frozen=True):
    """What the clients of a run know: its payments and keys of settles, and what was acknowledged, by payment."""

    payments: Collection[str] = ()
    keys: Collection[str] = ()
    settled: Mapping[str, str | None] = {}


class Settlement(msgspec.Struct, frozen=True, omit_defaults=True):
    """One item of the list. `amount` is in minor units, and "" for an item that is not of the run."""

    id: str
    payment_id: str | None
    effect: Literal["settle", "refund", "none"]
    amount: str = ""
    refunded: bool = False
    state: str | None = None
    kind: str | None = None
    key: str | None = None
    currency: str | None = None
    page: int = 1


def document_in(body: str) -> Json:
    """The JSON of one answer, None for an empty one; raises Misdescribed for anything else."""
    if not body.strip():
        return None
    try:
        document: Json = _JSON.decode(body)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Misdescribed("path", f"leads to no JSON: {printable(body[:80])!r} ({error})") from None
    return document


def items_in(document: Json, shape: Settlements) -> list[dict[str, Json]]:
    """The items of one answer; null and an empty answer have none. Raises Misdescribed where there is no list of objects."""
    if document is None:
        return []
    found = read_pointer(document, shape.items)
    if found is None and has_place(document, shape.items):
        return []
    if not isinstance(found, list):
        lists = ", ".join(f"{where or 'the whole answer'} ({len(items)})" for where, items in _lists(document, ""))
        known = f"; it has lists at {lists}" if lists else ""
        raise Misdescribed("items", f"{shape.items or 'the whole answer'} leads to no list in the answer{known}")
    items = [item for item in found if isinstance(item, dict)]
    if len(items) != len(found):
        raise Misdescribed("items", f"{shape.items} leads to a list whose items are no objects")
    return items


def settlements_in(pages: Sequence[str], shape: Settlements, money: Money, expected: Expected) -> tuple[Settlement, ...]:
    """Every item of these answers.

    Raises Misdescribed naming the member of the target's file that does not fit them, Repeated for an item on two pages. What
    is not of the run is not held against the file.
    """
    items = [(number, item) for number, body in enumerate(pages, 1) for item in items_in(document_in(body), shape)]
    found = tuple(_settlement(item, number, shape, money, expected) for number, item in items)
    _require_own_ids(found)
    _require_named(found, [item for _number, item in items], shape, expected)
    _require_money(found, shape, money, expected)
    return found


def has_place(document: Json, pointer: str) -> bool:
    """Whether a document has this place, whatever stands there."""
    parent, _, name = pointer.rpartition("/")
    inside = read_pointer(document, parent)
    if pointer and isinstance(inside, dict):
        return name.replace("~1", "/").replace("~0", "~") in inside
    return read_pointer(document, pointer) is not None


def scalar(value: Json) -> str | None:
    """A text, a whole number, true or false as the target's file writes it; None for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else None


def _settlement(item: dict[str, Json], page: int, shape: Settlements, money: Money, expected: Expected) -> Settlement:
    identity = id_at(item, shape.id)
    if identity is None:
        raise Misdescribed("id", f"{shape.id} leads to no text and no whole number in {_shown(item)}")
    payment_id = id_at(item, shape.payment)
    key = None if shape.key is None else id_at(item, shape.key)
    state, kind = (None if place is None else scalar(read_pointer(item, place)) for place in (shape.state, shape.kind))
    plain = Settlement(identity, payment_id, "none", state=state, kind=kind, key=key, page=page)
    if payment_id not in expected.payments and key not in expected.keys:
        return plain
    effect = _effect(shape, plain)
    if effect == "none":
        return plain
    amount = read_amount(read_pointer(item, shape.amount), shape.amount_format or money.form, money.digits)
    if amount is None:
        raise Misdescribed("amount", f"{shape.amount} leads to no amount ({shape.amount_format or money.form}) in {_shown(item)}")
    currency = None if shape.currency is None else scalar(read_pointer(item, shape.currency))
    if shape.currency is not None and currency is None:
        raise Misdescribed("currency", f"{shape.currency} leads to no text in {_shown(item)}")
    refunded = shape.states is not None and state in shape.states.refunded
    return msgspec.structs.replace(plain, effect=effect, amount=str(amount), refunded=refunded, currency=currency)


def _effect(shape: Settlements, item: Settlement) -> Literal["settle", "refund", "none"]:
    """What an item of the run says; raises Misdescribed for a state or a kind that has no meaning in the file."""
    is_refund = False
    if shape.kinds is not None:
        _require_listed(shape, "kind", item, (shape.kinds.settle, shape.kinds.refund, shape.kinds.other))
        if item.kind in shape.kinds.other:
            return "none"
        is_refund = item.kind in shape.kinds.refund
    if shape.states is not None:
        _require_listed(shape, "state", item, (shape.states.captured, shape.states.refunded, shape.states.other))
        if item.state in shape.states.other:
            return "none"
    return "refund" if is_refund else "settle"


def _require_listed(
    shape: Settlements, name: Literal["kind", "state"], item: Settlement, groups: Sequence[Sequence[str]]
) -> None:
    value = item.kind if name == "kind" else item.state
    if value is None:
        place = shape.kind if name == "kind" else shape.state
        raise Misdescribed(name, f"{place} leads to no text in item {printable(item.id)} of payment {item.payment_id}")
    if not any(value in group for group in groups):
        raise Misdescribed(f"{name}s", f"does not list {printable(value)!r}, which item {printable(item.id)} has")


def _require_own_ids(found: Sequence[Settlement]) -> None:
    pages: dict[str, int] = {}
    for item in found:
        if item.id in pages and pages[item.id] == item.page:
            raise Misdescribed("id", f"two items of page {item.page} have the id {printable(item.id)}: each needs one of its own")
        if item.id in pages:
            raise Repeated(f"item {printable(item.id)} is on page {pages[item.id]} and on page {item.page}")
        pages[item.id] = item.page


def _require_named(found: Sequence[Settlement], items: Sequence[Json], shape: Settlements, expected: Expected) -> None:
    """Refuse a list that is about something else: a pointer to another id, or none of what was acknowledged."""
    named = {item.payment_id for item in found if item.payment_id in expected.payments}
    if found and expected.payments and not named:
        for item in items:
            place = next((where for where, text in _scalars(item, "") if text in expected.payments), None)
            if place is not None:
                raise Misdescribed("payment", f"{shape.payment} leads to no payment of this run; {place} does")
        if all(item.payment_id is None for item in found):
            raise Misdescribed("payment", f"{shape.payment} leads to no text and no whole number in {_shown(items[0])}")
    if expected.settled and not any(item.payment_id in expected.settled or item.key in expected.keys for item in found):
        known = len(expected.settled)
        raise Absent("", f"its {len(found)} items name none of the {known} payments whose settle was acknowledged")


def _require_money(found: Sequence[Settlement], shape: Settlements, money: Money, expected: Expected) -> None:
    """Refuse a format or a currency that every one of the acknowledged settlements contradicts in the same way."""
    ours = [item for item in found if item.effect == "settle" and expected.settled.get(item.payment_id or "")]
    off = {Decimal(item.amount) / Decimal(expected.settled[item.payment_id or ""] or "1") for item in ours}
    factor = off.pop() if len(off) == 1 else Decimal(1)
    if factor in _TEN_TIMES:
        form = shape.amount_format or money.form
        text = f"as {form}, each of {len(ours)} amounts is {factor.normalize():f} times the right one"
        raise Misdescribed("amount_format", text)
    currencies = {(item.currency or money.currency).upper() for item in ours}
    if len(currencies) == 1 and money.currency.upper() not in currencies:
        other = f"{shape.currency} leads to {currencies.pop()} in each of {len(ours)} items"
        raise Misdescribed("currency", f"{other}, and spec.currency is {money.currency}")


_TEN_TIMES = {Decimal(10) ** power for power in (-4, -3, -2, -1, 1, 2, 3, 4)}


def _lists(value: Json, where: str) -> Iterator[tuple[str, list[Json]]]:
    if isinstance(value, list):
        yield where, value
    elif isinstance(value, dict):
        for name, inner in value.items() if where.count("/") < _DEEPEST else ():
            yield from _lists(inner, f"{where}/{_escaped(name)}")


def _scalars(value: Json, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items() if where.count("/") < _DEEPEST else ():
            yield from _scalars(inner, f"{where}/{_escaped(name)}")
    elif (text := scalar(value)) is not None:
        yield where, text


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _shown(item: Json) -> str:
    members = ", ".join(f"{where} {printable(text)[:40]}" for where, text in list(_scalars(item, ""))[:_SHOWN])
    return f"an item with {members}" if members else "an item without members"
