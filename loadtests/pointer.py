"""Reading one member of a JSON answer by its RFC 6901 pointer."""

from gates.schema.canonical import Json


def read_pointer(document: Json, pointer: str) -> Json:
    """The value at `pointer`, or None where the document has no such place."""
    value = document
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value


def text_at(document: Json, pointer: str) -> str | None:
    """The string at `pointer`, or None where there is none."""
    found = read_pointer(document, pointer)
    return found if isinstance(found, str) else None
