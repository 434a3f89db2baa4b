"""YAML is read by the core schema of 1.2: what looks like a text is one, and what readers read differently is refused."""

import pytest

from gates.schema.documents import parse_document
from gates.schema.errors import UsageProblem
from gates.schema.target import Target

HEAD = """\
apiVersion: gonogo/v1
kind: Target
metadata: {name: t}
spec:
  base_url: http://h
  credentials: {}
  variables: {}
"""


def body_of(text):
    """The member `a` of a reserve's body, written as `text`, as it is sent."""
    document = f"{HEAD}  operations:\n    reserve: {{path: /x, body: &b {{\n        a: {text}}}}}\n"
    return parse_document(document, "t.yaml", "Target", Target).spec.operations["reserve"].body["a"]


def refusal(text):
    """Why a document is refused."""
    with pytest.raises(UsageProblem) as refused:
        parse_document(text, "t.yaml", "Target", Target)
    assert refused.value.exit_code == 2
    return refused.value.message


@pytest.mark.parametrize("text", ["NO", "yes", "off", "Y", "12:30:00", "2026-01-01", "1_000", "0b11", "1e", "0123-45", "=", "~a"])
def test_what_is_no_number_and_no_truth_is_text(text):
    """As it is written; older YAML made false, 45000 and 1000 of some of these."""
    assert body_of(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("7", 7),
        ("-7", -7),
        ("0", 0),
        ("0x1F", 31),
        ("0o17", 15),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("'0123'", "0123"),
        ('"NO"', "NO"),
        ("'.nan'", ".nan"),
        ('"{amount}"', "{amount}"),
        ("'7'", "7"),
    ],
)
def test_the_scalars_of_the_core_schema_have_their_types(text, value):
    """True, false, null and numbers; a quoted one is a text."""
    found = body_of(text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0123", '0123 is read as octal by some and as decimal by others: write 123 for the number, or "0123" for a text'),
        ("-020", 'write -20 for the number, or "-020" for a text'),
        ("00", 'write 0 for the number, or "00" for a text'),
        ("00.5", 'write 0.5 for the number, or "00.5" for a text'),
        (".nan", '.nan is no number in JSON: write ".nan" for a text'),
        ("-.INF", '-.INF is no number in JSON: write "-.INF" for a text'),
        ("1e999", '1e999 is beyond every number: write a text, "1e999"'),
        ("9" * 5000, "a number of 5000 characters: write a text"),
        ("{amount}", '{amount} without quotes is a mapping: write "{amount}"'),
        ("{{amount}}", '{{amount}} without quotes is a mapping: write "{amount}"'),
        ("!!binary aGk=", "could not determine a constructor for the tag"),
        ("!!int x", "'x' is no number: write the value without a tag"),
        ("*b", "an alias repeats what it is part of"),
    ],
)
def test_what_readers_read_differently_is_refused_with_its_place_and_the_quoted_form(text, said):
    """Line and column, and what to write instead."""
    with pytest.raises(UsageProblem) as refused:
        body_of(text)
    assert refused.value.exit_code == 2
    assert said in refused.value.message
    assert refused.value.message.startswith("t.yaml: line ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "min_samples: 020\n",
            "line 1, column 14: 020 is read as octal by some and as decimal by others: write 20 for",
        ),
        ("a:\n  ? [a]\n  : 1\n", "line 2, column 5: a list or a mapping cannot be a key"),
        ("a: 1\n404: b\n", 'line 2, column 1: the key 404 is no text: write "404"'),
        ("a: 1\n~: b\n", 'line 2, column 1: the key ~ is no text: write "~"'),
        ("a: " + "[" * 65 + "]" * 65, "line 1, column 67: nested deeper than 64 levels"),
        ("a: " + "[" * 100_000, "nested deeper than 64 levels"),
        ('a: 1\nb: "\x07"\n', "line 2, column 5: unacceptable character #x0007"),
        ("a: 1\n---\nb: 2\n", "line 2, column 1: but found another document"),
    ],
)
def test_a_document_that_is_no_plain_mapping_is_refused_with_its_place(text, said):
    """Keys that are no texts, nesting without end, characters that are never written."""
    assert said in refusal(text)


def test_aliases_make_no_document_large():
    """Nine lines of nine aliases each would be a thousand million values."""
    lines = ["a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]" for before, name in zip("abcdefgh", "bcdefghi", strict=True)]
    assert "aliases make more than 100000 values of this" in refusal("\n".join(lines))


def test_a_few_aliases_are_read():
    """The same body for two operations."""
    text = f"{HEAD}  operations:\n    reserve: {{path: /x, body: &b {{a: '1'}}}}\n    settle: {{path: /y, body: *b}}\n"
    operations = parse_document(text, "t.yaml", "Target", Target).spec.operations
    assert operations["reserve"].body == operations["settle"].body == {"a": "1"}
