"""Read a list of settlements to its end, and again until the lag of the target's file has passed."""

from collections.abc import Callable
from time import sleep

import msgspec

from gates.schema.amounts import minor_digits
from gates.schema.canonical import sha256_hex
from gates.schema.errors import UnknownProblem, UsageProblem
from gates.schema.outcome import UnknownReason
from gates.schema.printable import printable
from gates.schema.readback import ByPage, Settlements
from gates.schema.target import Target
from gates.schema.time import monotonic_s
from loadtests.books.entries import Gap
from loadtests.books.paging import Page, first_path, next_link, next_path
from loadtests.books.settlements import (
    LIST,
    Expected,
    Misdescribed,
    Money,
    Repeated,
    Settlement,
    document_in,
    items_in,
    settlements_in,
)
from loadtests.service import Service, UnusableRead

MOST_PAGES, MOST_BYTES, MOST_S = 10_000, 128 * 1024 * 1024, 300
_POLL_S, _ROUNDS = 0.5, 3
_NOT_FOUND, _NOT_ALLOWED, _FAILS, _ERROR = 404, (401, 403, 407), (408, 425, 429), 500

Listed = tuple[Settlement, ...] | Gap


class ReadList(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answers of the last reading with what they were read by, or the problem that ended it.

    `waited_ms` is how long it was read again: because of the lag, because something was missing, or because it still changed.
    `member` is the member of the target's file that the problem shows to be wrong, "" where the service may be the cause.
    """

    shape: Settlements
    money: Money
    pages: tuple[Page, ...] = ()
    waited_ms: int = 0
    problem: str = ""
    member: str = ""


def settlements_of(read: ReadList, expected: Expected) -> Listed:
    """The settlements in these answers, or why they cannot be read. Pure."""
    found = _tried(read, expected)
    if isinstance(found, ValueError):
        return Gap(UnknownReason.ADAPTER_ERROR, f"settlements could not be read: {found}")
    return found


def fault_of(read: ReadList, expected: Expected) -> ValueError | None:
    """Why these answers cannot be read, None if they can. Pure."""
    found = _tried(read, expected)
    return found if isinstance(found, ValueError) else None


def read_list(
    service: Service, shape: Settlements, expected: Expected, pause: Callable[[float], None] = sleep, *, hasty: bool = False
) -> ReadList:
    """Read the list; with a lag, again when it has passed: until then something that happened twice may be listed once.

    `hasty` ends as soon as two readings are equal and have all that was acknowledged: for whoever asks whether the list can be
    read. A list that changes while it is read is read again in any case.
    """
    begun, lag_s, paused_s = monotonic_s(), service.target.audit.lag_s, 0.0
    before: tuple[Settlement, ...] | ValueError | None = None
    rounds = 0
    while True:
        read, rounds = _read_once(service, shape), rounds + 1
        found = _tried(read, expected)
        waited_s = max(monotonic_s() - begun, paused_s)
        moved = isinstance(found, Repeated) and rounds < _ROUNDS
        whole = not isinstance(found, ValueError) and not missing(found, expected)
        if (hasty and whole and found == before) or (waited_s >= lag_s and not moved):
            return msgspec.structs.replace(read, waited_ms=round(waited_s * 1000) if rounds > 1 else 0)
        before = found
        rest_s = max(lag_s - waited_s, 0.05)
        paused_s += (step_s := rest_s if whole and not hasty else min(_POLL_S, rest_s))
        pause(step_s)


def read_list_bytes(read: ReadList) -> bytes:
    """A line for how it was read, and a line for each answer."""
    head = msgspec.structs.replace(read, pages=())
    return b"".join(msgspec.json.encode(line, order="sorted") + b"\n" for line in (head, *read.pages))


def read_list_in(data: bytes, origin: str) -> ReadList:
    """The reading in a file; raises UsageProblem naming `origin`."""
    head, *lines = data.splitlines() or [b""]
    try:
        read, pages = msgspec.json.decode(head, type=ReadList), tuple(_PAGE.decode(line) for line in lines)
    except msgspec.MsgspecError as error:
        raise UsageProblem(f"{origin}: cannot be read: {printable(str(error))}") from None
    return msgspec.structs.replace(read, pages=pages)


_PAGE = msgspec.json.Decoder(Page)


def missing(found: tuple[Settlement, ...], expected: Expected) -> set[str]:
    """The payments whose settle was acknowledged, and that no item of the list settles."""
    return set(expected.settled) - {item.payment_id or "" for item in found if item.effect == "settle"}


def money_of(target: Target) -> Money:
    """How a target writes amounts."""
    digits = minor_digits(target.currency) if target.minor_digits is None else target.minor_digits
    return Money(target.amount_format, digits, target.currency)


def _tried(read: ReadList, expected: Expected) -> tuple[Settlement, ...] | ValueError:
    if read.problem:
        return ValueError(read.problem)
    try:
        return settlements_in([page.body for page in read.pages], read.shape, read.money, expected)
    except ValueError as error:
        return error


def _read_once(service: Service, shape: Settlements) -> ReadList:
    pages: list[Page] = []
    problem = member = ""
    try:
        _collect(service, shape, pages)
    except UnusableRead as refused:
        problem, member = refused.message, _member(shape, refused.status)
    except UnknownProblem as unknown:
        problem = unknown.message
    except ValueError as error:
        problem, member = str(error), error.member if isinstance(error, Misdescribed) else ""
    return ReadList(shape, money_of(service.target), tuple(pages), problem=problem, member=member)


def _member(shape: Settlements, status: int) -> str:
    """The member that a refusal is about; "" for a failure of the service."""
    if status in _NOT_ALLOWED:
        return f"{LIST}.role ({shape.role}), or spec.credentials.{shape.role}"
    return "" if status in _FAILS or status >= _ERROR else f"{LIST}.path"


def _collect(service: Service, shape: Settlements, pages: list[Page]) -> None:
    """Add page after page; raises Misdescribed or ValueError for a list that goes round or is too long."""
    path, size, deadline = first_path(shape), 0, monotonic_s() + MOST_S
    seen: dict[str, int] = {}
    paths: set[str] = set()
    while path:
        if path in paths:
            raise Misdescribed("paging", f"page {len(pages)} leads to {path}, which was read before: the list goes round")
        paths.add(path)
        page = _page(service, shape, path, past_first=bool(pages))
        if page is None:
            return
        pages.append(page)
        size += len(page.body)
        if len(pages) > MOST_PAGES or size > MOST_BYTES:
            raise ValueError(f"the list has more than {MOST_PAGES} pages or {MOST_BYTES} bytes")
        if monotonic_s() > deadline:
            raise ValueError(f"the list was not read to its end within {MOST_S} s: page {len(pages)} is not the last one")
        _require_new(shape, page, seen, len(pages))
        path = next_path(shape, service.base_url, page, len(pages))


def _require_new(shape: Settlements, page: Page, seen: dict[str, int], number: int) -> None:
    """Refuse a page that is an earlier one again: an unknown query parameter gives the same page for ever."""
    items = items_in(document_in(page.body), shape)
    content = sha256_hex(msgspec.json.encode(items, order="sorted"))
    if items and content in seen:
        query = getattr(shape.paging, "query", "")
        which = f"; does the service know the query parameter {query!r}?" if query else ""
        raise Misdescribed("paging", f"page {number} has the same items as page {seen[content]}: the list never ends{which}")
    seen[content] = number


def _page(service: Service, shape: Settlements, path: str, *, past_first: bool) -> Page | None:
    """One answer, None for the 404 with which some services end numbered pages. No credential stays in it."""
    operation = msgspec.structs.replace(shape.operation, path=path)
    try:
        answer = service.get(operation, {"currency": service.target.currency})
    except UnusableRead as refused:
        if past_first and refused.status == _NOT_FOUND and isinstance(shape.paging, ByPage):
            return None
        raise
    text = answer.content.decode("utf-8", errors="replace")
    return Page(service.redact(path), service.redact(text), service.redact(next_link(answer.links)))
