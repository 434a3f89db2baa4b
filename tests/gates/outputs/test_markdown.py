"""The Markdown summary: what a renderer makes of it, how large it gets, and what it says of what it leaves out."""

import msgspec
import pytest
from markdown_it import MarkdownIt

from gates.outputs.markdown import LIMIT, render_markdown
from gates.outputs.markdown_text import LONGEST, code_block, plain
from gates.outputs.report import of_review
from gates.render import render

MIB = 1024 * 1024
RENDERER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def shape(text: str) -> tuple[list[str], list[str]]:
    """The blocks of the page, and the kinds of what is inline in them, text apart."""
    tokens = RENDERER.parse(text)
    inline = [child.type for token in tokens for child in token.children or [] if child.type not in ("text", "text_special")]
    return [token.type for token in tokens], [kind for kind in inline if not kind.startswith("strong") and kind != "softbreak"]


def test_hostile_texts_make_no_block_and_no_markup(review, hostile):
    """A renderer that allows HTML sees the same headings, lists and tables, and nothing inline but text."""
    blocks, _ = shape(render(review, "md"))
    seen, inline = shape(render(hostile, "md"))
    assert inline == []
    for kind in ("heading_open", "table_open", "tr_open", "hr", "html_block", "blockquote_open", "code_block"):
        assert seen.count(kind) == blocks.count(kind), kind


def test_a_renderer_shows_the_text_that_was_given():
    """Escapes are for the renderer, not for the reader."""
    for text in ("a|b `c` *d* _e_ [f](g) <h> &amp; ~i~ #j $k$ @l \\", "- m", "1. n", "+ o", "= p", "https://q www.r"):
        (paragraph,) = [token for token in RENDERER.parse(plain(text)) if token.type == "inline"]
        assert "".join(child.content for child in paragraph.children) == text


def test_a_command_with_backticks_stays_in_its_block():
    """The fence is longer than any run inside."""
    (fence,) = RENDERER.parse("\n".join(code_block("gonogo ``` x ```` y")))
    assert (fence.type, fence.content) == ("fence", "gonogo ``` x ```` y\n")


def test_a_long_text_is_cut_and_says_by_how_much(review):
    """Two thousand characters are enough to know where to look."""
    text = plain("x" * (LONGEST + 5))
    assert text.endswith("x ... (5 more characters)")


def _large(review, criteria: int, detail: str):
    gate = review.gates[0]
    many = []
    for number in range(criteria):
        item = gate.criteria[number % 4]
        criterion = msgspec.structs.replace(item.criterion, id=f"c{number}")
        many.append(msgspec.structs.replace(item, detail=detail, criterion=criterion))
    gates = (msgspec.structs.replace(gate, criteria=tuple(many)), *review.gates[1:])
    return of_review(msgspec.structs.replace(review, gates=gates))


@pytest.mark.parametrize(("criteria", "detail"), [(4, "d" * 3_000_000), (20_000, "short"), (600, "é|" * 1_000)])
def test_a_summary_stays_under_one_mebibyte_and_says_what_it_leaves_out(review, criteria, detail):
    """Whole lines are left out, those of criteria that pass first."""
    text = render_markdown(_large(review, criteria, detail))
    assert len(text.encode()) < MIB
    if criteria > 4:
        assert "**Left out, because a summary holds at most 1 MiB:" in text.splitlines()[-1]
        assert " criteria.** " in text.splitlines()[-1]
        assert "❌ fail" in text
    else:
        assert "more characters)" in text
    assert LIMIT < MIB


def test_a_summary_that_fits_leaves_nothing_out(review):
    """The line is not there for nothing."""
    assert "Left out" not in render(review, "md")
