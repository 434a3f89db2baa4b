"""From a plain list of settlements the checker judges what such a list shows, and nothing else."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.schema.outcome import UnknownReason
from gates.schema.readback import Kinds, Settlements, States
from loadtests.books.entries import NOT_LISTED, Gap
from loadtests.books.settlements import Settlement
from loadtests.checker.check import RULES, check
from loadtests.checker.listed import LISTED, NOT_SHOWN

SEEDS = st.integers(0, 10_000)
SHAPE = Settlements(
    path="/captures",
    items="/data",
    id="/id",
    payment="/p",
    amount="/a",
    state="/s",
    states=States(captured=("done",), refunded=("back",)),
)
BOTH = msgspec.structs.replace(SHAPE, kind="/k", kinds=Kinds(settle=("charge",), refund=("refund",)))


def listed(world, *, refunds=False):
    """The world's settles as a list: refunds are a state of theirs, or items of their own."""
    found = []
    given_back = {entry.payment_id for entry in world.entries if entry.kind == "refund"}
    for entry in world.entries:
        moved = abs(sum(int(p.amount) for p in entry.postings if p.account.startswith("payee/")))
        plain = Settlement(entry.entry_id, entry.payment_id, "settle", str(moved), state="done")
        if entry.kind == "settle":
            back = entry.payment_id in given_back and not refunds
            found.append(msgspec.structs.replace(plain, refunded=back))
        elif entry.kind == "refund" and refunds:
            found.append(msgspec.structs.replace(plain, effect="refund"))
    return found


def judged(world, items, *, shape=SHAPE, balances=True, waited_ms=0, listed=(), shared=False):
    """The verdict on a world whose service has no ledger and lists these items."""
    gap = Gap(UnknownReason.MISSING, "the target does not define where a ledger can be read")
    books, opening = world.books(), msgspec.structs.replace(world.opening(), seq=gap, listed=listed)
    books = msgspec.structs.replace(
        books,
        entries=gap,
        receipts=gap,
        balances=books.balances if balances else gap,
        settlements=items if isinstance(items, Gap) else tuple(items),
        shape=shape,
        waited_ms=waited_ms,
    )
    return check(world.plan, world.events, books, opening, shared=shared)


def rules(verdict):
    """The rules of the findings."""
    return {item.rule for item in verdict.findings}


def first_of(items, kind="settle"):
    """The first settle or refund of the list."""
    return next(item for item in items if item.effect == kind)


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, refunds=st.booleans())
def test_a_correct_service_gets_no_finding(worlds, seed, refunds):
    """Whatever was lost, repeated, refused or left ambiguous; and what a list does not show is unknown with its reason."""
    world = worlds.clean_world(seed, 30)
    verdict = judged(world, listed(world, refunds=refunds), shape=BOTH if refunds else SHAPE)
    assert not verdict.findings
    for name, measure in verdict.measures.items():
        if name in NOT_SHOWN:
            assert measure.value is None
            assert measure.detail.endswith("a ledger does (spec.audit.ledger)")
        elif measure.value is None:
            assert measure.unknown is UnknownReason.TOO_FEW_SAMPLES or "kinds.refund" in measure.detail, (name, measure)


def test_every_measure_that_needs_a_ledger_has_a_rule_for_a_list_or_a_reason():
    """No measure is left without a word, and the opportunities are those of a ledger's rules."""
    assert {row.measure for row in RULES if "entries" in row.needs} == {*LISTED, *NOT_SHOWN}


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_a_list_counts_the_opportunities_that_a_ledger_counts(worlds, seed):
    """The same requests could have gone wrong; a criterion reads either."""
    world = worlds.clean_world(seed, 30)
    by_ledger, by_list = world.checked().measures, judged(world, listed(world)).measures
    for name in ("double_settles", "lost_settles"):
        assert (by_ledger[name].samples, by_ledger[name].made_of) == (by_list[name].samples, by_list[name].made_of)


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS, choice=st.integers(0, 99))
def test_each_defect_of_a_list_is_found_with_its_witness(worlds, seed, choice):
    """Twice, lost, another amount: the acknowledgement, and the items that contradict it."""
    world = worlds.clean_world(seed, 30, unknown_percent=0)
    items = listed(world)
    one = [item for item in items if not item.refunded]
    if not one:
        return
    chosen = one[choice % len(one)]
    others = [item for item in items if item is not chosen]

    twice = judged(world, [*items, msgspec.structs.replace(chosen, id="again")])
    assert rules(twice) in ({"double_settle"}, {"double_settle", "unknown_outcome"})
    assert [line.settlement.id for line in twice.findings[0].witness[1:]] == [chosen.id, "again"]
    lost = judged(world, others)
    assert rules(lost) == {"lost_settle"}
    assert lost.findings[0].payment_id == chosen.payment_id
    changed = msgspec.structs.replace(chosen, amount=str(int(chosen.amount) + 1))
    wrong = judged(world, [*others, changed])
    assert rules(wrong) == {"amount_mismatch"}
    assert wrong.findings[0].witness[1].settlement == changed
    foreign = msgspec.structs.replace(chosen, currency="EUR")
    assert rules(judged(world, [*others, foreign])) == {"amount_mismatch"}


