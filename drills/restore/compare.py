"""What did a restore bring back, and what did it lose? Every acknowledged payment against the restored ledger. Pure.

A backup holds a prefix of the journal. So what was acknowledged before it began is there, and whatever is there, everything that
was acknowledged before it was sent is there too. A loss that breaks one of these is no loss that a backup explains.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from drills.storm import Line
from gates.schema.ledger import EntryKind, LedgerEntry

_NS = 1_000_000_000
KINDS: Mapping[str, tuple[EntryKind, ...]] = {
    "reserve": ("reserve",),
    "settle": ("settle",),
    "reverse": ("release", "refund"),
    "refund": ("refund",),
}
"""The entries by which the ledger has an operation."""

_OPERATION: Mapping[str, str] = {"reserve": "reserve", "settle": "settle", "release": "reverse", "refund": "reverse"}


class Restore(msgspec.Struct, frozen=True):
    """When the backup began (or the copying of changes), and when it ended; when the database was lost; the objective.

    The loss takes a moment, from `lost_ns` until the service is seen to be gone at `gone_ns`: it may still acknowledge meanwhile.
    `copying`: changes are copied all the time, so that nothing of before a moment has to be there. What was sent before
    `until_ns`, if that is not the loss, can be in the ledger: it was read with traffic on it. Times are monotonic nanoseconds.
    """

    begun_ns: int
    ended_ns: int
    lost_ns: int
    rpo_ns: int
    copying: bool = False
    until_ns: int | None = None
    gone_ns: int | None = None


class Loss(msgspec.Struct, frozen=True):
    """One acknowledged operation that the restored ledger lacks; `age_ns` is how old it was when the database was lost.

    `unexplained` says why no backup explains it; "" for a loss inside of the objective.
    """

    operation: str
    payment_id: str
    acknowledged_ns: int
    age_ns: int
    unexplained: str = ""


class Comparison(msgspec.Struct, frozen=True):
    """The result: acknowledged operations, of them settles, and those settles that were sent after the backup; losses; oddities.

    `exposed` counts the settles that were acknowledged since the backup began: those that it need not hold. `entries` counts the
    restored entries that were looked at; `odd` says what is wrong with each that no request explains, or that is not whole.
    """

    acknowledged: int
    settles: int
    settles_at_risk: int
    exposed: int
    losses: tuple[Loss, ...]
    entries: int
    odd: tuple[str, ...]

    @property
    def lost_settles(self) -> tuple[Loss, ...]:
        """The settles among the losses."""
        return tuple(loss for loss in self.losses if loss.operation == "settle")

    @property
    def lost_payments(self) -> frozenset[str]:
        """The payments of which anything was lost."""
        return frozenset(loss.payment_id for loss in self.losses)

    @property
    def unexplained(self) -> tuple[Loss, ...]:
        """The losses that no backup explains."""
        return tuple(loss for loss in self.losses if loss.unexplained)


class _Told(msgspec.Struct):
    """One operation of one payment as its clients saw it before the loss."""

    operation: str
    payment_id: str
    amount: str | None
    sent_ns: int
    acknowledged_ns: int


def compare(lines: Iterable[Line], entries: Sequence[LedgerEntry], restore: Restore) -> Comparison:
    """Compare the history of the storm, until the database was gone, with the ledger's entries since the storm began."""
    gone_ns = restore.gone_ns or restore.lost_ns
    sent = [line for line in lines if line.start_ns < (restore.until_ns or gone_ns)]
    told = _told(line for line in sent if line.start_ns < gone_ns)
    by_payment: dict[str, list[LedgerEntry]] = defaultdict(list)
    for entry in entries:
        if entry.kind in _OPERATION and entry.payment_id is not None:
            by_payment[entry.payment_id].append(entry)
    there: list[_Told] = []
    missing: list[_Told] = []
    for one in told:
        (there if _of(by_payment.get(one.payment_id, ()), one.operation) else missing).append(one)
    newest_ns = max((one.sent_ns for one in there), default=0)
    settles = [one for one in told if one.operation == "settle"]
    return Comparison(
        acknowledged=len(told),
        settles=len(settles),
        settles_at_risk=sum(one.sent_ns >= restore.ended_ns for one in settles),
        exposed=sum(one.acknowledged_ns >= restore.begun_ns for one in settles),
        losses=tuple(_loss(one, restore, newest_ns) for one in missing),
        entries=sum(map(len, by_payment.values())),
        odd=(*_strange(by_payment, sent), *_wrong(there, by_payment), *_halves(by_payment)),
    )


