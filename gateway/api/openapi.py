"""The OpenAPI 3.1 document, made from the route table and from msgspec's own JSON Schema of what it decodes and encodes.

Litestar could generate one from typed handlers; then the document would follow their signatures, and the route table, which
feeds the checks and the metrics, would be a second truth. msgspec writes the schema of exactly what its decoder
enforces, including that unknown fields are refused.
"""

import re
from typing import cast

import msgspec

from gateway.access_answers import AuthDocument
from gateway.api.admission import DIGEST_PATTERN, ID_PATTERN
from gateway.api.contract import CONTRACTS, refusals
from gateway.api.contract_row import NDJSON
from gateway.api.headers import KEY_PATTERN, MOST_WAIT_S, PLAIN_KEY_PATTERN
from gateway.api.public import AUTH, PUBLIC, READYZ, HealthView, PublicRoute, ReadyView
from gateway.api.queries import QUERIES, Query
from gateway.api.reply import JSON
from gateway.build import VERSION
from gateway.errors import CATALOGUE, PROBLEM_JSON, Code, Problem
from gateway.routes import MUTATIONS, RESERVE, ROUTES, Route, reversal

Node = dict[str, object]

_PATH_PARAMETER = re.compile(r"\{(\w+)\}")
_REPLAY_HEADERS = ("Idempotent-Replayed", "Idempotency-Key", "Idempotency-Expires", "Repr-Digest")
_PROBLEM_HEADERS = {410: ("Link",), 429: ("Retry-After", "RateLimit-Policy", "RateLimit")}
_VIEWS: dict[PublicRoute, type[msgspec.Struct]] = {READYZ: ReadyView, AUTH: AuthDocument}
_DESCRIPTION = (
    "Amounts are strings of minor units, times are UTC. Every mutation needs an Idempotency-Key: the same request with the same "
    "key is answered with the same bytes and executed once. Every refusal is an RFC 9457 problem whose code, retry and "
    "next_step say what to do."
)


def document() -> bytes:
    """The document as JSON bytes; the same bytes in every process of a build."""
    types = [contract.answer for contract in CONTRACTS.values()]
    types += [route.command for route in ROUTES if route.command is not None]
    _, schemas = msgspec.json.schema_components(
        [*types, Problem, HealthView, ReadyView, AuthDocument], ref_template="#/components/schemas/{name}"
    )
    paths: dict[str, Node] = {}
    for route in ROUTES:
        paths.setdefault(route.template, {})[route.method.lower()] = _operation(route)
    for public in PUBLIC:
        paths[public.path] = {"get": _public_operation(public)}
    whole: Node = {
        "openapi": "3.1.0",
        "info": {"title": "gonogo reference payment gateway", "version": VERSION, "description": _DESCRIPTION},
        "paths": paths,
        "components": {
            "schemas": {name: _closed(schema) for name, schema in schemas.items()},
            "securitySchemes": {"apiKey": {"type": "http", "scheme": "bearer", "description": "An API key; it has one role."}},
            "headers": _headers(),
        },
    }
    return msgspec.json.encode(whole, order="sorted")


def _operation(route: Route) -> Node:
    contract = CONTRACTS[route.kind]
    operation: Node = {
        "operationId": route.kind,
        "summary": route.summary,
        "tags": [route.template.split("/")[2]],
        "security": [] if route.is_anonymous and route.scope != "bootstrap_key" else [{"apiKey": []}],
        "x-gonogo-roles": list(route.callers),
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_key_parameter(route)],
        "responses": {str(contract.status): _success(route), **_also(route), **_problems(refusals(route))},
    }
    if reverse := reversal(route):
        operation["description"] = f"Reverse: {reverse}."
    if route.command is not None:
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": _ref(route.command)}}}
    return operation


def _public_operation(route: PublicRoute) -> Node:
    view = _VIEWS.get(route, HealthView)
    schema = _ref(view) if route.media_type == JSON else {"type": "object" if "json" in route.media_type else "string"}
    media_type = route.media_type.partition(";")[0]
    answer: Node = {"description": route.summary, "headers": _header_refs(), "content": {media_type: {"schema": schema}}}
    codes = (Code.DRAINING, Code.STORAGE_UNUSABLE) if route is READYZ else ()
    return {
        "operationId": route.kind,
        "summary": route.summary,
        "tags": ["public"],
        "security": [],
        "responses": {"200": answer, **_problems((*codes, Code.INTERNAL))},
    }


def _success(route: Route) -> Node:
    contract = CONTRACTS[route.kind]
    schema = _ref(contract.answer)
    if contract.media_type == NDJSON:
        schema = {"type": "string", "description": "One JSON object a line, `seq` ascending.", "x-gonogo-line": schema}
    answer: Node = {"description": route.summary, "content": {contract.media_type: {"schema": schema}}}
    answer["headers"] = _header_refs(*(_REPLAY_HEADERS if route in MUTATIONS else ()))
    if route is RESERVE:
        answer["links"] = {
            kind: {"operationId": kind, "parameters": {"payment_id": "$response.body#/payment/payment_id"}}
            for kind in ("settle", "reverse", "get_payment")
        }
    return answer


