"""What is in an answer, without I/O: its id, its digest for comparison, and the first place where two answers differ."""

from hashlib import sha256

import msgspec

from gates.schema.acknowledgement import decoded
from gates.schema.canonical import Json
from gates.schema.pointer import id_at

_ID_CANDIDATES, _DEEPEST = 5, 8


def digest(body: bytes, ignore: tuple[str, ...]) -> str:
    """The digest by which two answers are compared: of the bytes, or of the JSON document without the places to leave out."""
    document = decoded(body) if ignore else None
    if document is None:
        return sha256(body).hexdigest()
    return sha256(msgspec.json.encode(without(document, ignore), order="sorted")).hexdigest()


def without(document: Json, pointers: tuple[str, ...]) -> Json:
    """The document without the places that the pointers name; the document itself is not changed."""
    for pointer in pointers:
        document = _cut(document, [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]])
    return document


def first_difference(first: bytes, other: bytes, ignore: tuple[str, ...] = ()) -> str:
    """The pointer to the first place in which two answers differ; "" if that is the whole, as for bytes that are not JSON."""
    one, two = decoded(first), decoded(other)
    if one is None or two is None:
        return ""
    return _difference(without(one, ignore), without(two, ignore), "") or ""


def id_candidates(document: Json) -> list[str]:
    """Pointers to what looks like an id: texts and whole numbers whose name ends in `id`, the shortest pointers first."""
    found = sorted(_ids(document, "", 0), key=lambda pointer: (pointer.count("/"), pointer))
    return found[:_ID_CANDIDATES]


def _cut(document: Json, parts: list[str]) -> Json:
    name, rest = parts[0], parts[1:]
    if isinstance(document, dict) and name in document:
        if not rest:
            return {key: item for key, item in document.items() if key != name}
        return {**document, name: _cut(document[name], rest)}
    if isinstance(document, list) and name.isdecimal() and int(name) < len(document):
        index = int(name)
        kept = [_cut(document[index], rest)] if rest else []
        return [*document[:index], *kept, *document[index + 1 :]]
    return document


def _difference(one: Json, two: Json, where: str) -> str | None:
    """The first difference in the order of the first document, or None if there is none."""
    if isinstance(one, dict) and isinstance(two, dict):
        for name in [*one, *(name for name in two if name not in one)]:
            place = f"{where}/{name.replace('~', '~0').replace('/', '~1')}"
            if name not in one or name not in two:
                return place
            if (found := _difference(one[name], two[name], place)) is not None:
                return found
        return None
    if isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        pairs = (_difference(left, right, f"{where}/{number}") for number, (left, right) in enumerate(zip(one, two, strict=True)))
        return next((found for found in pairs if found is not None), None)
    return None if (type(one), one) == (type(two), two) else where


def _ids(document: Json, where: str, depth: int) -> list[str]:
    if not isinstance(document, dict) or depth > _DEEPEST:
        return []
    found = []
    for name, item in document.items():
        place = f"{where}/{name.replace('~', '~0').replace('/', '~1')}"
        if name.lower().endswith("id") and id_at(document, place[len(where) :]):
            found.append(place)
        found.extend(_ids(item, place, depth + 1))
    return found
