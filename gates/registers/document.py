"""One entry of a register: findings or incidents that were opened, acknowledged or closed, or a review of the register."""

from typing import TypeAlias

import msgspec

from gates.schema.gate import Criterion
from gates.schema.outcome import Priority
from gates.schema.register import FINDING, INCIDENT, Register


class Origin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The SARIF result that an item is: tool, rule, place, and what makes it the same result in another file."""

    tool: str
    rule: str
    place: str
    fingerprint: str


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A finding or incident; `id` is derived from what it is, so that the same result of a tool is the same finding."""

    id: str
    severity: Priority
    title: str
    owner: str
    detail: str = ""
    ticket: str = ""
    origin: Origin | None = None


class Imported(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file that items were taken from: its sha256, its tools, its results, how many were open already, and those left out.

    `left_out` counts the results that are no finding, by reason.
    """

    sha256: str
    tools: tuple[str, ...]
    results: int
    known: int
    left_out: dict[str, int]


class Opened(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="what", tag="opened"):
    """Items that are open from now on; one that was closed is open again."""

    items: tuple[Item, ...]
    imported: Imported | None = None


class Acknowledged(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="what", tag="acknowledged"):
    """Somebody works on it; it stays open."""

    ids: tuple[str, ...]
    note: str


class Raised(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="what", tag="raised"):
    """Items turned out to be worse than they were reported; no entry makes one less severe."""

    ids: tuple[str, ...]
    severity: Priority
    reason: str


class Passed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A criterion that the statement passed, as it was written then, and its gate."""

    gate: str
    criterion: Criterion


class ShownBy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The statement of a test or drill, by sha256: its target and build, when it began, and the criteria that it passed."""

    statement: str
    target: str
    build: str
    started_at: str
    passed: tuple[Passed, ...]


class Closed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="what", tag="closed"):
    """Items that are not open any more, the worst of their severities, and what shows it."""

    ids: tuple[str, ...]
    severity: Priority
    reason: str
    shown_by: ShownBy


class Reviewed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="what", tag="reviewed"):
    """Somebody went through the register and through other sources, such as a scanner's report, named one by one."""

    looked_at: tuple[str, ...]


Event: TypeAlias = Opened | Acknowledged | Raised | Closed | Reviewed


class EntrySpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one person did at a moment, under the Signers document in force then (`signers`, its sha256)."""

    register: Register
    by: str
    at: str
    signers: str
    event: Event


class FindingSpec(EntrySpec, frozen=True, forbid_unknown_fields=True):
    """An entry of the register of security findings, or of that of onboarding defects."""


class IncidentSpec(EntrySpec, frozen=True, forbid_unknown_fields=True):
    """An entry of the register of incidents."""


SPECS: dict[str, type[EntrySpec]] = {FINDING: FindingSpec, INCIDENT: IncidentSpec}
"""The spec of each kind of document."""


def ids_of(event: Event) -> tuple[str, ...]:
    """The items that an entry is about; none for a review."""
    if isinstance(event, Opened):
        return tuple(item.id for item in event.items)
    return () if isinstance(event, Reviewed) else event.ids
