"""Texts that people read are plain technical English: none has a word of our old dialect."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import house_tree
import pytest

INSTEAD = {
    r"told|tells?|telling": "returns, reports, shows",
    r"heard|hears?": "received",
    r"press(?:es|ed|ing)?": "load, test",
    r"desks?": "client",
    r"(?<!third )part(?:y|ies)": "process, client",
    r"strangers?": "anyone, third party",
    r"mend(?:s|ed|ing)?": "fix",
    r"asked": "requested, read, required",
    r"anew": "again",
    r"amiss": "wrong",
    r"crowds?": "clients, writers",
    r"besides?": "next to, in addition to",
    r"of itself": "automatically",
    r"as ever": "as before",
    r"for want of": "without",
    r"rests? on|rested on": "has samples, depends on",
    r"takes? the evidence|took the evidence": "collect evidence",
}
DIALECT = re.compile(rf"(?<![.\w])(?:{'|'.join(INSTEAD)})\b", re.IGNORECASE)

PLACES = (
    "README.md",
    "Makefile",
    "CHANGELOG.md",
    ".github",
    "runbooks",
    "drills",
    "loadtests",
    "gates",
    "scorecards",
    "gateway",
)


def python_texts(source: str) -> Iterator[tuple[int, str]]:
    """The docstrings and messages of a Python file, without `names`: every string with a space in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip():
            yield node.lineno, re.sub(r"`[^`\n]*`", "", node.value)


def page_texts(source: str) -> Iterator[tuple[int, str]]:
    """The prose of a page: no code, and no generated part, whose source is counted where it stands."""
    generated = re.compile(r"<!-- \[\[\[cog.*?\]\]\] -->.*?<!-- \[\[\[end\]\]\] -->|```.*?```|`[^`\n]*`|\]\([^)\n]*\)", re.DOTALL)
    prose = generated.sub(lambda match: "\n" * match[0].count("\n"), source)
    yield from enumerate(prose.splitlines(), 1)


def template_texts(source: str) -> Iterator[tuple[int, str]]:
    """The fixed text of a template."""
    yield from enumerate(re.sub(r"\{[{%#].*?[}%#]\}|<[^>]*>", "", source, flags=re.DOTALL).splitlines(), 1)


def document_texts(source: str) -> Iterator[tuple[int, str]]:
    """Values and comments of a document, without its keys; a value of one word is a name."""
    for number, line in enumerate(source.splitlines(), 1):
        value = re.sub(r"^\s*(?:- )?[\w./-]+:\s|\{[\w]+:\s", "", line)
        if " " in value.strip():
            yield number, value


READERS = {".py": python_texts, ".md": page_texts, ".j2": template_texts}
WITHOUT_TEXT = (".png", ".css", ".json")  # JSON Schemas are made from docstrings


def found(place: str) -> list[str]:
    """Every word of the dialect in the texts of one place, with where it stands."""
    words = []
    for path in house_tree.files(place):
        if path.suffix not in WITHOUT_TEXT:
            for number, text in READERS.get(path.suffix, document_texts)(house_tree.text(path)):
                words += [f"{path}:{number}: {match[0]}" for match in DIALECT.finditer(text)]
    return words


@pytest.mark.parametrize("place", PLACES)
def test_no_text_has_a_word_of_the_dialect(place: str) -> None:
    """Each text of the place uses the field's terms."""
    words = found(place)
    assert not words, f"use other words ({INSTEAD}):\n" + "\n".join(words)


@pytest.mark.parametrize(
    ("reader", "source", "words"),
    [
        (python_texts, 'def told():\n    """What was told."""\n    told = "told"\n    return f"the desk {told} is amiss"\n', 3),
        (page_texts, "It was told.\n\n```sh\necho told\n```\n`told` a third party\n", 1),
        (template_texts, "<p class='told'>Told {{ told }} by a stranger</p>\n", 2),
        (document_texts, "asked: /control/asked\ntitle: What was asked  # and told\n", 2),
    ],
)
def test_a_word_of_the_dialect_is_found_in_a_text_and_not_in_a_name(reader, source: str, words: int) -> None:  # type: ignore[no-untyped-def]  # one of four functions
    """Each reader finds what people read, and leaves names and code alone."""
    assert sum(len(DIALECT.findall(text)) for _, text in reader(source)) == words


def test_every_place_that_people_read_is_counted() -> None:
    """Every room and every page at the top of the tree is checked."""
    pages = {name for name in house_tree.TOP_LEVEL if Path(name).suffix == ".md"}
    assert {*house_tree.ROOMS, *pages, "runbooks", "Makefile"} <= set(PLACES)
