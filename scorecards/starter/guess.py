"""What does an OpenAPI document say about payments? Guesses, each with the place that it comes from; people check them."""

import re
from collections.abc import Iterator, Mapping

import msgspec

from gates.schema.canonical import Json
from gates.schema.printable import printable
from scorecards.starter.openapi import Route, fields_of, routes

_SETTLE = ("capture", "settle", "confirm", "complete", "charge")
_REVERSE = ("void", "reverse", "cancel", "release")
_READY = ("/readyz", "/ready", "/healthz", "/health", "/livez", "/health/ready", "/status")
_BUILDS = re.compile(r"sha256|build|commit|revision|digest|version", re.IGNORECASE)
_BEST = ("sha256", "digest", "build", "commit", "revision")
_VERSION = re.compile(r"/(version|build|build-info|info|status|about)$")
_LEDGER = re.compile(r"ledger|journal")
_PARAMETER = re.compile(r"\{[^{}]+\}")
_ID = re.compile(r"(^|/)(id|[a-z_]*payment[a-z_]*id|[a-z_]*_id|[a-z]+Id)$")
_FILL = (
    (re.compile(r"amount|value$|total"), "{amount}"),
    (re.compile(r"wallet|source|customer|account|payer|from|card|method"), "{wallet_id}"),
    (re.compile(r"payee|merchant|destination|recipient|^to$|seller"), "{payee_id}"),
    (re.compile(r"reference|description|order|note"), "{reference}"),
)


class Guess(msgspec.Struct, frozen=True):
    """A member of the target file, where in the document it comes from, and what in it has to be checked by a person."""

    value: Json
    source: str
    doubts: tuple[str, ...] = ()


def guesses(document: Mapping[str, object]) -> dict[str, Guess]:
    """What could be guessed, by member: reserve, settle, reverse, ready_path, build, ledger, idempotency_header, base_url."""
    known = tuple(routes(document))
    found = {**_operations(document, known), **_places(document, known)}
    header = next((name for route in known for name in route.headers if "idempoten" in name.lower()), None)
    if header is not None:
        found["idempotency_header"] = Guess(header, "a header parameter of that name")
    servers = document.get("servers")
    first = servers[0] if isinstance(servers, list) and servers else None
    url = first.get("url") if isinstance(first, dict) else None
    if isinstance(url, str) and url.startswith(("http://", "https://")):
        found["base_url"] = Guess(url, "the first of `servers`")
    return found


def _operations(document: Mapping[str, object], known: tuple[Route, ...]) -> dict[str, Guess]:
    """The settle is known by its name, the reserve as what makes the resource that is settled."""
    found: dict[str, Guess] = {}
    posts = [route for route in known if route.method == "POST"]
    settle = _named(posts, _SETTLE)
    if settle is None:
        return found
    base = settle.path[: _PARAMETER.search(settle.path).start()].rstrip("/")  # type: ignore[union-attr]  # it has a parameter
    found["settle"] = _operation(document, settle)
    reverse = _named([route for route in posts if route.path.startswith(base + "/")], _REVERSE)
    if reverse is not None:
        found["reverse"] = _operation(document, reverse)
    reserve = next((route for route in posts if route.path == base), None)
    if reserve is not None:
        guess = _operation(document, reserve)
        pointer = next((f"/{name}" for name in fields_of(document, reserve.answer) if _ID.search(name)), None)
        assert isinstance(guess.value, dict), "an operation is an object"
        doubts = guess.doubts if pointer else (*guess.doubts, "id_pointer: the document does not say where the answer has the id")
        found["reserve"] = Guess({**guess.value, "id_pointer": pointer or "/id"}, guess.source, doubts)
    return found


def _named(posts: list[Route], words: tuple[str, ...]) -> Route | None:
    """The first route with a parameter whose last part is one of the words, in the order of the words."""
    ends = [(route, route.path.rsplit("/", 1)[-1].lower()) for route in posts if _PARAMETER.search(route.path)]
    return next((route for word in words for route, end in ends if word in end and not _PARAMETER.search(end)), None)


def _operation(document: Mapping[str, object], route: Route) -> Guess:
    path = _PARAMETER.sub("{payment_id}", route.path, count=1)
    body, doubts = _body(document, route)
    value: dict[str, Json] = {"path": path, **({"body": body} if body else {})}
    if route.success:
        value["success"] = list(route.success)
    if _PARAMETER.search(path.replace("{payment_id}", "")):
        doubts.append("path: has a second parameter, which nothing fills in")
    return Guess(value, f"{route.method} {printable(route.path)}", tuple(doubts))


def _body(document: Mapping[str, object], route: Route) -> tuple[dict[str, Json], list[str]]:
    body: dict[str, Json] = {}
    doubts = []
    for name, field in fields_of(document, route.body).items():
        if "/" in name:
            continue
        filled = next((text for pattern, text in _FILL if pattern.search(name.lower())), None)
        fixed = _fixed(field.schema)
        if filled is not None and (field.required or filled != "{reference}"):
            body[name] = filled
        elif fixed is not None:
            body[name] = fixed
        elif field.required:
            body[name] = "EDIT_ME"
            doubts.append(f"body: nothing says what to send as {printable(name)}")
    return body, doubts


def _fixed(schema: Mapping[str, object]) -> Json:
    """A value that the document itself gives."""
    choices = schema.get("enum")
    given = [schema[name] for name in ("const", "default", "example") if name in schema]
    given += choices[:1] if isinstance(choices, list) else []
    return next((value for value in given if isinstance(value, str | bool | int)), None)


def _places(document: Mapping[str, object], known: tuple[Route, ...]) -> dict[str, Guess]:
    gets = [route for route in known if route.method == "GET" and not _PARAMETER.search(route.path)]
    found = {}
    ready = next((route for path in _READY for route in gets if route.path.endswith(path)), None)
    if ready is not None:
        found["ready_path"] = Guess(ready.path, f"GET {printable(ready.path)}")
    for route, name in _builds(document, gets):
        found.setdefault("build", Guess({"path": route.path, "pointer": f"/{name}"}, f"GET {printable(route.path)}"))
    ledger = next((route for route in gets if _LEDGER.search(route.path)), None)
    if ledger is not None:
        doubt = "it has to answer one entry a line, as runbooks/ledger.md of gonogo describes"
        value: dict[str, Json] = {"method": "GET", "path": f"{ledger.path}?after={{after}}"}
        found["ledger"] = Guess(value, f"GET {printable(ledger.path)}", (doubt,))
    return found


def _builds(document: Mapping[str, object], gets: list[Route]) -> Iterator[tuple[Route, str]]:
    for route in gets:
        if _VERSION.search(route.path):
            names = [name for name in fields_of(document, route.answer) if _BUILDS.search(name)]
            yield from ((route, name) for name in sorted(names, key=_order))


def _order(name: str) -> int:
    """A digest before a version: two builds may have the same version."""
    return next((place for place, word in enumerate(_BEST) if word in name.lower()), len(_BEST))
