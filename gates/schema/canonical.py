"""One canonical writer for every artifact: sorted keys, UTF-8, LF, no floats."""

import hashlib
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
import rfc8785
import yaml

from gates.schema.errors import UsageProblem

if TYPE_CHECKING:
    Json: TypeAlias = "None | bool | int | str | list[Json] | dict[str, Json]"
else:
    Json = Any  # msgspec does not decode into a recursive alias; JSON is what it reads anyway


def to_builtins(value: object) -> Json:
    """Turn structs, enums and tuples into plain JSON values; a float anywhere is a defect.

    Raises AssertionError for a float: amounts, thresholds and measures are decimal strings.
    """
    return _plain(msgspec.to_builtins(value, str_keys=True), "$")


def canonical_json(value: object) -> bytes:
    """RFC 8785 bytes, without a line end: what gets hashed and signed.

    Raises UsageProblem for a whole number that not every JSON reader holds exactly: it came from a document.
    """
    try:
        return rfc8785.dumps(to_builtins(value))
    except rfc8785.IntegerDomainError as error:
        raise UsageProblem(str(error), next_step="write a number from -9007199254740991 to 9007199254740991, or a text") from None


def canonical_yaml(value: object, *, header: str = "") -> bytes:
    """Block YAML with the keys in the order given, every string that could be misread quoted, LF at the end.

    Key order is the struct's field order: a person reads it top down. Mappings built from sets must be sorted by their maker.
    """
    text = yaml.dump(
        to_builtins(value), Dumper=_ArtifactDumper, sort_keys=False, allow_unicode=True, width=120, default_flow_style=False
    )
    return (header + text).encode()


def sha256_hex(data: bytes) -> str:
    """Lower-case hex SHA-256, the digest that every format here uses."""
    return hashlib.sha256(data).hexdigest()


def _plain(value: Json, path: str) -> Json:
    """Lists in place of tuples (msgspec keeps those), and no float anywhere."""
    assert not isinstance(value, float), f"a float at {path}: write a decimal string"
    if isinstance(value, dict):
        return {key: _plain(item, f"{path}.{key}") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{path}[{index}]") for index, item in enumerate(value)]
    return value


class _ArtifactDumper(yaml.SafeDumper):
    """SafeDumper without anchors: an artifact never refers to itself."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  # PyYAML's signature
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002  # PyYAML's signature
        """Indent list items under their key, as editors and yamllint expect."""
        super().increase_indent(flow, indentless=False)
