"""How a target file describes a list of settlements: places with their meanings, one way on, and one place to read back."""

import msgspec
import pytest

from gates.schema.readback import ByCursor, ByLastId, ByLink, ByPage, Settlements
from gates.schema.target import Audit

LIST = {"path": "/captures", "items": "/data", "id": "/id", "payment": "/payment", "amount": "/amount"}


def audit(**members):
    """The section `audit` of a target file, as it is decoded."""
    return msgspec.convert(members, Audit)


@pytest.mark.parametrize(
    ("paging", "expected"),
    [
        ({"by": "cursor", "pointer": "/next"}, ByCursor("/next", "cursor")),
        ({"by": "page", "first": 0}, ByPage("page", 0)),
        ({"by": "has_more"}, ByLastId("/has_more", "starting_after")),
        ({"by": "link"}, ByLink()),
    ],
)
def test_each_way_on_is_read(paging, expected):
    """With its defaults, which are what services often have."""
    assert audit(settlements={**LIST, "paging": paging}).settlements.paging == expected


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"state": "/status"}, r"has `state` and no `states` - at `\$\.settlements`"),
        ({"states": {"captured": ["done"]}}, r"has `states` and no `state`"),
        ({"kind": "/type"}, r"has `kind` and no `kinds`"),
        ({"state": "/s", "states": {"captured": ["a"], "other": ["a"]}}, r"`states` lists 'a' twice"),
        ({"state": "/s", "states": {"captured": []}}, r"length >= 1 - at `\$\.settlements\.states\.captured`"),
        ({"items": "data"}, r"- at `\$\.settlements\.items`"),
        ({"paging": {"by": "offset"}}, r"Invalid value 'offset' - at `\$\.settlements\.paging\.by`"),
        ({"paging": {"by": "link", "pointer": "/next"}}, r"unknown field `pointer` - at `\$\.settlements\.paging`"),
        ({"paging": {"by": "cursor"}}, r"missing required field `pointer` - at `\$\.settlements\.paging`"),
        ({"paging": {"by": "page", "first": 2}}, r"<= 1 - at `\$\.settlements\.paging\.first`"),
        ({"method": "POST"}, r"- at `\$\.settlements\.method`"),
        ({"amount_format": "float"}, r"- at `\$\.settlements\.amount_format`"),
        ({"pages": 3}, r"unknown field `pages`"),
    ],
)
def test_a_faulty_description_is_refused_with_its_member(changed, says):
    """The message has the member's place in the file."""
    with pytest.raises(msgspec.ValidationError, match=says):
        audit(settlements={**LIST, **changed})


def test_the_lag_is_bounded():
    """A reader that waits for an hour would hide what is lost."""
    assert audit(lag_s=300).lag_s == 300
    for lag_s in (-1, 301, "5"):
        with pytest.raises(msgspec.ValidationError, match=r"at `\$\.lag_s`"):
            audit(lag_s=lag_s)


def test_refunds_are_shown_by_a_state_or_by_a_kind():
    """Without either, the list cannot show that a refund happened."""
    plain = msgspec.convert(LIST, Settlements)
    assert not plain.shows_refunds
    assert msgspec.convert({**LIST, "state": "/s", "states": {"captured": ["a"], "refunded": ["b"]}}, Settlements).shows_refunds
    assert msgspec.convert({**LIST, "kind": "/k", "kinds": {"settle": ["a"], "refund": ["b"]}}, Settlements).shows_refunds
