"""The checker names every defect by its rule and proves it with the fewest lines; a clean world gives nothing."""

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gates.schema.errors import UsageProblem
from gates.schema.ledger import LedgerEntry, Posting
from gates.schema.outcome import UnknownReason
from loadtests.books.entries import Balance, Books, Gap, Opening, journal_sha256
from loadtests.checker.check import RULES, check
from loadtests.checker.findings import Rule

SEEDS = st.integers(0, 2**32)
DRAWN = settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.filter_too_much])


def double_settle(world, choice):
    entry = world.entry_of("settle", choice)
    if entry is None or not _told(world, entry.payment_id, "settle"):
        return None
    moves = {posting.account: int(posting.amount) for posting in entry.postings}
    receipt = next(item for item in world.receipts if entry.entry_id in item.entry_ids)
    world.book("settle", entry.payment_id, moves, int(receipt.amount))
    return ["history", "ledger", "ledger"]


def lost_settle(world, choice):
    yes = world.acknowledgement("settle", choice)
    if yes is None or world.entries_of(yes.payment_id, "refund"):
        return None
    (entry,) = world.entries_of(yes.payment_id, "settle")
    world.unbook(entry)
    return ["history"]


def stuck_credit(world, choice):
    """Every total stays right: what one payee does not get, another one does."""
    entry = world.entry_of("settle", choice)
    if entry is None:
        return None
    other = {"payee/p1/payable": "payee/p2/payable", "payee/p2/payable": "payee/p1/payable"}
    world.rebook(entry, tuple(Posting(other.get(p.account, p.account), p.amount, p.currency) for p in entry.postings))
    return ["ledger"]


def changed_replay(world, choice):
    yes = world.acknowledgement(("reserve", "settle", "reverse")[choice % 3], choice)
    if yes is None:
        return None
    other = msgspec.structs.replace(yes, index=len(world.events), body_sha256="0" * 64, replayed=True)
    world.events.extend([msgspec.structs.replace(other, type="invoke", end_ns=None, status=None), other])
    return ["history", "history"]


def wrong_balance(world, choice):
    world.balance_error = 1 + choice % 7
    return ["balance"]


def missing_receipt(world, choice):
    entry = world.entry_of("settle", choice)
    if entry is None:
        return None
    world.receipts = [receipt for receipt in world.receipts if entry.entry_id not in receipt.entry_ids]
    return ["ledger"]


def second_receipt(world, choice):
    entry = world.entry_of("settle", choice)
    if entry is None:
        return None
    receipt = next(item for item in world.receipts if entry.entry_id in item.entry_ids)
    world.receipts.append(msgspec.structs.replace(receipt, receipt_id="another"))
    return ["ledger", "receipt", "receipt"]


def receipt_of_another_amount(world, choice):
    known = {event.payment_id for event in world.events}
    ours = [index for index, receipt in enumerate(world.receipts) if receipt.payment_id in known]
    if not ours:
        return None
    index = ours[choice % len(ours)]
    receipt = world.receipts[index]
    world.receipts[index] = msgspec.structs.replace(receipt, amount=str(int(receipt.amount) + 1))
    return ["ledger", "receipt"]


def receipt_of_nothing(world, choice):
    yes = world.acknowledgement("reserve", choice)
    if yes is None:
        return None
    receipt = world.receipts[0]
    world.receipts.append(msgspec.structs.replace(receipt, kind="settle", payment_id=yes.payment_id, entry_ids=("e-none",)))
    return ["receipt"]


def settle_that_nobody_asked_for(world, choice):
    open_ids = [
        entry.payment_id
        for entry in world.entries
        if entry.kind == "reserve"
        and _told(world, entry.payment_id, "reserve")
        and not any(event.payment_id == entry.payment_id and event.operation != "reserve" for event in world.events)
    ]
    if not open_ids:
        return None
    identity = open_ids[choice % len(open_ids)]
    (reserve,) = world.entries_of(identity, "reserve")
    payment = world.plan.payments[int(identity.removeprefix("pay"))]
    amount = reserve.moved("wallet/w1/held")
    world.book("settle", identity, {"wallet/w1/held": -amount, f"payee/{payment.payee_id}/payable": amount}, amount)
    return ["ledger"]


