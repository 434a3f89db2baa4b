"""What may somebody do with a register as it is? Open, take over, acknowledge, close, review; or why not. Pure."""

from collections.abc import Callable, Sequence
from functools import reduce

import msgspec

from gates.evidence.store import Held
from gates.registers.book import Book, Standing, closing_fault
from gates.registers.closing import AGAIN, Case, show
from gates.registers.document import Acknowledged, Closed, Imported, Item, Opened, Raised, Reviewed
from gates.registers.identity import fingerprint_of, item_id
from gates.registers.sarif_results import Taken
from gates.registers.writing import View
from gates.schema.errors import RefusedProblem, UnknownProblem, UsageProblem
from gates.schema.gate import Gate
from gates.schema.outcome import Priority
from gates.schema.register import WORDS, Register, at_least, list_command, worse
from gates.schema.time import parse_utc
from gates.signers.document import same_id


class Draft(msgspec.Struct, frozen=True):
    """A finding or incident as somebody reports it."""

    severity: Priority
    title: str
    owner: str
    detail: str = ""
    ticket: str = ""


class Import(msgspec.Struct, frozen=True):
    """What became of the results of a file, and the event that takes them over; None where nothing is new.

    `gone` are open findings of the same tools that are not in the file: they stay open until a statement closes them.
    """

    event: Opened | None
    new: int
    again: int
    raised: int
    known: int
    gone: tuple[str, ...]


class Proof(msgspec.Struct, frozen=True):
    """What somebody closes items by: the beginning of a statement's sha256, and the criteria to look at.

    `gates` gives the gates that judge a target; `shipped` are those that come with gonogo.
    """

    statement: str
    reason: str
    gates: Callable[[str], Sequence[Gate]]
    named: Sequence[str] = ()
    shipped: Sequence[Gate] = ()


def opened(view: View, register: Register, draft: Draft) -> Opened:
    """The event that opens one item."""
    title, owner = draft.title.strip(), draft.owner.strip()
    name = item_id(register, fingerprint_of(title, draft.severity, owner, view.person, view.at))
    return Opened((Item(name, draft.severity, title, owner, draft.detail.strip(), draft.ticket.strip()),))


def imported(book: Book, register: Register, taken: Taken, sha256: str) -> Import:
    """Each result that is not open yet, once, or that is worse than it was; those that were closed are open again."""
    new, again, raised, known = [], [], [], 0
    for item in taken.items:
        before = book.items.get(item.id)
        if before is None:
            new.append(item)
        elif not before.is_open:
            again.append(item)
        elif at_least(before.item.severity, item.severity):
            known += 1
        else:
            raised.append(item)
    found = (*new, *again, *raised)
    file = Imported(sha256, taken.tools, taken.results, known, taken.left_out)
    return Import(Opened(found, file) if found else None, len(new), len(again), len(raised), known, _gone(book, register, taken))


def acknowledged(book: Book, register: Register, names: Sequence[str], note: str) -> Acknowledged:
    """The event that acknowledges open items; raises UsageProblem for one that is not open, or acknowledged already."""
    found = [_open(book, register, name) for name in names]
    for one in found:
        if one.acknowledged_at:
            who = f"{one.acknowledged_by} acknowledged it at {one.acknowledged_at}"
            raise UsageProblem(f"{one.item.id} is acknowledged already: {who}", next_step=list_command(register))
    return Acknowledged(tuple(one.item.id for one in found), note.strip())


def raised(book: Book, register: Register, names: Sequence[str], severity: Priority, reason: str) -> Raised:
    """The event that makes open items more severe.

    Raises RefusedProblem for one that is that severe already: only a statement, and another person, take a severity away.
    """
    found = [_open(book, register, name) for name in names]
    for one in found:
        if at_least(one.item.severity, severity):
            text = f"{one.item.id} is {one.item.severity.value}, and a severity is only raised, not to {severity.value}"
            raise RefusedProblem(text, next_step="close it by a statement that shows that it is resolved, and open another one")
    return Raised(tuple(one.item.id for one in found), severity, reason.strip())


def closed(view: View, register: Register, names: Sequence[str], proof: Proof) -> Closed:
    """The event that closes open items by a statement.

    Raises UsageProblem for an item that is not open or a statement that is not there, RefusedProblem for the person who opened
    one, UnknownProblem for a statement of another build or week, or that began before the item was opened, RedProblem for a red
    one.
    """
    found = [_open(view.book, register, name) for name in names]
    for one in found:
        if any(same_id(view.person) == same_id(name) for name in one.opened_by):
            text = f"{view.person} opened {one.item.id}: another person has to close it"
            raise RefusedProblem(text, next_step="let another person with the role finding close it: --as PERSON")
    severity, held = reduce(worse, (one.item.severity for one in found)), _statement(view.statements, proof.statement)
    gates = proof.gates(held.statement.subject[0].name)
    shown = show(held, view.statements, Case(severity, parse_utc(view.at), gates, proof.named, proof.shipped))
    for one in found:
        if fault := closing_fault(one, view.person, shown.started_at):
            raise UnknownProblem(f"{shown.statement[:12]}: {fault}", next_step=AGAIN)
    return Closed(tuple(one.item.id for one in found), severity, proof.reason.strip(), shown)


def reviewed(looked_at: Sequence[str]) -> Reviewed:
    """The event that reviews a register."""
    return Reviewed(tuple(source.strip() for source in looked_at))


def find_item(book: Book, register: Register, name: str) -> Standing:
    """The item whose id is `name`, or begins so; raises UsageProblem for none or several."""
    found = [one for one in book.of(register) if one.item.id == name or (len(name) > len("F-") and one.item.id.startswith(name))]
    if len(found) == 1:
        return found[0]
    word = WORDS[register]
    text = f"{len(found)} ids begin with {name!r}" if found else f"no {word} has the id {name!r}"
    raise UsageProblem(text, next_step=f"{list_command(register)} --all")


def _open(book: Book, register: Register, name: str) -> Standing:
    one = find_item(book, register, name)
    if not one.is_open:
        who = f"{one.closed_by} closed it at {one.closed_at}"
        raise UsageProblem(f"{one.item.id} is closed already: {who}", next_step=f"{list_command(register)} --all")
    return one


def _statement(statements: Sequence[Held], prefix: str) -> Held:
    found = [held for held in statements if held.digest.startswith(prefix)]
    if len(found) != 1:
        text = f"{len(found)} pieces of evidence have a digest that starts with {prefix!r}"
        raise UsageProblem(text, next_step="`gonogo evidence list` shows the digests")
    return found[0]


def _gone(book: Book, register: Register, taken: Taken) -> tuple[str, ...]:
    here = {item.id for item in taken.items}
    ours = (one for one in book.of(register) if one.is_open and one.item.origin is not None)
    return tuple(
        one.item.id for one in ours if one.item.origin and one.item.origin.tool in taken.tools and one.item.id not in here
    )
