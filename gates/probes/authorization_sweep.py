"""The probe authorization-sweep: is anything open? Every route x every credential, and what nobody should be able to do."""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator

import msgspec

from gates.evidence.statement import EvidenceKind
from gates.probes.access import (
    ANONYMOUS,
    ISOLATION,
    NO_SUCH_METHOD,
    NOBODY,
    NOT_AUTHENTICATED,
    PUBLIC,
    ROLE,
    SAFE,
    UNDOCUMENTED,
    Cell,
    Expectation,
    control,
    document_faults,
    expected_of,
    other_methods,
    undecided,
    without_control,
)
from gates.probes.client import Answer, NotRun, ServiceProblem, TargetClient
from gates.probes.conduct import Probe, Result
from gates.probes.isolation import isolation_cells
from gates.probes.openapi import OpenApi, parameters, read_openapi
from gates.probes.specimen import Specimen, make_specimen, release, with_payout
from gates.probes.sweep import Swept, judge_sweep
from gates.schema.canonical import Json
from gates.schema.credential import SentHeader
from gates.schema.progress import progress
from gates.schema.target import Authorization
from gates.schema.template import fill_text


def run(client: TargetClient) -> Result:
    """Sweep the target and give back the one hold that the sweep made."""
    declared = client.target.authorization
    if declared is None:
        raise NotRun(
            f"the target {client.name} has no `authorization`: who may call what",
            next_step="add spec.authorization (openapi, roles, public) to the target file",
        )
    document = read_openapi(client, declared.openapi)
    _require_routes(declared, document)
    specimen = with_payout(client, make_specimen(client))
    cells: list[Cell] = []
    total = len(declared.roles) * (len(client.own_roles()) + len(_bad_credentials(client)) + len(client.other_roles()))
    with progress("authorization-sweep", total) as shown:
        for cell in _all_cells(client, declared, document, specimen):
            cells.append(cell)
            shown.step(min(len(cells), total), cell.route)
        shown.step(total)
    released = release(client, specimen)
    if not any(control(cells, route) for route in declared.roles):
        raise ServiceProblem(
            "no route let in a caller who may use it, so no refusal says who was refused",
            next_step="correct the paths and credentials in the target file, or start the service that it describes",
        )
    return _result(client, declared, document, without_control(cells), released=released)


def _require_routes(declared: Authorization, document: OpenApi) -> None:
    """Raise NotRun where there is no route to try."""
    if not declared.roles:
        raise NotRun("spec.authorization.roles names no route", next_step="name every route and the roles that may call it")
    if not document.routes:
        raise ServiceProblem(
            f"the OpenAPI document at {declared.openapi} names no route", next_step="correct spec.authorization.openapi"
        )


def _all_cells(client: TargetClient, declared: Authorization, document: OpenApi, specimen: Specimen) -> Iterator[Cell]:
    yield from _public_cells(client, declared)
    yield from _role_cells(client, declared, specimen)
    yield from _method_cells(client, declared, document, specimen)
    if _has_other_tenant(client):
        yield from isolation_cells(client, declared, document, specimen)


def _public_cells(client: TargetClient, declared: Authorization) -> Iterator[Cell]:
    for route in declared.public:
        method, _, path = route.partition(" ")
        yield _cell(route, NOBODY, PUBLIC, client.send(method, path))


def _role_cells(client: TargetClient, declared: Authorization, specimen: Specimen) -> Iterator[Cell]:
    """Each route with each credential. Changes are sent without an idempotency key, so that none can happen."""
    bad = _bad_credentials(client)
    for route in declared.roles:
        if ANONYMOUS in declared.roles[route]:  # what becomes of a bad credential says nothing where none is needed
            yield _try(client, route, NOBODY, None, expected_of(route, ANONYMOUS, declared.roles), specimen)
        else:
            for name, credential in bad.items():
                yield _try(client, route, name, credential, NOT_AUTHENTICATED, specimen)
        for role in client.own_roles():
            expected = expected_of(route, role, declared.roles)
            if role not in client.credentials:
                yield Cell(ROLE, route, role, expected.says, None, "skipped", client.missing[role])
            elif route.startswith("DELETE ") and {role, ANONYMOUS} & {*declared.roles[route]}:
                yield Cell(ROLE, route, role, expected.says, None, "skipped", "an allowed DELETE would take effect")
            else:
                yield _try(client, route, role, client.credentials[role], expected, specimen)


