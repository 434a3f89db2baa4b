"""JSON Schema 2020-12 of drill and release documents, exported from the types that decode them."""

import msgspec

from drills.schema import Drill, Release
from gates.schema.documents import API_VERSION, Document

DIALECT = "https://json-schema.org/draft/2020-12/schema"
KINDS: dict[str, type[msgspec.Struct]] = {"Drill": Drill, "Release": Release}


def schema_bytes(kind: str) -> bytes:
    """The JSON Schema of one of KINDS, indented, with sorted keys; unknown keys are refused at every level."""
    spec = KINDS[kind]
    schema = msgspec.json.schema(Document[spec])  # type: ignore[valid-type]  # a runtime type argument
    frame = schema["$defs"].pop(schema.pop("$ref").removeprefix("#/$defs/"))
    frame["properties"] |= {"apiVersion": {"const": API_VERSION}, "kind": {"const": kind}}
    for part in (frame, *schema["$defs"].values()):
        if "description" in part:
            part["description"] = "\n".join(line.strip() for line in part["description"].splitlines())
    text = msgspec.json.encode({"$schema": DIALECT, "title": kind, **frame, **schema}, order="sorted")
    return msgspec.json.format(text, indent=2) + b"\n"
