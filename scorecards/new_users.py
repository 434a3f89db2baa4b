"""How new users got on, for the page: the steps that they reached and what was waited for, from the facts of evidence. Pure."""

from collections.abc import Iterable

import msgspec

from gates.evidence.statement import EvidenceKind
from gates.evidence.store import Held
from gates.schema.verdict import GateVerdict
from scorecards.schema import FunnelStep, HostMet, NewUsers, Wait


class _Step(msgspec.Struct, frozen=True):
    step: str
    users: int


class _Cohort(msgspec.Struct, frozen=True):
    cohort: str
    users: int
    steps: tuple[_Step, ...]
    aside: tuple[_Step, ...] = ()


class _Waited(msgspec.Struct, frozen=True):
    waiting_on: str
    ms: int


class _Host(msgspec.Struct, frozen=True):
    host: str
    version: str
    tier: str
    setups: int


class _Facts(msgspec.Struct, frozen=True):
    """What the probes onboarding-funnel and setup-journal put into their facts; nothing is judged by it."""

    funnel: tuple[_Cohort, ...] = ()
    waits: tuple[_Waited, ...] = ()
    setups: int = 0
    hosts: tuple[_Host, ...] = ()


def new_users(gates: Iterable[GateVerdict], evidence: Iterable[Held]) -> tuple[NewUsers, ...]:
    """One entry for each cohort of a funnel and for the waits of setups, of the statements that judged a criterion."""
    judging = {item.evidence for gate in gates for item in gate.criteria}
    found: list[NewUsers] = []
    for held in evidence:
        if held.digest not in judging:
            continue
        said = held.statement.predicate
        kind = held.statement.predicate_type
        if kind not in (EvidenceKind.ONBOARDING_FUNNEL, EvidenceKind.SETUP_JOURNAL):
            continue
        try:
            facts = msgspec.convert(said.facts, _Facts)
        except msgspec.ValidationError:
            continue
        for one in facts.funnel:
            steps, aside = (tuple(FunnelStep(item.step, item.users) for item in some) for some in (one.steps, one.aside))
            found.append(NewUsers(held.digest, said.finished_at, one.cohort, one.users, steps=steps, aside=aside))
        if facts.waits or facts.hosts:
            waits = tuple(Wait(item.waiting_on, item.ms) for item in facts.waits)
            hosts = tuple(HostMet(item.host, item.version, item.tier, item.setups) for item in facts.hosts)
            found.append(NewUsers(held.digest, said.finished_at, said.cohort, facts.setups, waits=waits, hosts=hosts))
    return tuple(sorted(found, key=lambda one: (not one.steps, one.cohort != "external", one.cohort, one.evidence)))
