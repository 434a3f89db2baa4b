"""A receipt that contradicts itself: its status, whether money moved, its ledger lines, the end of the hold."""

import pytest
from signed_receipts import FIRST, levels, payload, sign

from gates.receipts.levels import Mark


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"money_moved": "no"}, "money.moved is 'no', and it names 1 ledger lines"),
        ({"money_moved": "unknown"}, "money.moved is 'unknown'"),
        ({"money_moved": "no", "entry_ids": [], "postings_sha256": None}, "money.moved is 'no' for a settle"),
        ({"entry_ids": []}, "names 0 ledger lines and a hash of their postings"),
        ({"postings_sha256": None}, "names 1 ledger lines and no hash of their postings"),
        ({"entry_ids": ["ent_2", "ent_2"]}, "one ledger line twice"),
        ({"status": "reserved"}, "the status 'reserved' does not follow from a settle"),
        ({"status": "partially_settled"}, "the status 'partially_settled' does not follow"),
        ({"expires_at": None}, "expires_at is null"),
        ({"issued_at": "2026-11-24T10:00:00.000Z"}, "its time was over at 2026-11-24T10:00:00.000Z"),
    ],
)
def test_a_receipt_that_contradicts_itself_fails(changes, says):
    """Money moved exactly where a ledger line is named; the status is that of the totals; a hold that is over pays nobody."""
    level = levels(sign(payload(2, **changes)), FIRST)["conservation"]
    assert (level.mark, says in level.says) == (Mark.FAIL, True), level.says


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"kind": "reserve", "status": "settled"}, "the status 'settled' does not follow from a reserve"),
        ({"kind": "expire", "status": "expired", "totals": {"open": "0", "released": "1250"}}, "before 2026-11-24"),
        ({"kind": "reserve", "expires_at": "2026-11-23T10:00:00.000Z"}, "its time was over"),
    ],
)
def test_a_first_receipt_that_contradicts_itself_fails(changes, says):
    """What the format allows and no operation does."""
    level = levels(sign(payload(1, **changes)))["conservation"]
    assert (level.mark, says in level.says) == (Mark.FAIL, True), level.says


def test_a_hold_keeps_its_end_and_ends_at_a_moment():
    """The moment is fixed with the reserve: another one breaks the chain, and what is no moment the form."""
    moved = levels(sign(payload(2, expires_at="2026-12-24T10:00:00.000Z")), FIRST)["chain"]
    assert (moved.mark, moved.says) == (Mark.FAIL, "expires_at differs from receipt 1 of the same payment")
    form = levels(sign(payload(1, expires_at="tomorrow")))["form"]
    assert (form.mark, form.says) == (Mark.FAIL, "expires_at 'tomorrow' is not a moment in UTC with milliseconds")