def double_reserve(world, choice):
    """The second hold lies under a payment of which no client ever received."""
    entry = world.entry_of("reserve", choice)
    if entry is None or not _told(world, entry.payment_id, "reserve"):
        return None
    amount = entry.moved("wallet/w1/held")
    fingerprint = next(item.request_fingerprint for item in world.receipts if entry.entry_id in item.entry_ids)
    world.book("reserve", "stranger", {"wallet/w1/available": -amount, "wallet/w1/held": amount}, amount, fingerprint)
    return ["history", "ledger", "receipt"]


def lost_reserve(world, choice):
    yes = world.acknowledgement("reserve", choice)
    if yes is None or world.entries_of(yes.payment_id, "settle", "release", "refund"):
        return None
    (entry,) = world.entries_of(yes.payment_id, "reserve")
    world.unbook(entry)
    return ["history"]


def double_refund(world, choice):
    entry = world.entry_of("refund", choice)
    if entry is None:
        return None
    moves = {posting.account: int(posting.amount) for posting in entry.postings}
    world.book("refund", entry.payment_id, moves, moves["wallet/w1/available"])
    return ["history", "ledger", "ledger"]


def lost_reverse(world, choice):
    yes = world.acknowledgement("reverse", choice)
    if yes is None:
        return None
    (entry,) = world.entries_of(yes.payment_id, "release", "refund")
    world.unbook(entry)
    return ["history"]


def wrong_refund(world, choice):
    entry = world.entry_of("refund", choice)
    if entry is None or not _told(world, entry.payment_id, "reserve"):
        return None
    amount = entry.moved("wallet/w1/available")
    payee = next(posting.account for posting in entry.postings if posting.account.startswith("payee/"))
    world.unbook(entry)
    world.book("refund", entry.payment_id, {payee: -amount - 1, "wallet/w1/available": amount + 1}, amount + 1)
    return ["ledger"]


def entry_out_of_balance(world, choice):
    amount = str(1 + choice)
    world.entries.append(LedgerEntry(world.entries[-1].seq + 1, "lame", "fund", (Posting("system/suspense", amount, "USD"),)))
    return ["ledger"]


DEFECTS = [
    (double_settle, Rule.DOUBLE_SETTLE),
    (lost_settle, Rule.LOST_SETTLE),
    (stuck_credit, Rule.STUCK_CREDIT),
    (changed_replay, Rule.REPLAY_CHANGE),
    (wrong_balance, Rule.BALANCE_MISMATCH),
    (entry_out_of_balance, Rule.BALANCE_MISMATCH),
    (missing_receipt, Rule.RECEIPT_MISMATCH),
    (second_receipt, Rule.RECEIPT_MISMATCH),
    (receipt_of_another_amount, Rule.RECEIPT_MISMATCH),
    (receipt_of_nothing, Rule.RECEIPT_MISMATCH),
    (settle_that_nobody_asked_for, Rule.UNEXPECTED_SETTLE),
    (double_reserve, Rule.DOUBLE_RESERVE),
    (lost_reserve, Rule.LOST_RESERVE),
    (double_refund, Rule.DOUBLE_REVERSE),
    (lost_reverse, Rule.LOST_REVERSE),
    (wrong_refund, Rule.AMOUNT_MISMATCH),
]


@DRAWN
@given(seed=SEEDS, unknown=st.integers(0, 60))
def test_a_clean_world_gives_no_finding(worlds, seed, unknown):
    """Whatever was lost, doubled, refused or left unknown on the way, books that are right give no finding."""
    world = worlds.clean_world(seed, unknown_percent=unknown)
    verdict = world.checked()
    assert verdict.findings == ()
    for measure in verdict.measures.values():
        assert (measure.value, measure.samples > 0) == ("0", True) or measure.unknown is UnknownReason.TOO_FEW_SAMPLES


