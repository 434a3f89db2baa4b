"""Texts with gaps in a target file: `${NAME}` comes from the environment, `{field}` from whoever sends the request."""

import os
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from gates.schema.canonical import Json
from gates.schema.errors import UsageProblem
from gates.schema.secret import header_fault

Value: TypeAlias = str | int | Decimal
if TYPE_CHECKING:
    Filled: TypeAlias = "Json | Decimal | list[Filled] | dict[str, Filled]"
else:
    Filled = Any

_ENV = re.compile(r"\$\{([A-Z][A-Z0-9_]*)(?::-([^}]*))?\}")
_FIELD = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_GAP = re.compile(rf"{_ENV.pattern}|{_FIELD.pattern}")
_MISTAKEN_ENV = (re.compile(r"\$\{[^}]*\}?"), re.compile(r"\$[A-Za-z_][A-Za-z0-9_]*"))
_MISTAKEN_FIELD = (
    re.compile(r"\{\{\s*[A-Za-z_][A-Za-z0-9_.-]*\s*\}\}"),
    re.compile(r"\{\s*(?![a-z][a-z0-9_]*\})[A-Za-z_][A-Za-z0-9_.-]*\s*\}"),
)
"""What looks like a gap and is none."""


class UnsetProblem(UsageProblem):
    """The target names an environment variable that is not set."""


def resolve(template: str, environ: Mapping[str, str] | None = None) -> str:
    """Fill `${NAME}` and `${NAME:-default}` from the environment.

    Raises UnsetProblem naming the variable that is not set, and UsageProblem naming one whose value cannot be sent.
    """
    env = os.environ if environ is None else environ
    return _ENV.sub(lambda match: _variable(match[1], match[2], env), template)


def fill(template: Json, fields: Mapping[str, str]) -> Json:
    """Fill `{field}` in every string of a JSON template.

    Raises UsageProblem naming a field that the caller does not have.
    """
    if isinstance(template, str):
        return _FIELD.sub(lambda match: str(_field(match[1], fields)), template)
    if isinstance(template, dict):
        return {key: fill(item, fields) for key, item in template.items()}
    if isinstance(template, list):
        return [fill(item, fields) for item in template]
    return template


def fill_text(template: str, fields: Mapping[str, Value], environ: Mapping[str, str] | None = None) -> str:
    """Fill `{field}` and `${NAME}` in one text, in one pass: what was filled in is never a template itself.

    Raises UsageProblem naming a field that the caller does not have, UnsetProblem naming a variable that is not set.
    """
    env = os.environ if environ is None else environ

    def value(match: re.Match[str]) -> str:
        return _variable(match[1], match[2], env) if match[3] is None else _text(_field(match[3], fields))

    return _GAP.sub(value, template)


def fill_document(template: Json, fields: Mapping[str, Value], environ: Mapping[str, str] | None = None) -> Filled:
    """Fill every text of a JSON template as `fill_text` does; a placeholder that is a whole text keeps the type of its value."""
    if isinstance(template, str):
        alone = _FIELD.fullmatch(template)
        return _field(alone[1], fields) if alone else fill_text(template, fields, environ)
    if isinstance(template, dict):
        return {key: fill_document(item, fields, environ) for key, item in template.items()}
    if isinstance(template, list):
        return [fill_document(item, fields, environ) for item in template]
    return template


def fields_in(template: object) -> Iterator[str]:
    """The name of each `{field}` in the texts of a JSON template."""
    for text in _texts(template):
        yield from (match[1] for match in _FIELD.finditer(_ENV.sub("", text)))


def variables_in(template: object) -> Iterator[str]:
    """The name of each `${NAME}` in the texts of a JSON template."""
    for text in _texts(template):
        yield from (match[1] for match in _ENV.finditer(text))


def gap_faults(template: object, *, fields: bool = True) -> Iterator[str]:
    """What in the texts of a template looks like a gap and is none, each with what was meant.

    Without `fields` only `${NAME}` is filled in, so that braces alone are text.
    """
    for text in _texts(template):
        rest = _ENV.sub("", text)
        for pattern in (*_MISTAKEN_ENV, *(_MISTAKEN_FIELD if fields else ())):
            found = pattern.search(rest)
            if found is not None:
                yield f"{found[0]!r} is not filled in: write {_meant(found[0], environment=pattern in _MISTAKEN_ENV)}"
            rest = pattern.sub("", rest)


def _meant(found: str, *, environment: bool) -> str:
    name = re.sub(r"[^A-Za-z0-9_]", "_", found.strip("${} ").partition(":")[0]) or "NAME"
    if environment:
        return f"${{{name.upper()}}} for a variable of the environment, or ${{{name.upper()}:-default}}"
    return f'"{{{name.lower()}}}" for a value of gonogo or of spec.variables'


def _texts(template: object) -> Iterator[str]:
    if isinstance(template, str):
        yield template
    elif isinstance(template, dict):
        for item in template.values():
            yield from _texts(item)
    elif isinstance(template, list):
        for item in template:
            yield from _texts(item)


def _variable(name: str, default: str | None, env: Mapping[str, str]) -> str:
    found = env.get(name) or default
    if found is None:
        raise UnsetProblem(f"the target needs the environment variable {name}", next_step=f"export {name}=...")
    fault = header_fault(env[name]) if env.get(name) else ""
    if fault:
        raise UsageProblem(
            f"the environment variable {name} {fault}: it cannot be sent to the target",
            next_step=f"export {name} again; `printf %s VALUE` writes a value without a line end",
        )
    return found


def _field(name: str, fields: Mapping[str, Value]) -> Value:
    if name not in fields:
        raise UsageProblem(f"the target's template names {{{name}}}, which is not one of {', '.join(sorted(fields))}")
    return fields[name]


def _text(value: Value) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
