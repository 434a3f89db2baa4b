"""JSON that every reader reads in the same way: UTF-8, each member once, integers only, nested to a limit."""

import json
from itertools import pairwise
from typing import NoReturn

from gates.schema.canonical import Json

DEPTH = 32
"""Levels of nesting; no document of ours has half as many."""


class Ambiguous(ValueError):
    """JSON that readers may read in different ways, or not at all: a doubled member, or nesting beyond `DEPTH`."""


def read_json(data: bytes) -> Json:
    """The value in `data`.

    Raises Ambiguous, and ValueError for bytes that are not JSON in UTF-8 or hold a number that is not an integer.
    """
    try:
        value: Json = json.loads(
            data.decode(), object_pairs_hook=_members, parse_float=_refuse_number, parse_constant=_refuse_number
        )
    except RecursionError:
        raise Ambiguous(f"nested deeper than {DEPTH} levels") from None
    _limit_depth(value)
    return value


def _members(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = sorted(name for name, _ in pairs)
        doubled = next(name for name, following in pairwise(names) if name == following)
        raise Ambiguous(f"the member {doubled!r} occurs twice")
    return members


def _refuse_number(text: str) -> NoReturn:
    raise ValueError(f"the number {text} is not an integer")


def _limit_depth(value: Json) -> None:
    """Level by level, not by recursion."""
    level = [value]
    for _ in range(DEPTH + 1):
        level = [inner for item in level for inner in _inside(item)]
        if not level:
            return
    raise Ambiguous(f"nested deeper than {DEPTH} levels")


def _inside(value: Json) -> list[Json]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
