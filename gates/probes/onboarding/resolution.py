"""Are the most frequent failures of the onboarding covered? Each code against the runs of its runbook on this build. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from gates.evidence.statement import EvidenceKind, Predicate, Statement, short_kind
from gates.probes.conduct import Finding, Result, counted
from gates.probes.onboarding.figures import COHORT
from gates.probes.onboarding.funnel import FunnelLine, users_of
from gates.probes.onboarding.life import Life
from gates.schema.canonical import Json

UNRESOLVED = "onboarding_failures_without_runbook"
MEASURES = (UNRESOLVED,)
TOP = 10
RUNS = (EvidenceKind.RUNBOOK_RUN, EvidenceKind.RUNBOOK_REHEARSAL)
"""The kinds of statements that show that a runbook was executed."""


class Failure(msgspec.Struct, frozen=True):
    """A code, how many users met it, and the page that helps, "" where the code is unknown."""

    code: str
    users: int
    page: str


def most_frequent(lines: Sequence[FunnelLine], life: Life, *, external: bool = True) -> tuple[Failure, ...]:
    """The ten codes that the most external users met, or else the most others; of two with as many, the first by name."""
    users = [user for user in users_of(lines) if (user.cohort == COHORT) is external]
    met = Counter(code for user in users for code in set(user.codes))
    ranked = sorted(met.items(), key=lambda item: (-item[1], item[0]))[:TOP]
    return tuple(Failure(code, count, life.pages.get(code, "")) for code, count in ranked)


def executed(statements: Iterable[Statement]) -> frozenset[str]:
    """The pages whose steps were taken to their end, and ended as the page says."""
    return frozenset(f"{name}.md" for statement in statements for name in _names(statement.predicate))


def _names(said: Predicate) -> Iterable[str]:
    """The names of the runbooks: of a rehearsal those that ended their fault, of a walk the one whose steps all ended well."""
    if said.status != "complete":
        return ()
    if said.kind == short_kind(EvidenceKind.RUNBOOK_REHEARSAL):
        rehearsed = said.measures.get("runbooks_failed")
        return () if rehearsed is None else rehearsed.made_of
    walked = said.measures.get("steps_failed")
    whole = walked is not None and walked.value == "0" and not walked.skipped
    return walked.made_of if walked is not None and whole else ()


def judge(lines: Sequence[FunnelLine], life: Life, statements: Iterable[Statement]) -> Result:
    """The codes whose page nobody executed on this build."""
    top, done = most_frequent(lines, life), executed(statements)
    findings = tuple(
        Finding(UNRESOLVED, one.code, f"{one.page} executed on this build" if one.page else "a page of runbooks/", _found(one))
        for one in top
        if one.page not in done
    )
    measure = counted(UNRESOLVED, len(top), findings, to_change="no setup of an external user failed yet")
    facts: dict[str, Json] = {
        "failures": _shown(top, done),
        "failures_of_others": _shown(most_frequent(lines, life, external=False), done),
        "executed": [*sorted(done)],
    }
    return Result({UNRESOLVED: measure}, findings, facts=facts, cohort=COHORT)


def _shown(failures: Iterable[Failure], done: frozenset[str]) -> list[Json]:
    return [{"code": one.code, "users": one.users, "page": one.page, "executed": one.page in done} for one in failures]


def _found(one: Failure) -> str:
    return f"not executed; {one.users} users met the code" if one.page else "the code is unknown"
