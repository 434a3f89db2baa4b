"""What is wrong with a document? Every member that its kind does not allow, each with its path and what would be allowed."""

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import inspect

from gates.schema.yaml_core import Unread

_Raw = object


def document_faults(raw: object, wanted: object) -> Iterator[str]:
    """Every fault of plain YAML or JSON values held against a type, in the order of the document.

    An unknown key names the keys that exist, a wrong choice the choices. Nothing where the values fit.
    """
    yield from _faults(raw, inspect.type_info(wanted), "$")


def _faults(raw: _Raw, wanted: inspect.Type, path: str) -> Iterator[str]:
    if isinstance(raw, Unread):  # it was refused as it is written, whatever it should be
        return
    for kind, check in _CHECKS.items():
        if isinstance(wanted, kind):
            yield from check(raw, wanted, path)
            return
    yield from _leaf(raw, wanted, path)


def _struct(raw: _Raw, wanted: inspect.StructType, path: str) -> Iterator[str]:
    if not isinstance(raw, Mapping):
        yield f"{path}: Expected `object`, got `{_name(raw)}`"
        return
    fields = {field.encode_name: field for field in wanted.fields}
    names = {wanted.tag_field, *fields} - {None}
    for key in raw:
        if key not in names and wanted.forbid_unknown_fields:
            yield f"{path}: unknown key {key!r}; the keys are {', '.join(sorted(str(name) for name in names))}"
    if wanted.tag_field is not None and raw.get(wanted.tag_field) != wanted.tag:
        yield f"{path}.{wanted.tag_field}: {raw.get(wanted.tag_field)!r} is not {wanted.tag!r}"
    for name, field in fields.items():
        if name in raw:
            yield from _faults(raw[name], field.type, f"{path}.{name}")
        elif field.required:
            yield f"{path}: Object missing required field `{name}`"


def _list(raw: _Raw, wanted: inspect.VarTupleType | inspect.ListType, path: str) -> Iterator[str]:
    if not isinstance(raw, list):
        yield f"{path}: Expected `array`, got `{_name(raw)}`"
        return
    yield from _converted(raw, list, wanted, path)
    for number, item in enumerate(raw):
        yield from _faults(item, wanted.item_type, f"{path}[{number}]")


def _dict(raw: _Raw, wanted: inspect.DictType, path: str) -> Iterator[str]:
    if not isinstance(raw, Mapping):
        yield f"{path}: Expected `object`, got `{_name(raw)}`"
        return
    for key, item in raw.items():
        yield from _faults(key, wanted.key_type, f"{path}, the key {key!r}")
        yield from _faults(item, wanted.value_type, f"{path}.{key}")


def _union(raw: _Raw, wanted: inspect.UnionType, path: str) -> Iterator[str]:
    """The faults against the member of the union that is meant: the struct with that tag, or the only one there is."""
    members = [item for item in wanted.types if not isinstance(item, inspect.NoneType)]
    if raw is None and len(members) < len(wanted.types):
        return
    tagged = [item for item in members if _has_tag(raw, item)]
    tags = [item for item in members if isinstance(item, inspect.StructType) and item.tag_field is not None]
    if isinstance(raw, Mapping) and tags and not tagged:
        field = tags[0].tag_field
        allowed = ", ".join(str(item.tag) for item in tags)
        yield f"{path}.{field}: Invalid value {_shown(raw.get(str(field)))}; one of {allowed}"
        return
    found = [list(_faults(raw, item, path)) for item in tagged or members]
    if len(found) == 1:
        yield from found[0]
    elif all(found):
        yield f"{path}: {_shown(raw)} is none of what is allowed here"


def _has_tag(raw: _Raw, wanted: inspect.Type) -> bool:
    if not isinstance(raw, Mapping) or not isinstance(wanted, inspect.StructType) or wanted.tag_field is None:
        return False
    return bool(raw.get(wanted.tag_field) == wanted.tag)


def _choice(raw: _Raw, wanted: inspect.EnumType | inspect.LiteralType, path: str) -> Iterator[str]:
    values = wanted.values if isinstance(wanted, inspect.LiteralType) else [item.value for item in wanted.cls]
    if not any(raw == value and type(raw) is type(value) for value in values):
        yield f"{path}: Invalid enum value {_shown(raw)}; one of {', '.join(str(value) for value in values)}"


def _leaf(raw: _Raw, wanted: inspect.Type, path: str) -> Iterator[str]:
    plain = _PLAIN.get(type(wanted))
    if plain is not None:
        yield from _converted(raw, plain, wanted, path)


def _converted(raw: _Raw, plain: Any, wanted: inspect.Type, path: str) -> Iterator[str]:  # noqa: ANN401  # any type of values
    """The fault of one value against a plain type and the limits that are set for it: a pattern, a length, a range."""
    limits = {name: getattr(wanted, name) for name in _LIMITS if getattr(wanted, name, None) is not None}
    try:
        msgspec.convert(raw, Annotated[plain, msgspec.Meta(**limits)] if limits else plain, strict=True)
    except msgspec.ValidationError as error:
        yield f"{path}: {error}"


def _name(raw: _Raw) -> str:
    names = {dict: "object", list: "array", str: "str", bool: "bool", int: "int", float: "float", type(None): "null"}
    return names.get(type(raw), type(raw).__name__)


def _shown(raw: _Raw) -> str:
    text = repr(raw)
    return text if len(text) <= 60 else text[:60] + "..."


_LIMITS = ("gt", "ge", "lt", "le", "multiple_of", "pattern", "min_length", "max_length")
_PLAIN: dict[type, object] = {
    inspect.StrType: str,
    inspect.IntType: int,
    inspect.BoolType: bool,
    inspect.FloatType: float,
    inspect.NoneType: None,
}
_CHECKS: dict[Any, Callable[[_Raw, Any, str], Iterator[str]]] = {
    inspect.StructType: _struct,
    inspect.VarTupleType: _list,
    inspect.ListType: _list,
    inspect.DictType: _dict,
    inspect.UnionType: _union,
    inspect.EnumType: _choice,
    inspect.LiteralType: _choice,
}
