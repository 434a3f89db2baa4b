"""A payment service as the tools see it: they know nothing of a service but this file."""

import contextlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from gates.schema.amounts import AmountFormat
from gates.schema.build import Build
from gates.schema.canonical import Json
from gates.schema.commands import Commands
from gates.schema.credential import Credential, resolve_credential
from gates.schema.documents import load_document
from gates.schema.errors import UsageProblem
from gates.schema.operation import Operation, Replay, Retry, Role
from gates.schema.readback import Lag, Settlements
from gates.schema.rooms import ROOMS
from gates.schema.target_checks import base_url_fault, require_key_set, require_sound_target
from gates.schema.template import UnsetProblem, fill, resolve, variables_in

__all__ = [
    "Audit",
    "Authorization",
    "Build",
    "ClockSource",
    "Commands",
    "CommitTimes",
    "Credential",
    "Haste",
    "Instance",
    "Mode",
    "NamedTarget",
    "Operation",
    "OperationName",
    "Process",
    "Rail",
    "Replay",
    "Retry",
    "Role",
    "SignIn",
    "Target",
    "UnsetProblem",
    "check_environment",
    "command_line",
    "fill",
    "is_ours",
    "load_target",
    "require_operations",
    "resolve",
    "resolve_base_url",
    "resolve_credential",
    "trust_file",
]

OperationName = Literal["reserve", "settle", "reverse", "refund", "payout"]
_OURS = frozenset(("-m", room) for room in ROOMS)


class Audit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where settlements can be read back. What is None is not checked, and the verdict states that.

    `ledger` answers `gonogo-ledger-v1`, or `settlements` is any JSON list; either may lag by `lag_s`. `receipts`, `trust`: DSSE
    receipts and the JWKS; `payment_receipts`: those of one payment (`{payment_id}`, `{cursor}`); `wallet`, `payee`: one account's
    balances; `payouts`: a page of its own view of its payouts (`gonogo-payouts-v1`, newest first, `{cursor}`), `payout`:
    one of them (`{payout_id}`); `policy`: the document that a receipt names by `{policy_sha256}`; `funnel`: the events of its new
    users as NDJSON (`{after}`). `trust_file` is the JWKS that was pinned before: a path next to the target file, or `${NAME}`.
    """

    ledger: Operation | None = None
    settlements: Settlements | None = None
    lag_s: Lag = 0
    ledger_format: Literal["gonogo-ledger-v1"] = "gonogo-ledger-v1"
    receipts: Operation | None = None
    payment_receipts: Operation | None = None
    trust: Operation | None = None
    payment: Operation | None = None
    wallet: Operation | None = None
    payee: Operation | None = None
    payouts: Operation | None = None
    payout: Operation | None = None
    policy: Operation | None = None
    funnel: Operation | None = None
    trust_file: str | None = None


class Rail(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The rail that the service pays through, where a test can script it and read its own book.

    `book` answers NDJSON lines (format `gonogo-rail-book-v1`), `script` takes a RailScript's spec, `counts` reports the
    requests so far: paths under `url`. `webhooks` is the control path that takes {"url": ...}, and `listener` the URL at which
    the service listens to them. `answer_timeout_ms` is how long the service waits for the rail: slower is a lost reply. `decide`
    is the control path that takes {"status": "succeeded"}: the rail charges after all what it declined under `{key}`. `asked`
    reports how many requests named each key so far, as an object.
    """

    url: str
    book: str = "/book?after={after}&limit=1000"
    script: str = "/control/script"
    counts: str = "/control/counts"
    webhooks: str = "/control/webhooks"
    listener: str | None = None
    answer_timeout_ms: int = 5000
    decide: str | None = None
    asked: str | None = None


