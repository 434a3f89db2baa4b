"""Reading one place of a JSON document by its RFC 6901 pointer."""

import re

from gates.schema.canonical import Json

_INDEX = re.compile(r"0|[1-9][0-9]*")


def read_pointer(document: Json, pointer: str) -> Json:
    """The value at `pointer`, or None where the document has no such place; a text that is no pointer leads nowhere."""
    before, *parts = pointer.split("/")
    value = None if before else document
    for part in parts:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and _INDEX.fullmatch(name) and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value


def text_at(document: Json, pointer: str) -> str | None:
    """The string at `pointer`, or None if there is none."""
    found = read_pointer(document, pointer)
    return found if isinstance(found, str) else None


def id_at(document: Json, pointer: str) -> str | None:
    """The id at `pointer`: a text that is not empty, or a whole number, as text; None for anything else."""
    found = read_pointer(document, pointer)
    if isinstance(found, bool) or not isinstance(found, str | int):
        return None
    return str(found) or None
