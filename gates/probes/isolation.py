"""Does a tenant stay alone with its money? Another tenant's credentials, held against our real ids and our lists."""

import json
import re
from collections.abc import Iterator, Mapping

from gates.probes.access import ANONYMOUS, HIDDEN, HIDDEN_OR_REFUSED, ISOLATION, Cell, Expectation, undecided
from gates.probes.client import OTHER, Answer, TargetClient
from gates.probes.openapi import OpenApi, parameters, shape
from gates.probes.specimen import Specimen
from gates.schema.canonical import Json
from gates.schema.operation import Operation
from gates.schema.sending import CONTENT_TYPE, encode_body, sent_values
from gates.schema.target import Authorization
from gates.schema.template import fill_document, fill_text

_NAMES_AN_ID = re.compile(r"\{[a-z0-9_]*_id\}")


def isolation_cells(client: TargetClient, declared: Authorization, document: OpenApi, specimen: Specimen) -> Iterator[Cell]:
    """Try every route that takes an id, every operation whose body names one, and every list, as each other tenant's role."""
    before = _witness(client, specimen)
    others = [role for role in client.other_roles() if role in client.credentials]
    for role in others:
        for route, roles in declared.roles.items():
            allowed = role.removeprefix(OTHER) in roles
            if ANONYMOUS in roles:
                continue  # whose credential is sent makes no difference there, so that it cannot show who is kept apart
            if parameters(route):
                yield _by_path(client, route, role, specimen, declared.bodies.get(route), allowed=allowed)
            elif route.startswith("GET ") and allowed:
                yield from _by_list(client, route, role, specimen, document)
    # Last, since it uses our key in the other tenant's name: from then on that tenant has such a key of its own.
    for role in others:
        for operation in client.target.operations.values():
            if not parameters(operation.path) and _NAMES_AN_ID.search(json.dumps(operation.body)):
                yield _by_body(client, declared, operation, role, specimen)
    yield _no_effect(client, specimen, before)


def _by_path(
    client: TargetClient, route: str, role: str, specimen: Specimen, valid: dict[str, Json] | None, *, allowed: bool
) -> Cell:
    """Our id in the path: 404 as for an id that does not exist; a role that may not call it at all may get 403."""
    method, _, path = route.partition(" ")
    expected = HIDDEN if allowed else HIDDEN_OR_REFUSED
    fields = {**client.fields, **specimen.fields}
    missing = [name for name in parameters(route) if name not in fields]
    if missing:
        return _cell(route, role, expected, None, f"the probe has no real {missing[0]}")
    known = next(
        (item for item in client.target.operations.values() if shape(f"{item.method} {item.path}") == shape(route)), None
    )
    if method == "GET":
        answer = client.send(method, fill_text(path, fields), credential=client.credential(role))
    else:
        form = known.body_format if known else "json"
        values = sent_values(client.target, fields)
        template = (known.body if known else valid) or {}
        body = {name: fill_document(item, values, client.environ) for name, item in template.items()}
        answer = client.send(
            method,
            fill_text(path, fields),
            credential=client.credential(role),
            keys=[client.fresh_key()],
            body=encode_body(body, form),
            content_type=CONTENT_TYPE[form],
        )
    if known is None and valid is None and answer.status in (400, 422) and method != "GET":
        return _cell(route, role, expected, None, "the probe knows no valid body for this route")
    return _cell(route, role, expected, answer)


def _by_body(client: TargetClient, declared: Authorization, operation: Operation, role: str, specimen: Specimen) -> Cell:
    """Our ids in the body, under the very key that we used: no hold on our wallet, and no replay of our answer."""
    route = f"{operation.method} {operation.path}"
    allowed = role.removeprefix(OTHER) in declared.roles.get(route, ())
    expected = HIDDEN if allowed else HIDDEN_OR_REFUSED
    answer = client.perform(operation, specimen.fields, role=role, keys=[specimen.fields["key"]])
    note = "our stored answer was replayed" if answer.body == specimen.answer.body else "our ids in the body"
    return _cell(route, role, expected, answer, note)


def _by_list(client: TargetClient, route: str, role: str, specimen: Specimen, document: OpenApi) -> Iterator[Cell]:
    """A list holds nothing of ours, also if the query names it. A list that does not show it to us either proves nothing."""
    path = route.partition(" ")[2]
    described = document.routes.get(shape(route))
    fields = {**client.fields, **specimen.fields}
    named = [name for name in (described.query if described else ()) if name in fields]
    markers = specimen.markers(client.fields)
    own = role.removeprefix(OTHER)
    if own not in client.credentials:
        yield Cell(ISOLATION, route, role, "none of our ids", None, "skipped", f"no credential {own} of our own to compare with")
        return
    for query in ("", *(f"?{name}={fields[name]}" for name in named)):
        sent = {value for value in markers if value in query}
        ours = client.send("GET", path + query, credential=client.credential(own))
        if not _shown(ours, markers, sent):
            continue
        answer = client.send("GET", path + query, credential=client.credential(role))
        shown = _shown(answer, markers, sent)
        verdict = "violation" if shown else "ok"
        note = f"shows {len(shown)} of our ids" if shown else ""
        reason = undecided(answer.status, answer.code)
        if reason:
            verdict, note = "skipped", reason
        where = route + "".join(f"?{name}=" for name in named if query.startswith(f"?{name}="))
        yield Cell(ISOLATION, where, role, "none of our ids", answer.status, verdict, note)


def _shown(answer: Answer, markers: Mapping[str, tuple[bytes, ...]], sent: set[str]) -> list[str]:
    return [value for value, looks in markers.items() if value not in sent and any(look in answer.body for look in looks)]


def _witness(client: TargetClient, specimen: Specimen) -> Answer | None:
    """Our payment as we see it; None where the target does not describe how to read one, or has no credential for it."""
    operation = client.target.audit.payment
    if operation is None or operation.role not in client.credentials:
        return None
    return client.perform(operation, specimen.fields)


def _no_effect(client: TargetClient, specimen: Specimen, before: Answer | None) -> Cell:
    route, expected = "our payment, read before and after", "unchanged"
    after = _witness(client, specimen)
    if before is None or after is None or before.status != 200:
        note = "nobody can see whether anything changed: spec.audit.payment, and the credential of its role, are needed"
        return Cell(ISOLATION, route, "our own", expected, None, "skipped", note)
    same = before.body == after.body
    return Cell(ISOLATION, route, "our own", expected, after.status, "ok" if same else "violation", "" if same else "changed")


def _cell(route: str, role: str, expected: Expectation, answer: Answer | None, note: str = "") -> Cell:
    if answer is None:
        return Cell(ISOLATION, route, role, expected.says, None, "skipped", note)
    reason = undecided(answer.status, answer.code)
    if reason:
        return Cell(ISOLATION, route, role, expected.says, answer.status, "skipped", reason)
    verdict = "ok" if expected.met_by(answer.status) else "violation"
    return Cell(ISOLATION, route, role, expected.says, answer.status, verdict, note)
