"""One parser reads the ledger of any service: ids as texts or numbers, in order, and what is not in the format by its line."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from gates.export import schema_bytes
from gates.schema.ledger import PAGES, NoLedger, entries_in, read_ledger

PAGE = Path(__file__).parents[3] / "runbooks" / "ledger.md"
LINE = {
    "seq": 1,
    "entry_id": "e1",
    "kind": "reserve",
    "payment_id": "p1",
    "postings": [{"account": "wallet/w/held", "amount": "-5", "currency": "USD"}],
}


def line(**changed):
    """One line of a ledger."""
    return json.dumps({**LINE, **changed}).encode() + b"\n"


def test_whole_numbers_are_ids_and_further_members_are_ignored():
    """A service whose ids are integers is read like any other."""
    (entry,) = entries_in(line(entry_id=9, payment_id=7, operation_id=3, receipt_id=4, tenant_id=1, memo="x"))
    assert (entry.entry_id, entry.payment_id, entry.operation_id, entry.receipt_id, entry.tenant_id) == ("9", "7", "3", "4", "1")
    (entry,) = entries_in(line(payment_id=None))
    assert (entry.payment_id, entry.operation_id, entry.moved("wallet/w/held")) == (None, None, -5)


def test_empty_lines_and_either_line_end_are_read():
    """An export with CRLF, or with an empty last line, is the same export."""
    assert [entry.seq for entry in entries_in(line().rstrip() + b"\r\n\r\n" + line(seq=2))] == [1, 2]
    assert entries_in(b"") == entries_in(b"\n \n") == ()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (line(seq=2) + line(seq=2), r"line 2: seq 2 comes after 2: it does not ascend"),
        (line(kind="tip"), r"line 1: Invalid enum value 'tip' - at `\$\.kind`"),
        (line(payment_id=1.5), r"line 1: Expected .* - at `\$\.payment_id`"),
        (line(seq=0), r"line 1: Expected `int` >= 1 - at `\$\.seq`"),
        (line(postings=[{"account": "a", "amount": "1.50", "currency": "USD"}]), r"line 1: .* - at `\$\.postings\[0\]\.amount`"),
        (line(postings=[{"account": "a", "amount": 150, "currency": "USD"}]), r"line 1: Expected `str`, got `int`"),
        (line(postings=[{"account": "a", "amount": "1" * 5000, "currency": "USD"}]), r"line 1: Expected `str` matching regex"),
        (line() + b"<html>\n", r"line 2: JSON is malformed"),
        (b"[" + line() + b"]", r"line 1: Expected `object`, got `array`"),
        (line()[:-2], r"line 1: .*truncated"),
        (b'{"seq": ' + b"[" * 100_000, r"line 1: "),
        (b'{"seq": 1, "entry_id": "\xff"}', r"line 1: "),
    ],
)
def test_a_line_that_is_not_in_the_format_is_named(body, says):
    """The message has the line and the member; nothing is read from such an answer."""
    with pytest.raises(NoLedger, match=says):
        entries_in(body)


def test_a_ledger_is_read_page_by_page_to_its_end():
    """The position of the last line leads to the next page, and a page without a line is the end."""
    pages = {0: line() + line(seq=5), 5: line(seq=9), 9: b""}
    assert [[entry.seq for entry in page] for page in read_ledger(pages.__getitem__)] == [[1, 5], [9]]
    with pytest.raises(NoLedger, match="line 1: seq 1 comes after 5"):
        list(read_ledger(lambda _after: line() + line(seq=5)))


def test_a_ledger_that_never_ends_is_refused():
    """A service that always has one more line is not read for ever."""
    with pytest.raises(NoLedger, match=f"more than {PAGES} answers"):
        for _page in read_ledger(lambda after: line(seq=after + 1)):
            pass


def test_the_example_on_the_page_is_in_the_format_and_fits_the_schema():
    """Whoever copies the example has a ledger that is read, and whose postings sum to zero."""
    (example,) = re.findall(r"^```json\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    entries = entries_in(example.encode())
    assert [entry.kind for entry in entries] == ["fund", "reserve", "settle", "reserve", "release", "refund"]
    for entry in entries:
        assert sum(int(posting.amount) for posting in entry.postings) == 0
    schema = json.loads(schema_bytes("LedgerEntry"))
    for item in example.splitlines():
        jsonschema.validate(json.loads(item), schema)
