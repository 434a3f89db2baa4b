"""The rail's book against the payouts, one by one: each way in which they can differ, and none that is overlooked."""

import msgspec
import pytest

from gateway.cli import gateway
from gateway.machines.payout import PayoutState
from gateway.payouts.reconcile import BookLine, Gap, reconcile
from gateway.process.entry import run
from gateway.store.payout_rows import PayoutRow

LINE = BookLine(1, "ch_1", "key-1", "pye_1", "500", "USD", "succeeded", "2026-11-30T10:00:00.000Z")
ROW = PayoutRow(
    *("ten_1", "pyo_1", "pye_1", "finance-1", PayoutState.SUCCEEDED, "USD", 500, "key-1", "ch_1", None),
    *(1, 2, 3, 2, "", 1, "", None, "", 0, "2026-11-30T09:59:59.000Z", "2026-11-30T10:00:01.000Z"),
)


def row(**changes):
    """The payout, with changes."""
    return msgspec.structs.replace(ROW, **changes)


def line(**changes):
    """The charge, with changes."""
    return msgspec.structs.replace(LINE, **changes)


@pytest.mark.parametrize(
    ("payouts", "book", "matched", "gaps"),
    [
        ([ROW], [LINE], 1, []),
        ([], [LINE], 0, [Gap.ONLY_AT_RAIL]),
        ([ROW], [], 0, [Gap.ONLY_HERE]),
        ([row(amount=501)], [LINE], 0, [Gap.OTHER_AMOUNT]),
        ([row(payee_id="pye_2")], [LINE], 0, [Gap.OTHER_AMOUNT]),
        ([row(state=PayoutState.FAILED)], [LINE], 0, [Gap.FAILED_HERE]),
        ([row(state=PayoutState.FAILED)], [line(status="failed")], 0, []),
        ([row(state=PayoutState.UNKNOWN)], [LINE], 1, []),
        ([ROW], [LINE, line(seq=2, rail_id="ch_2")], 1, [Gap.CHARGED_TWICE]),
        ([ROW, row(payout_id="pyo_2", rail_key="key-2")], [LINE, line(seq=2, key="key-3")], 1, [Gap.ONLY_AT_RAIL, Gap.ONLY_HERE]),
    ],
)
def test_each_way_in_which_the_books_differ_has_its_name(payouts, book, matched, gaps):
    """A charge that failed moved nothing; an open payout with a charge is settled by the same key."""
    found = reconcile(payouts, book)
    assert (found.matched, [one.gap for one in found.differences]) == (matched, gaps)


def test_open_payouts_are_counted():
    """Nobody has decided them yet."""
    assert reconcile([row(state=state, rail_key=state) for state in PayoutState], []).open == 4


def test_the_command_lists_what_only_the_rail_has_and_ends_with_1(counter, tmp_path, capsys):
    """As text and as JSON; with the whole book it ends with 0, and a line that is none ends with 2."""
    payout = counter.pay()
    counter.round()
    book = tmp_path / "book.jsonl"
    charged = line(key=payout["rail_key"], payee=counter.payee, amount="1000")
    lost = line(seq=2, rail_id="ch_2", key="lost")
    arguments = ["reconcile", "--db", str(counter.desk.db), "--book", str(book)]
    book.write_bytes(msgspec.json.encode(charged) + b"\n")
    assert run(gateway, arguments) == 0
    assert capsys.readouterr().out == "1 charges agree, 0 differ, 0 payouts are open\n"
    book.write_bytes(msgspec.json.encode(charged) + b"\n" + msgspec.json.encode(lost) + b"\n")
    assert run(gateway, arguments) == 1
    assert "only_at_rail               500 USD  pye_1  ch_2  -" in capsys.readouterr().out
    assert run(gateway, [*arguments, "--format", "json"]) == 1
    assert msgspec.json.decode(capsys.readouterr().out)["differences"][0]["rail_id"] == "ch_2"
    book.write_text("no json\n")
    assert run(gateway, arguments) == 2
    assert f"{book}, line 1: not a line of the rail's book" in capsys.readouterr().err