@pytest.mark.parametrize(("defect", "rule"), DEFECTS, ids=[defect.__name__ for defect, _ in DEFECTS])
@DRAWN
@given(seed=SEEDS, choice=st.integers(0, 1000))
def test_one_defect_gives_one_finding_of_its_rule_with_the_shortest_witness(worlds, defect, rule, seed, choice):
    """One defect in an otherwise clean world is named once, by its own rule only, with as few lines as can prove it.

    What follows from it may be named too: an account whose total does not fit, an unknown outcome that happened twice.
    """
    world = worlds.clean_world(seed, payments=12)
    witness = defect(world, choice)
    assume(witness is not None)
    verdict = world.checked()
    named = _named(verdict)
    assert [item.rule for item in named] == [rule]
    assert [next(iter(msgspec.to_builtins(line))) for line in named[0].witness] == witness


@DRAWN
@given(seed=SEEDS, choice=st.integers(0, 1000))
def test_a_stuck_credit_is_found_although_every_total_is_right(worlds, seed, choice):
    """Two credits swapped between two payees leave every balance as it was, and both are found, one by one."""
    world = worlds.clean_world(seed, payments=30, unknown_percent=0)
    amounts = {}
    for entry in world.entries:
        if entry.kind == "settle":
            payee = next(posting for posting in entry.postings if posting.account.startswith("payee/"))
            amounts.setdefault(payee.account, []).append((entry, int(payee.amount)))
    assume(len(amounts) == 2)
    (first, one), (second, two) = (found[choice % len(found)] for found in amounts.values())
    before = world.books().balances
    first_name, second_name = "payee/p1/payable", "payee/p2/payable"
    if first.moved(first_name) == 0:
        first_name, second_name = second_name, first_name
    least = min(one, two)
    # A part of each credit goes to the other payee.
    world.rebook(first, (*first.postings, Posting(first_name, str(-least), "USD"), Posting(second_name, str(least), "USD")))
    world.rebook(second, (*second.postings, Posting(second_name, str(-least), "USD"), Posting(first_name, str(least), "USD")))
    assert world.books().balances == before
    verdict = world.checked()
    assert {item.rule for item in verdict.findings} == {Rule.STUCK_CREDIT}
    assert {item.payment_id for item in verdict.findings} == {first.payment_id, second.payment_id}


def test_an_unknown_outcome_that_settled_twice_is_both_a_double_settle_and_a_broken_promise(worlds):
    """Where no attempt was ever answered, two settles in the ledger are named by both rules."""
    world, entry = _with_unknown_settle(worlds)
    moves = {posting.account: int(posting.amount) for posting in entry.postings}
    world.book("settle", entry.payment_id, moves, _credited(entry))
    verdict = world.checked()
    assert {item.rule for item in verdict.findings} == {Rule.DOUBLE_SETTLE, Rule.UNKNOWN_OUTCOME}


def test_an_unknown_outcome_may_not_settle_another_amount(worlds):
    """Where no attempt was ever answered, a settle of another amount is a broken promise, and only that."""
    world, entry = _with_unknown_settle(worlds)
    payee = next(posting.account for posting in entry.postings if posting.account.startswith("payee/"))
    world.unbook(entry)
    moves = {"wallet/w1/held": entry.moved("wallet/w1/held"), payee: _credited(entry) - 1}
    world.book("settle", entry.payment_id, {**moves, "wallet/w1/available": -sum(moves.values())}, _credited(entry) - 1)
    verdict = world.checked()
    assert [item.rule for item in verdict.findings] == [Rule.UNKNOWN_OUTCOME]
    assert len(verdict.findings[0].witness) == 2


