"""A list of settlements is read in the terms of the target's file; what does not fit is named, and accuses nobody."""

import json

import msgspec
import pytest

from gates.schema.readback import Kinds, Settlements, States
from loadtests.books.settlements import Absent, Expected, Misdescribed, Money, Repeated, settlements_in

SHAPE = Settlements(
    path="/captures",
    items="/data",
    id="/id",
    payment="/of/payment",
    amount="/amount",
    state="/status",
    states=States(captured=("done", "true", "1"), refunded=("back",), other=("pending",)),
)
MONEY = Money("string", 2, "USD")
KNOWN = Expected({"p1", "p2", "7"}, {"k1"}, {"p1": "1250"})


def item(**changed):
    """One item of the list."""
    return {"id": "c1", "of": {"payment": "p1"}, "amount": "1250", "status": "done", **changed}


def read(*items, shape=SHAPE, money=MONEY, known=KNOWN):
    """What one page with these items shows."""
    return settlements_in([json.dumps({"data": items})], shape, money, known)


def test_an_item_is_read_with_ids_as_texts_or_numbers():
    """Whole numbers are ids; what is not of the run is kept without being judged."""
    found = read(item(), item(id=2, of={"payment": 7}), item(id="c3", of={"payment": "other"}, amount=None, status="odd"))
    assert [(one.id, one.payment_id, one.effect, one.amount) for one in found] == [
        ("c1", "p1", "settle", "1250"),
        ("2", "7", "settle", "1250"),
        ("c3", "other", "none", ""),
    ]


@pytest.mark.parametrize(
    ("form", "value", "minor"),
    [
        ("string", "1250", "1250"),
        ("integer", 1250, "1250"),
        ("integer", 1250.0, "1250"),
        ("decimal", "12.50", "1250"),
        ("decimal", 12.5, "1250"),
        ("decimal", 12, "1200"),
        ("decimal", 0.1, "10"),
    ],
)
def test_amounts_are_read_exactly_in_their_format(form, value, minor):
    """A number with a fraction is read as the decimal that it is written as."""
    (one,) = read(
        item(of={"payment": "p2"}, amount=value), shape=msgspec.structs.replace(SHAPE, amount_format=form), known=KNOWN_P2
    )
    assert one.amount == minor


KNOWN_P2 = Expected({"p2"}, (), {})


@pytest.mark.parametrize(
    ("status", "effect", "refunded"),
    [
        ("done", "settle", False),
        ("back", "settle", True),
        ("pending", "none", False),
        (True, "settle", False),
        (1, "settle", False),
    ],
)
def test_states_mean_what_the_file_says(status, effect, refunded):
    """True, false and whole numbers are written as texts."""
    (one,) = read(item(of={"payment": "p2"}, status=status), known=KNOWN_P2)
    assert (one.effect, one.refunded) == (effect, refunded)


def test_kinds_tell_settlements_from_refunds():
    """A list of all transactions is read as well."""
    shape = msgspec.structs.replace(SHAPE, kind="/type", kinds=Kinds(settle=("charge",), refund=("refund",), other=("fee",)))
    found = read(
        item(type="charge"), item(id=2, type="refund", amount="-1250"), item(id=3, type="fee", status="odd"), shape=shape
    )
    assert [one.effect for one in found] == ["settle", "refund", "none"]
    with pytest.raises(Misdescribed, match=r"spec\.audit\.settlements\.kinds: does not list 'tip', which item c1 has"):
        read(item(type="tip"), shape=shape)


def test_an_item_belongs_to_the_run_by_its_key_too():
    """A settlement under another payment, with a key of the run, is the run's."""
    shape = msgspec.structs.replace(SHAPE, key="/key")
    found = read(item(), item(id="c2", of={"payment": "elsewhere"}, key="k1"), shape=shape)
    assert [(one.payment_id, one.key, one.effect) for one in found] == [("p1", None, "settle"), ("elsewhere", "k1", "settle")]


