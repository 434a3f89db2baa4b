"""Rule: one key always gets one response, byte for byte."""

from loadtests.checker.case import Case
from loadtests.checker.findings import Finding, Rule, Ruling, finding
from loadtests.checker.requests import Mutation
from loadtests.storm.history import Event


def replay_changes(case: Case) -> Ruling:
    """Keys with two definite responses that differ; samples are the responses after each key's first."""
    samples, findings = 0, []
    for mutation in case.requests.mutations.values():
        samples += max(len(mutation.answers) - 1, 0)
        changed = _first_change(mutation)
        if changed is not None:
            findings.append(changed)
    return Ruling(samples, tuple(findings))


def _first_change(mutation: Mutation) -> Finding | None:
    if len(mutation.answers) < 2:
        return None
    first = mutation.evidence
    for other in mutation.answers:
        if _differ(first, other):
            pair = sorted((first, other), key=lambda event: event.index)
            detail = f"key {mutation.key} got the response {_short(pair[0])}, and then {_short(pair[1])}"
            return finding(Rule.REPLAY_CHANGE, first.payment_id, detail, pair)
    return None


def _differ(first: Event, other: Event) -> bool:
    """An acknowledged key keeps its bytes. A refusal keeps its status and code; its bytes only if it is a stored one.

    A refusal before the claim of the key (for example of a malformed request) is built each time and may name another request.
    """
    if first.type == "ok" or first.replayed or other.replayed:
        return (first.type, first.status, first.body_sha256) != (other.type, other.status, other.body_sha256)
    return (first.type, first.status, first.code) != (other.type, other.status, other.code)


def _short(event: Event) -> str:
    return f"{event.status} {event.code or ''} sha256 {(event.body_sha256 or 'none')[:12]}".replace("  ", " ")
