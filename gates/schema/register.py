"""The registers of findings and incidents as values: what is open, who owns it, and who reviewed the register when."""

from enum import StrEnum

import msgspec

from gates.schema.outcome import Priority

PAYLOAD_TYPE = "application/vnd.gonogo.register+json"
"""The payload type of the envelope around an entry."""
REVIEW = "gonogo {command} review --looked-at WHAT --as PERSON"


class Register(StrEnum):
    """The registers: security findings, defects of the onboarding, incidents."""

    SECURITY = "security"
    ONBOARDING = "onboarding"
    INCIDENTS = "incidents"


FINDING, INCIDENT = "Finding", "Incident"
KINDS: dict[Register, str] = {
    Register.SECURITY: FINDING,
    Register.ONBOARDING: FINDING,
    Register.INCIDENTS: INCIDENT,
}
"""The kind of the documents that a register is made of."""
WORDS: dict[Register, str] = {
    Register.SECURITY: "security finding",
    Register.ONBOARDING: "onboarding defect",
    Register.INCIDENTS: "incident",
}
"""What one item of a register is called."""


class OpenItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One finding or incident that is not closed: since when, by whom it was opened, and who acknowledged it ("" if nobody)."""

    id: str
    severity: Priority
    title: str
    owner: str
    opened_at: str
    opened_by: str
    acknowledged_at: str = ""
    acknowledged_by: str = ""


class RegisterState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A register at a moment: how many items it ever had, its newest entry, and its newest review.

    `looked_at` counts the sources that the reviewer looked at, `reviewed` and `last` are the sha256 of the review and of the
    newest entry. Without a review `reviewed`, `reviewed_at` and `reviewed_by` are "".
    """

    register: Register
    items: int
    last: str
    reviewed: str
    reviewed_at: str
    reviewed_by: str
    looked_at: int
    open: tuple[OpenItem, ...]


def worse(one: Priority, other: Priority) -> Priority:
    """The worse of two severities: P0 is the worst."""
    return min(one, other, key=tuple(Priority).index)


def at_least(one: Priority, other: Priority) -> bool:
    """Whether a severity is the other one, or a worse one."""
    return worse(one, other) is one


def list_command(register: Register) -> str:
    """The command that lists a register."""
    if register is Register.INCIDENTS:
        return "gonogo incident list"
    return "gonogo finding list" + ("" if register is Register.SECURITY else f" --register {register.value}")


def review_command(register: Register) -> str:
    """The command that reviews a register."""
    if register is Register.INCIDENTS:
        return REVIEW.format(command="incident")
    option = "" if register is Register.SECURITY else f" --register {register.value}"
    return REVIEW.format(command="finding") + option