@pytest.mark.parametrize("body", ["", " \n", '{"data": []}', '{"data": null}'])
def test_a_list_without_items_is_empty(body):
    """204, an empty list and null are the same."""
    assert settlements_in([body], SHAPE, MONEY, Expected({"p1"}, (), {})) == ()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("<html>", r"\.path: leads to no JSON: '<html>'"),
        ('{"data": [NaN]}', r"\.path: leads to no JSON"),
        ('{"data": ' + "[" * 100_000 + "]" * 100_000 + "}", r"\.path: leads to no JSON"),
        (
            '{"rows": [{}, {}], "more": {"old": []}}',
            r"\.items: /data leads to no list in the answer; it has lists at /rows \(2\)",
        ),
        ('{"data": {"a": 1}}', r"\.items: /data leads to no list"),
        ("[1]", r"\.items: /data leads to no list in the answer; it has lists at the whole answer \(1\)"),
        ('{"data": ["c1"]}', r"\.items: /data leads to a list whose items are no objects"),
    ],
)
def test_an_answer_that_is_no_list_is_named(body, says):
    """With the lists that the answer has."""
    with pytest.raises(Misdescribed, match=rf"spec\.audit\.settlements{says}"):
        settlements_in([body], SHAPE, MONEY, KNOWN)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"id": None}, r"\.id: /id leads to no text and no whole number in an item with /of/payment p1"),
        ({"id": 1.5}, r"\.id: "),
        ({"of": {"intent": "p1"}}, r"\.payment: /of/payment leads to no payment of this run; /of/intent does"),
        ({"of": None}, r"\.payment: /of/payment leads to no text and no whole number"),
        ({"amount": None}, r"\.amount: /amount leads to no amount \(string\)"),
        ({"amount": "12.50"}, r"\.amount: "),
        ({"amount": True}, r"\.amount: "),
        ({"amount": "125000"}, r"\.amount_format: as string, each of 1 amounts is 100 times the right one"),
        ({"amount": "125"}, r"\.amount_format: as string, each of 1 amounts is 0\.1 times the right one"),
        ({"status": None}, r"\.state: /status leads to no text in item c1 of payment p1"),
        ({"status": "succeded"}, r"\.states: does not list 'succeded', which item c1 has"),
    ],
)
def test_a_pointer_that_does_not_fit_is_named(changed, says):
    """A description that is wrong is never a finding."""
    with pytest.raises(Misdescribed, match=rf"spec\.audit\.settlements{says}"):
        read(item(**changed))


def test_a_currency_that_every_item_contradicts_is_the_files():
    """Letter case does not matter; one item in another currency is left to the checker."""
    shape = msgspec.structs.replace(SHAPE, currency="/unit")
    known = Expected({"p1", "p2"}, (), {"p1": "1250", "p2": "1250"})
    assert len(read(item(unit="usd"), shape=shape)) == 1
    assert len(read(item(unit="USD"), item(id=2, of={"payment": "p2"}, unit="EUR"), shape=shape, known=known)) == 2
    with pytest.raises(Misdescribed, match=r"\.currency: /unit leads to EUR in each of 1 items, and spec\.currency is USD"):
        read(item(unit="EUR"), shape=shape)
    with pytest.raises(Misdescribed, match=r"\.currency: /unit leads to no text"):
        read(item(), shape=shape)


def test_a_list_that_names_nothing_of_what_was_acknowledged_is_another_list():
    """It accuses nobody, and is no pass either."""
    with pytest.raises(Absent, match=r"spec\.audit\.settlements: its 1 items name none of the 1 payments"):
        read(item(of={"payment": "elsewhere"}))
    with pytest.raises(Absent, match="its 0 items"):
        read()


def test_an_id_that_two_items_share_is_refused():
    """Items that are told apart by the payment's id would hide a payment that is settled twice."""
    with pytest.raises(Misdescribed, match=r"\.id: two items of page 1 have the id p1: each needs one of its own"):
        read(item(), item(), shape=msgspec.structs.replace(SHAPE, id="/of/payment"))
    pages = [json.dumps({"data": [item(), item(id=2)]}), json.dumps({"data": [item(id=2)]})]
    with pytest.raises(Repeated, match="item 2 is on page 1 and on page 2"):
        settlements_in(pages, SHAPE, MONEY, KNOWN)
