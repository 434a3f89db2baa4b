"""Are the most frequent failures of the onboarding covered? Each code against the runs of its runbook on this build. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from gates.evidence.statement import EvidenceKind, Predicate, Statement, short_kind
from gates.probes.conduct import Finding, Result, counted
from gates.probes.onboarding.figures import COHORT
from gates.probes.onboarding.funnel import OURS, FunnelLine, users_of
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
    """The ten codes that the most external users met, or else the most of ours; of two with as many, the first by name.

    Who gave up before coming to a tenant is of no cohort, and is counted with the external users, once there are any.
    """
    users = users_of(lines)
    there_are = any(user.cohort == COHORT for user in users)
    some = [user for user in users if (there_are if external else True) and (user.cohort not in OURS) is external]
    met = Counter(code for user in some for code in set(user.codes))
    ranked = sorted(met.items(), key=lambda item: (-item[1], item[0]))[:TOP]
    return tuple(Failure(code, count, life.pages.get(code, "")) for code, count in ranked)


class Executed(msgspec.Struct, frozen=True, order=True):
    """A page of runbooks/ whose steps were taken to a good end; with `code`, for that failure alone."""

    page: str
    code: str = ""


def executed(statements: Iterable[Statement], pages: Mapping[str, str]) -> frozenset[Executed]:
    """What was executed, of the pages that gonogo ships: `pages` has the sha256 of each."""
    return frozenset(one for statement in statements for one in _executed(statement.predicate, pages))


def _executed(said: Predicate, pages: Mapping[str, str]) -> Iterator[Executed]:
    """The runbooks of a rehearsal that ended their fault, or the one of a walk whose steps all ended well.

    A page that says what it is about, such as GONOGO_CODE, counts for the failures that it was run for; another page of the same
    name for none.
    """
    is_rehearsal = said.kind == short_kind(EvidenceKind.RUNBOOK_REHEARSAL)
    measure = said.measures.get("runbooks_failed" if is_rehearsal else "steps_failed")
    if said.status != "complete" or measure is None or not (is_rehearsal or (measure.value == "0" and not measure.skipped)):
        return
    kept = {item.name: item.sha256 for item in said.artifacts}
    for name in measure.made_of:
        page = f"{name}.md"
        if "/" not in name and kept.get(f"{name}/page.md" if is_rehearsal else "page.md") == pages.get(page, ""):
            codes = [about.partition("/")[2] for about in measure.made_of if about.startswith(f"{name}/")]
            yield from (Executed(page, code) for code in codes or [""])


def _is_done(one: Failure, done: frozenset[Executed]) -> bool:
    return bool({Executed(one.page), Executed(one.page, one.code)} & done)


def judge(lines: Sequence[FunnelLine], life: Life, statements: Iterable[Statement], pages: Mapping[str, str]) -> Result:
    """The codes whose runbook nobody executed for them on this build."""
    top, done = most_frequent(lines, life), executed(statements, pages)
    findings = tuple(
        Finding(UNRESOLVED, one.code, f"{one.page} executed on this build" if one.page else "a page of runbooks/", _found(one))
        for one in top
        if not _is_done(one, done)
    )
    measure = counted(UNRESOLVED, len(top), findings, to_change="no setup of an external user failed yet")
    facts: dict[str, Json] = {
        "failures": _shown(top, done),
        "failures_of_others": _shown(most_frequent(lines, life, external=False), done),
        "executed": [f"{one.page}: {one.code}" if one.code else one.page for one in sorted(done)],
    }
    return Result({UNRESOLVED: measure}, findings, facts=facts, cohort=COHORT)


def _shown(failures: Iterable[Failure], done: frozenset[Executed]) -> list[Json]:
    return [{"code": one.code, "users": one.users, "page": one.page, "executed": _is_done(one, done)} for one in failures]


def _found(one: Failure) -> str:
    return f"not executed for it; {one.users} users met the code" if one.page else "the code is unknown"
