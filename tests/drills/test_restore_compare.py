"""Every acknowledged payment against the restored ledger: what a backup explains, what it does not, and what was never sent."""

import msgspec
import pytest

from drills.faults import FAULT
from drills.journal import Event, Phase, Status
from drills.record import Check, Finding
from drills.restore.compare import Restore, compare
from drills.restore.measures import losses_in_words, restore_measures, unexplained
from drills.restore.read import restore_of
from drills.storm import Line
from gates.evidence.statement import Measure
from gates.schema.ledger import LedgerEntry, Posting
from gates.schema.outcome import UnknownReason

S = 1_000_000_000
BACKUP = Restore(begun_ns=100 * S, ended_ns=101 * S, lost_ns=110 * S, rpo_ns=60 * S)
SIDES = {
    "reserve": ("wallet/w/available", "wallet/w/held"),
    "settle": ("wallet/w/held", "payee/p/payable"),
    "release": ("wallet/w/held", "wallet/w/available"),
}


def sent(number, at_s, *operations, kind="ok", amount="5"):
    """What a client sent: each operation at that second, answered half a second later."""
    name, found = f"pay_{number}", []
    for operation in operations:
        found.append(Line(1, "invoke", operation, number, int(at_s * S), name if operation != "reserve" else None, amount))
        identity = name if kind == "ok" else None
        end_ns = int((at_s + 0.5) * S)
        found.append(Line(1, kind, operation, number, int(at_s * S), identity, amount, end_ns, 200 if kind == "ok" else None))
    return found


def booked(number, *kinds, amount="5"):
    """Its entries."""
    found = []
    for kind in kinds:
        source, goal = SIDES[kind]
        postings = (Posting(source, f"-{amount}", "USD"), Posting(goal, amount, "USD"))
        found.append(LedgerEntry(number, f"{number}-{kind}", kind, postings, payment_id=f"pay_{number}"))
    return found


WHOLE = sent(1, 90, "reserve", "settle")
IN_TIME = booked(1, "reserve", "settle")


def test_a_payment_from_before_the_backup_is_there_and_one_from_after_it_is_lost_inside_of_the_objective():
    """It is named with its age at the loss."""
    found = compare([*WHOLE, *sent(2, 105, "reserve", "settle")], IN_TIME, BACKUP)
    assert (found.acknowledged, found.settles, found.settles_at_risk, found.exposed) == (4, 2, 1, 1)
    assert [(loss.operation, loss.payment_id, loss.age_ns, loss.unexplained) for loss in found.losses] == [
        ("reserve", "pay_2", 4.5 * S, ""),
        ("settle", "pay_2", 4.5 * S, ""),
    ]
    assert (found.entries, found.odd) == (2, ())
    assert losses_in_words(found)[1] == (
        "settle of pay_2: acknowledged 4.500 s before the loss, not restored; inside of the objective"
    )


@pytest.mark.parametrize(
    ("lines", "entries", "restore", "why"),
    [
        ([*WHOLE, *sent(2, 95, "reserve", "settle")], IN_TIME, BACKUP, "older than that backup"),
        ([*sent(2, 101, "reserve"), *sent(3, 103, "reserve")], booked(3, "reserve"), BACKUP, "has a hole"),
        (
            sent(2, 102, "reserve"),
            [],
            Restore(100 * S, 101 * S, 110 * S, 5 * S),
            "7.5 s before the loss, and the objective is 5 s",
        ),
        (sent(2, 90, "reserve"), [], Restore(80 * S, 80 * S, 110 * S, 5 * S, copying=True), "the objective is 5 s"),
    ],
    ids=["before the backup", "a hole", "beyond the objective", "a copy that lags"],
)
def test_a_loss_that_no_backup_explains_says_why(lines, entries, restore, why):
    """Each of them is a finding, and counted."""
    found = compare(lines, entries, restore)
    assert found.unexplained
    assert all(why in loss.unexplained for loss in found.unexplained)
    assert restore_measures(found, UnknownReason.MISSING)["losses_unexplained"].value == str(len(found.unexplained))
    assert "UNEXPLAINED" in losses_in_words(found)[0]


def test_what_was_lost_while_changes_were_copied_is_inside_of_the_objective_whenever_the_copying_began():
    """A copy has no moment from which on everything has to be there, but its lag."""
    found = compare([*WHOLE, *sent(2, 109, "reserve")], IN_TIME, Restore(80 * S, 80 * S, 110 * S, 5 * S, copying=True))
    assert [loss.unexplained for loss in found.losses] == [""]


