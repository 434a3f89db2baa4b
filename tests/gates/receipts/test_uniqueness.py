"""Two receipts that share what only one can have, and a receipt that would be counted twice."""

import json

import pytest
from signed_receipts import FIRST, UNKNOWN, files, levels, marks, payload, sign, verify

from gates.receipts.levels import Mark

OTHER_PAYMENT = {
    "payment_id": "pay_2",
    "receipt_id": "rcp_8",
    "operation_id": "op_8",
    "entry_ids": ["ent_8"],
    "journal_seq": 8,
    "salt": "08",
}


@pytest.mark.parametrize(
    ("shared", "says"),
    [
        ({"receipt_id": "rcp_1"}, "the same receipt_id rcp_1"),
        ({"operation_id": "op_1"}, "the same operation.id op_1"),
        ({"entry_ids": ["ent_1"]}, "the same ledger line ent_1"),
        ({"journal_seq": 1}, "the same journal position 1"),
    ],
)
def test_two_receipts_that_share_what_is_anothers_end_with_8(tmp_path, shared, says):
    """Each is valid alone; in one file, or against a --chain file, both are refused and name each other."""
    path, trust = files(tmp_path, FIRST, sign(payload(1, **{**OTHER_PAYMENT, **shared})))
    code, text = verify(path, "--trust", trust, "--format", "json")
    marks = [(level["mark"], says in level["says"]) for item in json.loads(text)["receipts"] for level in item["levels"]]
    assert (code, marks.count(("FAIL", True))) == (8, 2)
    found = levels(FIRST, sign(payload(1, **{**OTHER_PAYMENT, **shared})))
    assert (found["chain"].mark, says in found["chain"].says) == (Mark.FAIL, True)


def test_two_payments_that_share_nothing_pass(tmp_path):
    """The second payment of the file has ids and a position of its own."""
    path, trust = files(tmp_path, FIRST, sign(payload(1, **OTHER_PAYMENT)))
    assert verify(path, "--trust", trust)[0] == 0


def test_a_receipt_that_is_given_twice_in_one_file_ends_with_8(tmp_path):
    """It would be counted twice; the second one names the first, and --chain may repeat it."""
    path, trust = files(tmp_path, FIRST, FIRST)
    code, text = verify(path, "--trust", trust)
    assert code == 8
    assert "the same receipt was given before: receipts.jsonl:1" in text
    (tmp_path / "once").mkdir()
    once, _ = files(tmp_path / "once", FIRST)
    assert verify(once, "--trust", trust, "--chain", path)[0] == 0


def test_a_receipt_that_does_not_count_clashes_with_nothing():
    """Anybody can write one with the same ids; its own signature fails."""
    assert marks(FIRST, sign(payload(1, **{**OTHER_PAYMENT, "receipt_id": "rcp_1"}), UNKNOWN))["chain"] is Mark.PASS
