"""What a review does before it judges: a table of steps, each a command of another package and the evidence that it collects."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from gates.collecting import NOT_HERE
from gates.evidence.statement import EvidenceKind
from gates.schema.gate import Gate, request_of, sought
from gates.schema.target import Target, is_ours

UNREAD = "no gate reads its evidence"
"""Why a thorough step is not part of a review."""


Needs = Literal[
    "service",
    "rail",
    "kill",
    "disk",
    "rollback",
    "drill",
    "gateway",
    "sources",
    "window",
    "funnel",
    "sign_in",
    "setups",
    "hosts",
    "nothing",
]


class Step(msgspec.Struct, frozen=True):
    """One command; `argv` follows the interpreter's `-m`, its `{fields}` are filled in when the step is run.

    `needs` is what the target has to offer: a running service, one with a rail that can be scripted, a process or commands to
    rehearse with, a process whose disk can be ours, the reference gateway as its process, or nothing. A `drill` reports itself,
    within seconds, what it lacks. The step that needs `sources` is there if the gates have any that an adapter reads, the one
    that needs a `window` if they read an SLO's, the one that needs the `funnel` of new users if they read it, the one that needs
    a hosted `sign_in` if they read the canary's, the one that walks `setups` if they read their journals, and the one that runs
    `hosts` if they read how these are. A `thorough` step
    is left out with the profile smoke, and where no gate reads its evidence, unless it is named.
    """

    name: str
    title: str
    needs: Needs
    evidence: EvidenceKind
    argv: tuple[str, ...]
    thorough: bool = False


_SHARED = ("--target", "{target}", "--evidence", "{evidence}")
_PROBE = ("gates", "gate", "probe")
_GIVEN_BUILD = ("--build", "{build}")


def _drill(name: str) -> tuple[str, ...]:
    return ("drills", "run", name, "--out", f"{{out}}/{name}", "--seed", "{seed}", *_GIVEN_BUILD, *_SHARED)


def _thorough(name: str, title: str, needs: Needs, evidence: EvidenceKind) -> Step:
    return Step(name, f"{title} drill", needs, evidence, _drill(name), thorough=True)


THOROUGH: tuple[Step, ...] = (
    _thorough("rail-outage", "rail outage", "drill", EvidenceKind.RAIL_OUTAGE_DRILL),
    _thorough("network", "network", "drill", EvidenceKind.NETWORK_DRILL),
    _thorough("clock", "clock", "drill", EvidenceKind.CLOCK_DRILL),
    _thorough("pause", "pause", "drill", EvidenceKind.PAUSE_DRILL),
    _thorough("key-rotation", "key rotation", "drill", EvidenceKind.KEY_ROTATION_DRILL),
    _thorough("key-compromise", "key compromise", "drill", EvidenceKind.KEY_COMPROMISE_DRILL),
    _thorough("restore", "restore", "drill", EvidenceKind.RESTORE_DRILL),
    _thorough("restore-litestream", "restore with litestream", "drill", EvidenceKind.RESTORE_LITESTREAM_DRILL),
    _thorough("disk-full", "full disk", "disk", EvidenceKind.DISK_FULL_DRILL),
    _thorough("fsync-error", "failing fsync", "disk", EvidenceKind.FSYNC_ERROR_DRILL),
    _thorough("slow-fsync", "slow fsync", "disk", EvidenceKind.SLOW_FSYNC_DRILL),
    _thorough("incident", "incident", "gateway", EvidenceKind.INCIDENT_DRILL),
    _thorough("incident-kill", "killed gateway incident", "gateway", EvidenceKind.INCIDENT_KILL_DRILL),
    _thorough("incident-freeze", "frozen writer incident", "gateway", EvidenceKind.INCIDENT_FREEZE_DRILL),
    _thorough("incident-latency", "latency incident", "gateway", EvidenceKind.INCIDENT_LATENCY_DRILL),
    _thorough("incident-rail", "rail incident", "gateway", EvidenceKind.INCIDENT_RAIL_DRILL),
)
"""The drills that take a review from minutes to half an hour: one row each, named as the drill."""

# The order matters: the service is loaded first, probed while its books hold the storm, and stopped; the drills run
# services of their own; the secret scan comes when everything has been written, and determinism last of all.
STEPS: tuple[Step, ...] = (
    Step(
        "storm",
        "retry storm",
        "service",
        EvidenceKind.LOAD_RUN,
        ("loadtests", "run", "{profile}", "--out", "{out}/storm", "--seed", "{seed}", *_SHARED),
    ),
    Step(
        "hostile-rail",
        "hostile rail",
        "rail",
        EvidenceKind.HOSTILE_RAIL,
        ("loadtests", "hostile-rail", "--out", "{out}/hostile-rail", "--seed", "{seed}", *_SHARED),
    ),
    Step(
        "authorization-sweep",
        "authorization sweep",
        "service",
        EvidenceKind.AUTHORIZATION_SWEEP,
        (*_PROBE, "authorization-sweep", "--out", "{out}/probes", *_SHARED),
    ),
    Step(
        "fail-closed",
        "fail-closed probe",
        "service",
        EvidenceKind.FAIL_CLOSED,
        (*_PROBE, "fail-closed", "--out", "{out}/probes", *_SHARED),
    ),
    Step(
        "policy-binding",
        "policy binding",
        "service",
        EvidenceKind.POLICY_BINDING,
        (*_PROBE, "policy-binding", "--out", "{out}/probes", *_SHARED),
    ),
    Step(
        "receipt-verification",
        "receipts offline",
        "service",
        EvidenceKind.RECEIPT_VERIFICATION,
        (*_PROBE, "receipt-verification", "--out", "{out}/probes", *_SHARED),
    ),
    Step(
        "collect",
        "other tools",
        "sources",
        EvidenceKind.ADAPTER,
        ("gates", "evidence", "collect", "--gates", "{gates}", *_SHARED),
    ),
    Step(
        "setup-journal",
        "setups of our own",
        "setups",
        EvidenceKind.SETUP_JOURNAL,
        ("drills.onboarding", "--db", "{out}/service/service.db", "--out", "{out}/setups", "--probes", "{out}/probes", *_SHARED),
    ),
    Step(
        "onboarding-funnel",
        "onboarding funnel",
        "funnel",
        EvidenceKind.ONBOARDING_FUNNEL,
        (*_PROBE, "onboarding-funnel", "--out", "{out}/probes", *_SHARED),
    ),
    Step(
        "sign-in-canary",
        "hosted sign-in",
        "sign_in",
        EvidenceKind.SIGN_IN_CANARY,
        (*_PROBE, "sign-in-canary", "--out", "{out}/probes", *_GIVEN_BUILD, *_SHARED),
    ),
    Step("slo", "SLO windows", "window", EvidenceKind.SLO_WINDOW, ("gates", "slo", "measure", *_SHARED)),
    Step(
        "crash",
        "crash drill",
        "kill",
        EvidenceKind.CRASH_DRILL,
        _drill("crash"),
    ),
    Step(
        "power",
        "power-loss drill",
        "disk",
        EvidenceKind.POWER_DRILL,
        _drill("power"),
    ),
    Step(
        "rollback",
        "rollback drill",
        "rollback",
        EvidenceKind.ROLLBACK_DRILL,
        _drill("rollback"),
    ),
    *THOROUGH,
    Step(
        "runbooks",
        "runbook rehearsals",
        "gateway",
        EvidenceKind.RUNBOOK_REHEARSAL,
        ("drills.runbook", "rehearse", "--all", "--yes", "--out", "{out}/runbooks", *_SHARED),
    ),
    Step(
        "runbook-resolution",
        "runbooks of failures",
        "gateway",
        EvidenceKind.RUNBOOK_RESOLUTION,
        (*_PROBE, "runbook-resolution", "--out", "{out}/probes", *_GIVEN_BUILD, *_SHARED),
    ),
    Step(
        "host-matrix",
        "hosts",
        "hosts",
        EvidenceKind.HOST_MATRIX,
        (*_PROBE, "host-matrix", "--out", "{out}/probes", *_GIVEN_BUILD, *_SHARED),
    ),
    Step(
        "secret-scan",
        "secret scan",
        "nothing",
        EvidenceKind.SECRET_SCAN,
        (*_PROBE, "secret-scan", "{artifacts}", "--out", "{out}/probes", *_GIVEN_BUILD, *_SHARED),
    ),
    Step(
        "determinism",
        "determinism",
        "nothing",
        EvidenceKind.DETERMINISM,
        (*_PROBE, "determinism", "--review", "{out}/draft", "--out", "{out}/probes", *_GIVEN_BUILD, *_SHARED),
    ),
)


def applying(steps: Sequence[Step], gates: Sequence[Gate], left_out: Mapping[str, str]) -> tuple[Step, ...]:
    """The steps of a review by these gates: other tools and Prometheus are queried only if a criterion needs it.

    Not those that `left_out` has because nothing reads their evidence: the others of it are named, with the reason.
    """
    criteria = [criterion for gate in gates for criterion in gate.criteria]
    needed = {
        "sources": any(request_of(criterion) is not None for criterion in criteria),
        "window": any(criterion.source.predicate_type == EvidenceKind.SLO_WINDOW for criterion in criteria),
        "setups": any(criterion.source.predicate_type == EvidenceKind.SETUP_JOURNAL for criterion in criteria),
        "hosts": any(criterion.source.predicate_type == EvidenceKind.HOST_MATRIX for criterion in criteria),
        "funnel": any(criterion.source.predicate_type == EvidenceKind.ONBOARDING_FUNNEL for criterion in criteria),
        "sign_in": any(criterion.source.predicate_type == EvidenceKind.SIGN_IN_CANARY for criterion in criteria),
    }
    read = (step for step in steps if left_out.get(step.name) != UNREAD)
    return tuple(step for step in read if needed.get(step.needs, True))


def is_read(step: Step, gates: Sequence[Gate]) -> bool:
    """Whether a criterion reads the step's evidence."""
    return any(sought(item).predicate_type == step.evidence for gate in gates for item in gate.criteria)