def test_a_settle_that_nobody_requested_or_that_was_refused_is_found(worlds):
    """Also where no settle was ever sent for the payment."""
    world = worlds.clean_world(5, 40, unknown_percent=0)
    settled = {event.payment_id for event in world.events if event.operation == "settle"}
    held = next(event for event in world.events if event.type == "ok" and event.payment_id not in settled)
    extra = Settlement("x", held.payment_id, "settle", "5")
    verdict = judged(world, [*listed(world), extra])
    assert rules(verdict) == {"unexpected_settle"}
    assert verdict.findings[0].detail == "no settle was requested, yet 5 was settled"
    assert [line.settlement for line in verdict.findings[0].witness] == [extra]


def test_a_key_under_which_two_payments_settled_is_found(worlds):
    """The second one has an id that no client received; its key is one of the run's."""
    world = worlds.clean_world(5, 40, unknown_percent=0)
    items = listed(world)
    settle = next(event for event in world.events if event.operation == "settle" and event.payment_id == items[0].payment_id)
    hidden = msgspec.structs.replace(items[0], id="x", payment_id="elsewhere", key=settle.key)
    verdict = judged(world, [*items, hidden])
    assert "double_settle" in rules(verdict)
    assert verdict.findings[0].witness[-1].settlement.payment_id == "elsewhere"


OPEN = ("double_settles", "unknown_outcome_violations")


def test_a_settlement_that_no_payment_explains_leaves_open_whether_one_settled_twice(worlds):
    """It may be a repeat that was booked under another payment; one that was listed before the run is none."""
    world = worlds.clean_world(3, 80, unknown_percent=40)
    items = [*listed(world), Settlement("x", "elsewhere", "none", state="done")]
    for listed_before in ((), Gap(UnknownReason.ADAPTER_ERROR, "the service answered 500")):
        verdict = judged(world, items, listed=listed_before)
        assert not verdict.findings
        for name in OPEN:
            measure = verdict.measures[name]
            assert (measure.value, measure.unknown) == (None, UnknownReason.MISSING)
            assert "1 new item is of no payment of this run" in measure.detail
            assert ("the service answered 500" in measure.detail) == isinstance(listed_before, Gap)
        assert verdict.measures["lost_settles"].value == "0"
    assert all(judged(world, items, listed=("x",)).measures[name].value == "0" for name in OPEN)


def test_what_did_not_move_money_leaves_nothing_open(worlds):
    """A hold that no client got an answer for is in some lists; its state says that nothing was captured."""
    world = worlds.clean_world(3, 80, unknown_percent=40)
    shape = msgspec.structs.replace(BOTH, states=States(captured=("done",), refunded=("back",), other=("held",)))
    items = [*listed(world), Settlement("x", "elsewhere", "none", state="held", kind="charge")]
    assert all(judged(world, items, shape=shape).measures[name].value == "0" for name in OPEN)
    refund = Settlement("y", "elsewhere", "none", state="done", kind="refund")
    measures = judged(world, [*listed(world, refunds=True), refund], shape=shape).measures
    assert measures["double_settles"].value == "0"
    assert "such as y, payment elsewhere" in measures["double_reversals"].detail


@pytest.mark.parametrize(("shared", "key", "is_open"), [(False, "k", True), (True, None, True), (True, "k", False)])
def test_an_item_with_the_key_of_others_is_theirs_where_others_are_declared(worlds, shared, key, is_open):
    """Without the declaration nobody else has keys; without a key nobody knows whose it is."""
    world = worlds.clean_world(3, 80, unknown_percent=40)
    items = [*listed(world), Settlement("x", "elsewhere", "none", state="done", key=key)]
    verdict = judged(world, items, shape=msgspec.structs.replace(SHAPE, key="/k"), shared=shared)
    assert (verdict.measures["double_settles"].value is None) == is_open