def _told(sent: Iterable[Line]) -> list[_Told]:
    """The first acknowledgement of each operation of each payment."""
    first_ns: dict[tuple[str, int], int] = {}
    found: dict[tuple[str, str], _Told] = {}
    for line in sent:
        first = first_ns.setdefault((line.operation, line.payment), line.start_ns)
        if line.type == "ok" and line.payment_id is not None and line.end_ns is not None:
            told = _Told(line.operation, line.payment_id, line.amount, first, line.end_ns)
            found.setdefault((line.operation, line.payment_id), told)
    return list(found.values())


def _loss(one: _Told, restore: Restore, newest_ns: int) -> Loss:
    age_ns = max(0, restore.lost_ns - one.acknowledged_ns)
    why = ""
    if not restore.copying and one.acknowledged_ns < restore.begun_ns:
        before_s = (restore.begun_ns - one.acknowledged_ns) / _NS
        why = f"acknowledged {before_s:.1f} s before the backup began: what was restored is older than that backup, or not whole"
    elif one.acknowledged_ns < newest_ns:
        why = "something that was sent after its acknowledgement is there: what was restored has a hole"
    elif age_ns > restore.rpo_ns:
        why = f"acknowledged {age_ns / _NS:.1f} s before the loss, and the objective is {restore.rpo_ns / _NS:g} s"
    return Loss(one.operation, one.payment_id, one.acknowledged_ns, age_ns, why)


def _of(entries: Iterable[LedgerEntry], operation: str) -> list[LedgerEntry]:
    kinds = KINDS.get(operation, ())
    return [entry for entry in entries if entry.kind in kinds]


def _strange(by_payment: Mapping[str, Sequence[LedgerEntry]], sent: Sequence[Line]) -> Iterable[str]:
    """Entries of operations that no client had sent; a reserve without an answer explains one payment whose id nobody knows."""
    number_of = {line.payment_id: line.payment for line in sent if line.payment_id is not None}
    asked = {(line.payment, line.operation) for line in sent}
    answered = {line.payment for line in sent if line.operation == "reserve" and line.payment_id is not None}
    in_doubt = len({line.payment for line in sent if line.operation == "reserve"} - answered)
    for payment_id, entries in by_payment.items():
        number = number_of.get(payment_id)
        if number is None:
            in_doubt -= 1
            if in_doubt < 0 or any(entry.kind != "reserve" for entry in entries):
                yield f"{payment_id}: is in the restored ledger, and no request of a client explains it"
            continue
        for kind, count in Counter(entry.kind for entry in entries).items():
            operations = ("reverse", "refund") if _OPERATION[kind] == "reverse" else (_OPERATION[kind],)
            if not any((number, operation) in asked for operation in operations):
                yield f"{payment_id}: the restored ledger has a {kind}, and no client had sent one"
            elif count > 1:
                yield f"{payment_id}: the restored ledger has {count} entries of the kind {kind}"


def _wrong(there: Iterable[_Told], by_payment: Mapping[str, Sequence[LedgerEntry]]) -> Iterable[str]:
    """Acknowledged settles that are there with another amount."""
    for one in there:
        if one.operation == "settle" and one.amount is not None:
            moved = sum(entry.moved_by_suffix("payee/", "/payable") for entry in _of(by_payment[one.payment_id], "settle"))
            if str(moved) != one.amount:
                yield f"{one.payment_id}: a settle of {one.amount} was acknowledged, and {moved} is in the restored ledger"


def _halves(by_payment: Mapping[str, Sequence[LedgerEntry]]) -> Iterable[str]:
    """Payments of which a later part is there without the first, and entries that do not sum to zero."""
    for payment_id, entries in by_payment.items():
        if not _of(entries, "reserve"):
            yield f"{payment_id}: the restored ledger has its {entries[0].kind}, and not its reserve"
        for entry in entries:
            sums: Counter[str] = Counter()
            for posting in entry.postings:
                sums[posting.currency] += int(posting.amount)
            if any(sums.values()):
                yield f"{payment_id}: the restored {entry.kind} is out of balance"