class Instance(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where the service reports an id that changes with each start of its process: it proves that a killed service came back.

    Exactly one of: `pointer` into a JSON response, a response's `header`, or a Prometheus `metric` such as
    `process_start_time_seconds`. An id that changes without a start, such as a request's own id, proves nothing.
    """

    path: str
    pointer: str | None = None
    header: str | None = None
    metric: str | None = None


class Mode(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where the service reports its mode, and its words for the modes that drills look for.

    `paused`: no new reserve is taken. `trust_only`: the rail does not answer, and everything without the rail works.
    """

    path: str
    pointer: str
    normal: str = "normal"
    paused: str = "paused"
    trust_only: str = "trust_only"


class ClockSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the service reports its own time, RFC 3339 with a zone. The `Date` header of an answer may come from a cache."""

    path: str
    pointer: str


class Haste(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments with which the service waits for its rail for `answer_timeout_ms` and no longer.

    What it derives from that gets short too, such as how long one process keeps a payout before another may take it over.
    """

    arguments: tuple[str, ...]
    answer_timeout_ms: int


class Process(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How to run the service here as a child process. `{port}` and `{db}` are filled in.

    `{python}` is this interpreter, and `{python} -m gateway` is the reference gateway, whatever the working folder holds.

    `seed` prints one JSON object; each member NAME becomes the environment variable GONOGO_NAME (lists joined with commas),
    and with prefix GONOGO_OTHER_ for the second tenant. `bulk` does the same and stores `{count}` settled payments of that
    tenant, without HTTP. `quiet` are arguments added to `start` for a speed comparison: they switch off what the services
    that it is compared with do not do, such as an access log.

    `rail` runs the rail that the service pays through. It is started first, and prints {"event":"ready","url":...} on stdout;
    that URL is `{rail_url}` in `start`, and GONOGO_RAIL_URL for the service. `{rail_book}` is the file for the rail's own book.
    `haste` is added to `start` where two processes of the service share one `{db}` and one of them has to be replaced.
    `candidate` starts, as `start` does, a release of another build that fails payments: the rollback drill deploys it over that
    of `start`, has to notice that it fails, and returns.
    """

    start: tuple[str, ...]
    seed: tuple[str, ...] = ()
    stop_timeout_s: int = 20
    bulk: tuple[str, ...] = ()
    quiet: tuple[str, ...] = ()
    rail: tuple[str, ...] = ()
    haste: Haste | None = None
    candidate: tuple[str, ...] = ()


class CommitTimes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The Prometheus histogram in which the service counts its durable commits, in seconds; it needs a bucket at 0.015."""

    histogram: str
    path: str = "/metrics"


class Authorization(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who may call what, as its owners want it: the sweep holds both the OpenAPI document and the answers against this.

    `roles` maps "METHOD /path/{template}" to the roles let in; a route of the OpenAPI document in neither list is a finding.
    `bodies` are valid bodies of routes that are no operation of the target, so that what they refuse is the caller, not the body.
    """

    openapi: str
    roles: dict[str, tuple[Role, ...]]
    public: tuple[str, ...] = ()
    bodies: dict[str, dict[str, Json]] = {}


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The service's hosted sign-in, and an address of yours that codes of the canary may be sent to.

    `{run}` in the address is replaced by a text of each run's own, so that no limit of one address is reached:
    canary+{run}@example.com. `document` is where the service describes its sign-in; `start` and `verify` (`{sign_in_id}`) are its
    routes.
    """

    address: str
    document: str = "/.well-known/gonogo-auth.json"
    start: str = "/v1/access/sign-ins"
    verify: str = "/v1/access/sign-ins/{sign_in_id}/verify"


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Any payment service over HTTP. `credentials` maps a role to the value of its Authorization header, or to a Credential.

    `operations`: reserve and settle are needed for a load run, the others are optional. Where there is no `refund`, `reverse`
    also gives a settled payment back, unless `reverse_refunds` is false.

    `idempotency_field` is the member of every mutation's body that takes the idempotency key, instead of the header.
    `amount_format` is how amounts are sent; `minor_digits` are the digits of the currency's minor unit, where they are not those
    of ISO 4217. `ready_role` is the role that asks `ready_path`, if that needs one. `ca_file` are the certificates (PEM) that the
    service's certificate is checked with: a path next to the target file, or `${NAME}`.
    `prometheus` is the server that watches it, `slos` are its SLO documents: paths next to this file, or `reference`, `canary`.
    `other_writers`: others use its wallet and payees too; what no plan of a load run explains is then unknown, not a finding.
    """

    base_url: str
    credentials: dict[Role, str | Credential]
    variables: dict[str, str]
    operations: dict[OperationName, Operation]
    currency: str = "USD"
    amount_format: AmountFormat = "string"
    minor_digits: Annotated[int, msgspec.Meta(ge=0, le=18)] | None = None
    idempotency_header: str = "Idempotency-Key"
    idempotency_field: str | None = None
    reverse_refunds: bool = True
    ready_path: str = "/readyz"
    ready_role: Role | None = None
    ca_file: str | None = None
    retry: Retry = Retry()
    replay: Replay = Replay()
    audit: Audit = Audit()
    other_writers: bool = False
    build: Build | None = None
    instance: Instance | None = None
    mode: Mode | None = None
    clock: ClockSource | None = None
    authorization: Authorization | None = None
    process: Process | None = None
    rail: Rail | None = None
    commits: CommitTimes | None = None
    sign_in: SignIn | None = None
    commands: Commands = Commands()
    prometheus: str | None = None
    slos: tuple[str, ...] = ()


class NamedTarget(msgspec.Struct, frozen=True):
    """A target, its name in evidence, and the folder of its file."""

    name: str
    target: Target
    folder: Path = Path()


def load_target(name_or_path: str) -> NamedTarget:
    """The target file of that path, or the shipped one of that name (`loadtests/targets/NAME.yaml`).

    Raises UsageProblem naming the file and the keys that are wrong, or the names that exist.
    """
    shipped = Path(__file__).parents[2] / "loadtests" / "targets"
    is_path = "/" in name_or_path or name_or_path.endswith((".yaml", ".yml"))
    path = Path(name_or_path) if is_path else shipped / f"{name_or_path}.yaml"
    if not is_path and not path.exists():
        names = ", ".join(sorted(item.stem for item in shipped.glob("*.yaml")))
        raise UsageProblem(f"no target is called {name_or_path!r}", next_step=f"use one of {names}, or a path to a file")
    document = load_document(path, "Target", Target)
    require_sound_target(document.spec, path, document.metadata.name)
    return NamedTarget(document.metadata.name, document.spec, path.parent)


def trust_file(named: NamedTarget, environ: Mapping[str, str] | None = None) -> Path | None:
    """The pinned JWKS of a target, None where its file names none.

    Raises UnsetProblem where it is named by a variable that is not set, UsageProblem naming the field where it is no JWKS.
    """
    name = named.target.audit.trust_file
    return None if name is None else require_key_set(named.folder / resolve(name, environ))


def resolve_base_url(target: Target, environ: Mapping[str, str] | None = None) -> str:
    """Where the target is, without a slash at the end.

    Raises UsageProblem where that is no http or https URL, or has a query, a fragment, or a user name and a password: these would
    be shown with it.
    """
    url = resolve(target.base_url, environ)
    if fault := base_url_fault(url):
        problem, advice = fault
        where = "spec.base_url in the target file, or the variable that it names"
        raise UsageProblem(f"the target's base_url {problem}", next_step=advice or f"correct {where}")
    return url.rstrip("/")


def check_environment(target: Target, environ: Mapping[str, str] | None = None) -> None:
    """Raise UsageProblem for a value that the target takes from the environment and that cannot be sent, before anything starts.

    A variable that is not set is no fault here: whoever needs it says so.
    """
    for role in target.credentials:
        with contextlib.suppress(UnsetProblem):
            resolve_credential(target, role, environ)
    sent = [msgspec.to_builtins([operation.path, operation.body, operation.headers]) for operation in target.operations.values()]
    for name in sorted({*variables_in([*target.variables.values(), sent])}):
        with contextlib.suppress(UnsetProblem):
            resolve(f"${{{name}}}", environ)
    with contextlib.suppress(UnsetProblem):
        resolve_base_url(target, environ)


def require_operations(target: Target, names: Sequence[OperationName] = ("reserve", "settle")) -> None:
    """Raise UsageProblem naming the operations that a run needs and the target's file does not describe."""
    missing = [f"spec.operations.{name}" for name in names if name not in target.operations]
    if missing:
        raise UsageProblem(f"the target has no {' and no '.join(missing)}", next_step=f"add {' and '.join(missing)} to its file")


def is_ours(target: Target) -> bool:
    """Whether the file describes how to run the reference gateway."""
    return target.process is not None and target.process.start[:3] == ("{python}", "-m", "gateway")


def command_line(template: Sequence[str], fields: Mapping[str, str]) -> list[str]:
    """One of the target's commands; where it runs a package of gonogo, that is ours, whatever the working folder holds."""
    filled: list[str] = []
    for number, word in enumerate(template):
        filled.append(str(fill(word, {"python": sys.executable, **fields})))
        if word == "{python}" and tuple(template[number + 1 : number + 3]) in _OURS:
            filled.append("-P")
    return filled
