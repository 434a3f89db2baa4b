"""JSON Schema 2020-12 of load profiles, exported from the types that decode them."""

import msgspec

from gates.schema.documents import API_VERSION, Document
from loadtests.schema import LoadProfile

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def profile_schema_bytes() -> bytes:
    """The JSON Schema of the kind LoadProfile, indented, with sorted keys; unknown keys are refused at every level."""
    schema = msgspec.json.schema(Document[LoadProfile])
    frame = schema["$defs"].pop(schema.pop("$ref").removeprefix("#/$defs/"))
    frame["properties"] |= {"apiVersion": {"const": API_VERSION}, "kind": {"const": "LoadProfile"}}
    for part in (frame, *schema["$defs"].values()):
        part["description"] = "\n".join(line.strip() for line in part["description"].splitlines())
    text = msgspec.json.encode({"$schema": DIALECT, "title": "LoadProfile", **frame, **schema}, order="sorted")
    return msgspec.json.format(text, indent=2) + b"\n"
