"""What lets a deployment through in a freeze: a signed change record or exception, and why it does not count now. Pure."""

import datetime as dt
from collections.abc import Sequence

import msgspec

from gates.acts.act import ActKind
from gates.acts.deployed import BUILD
from gates.acts.store import HeldAct
from gates.evidence.store import Held
from gates.freeze.rehearsed import rehearsal_fault
from gates.schema.freeze_spans import FreezeSpan
from gates.schema.time import parse_utc


class Permit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One signed act: the sha256 of its envelope, what it is about, who made the change, and who let it through.

    `build` is "" for one that names commits alone; `change_class` and `rollback` are those of a change record, `expires_at` is
    that of an exception.
    """

    digest: str
    kind: ActKind
    change_class: str
    author: str
    signed_by: tuple[str, ...]
    signed_at: str
    expires_at: str
    build: str
    commits: tuple[str, ...]
    rollback: str


class Weighed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A permit, and why it lets nothing through now; "" where it does."""

    permit: Permit
    fault: str


def permit_of(held: HeldAct) -> Permit:
    """A verified act of one of the two kinds as a permit."""
    act, about = held.statement.predicate, held.statement.about
    assert act.deployed is not None, "the act was checked"
    return Permit(
        digest=held.digest,
        kind=act.act,
        change_class=act.deployed.change_class,
        author=act.deployed.author,
        signed_by=held.people,
        signed_at=act.at,
        expires_at=act.expires_at,
        build=about.digest.sha256 if about.name == BUILD else "",
        commits=act.deployed.commits,
        rollback=act.deployed.rollback,
    )


def weigh(permit: Permit, spans: Sequence[FreezeSpan], now: dt.datetime, drills: Sequence[Held]) -> Weighed:
    """The permit held against every freeze in force: each of them has to allow its class. `drills` are the statements at hand."""
    return Weighed(permit, _fault(permit, spans, now, drills))


def _fault(permit: Permit, spans: Sequence[FreezeSpan], now: dt.datetime, drills: Sequence[Held]) -> str:
    if now < parse_utc(permit.signed_at):
        return f"it was signed at {permit.signed_at}, which is later"
    if permit.kind is ActKind.FREEZE_EXCEPTION:
        return f"it ended at {permit.expires_at}" if now >= parse_utc(permit.expires_at) else ""
    closed = [span.name for span in spans if permit.change_class not in span.allow]
    if closed:
        return f"the freeze {', '.join(closed)} allows no {permit.change_class}"
    return rehearsal_fault(permit.rollback, drills, now)
