"""The content of a service's own OpenAPI document: its routes, who may call them, and its error codes."""

import re
from collections.abc import Iterator, Mapping

import msgspec

from gates.probes.client import ServiceProblem, TargetClient
from gates.schema.canonical import Json

ROLES_EXTENSION = "x-gonogo-roles"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_PARAMETER = re.compile(r"\{([^}]*)\}")


class RouteDocument(msgspec.Struct, frozen=True):
    """One operation of the document. `roles` is None if it names none; `query` are the names of query parameters."""

    route: str
    roles: tuple[str, ...] | None = None
    query: tuple[str, ...] = ()


class OpenApi(msgspec.Struct, frozen=True):
    """The routes by their shape (parameter names erased), and the error codes that the document lists (empty: none)."""

    routes: dict[str, RouteDocument]
    codes: frozenset[str] = frozenset()


def shape(route: str) -> str:
    """`GET /v1/payments/{payment_id}` -> `GET /v1/payments/{}`: two documents may name a parameter differently."""
    return _PARAMETER.sub("{}", route)


def parameters(route: str) -> tuple[str, ...]:
    """The names in a route's braces, in order."""
    return tuple(_PARAMETER.findall(route))


def read_openapi(client: TargetClient, path: str) -> OpenApi:
    """Fetch and read the document; raises ServiceProblem for anything that is not one."""
    answer = client.send("GET", path)
    document = answer.json()
    if answer.status != 200 or not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        raise ServiceProblem(
            f"GET {path} answered {answer.status}, and not an OpenAPI document",
            next_step="correct spec.authorization.openapi in the target file",
        )
    return parse_openapi(document)


def parse_openapi(document: Mapping[str, Json]) -> OpenApi:
    """Read a decoded document."""
    paths = document.get("paths")
    assert isinstance(paths, dict), "the caller has looked"
    routes = {shape(item.route): item for path, entry in paths.items() for item in _operations(path, entry)}
    return OpenApi(routes, frozenset(_codes(document)))


def _operations(path: str, entry: Json) -> Iterator[RouteDocument]:
    if not isinstance(entry, dict):
        return
    shared = entry.get("parameters")
    for method in METHODS:
        operation = entry.get(method)
        if isinstance(operation, dict):
            roles = operation.get(ROLES_EXTENSION)
            listed = tuple(str(role) for role in roles) if isinstance(roles, list) else None
            query = tuple(_query(shared)) + tuple(_query(operation.get("parameters")))
            yield RouteDocument(f"{method.upper()} {path}", listed, query)


def _query(listed: Json) -> Iterator[str]:
    for item in listed if isinstance(listed, list) else []:
        if isinstance(item, dict) and item.get("in") == "query":
            yield str(item.get("name"))


def _codes(document: Mapping[str, Json]) -> Iterator[str]:
    """The enum of a member `code` in any schema that also has a `status` or `title`: that is a problem's."""
    components = document.get("components")
    found = components.get("schemas") if isinstance(components, dict) else None
    schemas = found if isinstance(found, dict) else {}
    for schema in schemas.values():
        properties = schema.get("properties") if isinstance(schema, dict) else None
        if not isinstance(properties, dict) or "code" not in properties or not {"status", "title"} & set(properties):
            continue
        yield from _enum(properties["code"], schemas)


def _enum(schema: Json, schemas: Mapping[str, Json]) -> Iterator[str]:
    if not isinstance(schema, dict):
        return
    reference = schema.get("$ref")
    if isinstance(reference, str):
        yield from _enum(schemas.get(reference.rpartition("/")[2]), schemas)
    values = schema.get("enum")
    yield from (str(value) for value in (values if isinstance(values, list) else []))
    if isinstance(schema.get("const"), str):
        yield str(schema["const"])
