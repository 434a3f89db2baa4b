"""What is open? The entries of the registers, one after the other, as the state of each item. Pure: no clock, no file."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from gates.registers.check import Entered
from gates.registers.document import Acknowledged, Closed, Item, Opened, Raised, Reviewed, ShownBy
from gates.schema.errors import UnverifiedProblem
from gates.schema.register import OpenItem, Register, RegisterState, at_least, worse
from gates.schema.time import parse_utc
from gates.signers.document import same_id

CLOCK_SKEW = dt.timedelta(seconds=60)


class Standing(msgspec.Struct, frozen=True):
    """One item: who opened it since it was last closed, who acknowledged it, and who closed it by what (None while open)."""

    item: Item
    register: Register
    opened_at: str
    opened_by: tuple[str, ...]
    acknowledged_at: str = ""
    acknowledged_by: str = ""
    closed_at: str = ""
    closed_by: str = ""
    shown_by: ShownBy | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is not closed."""
        return self.shown_by is None

    @property
    def state(self) -> str:
        """`open`, `acknowledged` or `closed`."""
        if not self.is_open:
            return "closed"
        return "acknowledged" if self.acknowledged_at else "open"


class Book(msgspec.Struct, frozen=True):
    """Every item by id in the order in which they were opened, and the newest entry and review of each register."""

    items: Mapping[str, Standing]
    last: Mapping[Register, Entered]
    reviews: Mapping[Register, Entered]

    def of(self, register: Register) -> tuple[Standing, ...]:
        """The items of one register."""
        return tuple(one for one in self.items.values() if one.register is register)

    def states(self) -> tuple[RegisterState, ...]:
        """Every register that has an entry, the worst open items first."""
        return tuple(self._state(register) for register in Register if register in self.last)

    def _state(self, register: Register) -> RegisterState:
        review, items = self.reviews.get(register), self.of(register)
        event = None if review is None else review.spec.event
        found = sorted(filter(lambda one: one.is_open, items), key=lambda one: (one.item.severity, one.opened_at, one.item.id))
        return RegisterState(
            register=register,
            items=len(items),
            last=self.last[register].digest,
            reviewed="" if review is None else review.digest,
            reviewed_at="" if review is None else review.spec.at,
            reviewed_by="" if review is None else review.spec.by,
            looked_at=len(event.looked_at) if isinstance(event, Reviewed) else 0,
            open=tuple(map(open_item, found)),
        )


def open_item(one: Standing) -> OpenItem:
    """An open item as registers show it."""
    return OpenItem(
        id=one.item.id,
        severity=one.item.severity,
        title=one.item.title,
        owner=one.item.owner,
        opened_at=one.opened_at,
        opened_by=", ".join(one.opened_by),
        acknowledged_at=one.acknowledged_at,
        acknowledged_by=one.acknowledged_by,
    )


def read_book(entries: Iterable[Entered], until: dt.datetime) -> Book:
    """The state of the registers at a moment; entries count in the order of their own dates, whatever the log's.

    What is dated more than a minute after `until` closes and reviews nothing yet. Raises UnverifiedProblem for an entry that no
    command writes: about an item that nobody opened, or a closing by the person who opened it.
    """
    book = _Folding(until)
    for entry in sorted(entries, key=lambda one: one.spec.at):  # stable: of two of one moment the log's order counts
        book.add(entry)
    return Book(book.items, book.last, book.reviews)


class _Folding:
    """The book while it is read."""

    def __init__(self, until: dt.datetime) -> None:
        self._until = until
        self.items: dict[str, Standing] = {}
        self.last: dict[Register, Entered] = {}
        self.reviews: dict[Register, Entered] = {}

    def add(self, entry: Entered) -> None:
        """Read one entry more."""
        self.last[entry.spec.register] = entry
        event, counts = entry.spec.event, not entry.void and parse_utc(entry.spec.at) <= self._until + CLOCK_SKEW
        if isinstance(event, Opened):
            self.items |= {item.id: self._opened(item, entry) for item in event.items}
        elif isinstance(event, Reviewed):
            self.reviews |= {entry.spec.register: entry} if counts else {}
        elif counts or isinstance(event, Raised):
            named = {name: self._named(name, entry) for name in event.ids}
            self.items |= {name: _changed(one, entry, event) for name, one in named.items() if one.is_open}

    def _opened(self, item: Item, entry: Entered) -> Standing:
        by, register, before = entry.spec.by, entry.spec.register, self.items.get(item.id)
        if before is not None and before.register is not register:
            raise UnverifiedProblem(f"the entry {entry.digest[:12]}: {item.id} is of the register {before.register.value}")
        if before is None or not before.is_open:
            return Standing(item, register, entry.spec.at, (by,))
        people = before.opened_by if _is_among(by, before.opened_by) else (*before.opened_by, by)
        kept = msgspec.structs.replace(item, severity=worse(item.severity, before.item.severity))
        return msgspec.structs.replace(before, item=kept, opened_by=people)

    def _named(self, name: str, entry: Entered) -> Standing:
        found = self.items.get(name)
        if found is None or found.register is not entry.spec.register:
            raise UnverifiedProblem(f"the entry {entry.digest[:12]} is about {name}, which nobody opened before {entry.spec.at}")
        return found


def _changed(one: Standing, entry: Entered, event: Acknowledged | Raised | Closed) -> Standing:
    spec = entry.spec
    if isinstance(event, Acknowledged):
        if one.acknowledged_at:
            return one
        return msgspec.structs.replace(one, acknowledged_at=spec.at, acknowledged_by=spec.by)
    if isinstance(event, Raised):
        kept = msgspec.structs.replace(one.item, severity=worse(one.item.severity, event.severity))
        return msgspec.structs.replace(one, item=kept)
    fault = closing_fault(one, spec.by, event.shown_by.started_at)
    if not fault and not at_least(event.severity, one.item.severity):
        fault = f"{one.item.id} is {one.item.severity}, and was closed as {event.severity}"
    if fault:
        raise UnverifiedProblem(f"the entry {entry.digest[:12]}: {fault}")
    return msgspec.structs.replace(one, closed_at=spec.at, closed_by=spec.by, shown_by=event.shown_by)


def closing_fault(one: Standing, by: str, started_at: str) -> str:
    """Why this person, or a run that began at this moment, does not close an open item; "" if they do."""
    if _is_among(by, one.opened_by):
        return f"{by} opened {one.item.id}: another person has to close it"
    if parse_utc(started_at) < parse_utc(one.opened_at):
        began = f"the run began at {started_at}, before {one.item.id} was opened at {one.opened_at}"
        return f"{began}: it does not show that it is resolved"
    return ""


def _is_among(name: str, people: Iterable[str]) -> bool:
    return same_id(name) in map(same_id, people)


def closings(entries: Iterable[Entered]) -> Iterator[tuple[Entered, Closed]]:
    """The closings that count, each with what shows it."""
    for entry in entries:
        if isinstance(entry.spec.event, Closed) and not entry.void:
            yield entry, entry.spec.event