def test_refunds_are_judged_as_far_as_the_list_shows_them(worlds):
    """By state: lost ones. By items of their own: also those that happened twice, or with another amount."""
    world = worlds.clean_world(7, 60, unknown_percent=0)
    by_state, by_item = listed(world), listed(world, refunds=True)
    undone = [msgspec.structs.replace(item, refunded=False) for item in by_state]
    assert rules(judged(world, undone)) == {"lost_reverse"}
    refund = first_of(by_item, "refund")
    again = msgspec.structs.replace(refund, id="again")
    assert rules(judged(world, [*by_item, again], shape=BOTH)) <= {"double_reverse", "unknown_outcome"}
    more = [msgspec.structs.replace(refund, amount="1"), *(item for item in by_item if item is not refund)]
    assert rules(judged(world, more, shape=BOTH)) == {"amount_mismatch"}
    unasked = next(item for item in by_state if not item.refunded)
    states = [msgspec.structs.replace(item, refunded=item.refunded or item is unasked) for item in by_state]
    assert rules(judged(world, states)) == {"double_reverse"}
    measure = judged(world, by_state).measures["double_reversals"]
    assert measure.detail == "the list has no items of refunds (spec.audit.settlements.kinds.refund)"
    plain = msgspec.structs.replace(SHAPE, state=None, states=None)
    assert "does not show refunds" in judged(world, by_state, shape=plain).measures["lost_reversals"].detail


def test_a_state_shows_a_refund_once_however_often_the_payment_was_settled(worlds):
    """Two settlements of a payment that is refunded are a double settle, and not two refunds."""
    world = worlds.clean_world(7, 60, unknown_percent=0)
    items = listed(world)
    back = next(item for item in items if item.refunded)
    assert "double_reverse" not in rules(judged(world, [*items, msgspec.structs.replace(back, id="again")]))


def test_an_ambiguous_settle_may_have_happened_once_and_as_requested(worlds):
    """Twice, or with another amount, breaks its payment."""
    world = worlds.clean_world(3, 80, unknown_percent=40)
    verdict = judged(world, listed(world))
    assert not verdict.findings
    assert verdict.measures["unknown_outcome_violations"].samples > 0
    acknowledged = {event.key for event in world.events if event.type == "ok"}
    unknown = {event.payment_id for event in world.events if event.operation == "settle" and event.key not in acknowledged}
    items = listed(world)
    chosen = next(item for item in items if item.payment_id in unknown)
    changed = [msgspec.structs.replace(item, amount=str(int(item.amount) + (item is chosen))) for item in items]
    assert rules(judged(world, changed)) == {"unknown_outcome"}


def test_what_is_lost_says_what_was_read_and_how_long_was_waited(worlds):
    """Whoever reads the finding knows whether the list was only late."""
    world = worlds.clean_world(5, 40, unknown_percent=0)
    items = listed(world)[1:]
    assert f"({len(items)} items on 1 page, read once)" in judged(world, items).findings[0].detail
    assert "read again for 2.5 s)" in judged(world, items, waited_ms=2_512).findings[0].detail


def test_a_list_that_cannot_be_read_is_unknown_with_its_reason(worlds):
    """And so is a service without a list: nothing is judged by what is not there."""
    world = worlds.clean_world(5, 40)
    gap = Gap(UnknownReason.ADAPTER_ERROR, "settlements could not be read: spec.audit.settlements.items: ...")
    verdict = judged(world, gap)
    assert not verdict.findings
    assert verdict.measures["double_settles"].detail == gap.detail
    assert verdict.measures["lost_reserves"].detail.startswith("a list of settlements does not show holds")
    none = judged(world, NOT_LISTED, shape=None)
    assert none.measures["double_settles"].detail == "the target does not define where a ledger can be read"


@pytest.mark.parametrize("error", [0, 10**7])
def test_balances_are_judged_next_to_a_list(worlds, error):
    """Conservation needs no ledger."""
    world = worlds.clean_world(5, 40)
    world.balance_error = error
    assert rules(judged(world, listed(world))) == ({"conservation"} if error else set())
    blind = judged(world, listed(world), balances=False).measures["conservation_breaks"]
    assert blind.unknown is UnknownReason.MISSING
