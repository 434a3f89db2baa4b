"""Rule: one key always gets one response, byte for byte, but for the places that the target's file leaves out."""

from loadtests.checker.case import Case
from loadtests.checker.findings import Finding, Rule, Ruling, finding
from loadtests.checker.opportunities import ruling
from loadtests.checker.requests import Mutation
from loadtests.storm.history import Event


def replay_changes(case: Case) -> Ruling:
    """Keys with two definite responses that differ; opportunities are the keys with at least two definite responses.

    A key that was answered with two payments is a double reserve as well; its finding here says so.
    """
    sent = list(case.requests.mutations.values())
    chances = [mutation for mutation in sent if len(mutation.answers) > 1]
    changes = (_first_change(mutation) for mutation in chances)
    return ruling(chances, sent, [changed for changed in changes if changed is not None])


def _first_change(mutation: Mutation) -> Finding | None:
    first = mutation.evidence
    for other in mutation.answers:
        if _differ(first, other):
            pair = sorted((first, other), key=lambda event: event.index)
            detail = f"key {mutation.key} got the response {_short(pair[0])}, and then {_short(pair[1])}{_why(mutation, pair)}"
            return finding(Rule.REPLAY_CHANGE, first.payment_id, detail, pair)
    return None


def _differ(first: Event, other: Event) -> bool:
    """An acknowledged key keeps its bytes. A refusal keeps its status and code; its bytes only if it is a stored one.

    A refusal before the claim of the key (for example of a malformed request) is built each time and may name another request.
    """
    if first.type == "ok" or first.replayed or other.replayed:
        return (first.type, first.status, first.body_sha256) != (other.type, other.status, other.body_sha256)
    return (first.type, first.status, first.code) != (other.type, other.status, other.code)


def _why(mutation: Mutation, pair: list[Event]) -> str:
    if len(ids := [event.payment_id or "" for event in mutation.identified]) > 1:
        return f"; it was answered with {len(ids)} payments ({', '.join(ids)}): a double reserve"
    return _place(pair)


def _place(pair: list[Event]) -> str:
    """The first place that differs, and how to declare that it may; bytes that are not JSON have no places."""
    place = next((event.differs for event in reversed(pair) if event.differs), "")
    if not place or {event.type for event in pair} != {"ok"}:
        return ""
    return f"; the first difference is at {place} (if it may differ, list it in the target file: replay: {{ignore: [{place}]}})"


def _short(event: Event) -> str:
    return f"{event.status} {event.code or ''} sha256 {(event.body_sha256 or 'none')[:12]}".replace("  ", " ")