def _also(route: Route) -> Node:
    """What a reserve answers when people must approve it first: the same body, with nothing held yet."""
    contract = CONTRACTS[route.kind]
    body = {contract.media_type: {"schema": _ref(contract.answer)}}
    return {
        str(status): {"description": says, "content": body, "headers": _header_refs(*_REPLAY_HEADERS)}
        for status, says in contract.also.items()
    }


def _problems(codes: tuple[Code, ...]) -> Node:
    """One response a status; its schema narrows `code` to those that the route has."""
    by_status: dict[int, list[Code]] = {}
    for code in codes:
        by_status.setdefault(CATALOGUE[code].status, []).append(code)
    return {
        str(status): {
            "description": "; ".join(CATALOGUE[code].title for code in found) + ".",
            "headers": _header_refs(*_PROBLEM_HEADERS.get(status, ())),
            "content": {
                PROBLEM_JSON: {
                    "schema": {"allOf": [_ref(Problem), {"properties": {"code": {"enum": found}, "status": {"const": status}}}]}
                }
            },
        }
        for status, found in sorted(by_status.items())
    }


def _path_parameters(route: Route) -> list[Node]:
    names = _PATH_PARAMETER.findall(route.template)
    patterns = {"key": PLAIN_KEY_PATTERN, "policy_sha256": DIGEST_PATTERN}
    return [_parameter("path", name, _text(patterns.get(name, ID_PATTERN))) for name in names]


def _query_parameters(route: Route) -> list[Node]:
    query = QUERIES.get(route.kind, Query)
    (_, schemas) = msgspec.json.schema_components([query])
    properties = cast("dict[str, Node]", schemas[query.__name__]["properties"])
    return [{**_parameter("query", name, _plain(schema)), "required": False} for name, schema in properties.items()]


def _key_parameter(route: Route) -> list[Node]:
    if route not in MUTATIONS:
        return []
    prefer: Node = {"type": "string", "examples": ["wait=5"]}  # what cannot be read is passed over, so there is no pattern
    prefer["description"] = f"`wait=N`: wait up to N seconds, at most {MOST_WAIT_S}, for a first request with the key."
    return [
        _parameter("header", "Idempotency-Key", _text(KEY_PATTERN)),
        {**_parameter("header", "Prefer", prefer), "required": False},
    ]


def _parameter(where: str, name: str, schema: Node) -> Node:
    return {"name": name, "in": where, "required": True, "schema": schema}


def _headers() -> Node:
    return {
        "X-Request-Id": {"required": True, "schema": _text(r"^[A-Za-z0-9._-]{1,64}$")},
        "Idempotent-Replayed": {"required": True, "schema": {"type": "string", "enum": ["true", "false"]}},
        "Idempotency-Key": {"required": True, "schema": _text(PLAIN_KEY_PATTERN)},
        "Idempotency-Expires": {"required": True, "schema": {"type": "string"}},
        "Repr-Digest": {"required": True, "schema": _text(r"^sha-256=:[A-Za-z0-9+/]{43}=:$")},
        "Retry-After": {"required": True, "description": "Seconds.", "schema": _text(r"^[1-9][0-9]*$")},
        "RateLimit-Policy": {"required": True, "schema": _text(r'^"tenant";q=[0-9]+;w=[0-9]+$')},
        "RateLimit": {"required": True, "schema": _text(r'^"tenant";r=[0-9]+;t=[0-9]+$')},
        "Link": {"required": False, "description": "Where that which the key led to can be read.", "schema": {"type": "string"}},
    }


def _header_refs(*names: str) -> Node:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-Id", *names)}


def _text(pattern: str) -> Node:
    return {"type": "string", "pattern": pattern}


def _ref(struct: type[msgspec.Struct]) -> Node:
    return {"$ref": f"#/components/schemas/{struct.__name__}"}


def _closed(schema: Node) -> Node:
    """Say of every object with named members that it has no others: commands refuse them, and answers never send any."""
    closed = _plain(schema)
    return {**closed, "additionalProperties": False} if "properties" in closed else closed


def _plain(schema: Node) -> Node:
    r"""Patterns as JSON Schema means them: there `$` is the end of the text, so Python's `(?!\n)` after it is left out."""
    return {key: _plain_value(value) for key, value in schema.items()}


def _plain_value(value: object) -> object:
    if isinstance(value, dict):
        return _plain(value)
    if isinstance(value, list):
        return [_plain_value(item) for item in value]
    return value.removesuffix(r"(?!\n)") if isinstance(value, str) else value
