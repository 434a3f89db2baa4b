"""RFC 6901 pointers: one reader for probes, load tests and drills."""

import pytest

from gates.schema.canonical import Json
from gates.schema.pointer import read_pointer, text_at

DOCUMENT: Json = {"a/b": [{"c~d": "x"}], "n": 1, "": {"": "empty"}, "e": None}


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("", DOCUMENT),
        ("/a~1b/0/c~0d", "x"),
        ("/n", 1),
        ("//", "empty"),
        ("/e", None),
        ("/a~1b/1", None),
        ("/a~1b/-1", None),
        ("/a~1b/00", None),
        ("/a~1b/\N{SUPERSCRIPT TWO}", None),
        ("/a~1b/\N{ARABIC-INDIC DIGIT ZERO}", None),
        ("/n/x", None),
        ("/missing/x", None),
        ("n", None),
    ],
)
def test_a_pointer_leads_to_a_value_or_nowhere(pointer: str, value: Json) -> None:
    """Only 0 and digits without a leading zero are an index, and never digits of another script."""
    assert read_pointer(DOCUMENT, pointer) == value


def test_a_text_is_read_only_where_there_is_one() -> None:
    """A number is not a text."""
    assert text_at(DOCUMENT, "/a~1b/0/c~0d") == "x"
    assert text_at(DOCUMENT, "/n") is None
