"""Documents that people write: YAML in, typed values out, and every mistake named with its file and path."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Generic, TypeVar, cast

import msgspec
import yaml

from gates.schema.canonical import sha256_hex
from gates.schema.errors import UsageProblem
from gates.schema.faults import document_faults
from gates.schema.written import read_written
from gates.schema.yaml_core import Refused, load_yaml

API_VERSION = "gonogo/v1"

KINDS = (
    "Drill",
    "Finding",
    "FreezeCalendar",
    "GateSet",
    "Incident",
    "LoadProfile",
    "Measures",
    "Project",
    "RailScript",
    "Release",
    "Roster",
    "Scorecard",
    "Signers",
    "Target",
    "Waiver",
)

Spec = TypeVar("Spec")


class DocumentProblem(UsageProblem):
    """A document with members that its kind does not allow; `raw` is what its file holds."""

    def __init__(self, message: str, raw: object) -> None:
        super().__init__(message)
        self.raw = raw


class Metadata(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a document is called, and why it exists."""

    name: str
    title: str = ""


class Document(msgspec.Struct, Generic[Spec], frozen=True, forbid_unknown_fields=True, rename={"api_version": "apiVersion"}):
    """The frame around every document: version, kind, metadata and the spec of that kind."""

    api_version: str
    kind: str
    metadata: Metadata
    spec: Spec


def load_document(path: Path, kind: str, spec_type: type[Spec]) -> Document[Spec]:
    """Read one YAML document of the given kind.

    Raises UsageProblem naming the file and the path inside it for anything that is not exactly what the kind allows:
    an absent file, a syntax error, a doubled key, another kind or version, an unknown key, a wrong type.
    """
    return parse_document(read_written(path), str(path), kind, spec_type)


def parse_document(text: str, origin: str, kind: str, spec_type: type[Spec]) -> Document[Spec]:
    """Decode the text of one document; `origin` is the file name that errors carry.

    The same text is decoded once in a process: reading YAML takes most of a scorecard's time, and it reads shipped gates twice.
    """
    return cast("Document[Spec]", _decoded(text, origin, kind, spec_type))  # type: ignore[arg-type]  # a class is hashable


@lru_cache(maxsize=64)
def _decoded(text: str, origin: str, kind: str, spec_type: type[Spec]) -> Document[Spec]:
    refused: list[Refused] = []
    raw = _parse_yaml(text, origin, refused)
    if not isinstance(raw, dict):
        raise UsageProblem(f"{origin}: $: expected a mapping with apiVersion, kind, metadata and spec")
    frame = [_placed(error, text) for error in refused]
    frame += [
        f"$.{name}: expected {wanted!r}, found {raw.get(name)!r}"
        for name, wanted in (("apiVersion", API_VERSION), ("kind", kind))
        if raw.get(name) != wanted
    ]
    if raw.get("kind") != kind and raw.get("kind") in KINDS:  # held against this kind, each of its members would be a fault
        raise UsageProblem("\n".join(f"{origin}: {text}" for text in frame))
    try:
        document = msgspec.convert(raw, Document[spec_type], strict=True)  # type: ignore[valid-type]  # a runtime type argument
    except msgspec.ValidationError as error:
        found = list(document_faults(raw, Document[spec_type]))  # type: ignore[valid-type]  # the same
        frame += [text for text in found or ([] if refused else [_readable(str(error))]) if text not in frame]
    if frame:
        raise DocumentProblem("\n".join(f"{origin}: {text}" for text in frame), raw)
    return document


def read_yaml(text: str, origin: str) -> object:
    """The values of any YAML or JSON text, as strictly as our own documents are read.

    Raises UsageProblem naming `origin` and the place for a syntax error or a key that is given twice.
    """
    return _parse_yaml(text, origin)


def spec_sha256(path: Path) -> str:
    """The sha256 of a document's spec as it is written; comments, layout and the order of its keys do not count.

    Raises UsageProblem as `load_document` does for a file that is not there or no YAML.
    """
    raw = _parse_yaml(read_written(path), str(path))
    spec = raw.get("spec") if isinstance(raw, dict) else None
    return sha256_hex(msgspec.json.encode(spec, order="sorted"))


def _readable(message: str) -> str:
    """`Object contains unknown field `x` - at `$.spec`` -> `$.spec: unknown key 'x'`."""
    match = re.fullmatch(r"(.*?)(?: - at `([^`]*)`)?", message, flags=re.DOTALL)
    assert match is not None, "the pattern matches any text"
    what, where = match[1], match[2] or "$"
    unknown = re.fullmatch(r"Object contains unknown field `(.*)`", what)
    return f"{where}: unknown key {unknown[1]!r}" if unknown else f"{where}: {what}"


def _parse_yaml(text: str, origin: str, refused: list[Refused] | None = None) -> object:
    try:
        return load_yaml(text, refused)
    except yaml.YAMLError as error:
        wrong = [*(refused or ()), error]
        raise UsageProblem("\n".join(f"{origin}: {_placed(one, text)}" for one in wrong)) from None


def _placed(error: yaml.YAMLError, text: str) -> str:
    """What is wrong, after its line and column where it has a place."""
    mark = getattr(error, "problem_mark", None)
    place = None if mark is None else (mark.line + 1, mark.column + 1)
    if isinstance(error, yaml.reader.ReaderError):
        before = text[: error.position]
        place = before.count("\n") + 1, len(before) - before.rfind("\n")
    problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
    return problem if place is None else f"line {place[0]}, column {place[1]}: {problem}"