@pytest.mark.parametrize(
    ("lines", "entries", "odd"),
    [
        (WHOLE, [*IN_TIME, *booked(9, "reserve")], "pay_9: is in the restored ledger, and no request of a client explains it"),
        (sent(1, 90, "reserve"), IN_TIME, "pay_1: the restored ledger has a settle, and no client had sent one"),
        (WHOLE, IN_TIME[1:], "pay_1: the restored ledger has its settle, and not its reserve"),
        (WHOLE, [*IN_TIME, *booked(1, "settle")], "pay_1: the restored ledger has 2 entries of the kind settle"),
        (
            WHOLE,
            [*booked(1, "reserve"), *booked(1, "settle", amount="4")],
            "pay_1: a settle of 5 was acknowledged, and 4 is in the restored ledger",
        ),
        (
            WHOLE,
            [IN_TIME[1], LedgerEntry(1, "1", "reserve", (Posting("wallet/w/held", "5", "USD"),), payment_id="pay_1")],
            "pay_1: the restored reserve is out of balance",
        ),
    ],
)
def test_what_is_restored_and_no_request_explains_is_odd(lines, entries, odd):
    """Never sent, half there, twice there, another amount, out of balance."""
    found = compare(lines, entries, BACKUP)
    assert odd in found.odd
    assert restore_measures(found, UnknownReason.MISSING)["restored_odd"].value == str(len(found.odd))


def test_a_reserve_without_an_answer_explains_one_payment_whose_id_nobody_knows():
    """And no second one."""
    lines = sent(7, 95, "reserve", kind="info")
    assert compare(lines, booked(8, "reserve"), BACKUP).odd == ()
    assert len(compare(lines, [*booked(8, "reserve"), *booked(9, "reserve")], BACKUP).odd) == 1


def test_what_was_sent_after_the_loss_explains_entries_only_where_the_ledger_was_read_with_traffic():
    """And it is never a loss."""
    lines = sent(3, 112, "reserve")
    assert compare(lines, booked(3, "reserve"), BACKUP).odd == (
        "pay_3: is in the restored ledger, and no request of a client explains it",
    )
    found = compare(lines, booked(3, "reserve"), Restore(100 * S, 101 * S, 110 * S, 60 * S, until_ns=115 * S))
    assert (found.odd, found.losses) == ((), ())


def test_without_a_settle_after_the_backup_nothing_could_be_lost_and_the_rpo_is_unknown():
    """Zero would be a claim about nothing."""
    measures = restore_measures(compare(WHOLE, IN_TIME, BACKUP), UnknownReason.MISSING)
    assert {measures[name].value for name in ("rpo_s", "rpo_settles", "settles_at_risk")} == {None}
    assert {measures[name].unknown for name in ("rpo_s", "rpo_settles")} == {UnknownReason.TOO_FEW_SAMPLES}
    assert (measures["restored_operations"].value, measures["restored_operations"].samples) == ("2", 2)
    assert restore_measures(None, UnknownReason.NOT_RUN)["restored_odd"].unknown is UnknownReason.NOT_RUN


def test_the_audit_keeps_every_finding_that_no_loss_explains():
    """Another payment's loss, and a defect of a lost payment that no loss brings with it."""
    found = compare([*WHOLE, *sent(2, 105, "reserve", "settle")], IN_TIME, BACKUP)
    explained = [
        Finding("lost_settle", "pay_2", measure="lost_settles"),
        Finding("replay_change", "pay_2", measure="replay_changes"),
        Finding("conservation", None, measure="conservation_breaks"),
    ]
    kept = (Finding("lost_settle", "pay_1", measure="lost_settles"), Finding("double_settle", "pay_2", measure="double_settles"))
    measures = {"lost_settles": Measure("2", "count", 9), "double_settles": Measure("1", "count", 9)}
    left = unexplained(Check(measures, (*explained, *kept)), found)
    assert left.findings == kept
    assert (left.measures["lost_settles"].value, left.measures["double_settles"].value) == ("1", "1")


def test_what_is_acknowledged_while_the_service_is_being_lost_is_lost_too():
    """The fault begins before the service is gone: on a busy machine it answers for a while; its reserve is made again."""
    lines = [*WHOLE, *sent(2, 110.2, "reserve")]
    again = Finding("double_reserve", "pay_2", "one reserve under one key was answered with 2 payments: pay_2, pay_3")
    check = Check({"double_reserve": Measure("1", "count", samples=5)}, (again,))
    for gone_ns, lost in ((None, set()), (111 * S, {"pay_2"})):
        found = compare(lines, IN_TIME, msgspec.structs.replace(BACKUP, gone_ns=gone_ns))
        assert found.lost_payments == lost
        assert len(unexplained(check, found).findings) == (0 if lost else 1)
    assert [(loss.age_ns, loss.unexplained) for loss in found.losses] == [(0, "")]


def test_the_journal_says_when_the_database_was_gone():
    """The end of the step; a drill that was killed in it has no such moment."""
    facts = {"begun_ns": 1, "ended_ns": 2}

    def event(seq, action, status, facts=None):
        return Event(seq, "", "", seq * 10, Phase.INJECT, action, status, facts=facts or {})

    fault = event(3, FAULT, Status.SUCCEEDED, {"name": "lost", "at_ns": 25, "seen_ns": 26, "seen": "gone"})
    events = [event(1, "back_up", Status.SUCCEEDED, facts), event(2, "lose_database", Status.STARTED), fault]
    assert restore_of(events, "5s").gone_ns is None
    assert restore_of([*events, event(4, "lose_database", Status.SUCCEEDED)], "5s").gone_ns == 40
