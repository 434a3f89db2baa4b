"""What does an OpenAPI document say about payments? Guesses, each with the place that it comes from; people check them."""

import re
from collections.abc import Iterator, Mapping

from gates.schema.canonical import Json
from gates.schema.printable import printable
from scorecards.starter.lists import AMOUNT, Guess, amount_form, guess_list
from scorecards.starter.openapi import Field, Route, fields_of, routes, security_schemes

_SETTLE = ("capture", "settle", "confirm", "complete", "charge")
_REVERSE = ("void", "reverse", "cancel", "release")
_REFUND = ("refund",)
_READY = ("/readyz", "/ready", "/healthz", "/health", "/livez", "/health/ready", "/status")
_BUILDS = re.compile(r"sha256|build|commit|revision|digest|version", re.IGNORECASE)
_BEST = ("sha256", "digest", "build", "commit", "revision")
_VERSION = re.compile(r"/(version|build|build-info|info|status|about)$")
_LEDGER = re.compile(r"ledger|journal")
_PARAMETER = re.compile(r"\{[^{}]+\}")
_ID = re.compile(r"(^|/)(id|[a-z_]*payment[a-z_]*id|[a-z_]*_id|[a-z]+Id)$")
_FILL = (
    (AMOUNT, "{amount}"),
    (re.compile(r"wallet|source|customer|account|payer|from|card|method"), "{wallet_id}"),
    (re.compile(r"payee|merchant|destination|recipient|^to$|seller"), "{payee_id}"),
    (re.compile(r"reference|description|order|note"), "{reference}"),
)


def guesses(document: Mapping[str, object]) -> dict[str, Guess]:
    """What could be guessed, by member: operations, amount_format, credential, ready_path, build, ledger, base_url and so on."""
    known = tuple(routes(document))
    found = {**_operations(document, known), **_places(document, known)}
    reserve, amounts = found.get("reserve"), found.get("amount_format")
    if reserve is not None and "ledger" not in found:
        made_at = str(reserve.value["path"]) if isinstance(reserve.value, dict) else ""
        found |= guess_list(document, known, made_at, None if amounts is None else str(amounts.value))
    header = next((name for route in known for name in route.headers if "idempoten" in name.lower()), None)
    if header is not None:
        found["idempotency_header"] = Guess(header, "a header parameter of that name")
    credential = _credential(document)
    if credential is not None:
        found["credential"] = credential
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
    of_payments = [route for route in posts if route.path.startswith(base + "/")]
    for name, words in (("reverse", _REVERSE), ("refund", _REFUND)):
        route = _named(of_payments, words)
        if route is not None:
            found[name] = _operation(document, route)
    reserve = next((route for route in posts if route.path == base), None)
    if reserve is not None:
        guess = _operation(document, reserve)
        pointer = next((f"/{name}" for name in fields_of(document, reserve.answer) if _ID.search(name)), None)
        assert isinstance(guess.value, dict), "an operation is an object"
        doubts = guess.doubts if pointer else (*guess.doubts, "id_pointer: the document does not say where the answer has the id")
        found["reserve"] = Guess({**guess.value, "id_pointer": pointer or "/id"}, guess.source, doubts)
        found |= _amounts(document, reserve)
    return found


def _named(posts: list[Route], words: tuple[str, ...]) -> Route | None:
    """The first route with a parameter whose last part is one of the words, in the order of the words."""
    ends = [(route, route.path.rsplit("/", 1)[-1].lower()) for route in posts if _PARAMETER.search(route.path)]
    return next((route for word in words for route, end in ends if word in end and not _PARAMETER.search(end)), None)


def _operation(document: Mapping[str, object], route: Route) -> Guess:
    path = _PARAMETER.sub("{payment_id}", route.path, count=1)
    body, doubts = _body(document, fields_of(document, route.body))
    value: dict[str, Json] = {"path": path, **({"body": body} if body else {})}
    if route.is_form:
        value["body_format"] = "form"
    if route.success:
        value["success"] = list(route.success)
    if _PARAMETER.search(path.replace("{payment_id}", "")):
        doubts.append("path: has a second parameter, which nothing fills in")
    return Guess(value, f"{route.method} {printable(route.path)}", tuple(doubts))


def _body(document: Mapping[str, object], fields: Mapping[str, Field]) -> tuple[dict[str, Json], list[str]]:
    """A body with placeholders, and what nothing says; a field that is an object is filled in field by field."""
    body: dict[str, Json] = {}
    doubts = []
    for name, field in fields.items():
        if "/" in name:
            continue
        inner = {key.removeprefix(f"{name}/"): value for key, value in fields.items() if key.startswith(f"{name}/")}
        if inner:
            value, more = _body(document, inner)
            body |= {name: value} if value else {}
            doubts += more
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


def _amounts(document: Mapping[str, object], reserve: Route) -> dict[str, Guess]:
    """How amounts are sent, from the type of the first field that takes one; texts of minor units are the usual way."""
    for name, field in fields_of(document, reserve.body).items():
        if AMOUNT.search(name.rsplit("/", 1)[-1].lower()) and "properties" not in field.schema:
            form = amount_form(field)
            return {"amount_format": Guess(form, f"the type of {printable(name)}")} if form else {}
    return {}


def _credential(document: Mapping[str, object]) -> Guess | None:
    """How a caller shows who it is: the first scheme that a header can carry."""
    for name, scheme in security_schemes(document):
        source = f"the security scheme {printable(name)}"
        if scheme.get("type") == "http" and str(scheme.get("scheme")).lower() == "bearer":
            return Guess("Bearer ${GONOGO_AGENT_KEY}", source)
        if scheme.get("type") == "http" and str(scheme.get("scheme")).lower() == "basic":
            return Guess({"user": "${GONOGO_AGENT_USER}", "password": "${GONOGO_AGENT_KEY}"}, source)
        if scheme.get("type") == "apiKey" and scheme.get("in") == "header":
            return Guess({"header": str(scheme.get("name")), "value": "${GONOGO_AGENT_KEY}"}, source)
    return None


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
