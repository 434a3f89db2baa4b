"""What a step came to: an event of the machine, and what it learned."""

import msgspec

from gateway.machines.onboarding import OnboardingEvent
from gateway.setup.client import Refused
from gateway.setup.failures import SetupProblem
from gateway.setup.lines import Found


class Happened(msgspec.Struct, frozen=True):
    """An event; with a `code` it is a failure, and `detail` says what was found this time. `command` is better than the row's."""

    event: OnboardingEvent
    code: str | None = None
    detail: str = ""
    command: str = ""
    found: Found | None = None
    receipt_id: str | None = None
    build: str | None = None


def failed(event: OnboardingEvent, error: SetupProblem | Refused) -> Happened:
    """The event of a failure: its code comes from the problem document, or from the client's own table."""
    if isinstance(error, Refused):
        refusal = error.refusal
        reasons = f" ({', '.join(refusal.reasons)})" if refusal.reasons else ""
        after = getattr(error, "retry_after_s", None)
        wait = f"; try again after {after} s" if after else ""
        found = Found(retry_after_s=after) if after else None
        return Happened(event, refusal.code, f"{(refusal.detail or refusal.title).rstrip('.')}{reasons}{wait}", found=found)
    return Happened(event, error.code.value, error.detail, error.command)
