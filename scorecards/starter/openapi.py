"""Reading an OpenAPI 3 document: from a file or a URL, its routes, and the fields of a body. Pure but for the reading."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import msgspec

from gates.schema.documents import read_yaml
from gates.schema.errors import UnknownProblem, UsageProblem

_SAVE = "save the document, and name the file"
_METHODS = ("get", "post")
_MOST_BYTES = 8 << 20
_TIMEOUT_S = 10.0
_DEEPEST = 3
_MOST_FIELDS = 500


class Field(msgspec.Struct, frozen=True):
    """One field of a body: its schema, and whether it has to be there."""

    schema: Mapping[str, object]
    required: bool


class Route(msgspec.Struct, frozen=True):
    """One operation: the schemas of its body and of its first success, its success statuses, its header and query parameters.

    `is_form` says that its body is sent URL-encoded, not as JSON.
    """

    method: str
    path: str
    body: Mapping[str, object]
    answer: Mapping[str, object]
    success: tuple[int, ...]
    headers: tuple[str, ...]
    is_form: bool
    queries: tuple[str, ...] = ()


def read_openapi(where: str) -> Mapping[str, object]:
    """The document at a URL or in a file, JSON or YAML.

    Raises UnknownProblem where a URL does not answer 200 within 10 s, UsageProblem where there is no OpenAPI 3 document of at
    most 8 MiB.
    """
    data = _fetched(where) if where.startswith(("http://", "https://")) else _read(Path(where))
    if len(data) > _MOST_BYTES:
        raise UsageProblem(f"{where}: is larger than {_MOST_BYTES} bytes")
    try:
        document = read_yaml(data.decode(), where)
    except (UsageProblem, UnicodeDecodeError, ValueError, RecursionError) as error:
        why = error.message.removeprefix(f"{where}:").strip() if isinstance(error, UsageProblem) else "it is no UTF-8 text"
        next_step = "name an OpenAPI document with --openapi"
        raise UsageProblem(f"{where}: is neither JSON nor YAML: {why}", next_step=next_step) from None
    found: Mapping[str, object] = document if isinstance(document, dict) else {}
    if not str(found.get("openapi")).startswith("3.") or not isinstance(found.get("paths"), dict):
        text = f"{where}: is no OpenAPI 3 document: it needs `openapi: 3.x` and `paths`"
        raise UsageProblem(text, next_step="name another one with --openapi, or leave it out and edit target.yaml")
    return found


def _fetched(url: str) -> bytes:
    try:
        with httpx.stream("GET", url, timeout=_TIMEOUT_S, follow_redirects=False) as answer:
            if answer.status_code != 200:
                raise UnknownProblem(f"{url}: answered {answer.status_code}, not 200", next_step=_SAVE)
            data = b""
            for chunk in answer.iter_bytes():
                data += chunk
                if len(data) > _MOST_BYTES:
                    break
            return data
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UnknownProblem(f"{url}: {error or type(error).__name__}", next_step=_SAVE) from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise UsageProblem(f"{path}: no such file", next_step="name an OpenAPI document with --openapi") from None


def routes(document: Mapping[str, object]) -> Iterator[Route]:
    """Every GET and POST, in the order of the document."""
    for path, item in _mapping(document, "paths").items():
        shared = _mapping({"item": item}, "item")
        for method in _METHODS:
            if isinstance(shared.get(method), Mapping):
                yield _route(document, method, str(path), shared)


def _route(document: Mapping[str, object], method: str, path: str, item: Mapping[str, object]) -> Route:
    operation = _mapping(item, method)
    parameters = [*_list(item, "parameters"), *_list(operation, "parameters")]
    resolved = [_resolved(document, one) for one in parameters]
    answers = {int(code): answer for code, answer in _mapping(operation, "responses").items() if str(code) in _SUCCESS}
    first = _resolved(document, answers[min(answers)]) if answers else {}
    body = _resolved(document, operation.get("requestBody"))
    media = _mapping(body, "content")
    return Route(
        method=method.upper(),
        path=path,
        body=_content(document, body),
        answer=_content(document, first),
        success=tuple(sorted(answers)),
        headers=tuple(str(one.get("name")) for one in resolved if one.get("in") == "header"),
        is_form="application/json" not in media and "application/x-www-form-urlencoded" in media,
        queries=tuple(str(one.get("name")) for one in resolved if one.get("in") == "query"),
    )


def fields_of(document: Mapping[str, object], schema: Mapping[str, object], depth: int = 0) -> dict[str, Field]:
    """The fields of an object's schema; a field of a field has a name with slashes, as a JSON pointer."""
    found: dict[str, Field] = {}
    for one in (schema, *(_resolved(document, part) for part in _list(schema, "allOf"))):
        required = _list(one, "required")
        for name, raw in _mapping(one, "properties").items():
            field = Field(_resolved(document, raw), name in required)
            found[str(name)] = field
            if depth < _DEEPEST and len(found) < _MOST_FIELDS:
                inner = fields_of(document, field.schema, depth + 1)
                found |= {f"{name}/{key}": value for key, value in inner.items()}
    return found


def lists_of(document: Mapping[str, object], schema: Mapping[str, object]) -> Iterator[tuple[str, Mapping[str, object]]]:
    """The lists of objects in an answer: the JSON pointer to each, and the schema of its items."""
    places = {"": Field(schema, required=True), **{f"/{name}": field for name, field in fields_of(document, schema).items()}}
    for pointer, field in places.items():
        items = _resolved(document, field.schema.get("items"))
        if field.schema.get("type") == "array" and fields_of(document, items):
            yield pointer, items


def security_schemes(document: Mapping[str, object]) -> Iterator[tuple[str, Mapping[str, object]]]:
    """The ways to show who one is, by name."""
    for name, raw in _mapping(_mapping(document, "components"), "securitySchemes").items():
        yield str(name), _resolved(document, raw)


def _content(document: Mapping[str, object], holder: Mapping[str, object]) -> Mapping[str, object]:
    """The schema of the JSON body, or of whatever comes first."""
    content = _mapping(holder, "content")
    media = content.get("application/json") or next(iter(content.values()), None)
    return _resolved(document, _mapping({"media": media}, "media").get("schema"))


def _resolved(document: Mapping[str, object], raw: object) -> Mapping[str, object]:
    """What a `$ref` inside the document leads to, a few steps long; an empty object where it leads nowhere."""
    for _ in range(_DEEPEST):
        if not isinstance(raw, Mapping):
            return {}
        reference = raw.get("$ref")
        if not isinstance(reference, str):
            return raw
        raw = document
        for part in reference.removeprefix("#/").split("/"):
            raw = raw.get(part) if isinstance(raw, Mapping) else None
    return {}


def _mapping(holder: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = holder.get(name)
    return found if isinstance(found, Mapping) else {}


def _list(holder: Mapping[str, object], name: str) -> list[object]:
    found = holder.get(name)
    return found if isinstance(found, list) else []


_SUCCESS = {str(code) for code in range(200, 300)}
