"""Books are read whole, in order, and at one moment; what cannot be read is a gap with its reason."""

import base64
import json

import httpx
import msgspec
import pytest

from gates.schema.errors import UnknownProblem
from gates.schema.outcome import UnknownReason
from gates.schema.target import Audit, Operation, Target
from loadtests.books.entries import Gap
from loadtests.books.read import audit_books, read_books, read_opening
from loadtests.books.settlements import Expected
from loadtests.schema import Arrivals, LoadProfile, Mix, NamedProfile
from loadtests.storm.plan import Accounts, make_plan

AUDIT = Audit(
    ledger=Operation(path="/ledger?after={after}", method="GET"),
    receipts=Operation(path="/receipts?cursor={cursor}", method="GET"),
    wallet=Operation(path="/wallets/{wallet_id}", method="GET"),
    payee=Operation(path="/payees/{payee_id}", method="GET"),
)


class CannedService:
    """A service whose journal grows by `growth` entries each time that a balance is read."""

    def __init__(self, audit=AUDIT, entries=3, growth=(), step=1):
        self.target = Target(base_url="", credentials={}, variables={}, operations={}, audit=audit)
        self.count, self.growth, self.step = entries, list(growth), step
        self.broken = ""

    def get(self, operation, fields):
        """Answer one read."""
        if self.broken and self.broken in operation.path:
            raise UnknownProblem(f"GET {operation.path}: answered 500", next_step="look at its log")
        name = operation.path.split("/")[1].partition("?")[0]
        return httpx.Response(200, content=getattr(self, name)(fields))

    def ledger(self, fields):
        """Two entries a page."""
        after = int(fields["after"])
        page = [number for number in range(1, self.count + 1) if number > after][:2]
        lines = [
            {"seq": number * self.step if self.step > 0 else 9 - number, "entry_id": f"e{number}", "kind": "fund", "postings": []}
            for number in page
        ]
        return "".join(json.dumps(line) + "\n" for line in lines).encode()

    def wallets(self, _fields):
        """The wallet; reading it lets others write."""
        if self.growth:
            self.count += self.growth.pop(0)
        return json.dumps({"available": str(self.count), "held": "0", "currency": "USD"}).encode()

    def payees(self, _fields):
        """A payee without money."""
        return b'{"payable":"0"}'

    def receipts(self, fields):
        """Three receipts, one a page, with cursors that need quoting."""
        number = len(fields["cursor"]) // 3
        about = {"subject": {"id": "p", "kind": "payment"}, "money": {"amount": "1", "currency": "USD"}}
        receipt = {"receipt_id": f"r{number}", "kind": "settle", **about}
        envelope = {"payload": base64.b64encode(json.dumps(receipt).encode()).decode()}
        cursor = "+" * (number + 1) if number < 2 else None
        return json.dumps({"items": [{"envelope": envelope}], "next_cursor": cursor}).encode()


@pytest.fixture
def plan():
    """A plan with one wallet and two payees."""
    profile = NamedProfile("p", "", LoadProfile(payments=1, arrivals=Arrivals(1), mix=Mix()))
    return make_plan(profile, 1, "r", Accounts("w", ("a", "b"), "USD"))


def test_every_page_is_read_to_the_end(plan):
    """Entries until a page is empty, receipts until there is no cursor, balances of the wallet and of each payee."""
    books = read_books(CannedService(entries=5), plan)
    assert [entry.seq for entry in books.entries] == [1, 2, 3, 4, 5]
    assert [receipt.receipt_id for receipt in books.receipts] == ["r0", "r1", "r2"]
    accounts = ["wallet/w/available", "wallet/w/held", "payee/a/payable", "payee/b/payable"]
    assert [balance.account for balance in books.balances] == accounts


def test_balances_are_read_again_until_the_journal_stands_still(plan):
    """The balances belong to the entries that come with them, although others wrote in between."""
    books = read_books(CannedService(growth=[1, 1, 0]), plan)
    assert len(books.entries) == 5
    assert books.balances[0].amount == "5"


def test_a_journal_that_never_stands_still_leaves_the_balances_unknown(plan):
    """Balances of no certain moment are not judged; the entries are."""
    books = read_books(CannedService(growth=[1] * 50), plan)
    assert isinstance(books.balances, Gap)
    assert books.balances.reason is UnknownReason.ADAPTER_ERROR
    assert len(books.entries) > 3


