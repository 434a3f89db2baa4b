"""Is an act complete by itself? A reason, an end in time, and for a waiver a ticket, an owner who is another, and a real plan."""

import datetime as dt
import re
from collections.abc import Iterator

from gates.acts.act import RULES, Act, ActKind, ActStatement
from gates.acts.deployed import DEPLOYED, deployed_faults
from gates.schema.errors import UsageProblem
from gates.schema.time import parse_utc, span
from gates.signers.document import Person, same_id

SHORTEST_REASON = 10
"""Characters. Shorter texts, such as "x" or "known", name no reason that a reader could check later."""
SHORTEST_MITIGATION = 20
FEWEST_WORDS = 3
"""Characters and different words of a mitigation. A plan names what is done and by when: "a second host by Friday" has 23
and 5."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_TICKET = re.compile(r"[^\s\x00-\x1f]{3,200}")
_OWN = ("ticket", "owner", "mitigation")


def act_faults(statement: ActStatement) -> Iterator[str]:
    """What is wrong with the act, whoever signed it; each fault names its field."""
    act = statement.predicate
    if not statement.about.name.strip():
        yield f"subject: is empty; it is {RULES[act.act].subject}"
    if not _SHA256.fullmatch(statement.about.digest.sha256):
        yield "subject: its digest is not a sha256"
    if not act.by.strip():
        yield "by: is empty"
    if len(act.reason.strip()) < SHORTEST_REASON:
        yield f"reason: {act.reason!r} is too short: at least {SHORTEST_REASON} characters, so that it can be checked later"
    yield from _time_faults(act)
    if act.act is ActKind.WAIVER:
        yield from _waiver_faults(act)
    else:
        yield from (f"{name}: only a waiver has one" for name in _OWN if getattr(act, name))
    if act.act in DEPLOYED:
        yield from deployed_faults(statement)
    elif act.deployed is not None:
        yield "deployed: only a change record and a freeze exception have one"


def author_fault(act: Act, signed_by: tuple[Person, ...]) -> str:
    """Why these people may not let a deployment through: one of them is the author of the change; "" if none is."""
    author = "" if act.deployed is None else act.deployed.author
    for person in signed_by if author else ():
        if _is_same(person, author):
            return f"{person.id} cannot sign it: {author!r} is the author of the change, and another person has to approve it"
    return ""


def owner_fault(act: Act, approvers: tuple[Person, ...], gate_owner: str = "") -> str:
    """Why this waiver's approvers do not count: one of them is the owner of the waiver or of the gate; "" if none is."""
    for person in approvers:
        for what, owner in (("waiver", act.owner), ("gate", gate_owner)):
            if _is_same(person, owner):
                return f"{person.id} cannot approve it: {owner!r} owns the {what}, and the approver has to be another person"
    return ""


def _is_same(person: Person, owner: str) -> bool:
    """Whether an owner's text names the person: as id, as name, or as both together."""
    text = same_id(owner)
    names = [same_id(person.id), same_id(person.name)]
    return text in names or any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) for name in names)


def _time_faults(act: Act) -> Iterator[str]:
    longest = RULES[act.act].longest
    try:
        begins = parse_utc(act.at)
        ends = parse_utc(act.expires_at) if act.expires_at else None
    except UsageProblem as problem:
        yield f"at, expires_at: {problem.message}"
        return
    if longest is None:
        if ends is not None:
            yield f"expires_at: the act {act.act} has no end"
    elif ends is None:
        yield f"expires_at: is missing; the act {act.act} ends at most {_words(longest)} after it was signed"
    elif ends <= begins:
        yield f"expires_at: {act.expires_at} is not after {act.at}, when it was signed"
    elif ends - begins > longest:
        yield f"expires_at: {act.expires_at} is more than {_words(longest)} after {act.at}, when it was signed"


def _words(longest: dt.timedelta) -> str:
    return f"{longest.days} days" if longest.days else span(int(longest.total_seconds()))


def _waiver_faults(act: Act) -> Iterator[str]:
    if not _TICKET.fullmatch(act.ticket):
        yield f"ticket: {act.ticket!r} is not a ticket's name or address: 3 to 200 characters without a space"
    if not act.owner.strip():
        yield "owner: is empty; it is the person who carries out the mitigation"
    words = set(act.mitigation.casefold().split())
    if len(act.mitigation.strip()) < SHORTEST_MITIGATION or len(words) < FEWEST_WORDS:
        least = f"at least {SHORTEST_MITIGATION} characters and {FEWEST_WORDS} different words"
        yield f"mitigation: {act.mitigation!r} is no plan: {least}, which name what is done and by when"