def test_a_settle_that_was_refused_must_not_be_in_the_ledger(worlds):
    """A definite refusal is a promise too: an effect behind it is an unexpected settle, proved by the refusal and the entry."""
    world = worlds.clean_world(5, unknown_percent=0)
    yes = world.acknowledgement("settle", 3)
    world.events = [
        msgspec.structs.replace(event, type="fail", status=409) if event.key == yes.key and event.type == "ok" else event
        for event in world.events
        if not (event.payment == yes.payment and event.operation == "reverse")
    ]
    for entry in world.entries_of(yes.payment_id, "refund"):
        world.unbook(entry)
    named = _named(world.checked())
    assert [item.rule for item in named] == [Rule.UNEXPECTED_SETTLE]
    assert len(named[0].witness) == 2


@pytest.mark.parametrize("row", RULES, ids=lambda row: row.measure)
def test_a_rule_whose_books_are_absent_says_unknown_and_never_zero(worlds, row):
    """A target without a ledger, receipts or balances leaves the rules that need them without a value, with the reason."""
    world = worlds.clean_world(9)
    gap = Gap(UnknownReason.MISSING, "no such book")
    for part in ("entries", "receipts", "balances", "opened", "opening balances"):
        books, opening = world.books(), world.opening()
        if part in ("entries", "receipts", "balances"):
            books = msgspec.structs.replace(books, **{part: gap})
        else:
            opening = msgspec.structs.replace(opening, **{"seq" if part == "opened" else "balances": gap})
        measure = check(world.plan, world.events, books, opening).measures[row.measure]
        if part in row.needs:
            assert (measure.value, measure.unknown, measure.detail) == (None, UnknownReason.MISSING, "no such book")
        else:
            assert measure.value == "0"


def test_every_rule_counts_what_it_looked_at(worlds):
    """A clean zero rests on samples: each rule says how many things it held against the books."""
    world = worlds.clean_world(11, payments=200)
    measures = world.checked().measures
    assert all(measure.samples > 0 for measure in measures.values()), measures
    asked = {event.key for event in world.events if event.operation == "settle" and event.type == "ok"}
    assert measures["lost_settles"].samples == len(asked)


def test_an_empty_history_over_empty_books_finds_nothing_and_claims_nothing(worlds):
    """No events and no entries: every rule is unknown, and says what to change."""
    world = worlds.clean_world(1, payments=3)
    accounts = tuple(Balance(name, "0") for name in ("wallet/w1/available", "wallet/w1/held"))
    opening = Opening(seq=0, balances=accounts, sha256=journal_sha256(()))
    verdict = check(world.plan, [], Books((), (), accounts), opening)
    assert {(measure.value, measure.samples) for measure in verdict.measures.values()} == {(None, 0)}
    assert all(measure.unknown and measure.detail for measure in verdict.measures.values())


def _named(verdict):
    """The findings, without those that follow from another one."""
    return [item for item in verdict.findings if item.rule not in (Rule.CONSERVATION, Rule.UNKNOWN_OUTCOME)]


def _told(world, payment_id, operation):
    return any(event.type == "ok" and event.operation == operation and event.payment_id == payment_id for event in world.events)


def _with_unknown_settle(worlds):
    """A world in which one settle stayed unknown to the end and took effect."""
    for seed in range(1000):
        world = worlds.clean_world(seed, unknown_percent=50)
        for entry in world.entries:
            known = _told(world, entry.payment_id, "reserve") and not _told(world, entry.payment_id, "settle")
            if entry.kind == "settle" and known and _credited(entry) > 1:
                return world, entry
    raise AssertionError("no world of a thousand has an unknown settle that took effect")


def _credited(entry):
    return entry.moved_by_suffix("payee/", "/payable")


def test_a_history_of_another_plan_is_refused(worlds):
    """The payment that the plan does not have is named."""
    world = worlds.clean_world(1)
    strange = msgspec.structs.replace(world.events[0], payment=99_999)
    with pytest.raises(UsageProblem, match="the history names payment 99999, which the plan does not have"):
        check(world.plan, [strange], world.books())