def why_not(step: Step, target: Target) -> str:
    """Why a step cannot be run on this target, in words that begin with NOT_HERE; "" if it can."""
    process, commands = target.process, target.commands
    reasons = (
        ("rail", target.rail is None, "it has no `rail`, so no rail can be scripted"),
        (
            "kill",
            process is None and not (commands.kill and commands.restore),
            "it has no `process`, and no `commands` with `kill` and `restore` (runbooks/targets.md)",
        ),
        ("disk", process is None, "it has no `process`, so it cannot run on a disk that loses power"),
        (
            "rollback",
            not _can_roll_back(target),
            "it has no `process.candidate`, and no `commands` with `deploy` and `rollback` (runbooks/targets.md)",
        ),
        (
            "window",
            process is not None,
            "it starts its own service (`process`), which no Prometheus has watched for a month",
        ),
        (
            "window",
            not (target.prometheus and target.slos),
            "it has no `prometheus` and `slos`, so no SLO can be measured (runbooks/slo.md)",
        ),
        (
            "setups",
            not is_ours(target),
            "the target does not run the reference gateway, on which setups are walked: hand in journals (runbooks/probes.md)",
        ),
        (
            "funnel",
            target.audit.funnel is None,
            "the target has no `audit.funnel`: nothing is known of new users (runbooks/targets.md)",
        ),
        (
            "sign_in",
            target.sign_in is None,
            "the target has no `sign_in`: no address that the canary's codes may be sent to (runbooks/targets.md)",
        ),
        (
            "gateway",
            not is_ours(target),
            "it does not run the reference gateway, on which the faults of the runbooks are made",
        ),
    )
    return next((f"{NOT_HERE}{why}" for need, holds, why in reasons if need == step.needs and holds), "")


def _can_roll_back(target: Target) -> bool:
    """Whether there is another release to return from: the drill makes those of the reference gateway itself."""
    if is_ours(target) or (target.process is not None and target.process.candidate):
        return True
    return bool(target.commands.deploy and target.commands.rollback)