def _method_cells(client: TargetClient, declared: Authorization, document: OpenApi, specimen: Specimen) -> Iterator[Cell]:
    """Methods that nobody offered must not open a back door; with a real credential only those that change nothing."""
    for path in sorted({route.partition(" ")[2] for route in declared.roles}):
        let_in = {role for route, roles in declared.roles.items() if route.endswith(f" {path}") for role in roles}
        refused = [role for role in client.own_roles() if role not in let_in and role in client.credentials]
        for method in other_methods(path, document, declared):
            route = f"{method} {path}"
            yield _try(client, route, NOBODY, None, NO_SUCH_METHOD, specimen)
            if method in SAFE and refused:
                yield _try(client, route, refused[0], client.credentials[refused[0]], NO_SUCH_METHOD, specimen)


def _try(
    client: TargetClient, route: str, name: str, credential: SentHeader | None, expected: Expectation, specimen: Specimen
) -> Cell:
    fields = {**client.fields, **specimen.fields}
    missing = [item for item in parameters(route) if item not in fields]
    if missing:
        return Cell(ROLE, route, name, expected.says, None, "skipped", f"the probe has no real {missing[0]}")
    method, _, template = route.partition(" ")
    body = None if method in SAFE else b"{}"
    return _cell(route, name, expected, client.send(method, fill_text(template, fields), credential=credential, body=body))


def _cell(route: str, name: str, expected: Expectation, answer: Answer) -> Cell:
    reason = undecided(answer.status, None if expected.met_by(401) else answer.code)
    if reason:
        return Cell(ROLE, route, name, expected.says, answer.status, "skipped", reason)
    bare_options = route.startswith("OPTIONS ") and answer.status in (200, 204) and not answer.body
    ok = expected.met_by(answer.status) or bare_options
    note = "a change without an idempotency key took effect" if ok and _took_effect(route, answer) else ""
    return Cell(ROLE, route, name, expected.says, answer.status, "ok" if ok else "violation", note)


def _took_effect(route: str, answer: Answer) -> bool:
    return not route.startswith(("GET ", "HEAD ", "OPTIONS ")) and 200 <= answer.status < 300


def _bad_credentials(client: TargetClient) -> dict[str, SentHeader | None]:
    """No credential, and ones that are nearly right: a real one cut short or drawn out must not open anything."""
    known = (client.credentials[role] for role in client.own_roles() if role in client.credentials)
    real = next(known, SentHeader("Bearer 0123456789abcdef"))
    scheme, _, value = real.value.rpartition(" ")
    other = "Bearer" if scheme.lower() == "basic" else "Basic"
    short, long = (_near(scheme, value, change) for change in (lambda text: text[:-1], lambda text: f"{text}0"))
    values = {
        "garbage": f"{scheme} probe-garbage-credential-0000000000".strip(),
        "no token": scheme or "Bearer",
        "a real one cut short": short,
        "a real one drawn out": long,
        f"a real one under the scheme {other}": f"{other} {value}",
    }
    return {NOBODY: None, **{name: SentHeader(text, real.name) for name, text in values.items()}}


def _near(scheme: str, value: str, change: Callable[[str], str]) -> str:
    """A credential that is nearly a real one; of Basic the user's name and password are changed, not their base64."""
    try:
        plain = b64decode(value, validate=True).decode() if scheme.lower() == "basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        plain = ""
    return f"{scheme} {b64encode(change(plain).encode()).decode() if plain else change(value)}".strip()


def _has_other_tenant(client: TargetClient) -> bool:
    return any(role in client.credentials for role in client.other_roles())


def _result(client: TargetClient, declared: Authorization, document: OpenApi, cells: list[Cell], *, released: bool) -> Result:
    faults, compared = document_faults(declared, document)
    swept = judge_sweep(Swept(tuple(cells), tuple(faults), compared, _has_other_tenant(client)))
    facts = {**_facts(client, declared, document, cells), "hold_released_again": released}
    return msgspec.structs.replace(swept, facts=facts)


def _facts(client: TargetClient, declared: Authorization, document: OpenApi, cells: list[Cell]) -> dict[str, Json]:
    return {
        "routes": len(declared.roles) + len(declared.public),
        "routes_in_openapi": len(document.routes),
        "credentials": [*client.own_roles(), *_bad_credentials(client)],
        "other_credentials": [role for role in client.other_roles() if role in client.credentials],
        "roles_declared_in_openapi": sum(1 for item in document.routes.values() if item.roles is not None),
        "effects_without_key": [f"{cell.route} as {cell.credential}" for cell in cells if cell.note.endswith("took effect")],
    }


PROBE = Probe("authorization-sweep", EvidenceKind.AUTHORIZATION_SWEEP, (ROLE, ISOLATION, UNDOCUMENTED), run)
