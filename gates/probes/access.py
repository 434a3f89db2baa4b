"""Who may call what: the expectation, held against one answer at a time. Pure."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from gates.probes.openapi import OpenApi, shape
from gates.schema.target import Authorization

ROLE, ISOLATION, UNDOCUMENTED = "role_violations", "isolation_violations", "undocumented_routes"
NOBODY = "nobody"
ANONYMOUS = "anonymous"
"""The role of a caller without a credential: a route that names it is open to everybody."""
_METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE")
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class Expectation(msgspec.Struct, frozen=True):
    """What an answer has to be: one of `statuses`, or, where `but` is given, anything except those."""

    says: str
    statuses: tuple[int, ...] = ()
    but: tuple[int, ...] = ()

    def met_by(self, status: int) -> bool:
        """Whether this status is as expected."""
        return status in self.statuses if self.statuses else status not in self.but


class Cell(msgspec.Struct, frozen=True, omit_defaults=True):
    """One request of the sweep and what became of it; `verdict` is ok, violation or skipped."""

    measure: str
    route: str
    credential: str
    expected: str
    status: int | None
    verdict: str
    note: str = ""


NOT_AUTHENTICATED = Expectation("401", statuses=(401,))
NO_CREDENTIAL_HERE = Expectation("401 or 403", statuses=(401, 403))
REFUSED = Expectation("403", statuses=(403,))
HIDDEN = Expectation("404", statuses=(404,))
HIDDEN_OR_REFUSED = Expectation("403 or 404", statuses=(403, 404))
LET_IN_TO_READ = Expectation("2xx", statuses=tuple(range(200, 300)))
LET_IN_TO_CHANGE = Expectation("let in, and refused without an idempotency key", but=(401, 403, 404, 405))
PUBLIC = Expectation("open to anybody", but=(401, 403, 404, 405))
BOOTSTRAP = "bootstrap"
"""The role of a key that is traded once for others: elsewhere it is no credential, and where it is traded nothing else is one."""
_ENDED = frozenset({"session_expired", "session_revoked"})
_LET_IN = frozenset({LET_IN_TO_READ.says, LET_IN_TO_CHANGE.says})
_HIDDEN = frozenset({HIDDEN.says, HIDDEN_OR_REFUSED.says})
NO_SUCH_METHOD = Expectation("401, 403, 404, 405 or 501", statuses=(401, 403, 404, 405, 501))


def control(cells: Sequence[Cell], route: str) -> bool:
    """Whether a caller who may was let in on this route: only then a refusal there says anything about who was refused."""
    wanted = _bare(route)
    return any(cell.verdict == "ok" and cell.expected in _LET_IN and _bare(cell.route) == wanted for cell in cells)


def _bare(route: str) -> str:
    return shape(route.partition("?")[0])


def opportunities(cells: Iterable[Cell], measure: str) -> int:
    """The routes x callers of a measure that got a definite answer, each once."""
    tried = {(cell.route, cell.credential) for cell in cells if cell.measure == measure and cell.verdict != "skipped"}
    return len(tried)


def without_control(cells: Sequence[Cell]) -> list[Cell]:
    """The cells, where a tenant's refusal counts only on routes that let our own callers in: hidden from all is not isolation."""
    return [
        msgspec.structs.replace(cell, verdict="skipped", note="our own credentials were not let in on this route either")
        if cell.measure == ISOLATION and cell.verdict == "ok" and cell.expected in _HIDDEN and not control(cells, cell.route)
        else cell
        for cell in cells
    ]


def expected_of(route: str, role: str, roles: Mapping[str, tuple[str, ...]]) -> Expectation:
    """What a route has to answer to a valid credential of this role."""
    if not {role, ANONYMOUS} & {*roles[route]}:
        return NO_CREDENTIAL_HERE if BOOTSTRAP in (role, *roles[route]) else REFUSED
    return LET_IN_TO_READ if route.startswith("GET ") else LET_IN_TO_CHANGE


def undecided(status: int, code: str | None = None) -> str | None:
    """Why a response does not show access: it is neither let in nor refused. `code` is the problem's, where it has one."""
    if status == 429:
        return "rate limited"
    if status == 401 and code in _ENDED:
        return f"the credential is no longer valid ({code}): make a new one, and run the probe again"
    return f"the service failed with {status}" if status >= 500 and status != 501 else None


def document_faults(declared: Authorization, document: OpenApi) -> tuple[list[tuple[str, str, str, str]], int]:
    """Where the expectation and the OpenAPI document differ: (measure, route, expected, found); and how much was compared."""
    expected = {shape(route): tuple(sorted(roles)) for route, roles in declared.roles.items()}
    public = {shape(route) for route in (*declared.public, f"GET {declared.openapi}")}
    faults = []
    for name, item in document.routes.items():
        if name not in expected and name not in public:
            faults.append((UNDOCUMENTED, item.route, "named in spec.authorization of the target", "only in the OpenAPI document"))
        elif name in expected and item.roles is not None and tuple(sorted(item.roles)) != expected[name]:
            says = ", ".join(sorted(item.roles)) or "nobody"
            faults.append((ROLE, item.route, "for " + ", ".join(expected[name]), f"the OpenAPI document names {says}"))
    named = [route for route in (*declared.roles, *declared.public) if shape(route) not in document.routes]
    only_ours = ("described in the OpenAPI document", "only in spec.authorization of the target")
    faults.extend((UNDOCUMENTED, route, *only_ours) for route in named)
    return faults, len({*expected, *public, *document.routes})


def other_methods(path: str, document: OpenApi, declared: Authorization) -> tuple[str, ...]:
    """Methods that nobody has offered on this path."""
    offered = {*document.routes, *(shape(route) for route in (*declared.roles, *declared.public))}
    return tuple(method for method in _METHODS if shape(f"{method} {path}") not in offered)
