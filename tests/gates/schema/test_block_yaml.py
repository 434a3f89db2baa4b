"""The quick writer of block YAML is held to PyYAML: the same bytes for every value."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gates.schema.block_yaml import block_yaml, by_library

MISREAD = (
    "yes",
    "No",
    "null",
    "~",
    "",
    "=",
    "<<",
    "---",
    "...",
    "2026-01-01",
    "0x1f",
    "1_000",
    "12:30:00",
    "1.5e+3",
    ".5",
    "-",
    "y",
)
MARKS = st.text(alphabet="ab 01:#-.,[]{}'\"\n\t&*!|>%@`~<=?\\\x85\u2028é", max_size=40)
TEXTS = st.one_of(
    st.sampled_from(MISREAD),
    MARKS,
    st.text(st.characters(codec="utf-8"), max_size=12),
    st.text(alphabet="abc :.,é#", min_size=60, max_size=300),
    st.from_regex(r"[0-9][0-9a-fxTZ:._+-]{0,20}", fullmatch=True),
)
KEYS = st.one_of(st.text(alphabet="abc_", min_size=1, max_size=8), TEXTS, st.text(alphabet="abcd ", min_size=90, max_size=140))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_every_value_is_written_as_pyyaml_writes_it(value):
    """Marks, breaks, numbers, long texts and odd keys, at any depth."""
    assert block_yaml(value) == by_library(value)


@pytest.mark.parametrize("text", [*MISREAD, "a: b", "a:", "#a", "a #b", " a", "a ", "a\nb", "x" * 130, "one two " * 30])
@pytest.mark.parametrize("place", [lambda it: it, lambda it: [it], lambda it: {it: it}, lambda it: {"a": [[{"b": it}, it]]}])
def test_a_text_that_could_be_misread_or_is_long_is_written_as_pyyaml_writes_it(place, text):
    """As a document, an item, a key and a value; a reader gets it back."""
    value = place(text)
    assert block_yaml(value) == by_library(value)
    assert yaml.safe_load(block_yaml(value)) == value
