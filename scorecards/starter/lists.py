"""Which list of an OpenAPI document shows settlements, and how does it go on? A guess with its doubts; people check it."""

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from gates.schema.canonical import Json
from gates.schema.printable import printable
from scorecards.starter.openapi import Field, Route, fields_of, lists_of

AMOUNT = re.compile(r"amount|value$|total")
_ROUTES = ("captur", "settle", "charge")
"""Words of a path whose list is one of settlements; another list has to say in its items what became of each."""
_CAPTURED = re.compile(r"captur|settle|succe|complete|paid|done")
_NOT_YET = re.compile(r"requir|pending|await|uncapt|unpaid|not_|to_be|fail|cancel|void|expire")
_REFUNDED = re.compile(r"refund|given_?back|returned")
_STATE, _KEY, _CURRENCY = re.compile(r"^(state|status)$"), re.compile(r"idempoten"), re.compile(r"^currency$")
_CURSOR = re.compile(r"next|cursor")
_PARAMETER = re.compile(r"\{[^{}]+\}")


class Guess(msgspec.Struct, frozen=True):
    """A member of the target file, where in the document it comes from, and what in it has to be checked by a person."""

    value: Json
    source: str
    doubts: tuple[str, ...] = ()


def amount_form(field: Field) -> str:
    """How a field's amounts are written, from its type; "" for texts of minor units, which are the usual way."""
    is_decimal = field.schema.get("format") == "decimal" or "." in str(field.schema.get("example", ""))
    return {"integer": "integer", "number": "decimal_number"}.get(str(field.schema.get("type")), "decimal" if is_decimal else "")


def guess_list(document: Mapping[str, object], known: Sequence[Route], made_at: str, amounts: str | None) -> dict[str, Guess]:
    """The list of settlements, if one can be seen: `made_at` is the path of the reserve, `amounts` how requests write amounts."""
    for route in _candidates(known, made_at):
        for pointer, items in lists_of(document, route.answer):
            found = _list(document, route, pointer, fields_of(document, items), made_at, amounts)
            if found is not None:
                return {"settlements": found}
    return {}


def _candidates(known: Sequence[Route], made_at: str) -> Iterator[Route]:
    """Lists of settlements first, then the list of what the reserve makes."""
    gets = [route for route in known if route.method == "GET" and not _PARAMETER.search(route.path)]
    yield from (route for word in _ROUTES for route in gets if word in route.path.rsplit("/", 1)[-1].lower())
    yield from (route for route in gets if route.path == made_at)


def _list(
    document: Mapping[str, object], route: Route, pointer: str, fields: Mapping[str, Field], made_at: str, amounts: str | None
) -> Guess | None:
    plain = {name: field for name, field in fields.items() if "properties" not in field.schema}
    is_own = route.path == made_at
    amount = next((name for name in plain if AMOUNT.search(name.rsplit("/", 1)[-1].lower())), None)
    payment = "id" if is_own and "id" in plain else _payment(plain, made_at)
    state = next((name for name in plain if _STATE.search(name)), None)
    states = None if state is None else _states(plain[state])
    if "id" not in plain or amount is None or payment is None or (is_own and states is None):
        return None
    doubts = [] if payment != "id" else ["each item is taken for one settlement of the payment with its id"]
    value: dict[str, Json] = {"path": route.path, "items": pointer, "id": "/id", "payment": f"/{payment}", "amount": f"/{amount}"}
    if (form := amount_form(plain[amount]) or "string") != (amounts or "string"):
        value["amount_format"] = form
    if states is not None:
        value |= {"state": f"/{state}", "states": states}
    elif state is not None:
        doubts.append(f"{printable(state)}: the document does not list its values, so every item counts as settled")
    for member, pattern in (("key", _KEY), ("currency", _CURRENCY)):
        name = next((name for name in plain if pattern.search(name)), None)
        value |= {} if name is None else {member: f"/{name}"}
    paging = _paging(document, route)
    value |= {} if paging is None else {"paging": paging}
    doubts += [] if paging else ["paging: the document shows none, so the first answer has to be the whole list"]
    return Guess(value, f"GET {printable(route.path)}", tuple(doubts))


def _payment(fields: Mapping[str, Field], made_at: str) -> str | None:
    """The field with the id of what the reserve made: named as that, with or without _id."""
    one = re.sub("s$", "", made_at.rstrip("/").rsplit("/", 1)[-1].lower())
    wanted = [name for word in (one, "payment", "payment_intent") for name in (word, f"{word}_id", f"{word}Id")]
    return next((name for name in wanted if name in fields), None)


def _states(field: Field) -> dict[str, Json] | None:
    """What each value of an enumeration means; None where there is none, or where no value means that money was taken."""
    choices = field.schema.get("enum")
    values = [str(value) for value in choices] if isinstance(choices, list) else []
    refunded = [value for value in values if _REFUNDED.search(value.lower())]
    taken = [value for value in values if _CAPTURED.search(value.lower()) and not _NOT_YET.search(value.lower())]
    captured = [value for value in taken if value not in refunded]
    other = [value for value in values if value not in (*captured, *refunded)]
    if not captured:
        return None
    groups = {"captured": captured, "refunded": refunded, "other": other}
    return {name: list(group) for name, group in groups.items() if group}


def _paging(document: Mapping[str, object], route: Route) -> dict[str, Json] | None:
    """How the list goes on, from its query parameters and the members of an answer."""
    members = fields_of(document, route.answer)
    more = next((name for name in members if name.rsplit("/", 1)[-1] in ("has_more", "hasMore")), None)
    after = next((name for name in route.queries if name in ("starting_after", "after", "after_id")), None)
    if more is not None and after is not None:
        return {"by": "has_more", "pointer": f"/{more}", "query": after}
    cursor = next((name for name in route.queries if "cursor" in name.lower() or name == "page_token"), None)
    place = next((name for name in members if _CURSOR.search(name.rsplit("/", 1)[-1].lower())), None)
    if cursor is not None and place is not None:
        return {"by": "cursor", "pointer": f"/{place}", "query": cursor}
    page = next((name for name in route.queries if name.lower() in ("page", "page_number")), None)
    return None if page is None else {"by": "page", "query": page}
