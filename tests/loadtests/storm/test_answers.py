"""Ids, digests and the first difference of answers: pure, for any JSON."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.schema.pointer import id_at
from loadtests.storm.answers import digest, first_difference, id_candidates, without

LEAVES = st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab/~", max_size=3)
JSON = st.recursive(
    LEAVES, lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text("ab/~", max_size=2), part, max_size=3)
)


def encoded(document):
    """Its bytes."""
    return msgspec.json.encode(document)


@pytest.mark.parametrize(
    ("value", "identity"), [("t-1", "t-1"), (7, "7"), (0, "0"), ("", None), (True, None), (1.5, None), (None, None), ([], None)]
)
def test_an_id_is_a_text_or_a_whole_number(value, identity):
    """Whole numbers are ids like any other; nothing else is."""
    assert id_at({"a": {"id": value}}, "/a/id") == identity


def test_a_place_that_is_left_out_makes_no_difference():
    """Two answers with different times are the same without them, and only then."""
    one, two = (encoded({"id": 1, "meta": {"at": at, "node": "a"}}) for at in ("9:00", "9:01"))
    assert digest(one, ()) != digest(two, ())
    assert digest(one, ("/meta/at",)) == digest(two, ("/meta/at",))
    assert digest(one, ("/meta/node",)) != digest(two, ("/meta/node",))
    assert (first_difference(one, two), first_difference(one, two, ("/meta",))) == ("/meta/at", "")


def test_without_a_place_to_leave_out_every_byte_counts():
    """A space more is another answer; where places are left out JSON is compared, not bytes."""
    assert digest(b'{"a":1}', ()) != digest(b'{"a": 1}', ())
    assert digest(b"no json", ("/a",)) != digest(b"no json ", ("/a",))


@given(one=JSON, two=JSON)
def test_the_first_difference_leads_to_a_difference(one, two):
    """Where two documents differ the pointer is found, and without that place there is one difference less."""
    place = first_difference(encoded(one), encoded(two))
    if place:
        assert first_difference(encoded(one), encoded(two), (place,)) != place or place.rpartition("/")[2].isdecimal()
    elif isinstance(one, dict) and isinstance(two, dict):
        assert one == two


def test_candidates_for_an_id_are_named_shortest_first():
    """Whoever mistyped a pointer sees those that would do."""
    answer = {"payment": {"payment_id": "p", "state": "open"}, "id": 3, "grid": None}
    assert id_candidates(answer) == ["/id", "/payment/payment_id"]
    assert without(answer, ("/payment/state", "/nothing/here")) == {**answer, "payment": {"payment_id": "p"}}
