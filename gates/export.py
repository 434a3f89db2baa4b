"""What may each kind of document hold? JSON Schema 2020-12, exported from the types that decode it."""

from pathlib import Path
from typing import Any

import msgspec

from gates.acts.act import ActStatement
from gates.adapters.measures import MeasuresSpec
from gates.evidence.statement import Statement
from gates.registers.document import FindingSpec, IncidentSpec
from gates.schema.documents import API_VERSION, Document
from gates.schema.errors import UsageProblem
from gates.schema.freeze import FreezeCalendar
from gates.schema.gate import GateSet
from gates.schema.ledger import LedgerLine
from gates.schema.project import Project
from gates.schema.roster import Roster
from gates.schema.target import Target
from gates.schema.verdict import Review
from gates.signers.document import SignersSpec

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DOCUMENTS: dict[str, type[msgspec.Struct]] = {
    "Finding": FindingSpec,
    "FreezeCalendar": FreezeCalendar,
    "GateSet": GateSet,
    "Incident": IncidentSpec,
    "Measures": MeasuresSpec,
    "Project": Project,
    "Roster": Roster,
    "Signers": SignersSpec,
    "Target": Target,
}
VALUES: dict[str, type[msgspec.Struct]] = {"Act": ActStatement, "Review": Review, "Statement": Statement}
FORMATS: dict[str, type[msgspec.Struct]] = {"LedgerEntry": LedgerLine}
SHIPPED = {"SetupReport": Path(__file__).with_name("schemas") / "setupreport.schema.json"}
"""Values of the gateway's client, which this room does not import: a test holds the shipped file to the type."""


def kinds() -> tuple[str, ...]:
    """The kinds that have a schema: documents, values that gonogo writes, and formats that a service answers in."""
    return (*DOCUMENTS, *VALUES, *SHIPPED, *FORMATS)


def schema_bytes(kind: str) -> bytes:
    """The JSON Schema of a kind, indented, with sorted keys.

    Unknown keys are refused at every level, except in the formats that a service answers in.

    Raises UsageProblem naming the kinds there are.
    """
    if kind in SHIPPED:
        return SHIPPED[kind].read_bytes()
    if kind in DOCUMENTS:
        schema = _document_schema(kind, DOCUMENTS[kind])
    elif kind in VALUES or kind in FORMATS:
        schema = msgspec.json.schema({**VALUES, **FORMATS}[kind])
    else:
        raise UsageProblem(f"no kind is called {kind!r}", next_step=f"use one of {', '.join(kinds())}")
    _trim(schema)
    text = msgspec.json.encode({"$schema": DIALECT, "title": kind, **schema}, order="sorted")
    return msgspec.json.format(text, indent=2) + b"\n"


def _document_schema(kind: str, spec: type[msgspec.Struct]) -> dict[str, Any]:
    """The frame with its version and kind fixed, so that an editor reports a file of another kind at once."""
    schema = msgspec.json.schema(Document[spec])  # type: ignore[valid-type]  # a runtime type argument
    frame = schema["$defs"].pop(schema.pop("$ref").removeprefix("#/$defs/"))
    frame["properties"] |= {"apiVersion": {"const": API_VERSION}, "kind": {"const": kind}}
    return {**frame, **schema}


def _trim(schema: object) -> None:
    """Docstrings become descriptions: without the indentation of the code they stand in."""
    if isinstance(schema, dict):
        if isinstance(schema.get("description"), str):
            schema["description"] = "\n".join(line.strip() for line in schema["description"].splitlines())
        for item in schema.values():
            _trim(item)
    elif isinstance(schema, list):
        for item in schema:
            _trim(item)
