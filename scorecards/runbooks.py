"""The runbooks that a scorecard's page links to, as HTML pages in its folder; each heading has an id for links to it."""

import posixpath
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import msgspec
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from gates.page.template import style_sheet
from gates.schema.runbook import find_runbook, is_address, slug
from scorecards.render import environment
from scorecards.words import href

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_BROUGHT = (".md", ".png", ".svg", ".jpg")
_ATTRIBUTES = {"link_open": "href", "image": "src"}


class RunbookPage(msgspec.Struct, frozen=True):
    """A runbook ready to place; `back` leads to the scorecard."""

    title: str
    css: Markup
    back: str
    body: Markup


def write_runbooks(names: Iterable[str], folder: Path, out: Path) -> None:
    """Write the runbooks of the gates in `folder` to `out` as HTML, with the pages and pictures that they link to.

    What they link to comes along from their own folder only. A file that is no Markdown is copied. Nothing is ever written over a
    file of the review.
    """
    waiting = sorted({name.partition("#")[0] for name in names if not is_address(name)})
    done: set[str] = set()
    while waiting:
        name = waiting.pop()
        source = None if name in done else find_runbook(name, folder)
        done.add(name)
        if source is None or (target := out / href(name)).exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix != ".md":
            shutil.copyfile(source, target)
            continue
        tokens = _MARKDOWN.parse(_COMMENT.sub("", source.read_text(encoding="utf-8")))
        linked = {place for link in _links(tokens) if (place := _place(name, link)) and find_runbook(place, folder)}
        waiting += sorted(linked)
        target.write_bytes(_page(tokens, name, linked))


# HTML in a runbook is text, and no link has a scheme that runs something.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


def _links(tokens: Sequence[Token]) -> Iterator[str]:
    for child in _children(tokens):
        address = child.attrGet(_ATTRIBUTES.get(child.type, ""))
        if isinstance(address, str):
            yield address


def _children(tokens: Sequence[Token]) -> Iterator[Token]:
    return (child for token in tokens for child in token.children or ())


def _place(name: str, link: str) -> str:
    """The file that a link in the runbook `name` leads to, as a path like the runbook's own; "" if it may not come along."""
    path = link.partition("#")[0]
    if not path or ":" in path or path.startswith("/") or not path.endswith(_BROUGHT):
        return ""
    place, top = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)), name.partition("/")[0]
    return place if place.startswith(f"{top}/") else ""


def _page(tokens: Sequence[Token], name: str, linked: Iterable[str]) -> bytes:
    """The runbook's HTML: headings with ids, links to what came along and to https; other links are text."""
    brought = frozenset(linked)
    headings = [(token, text.content) for token, text in pairwise(tokens) if token.type == "heading_open"]
    for token, text in headings:
        token.attrSet("id", slug(text))
    for child in _children(tokens):
        _lead(child, name, brought)
    title = next((text for _, text in headings), name)
    up = "../" * name.count("/")
    body = Markup(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))  # noqa: S704  # rendered with HTML switched off
    page = RunbookPage(title, style_sheet(), f"{up}scorecard.html", body)
    return environment().get_template("runbook.html.j2").render(page=page).encode()


def _lead(child: Token, name: str, brought: frozenset[str]) -> None:
    attribute = _ATTRIBUTES.get(child.type, "")
    address = child.attrGet(attribute)
    if not isinstance(address, str) or is_address(address) or address.startswith("#"):
        return
    path, mark, anchor = address.partition("#")
    if _place(name, path) in brought:
        child.attrSet(attribute, f"{href(path)}{mark}{anchor}")
    else:
        del child.attrs[attribute]