@pytest.mark.parametrize("part", ["ledger", "receipts", "wallets", "payees"])
def test_what_does_not_answer_is_a_gap_with_its_reason(plan, part):
    """A failing read costs its own part only, and says what was asked."""
    service = CannedService()
    service.broken = part
    books = read_books(service, plan)
    name = {"ledger": "entries", "receipts": "receipts"}.get(part, "balances")
    for other in {"entries", "receipts", "balances"} - {name}:
        assert not isinstance(getattr(books, other), Gap)
    gap = getattr(books, name)
    assert (gap.reason, "answered 500" in gap.detail) == (UnknownReason.ADAPTER_ERROR, True)


def test_a_journal_that_does_not_ascend_is_refused(plan):
    """Entries out of order would be read for ever, or twice."""
    books = read_books(CannedService(step=-1), plan)
    assert isinstance(books.entries, Gap)
    assert "does not ascend" in books.entries.detail


def test_what_the_target_does_not_name_is_missing(plan):
    """A foreign service without books is told as such, part by part."""
    books = read_books(CannedService(audit=Audit()), plan)
    assert {part.reason for part in (books.entries, books.receipts, books.balances)} == {UnknownReason.MISSING}


def test_the_books_before_a_run_are_its_journal_position_and_balances(plan):
    """What was read is known again: the same entries have the same digest, one more has another."""
    opening, again = (read_opening(CannedService(entries=5), plan) for _ in range(2))
    assert (opening.seq, opening.entries, len(opening.balances)) == (5, 5, 4)
    assert opening == again != read_opening(CannedService(entries=6), plan)
    blind = read_opening(CannedService(audit=Audit()), plan)
    assert (blind.seq.reason, blind.balances.reason) == (UnknownReason.MISSING, UnknownReason.MISSING)


class LateLedger(CannedService):
    """A service that shows one settle more each time that its ledger is read to the end."""

    def __init__(self, lag_s, shown=0):
        super().__init__(msgspec.structs.replace(AUDIT, lag_s=lag_s))
        self.shown, self.pauses = shown, []

    def ledger(self, fields):
        """The settles that are shown by now."""
        after = int(fields["after"])
        lines = [
            {"seq": number, "entry_id": number, "kind": "settle", "payment_id": f"p{number}", "postings": []}
            for number in range(after + 1, self.shown + 1)
        ]
        self.shown = min(self.shown + (not lines), 2)
        return "".join(json.dumps(line) + "\n" for line in lines).encode()


def test_with_a_lag_the_ledger_is_read_until_it_has_what_was_acknowledged(plan):
    """A ledger that is written behind its answers is waited for; what is there in the end was not missing."""
    service = LateLedger(300)
    expected = Expected({"p1", "p2"}, (), {"p1": "1", "p2": "1"})
    books, read = audit_books(service, plan, expected, service.pauses.append)
    assert (read, books.waited_ms, {"p1", "p2"} <= {entry.payment_id for entry in books.entries}) == (None, 0, True)
    assert len(service.pauses) >= 2
    at_once = LateLedger(0)
    books, _read = audit_books(at_once, plan, expected, at_once.pauses.append)
    assert (books.waited_ms, at_once.pauses) == (0, [])


def test_with_a_lag_the_ledger_is_read_when_the_lag_has_passed(plan):
    """Whatever it has before: a settle that is booked again may be shown later than the first one."""
    service = LateLedger(300, shown=1)
    audit_books(service, plan, Expected({"p1"}, (), {"p1": "1"}), service.pauses.append)
    assert sum(service.pauses) == pytest.approx(300, abs=1)
    hasty = LateLedger(300, shown=1)
    audit_books(hasty, plan, Expected({"p1"}, (), {"p1": "1"}), hasty.pauses.append, hasty=True)
    assert sum(hasty.pauses) < 3


def test_what_the_ledger_lacks_when_the_lag_is_over_says_how_long_was_waited(plan):
    """The finding that follows can say so."""
    service = LateLedger(1)
    books, _read = audit_books(service, plan, Expected({"x"}, (), {"x": "1"}))
    assert books.waited_ms >= 1000
