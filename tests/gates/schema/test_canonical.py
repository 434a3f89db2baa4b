"""One canonical writer: the same values give the same bytes, and a float never gets in."""

from enum import StrEnum

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gates.schema.canonical import canonical_json, canonical_yaml, sha256_hex, to_builtins

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


class _Colour(StrEnum):
    RED = "red"


class _Thing(msgspec.Struct, frozen=True):
    parts: tuple[object, ...]
    colour: _Colour = _Colour.RED


@pytest.mark.parametrize(
    ("value", "path"),
    [(0.1, r"\$"), ({"a": [1, 2.5]}, r"\$\.a\[1\]"), (_Thing((1, (2.0,))), r"\$\.parts\[1\]\[0\]"), (float("nan"), r"\$")],
)
@pytest.mark.parametrize("writer", [canonical_json, canonical_yaml])
def test_a_float_is_refused_with_its_path(writer, value, path):
    """Wherever it hides, also in a tuple: amounts and measures are decimal strings."""
    with pytest.raises(AssertionError, match=f"a float at {path}"):
        writer(value)


def test_structs_enums_and_tuples_become_plain_values():
    """Lists for tuples, texts for enums."""
    assert to_builtins(_Thing((1, ("a", None)))) == {"parts": [1, ["a", None]], "colour": "red"}


def test_json_is_sorted_compact_and_without_a_line_end():
    """RFC 8785: sorted keys, no blanks, UTF-8 as it is."""
    assert canonical_json({"b": [True, None], "a": "é"}) == '{"a":"é","b":[true,null]}'.encode()


@given(JSON)
def test_json_decodes_to_the_same_value(value):
    """Nothing is lost, and writing again gives the same bytes."""
    data = canonical_json(value)
    assert msgspec.json.decode(data) == value
    assert canonical_json(msgspec.json.decode(data)) == data


def test_yaml_keeps_the_order_of_fields_and_quotes_what_could_be_misread():
    """A person reads top down; `no`, `1.0` and a date stay texts."""
    text = canonical_yaml({"z": "no", "a": "1.0", "when": "2026-11-23", "list": ["x"]}, header="# head\n").decode()
    assert text == "# head\nz: 'no'\na: '1.0'\nwhen: '2026-11-23'\nlist:\n  - x\n"
    assert yaml.safe_load(text) == {"z": "no", "a": "1.0", "when": "2026-11-23", "list": ["x"]}


def test_yaml_never_writes_an_anchor():
    """An artifact does not refer to itself."""
    shared = ["x"]
    assert b"&" not in canonical_yaml({"a": shared, "b": shared})


def test_the_digest_is_lower_case_hex():
    """SHA-256 of nothing, as everybody knows it."""
    assert sha256_hex(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
