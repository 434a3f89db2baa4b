"""Which links of a page lead nowhere? Files next to it, headings in them; addresses elsewhere are not looked up."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

from markdown_it.token import Token

from drills.runbook.page import Fault, Page, markdown_tokens
from gates.schema.runbook import slug

_ATTRIBUTES = {"link_open": "href", "image": "src"}
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")


def dead_links(page: Page) -> Iterator[Fault]:
    """Each link of the page to a file or heading that is not there, or with a scheme that no page needs."""
    for token in markdown_tokens(page.source):
        for child in token.children or ():
            address = child.attrGet(_ATTRIBUTES.get(child.type, ""))
            if isinstance(address, str):
                fault = _fault(page.path, address)
                if fault:
                    yield Fault((token.map or [0])[0] + 1, f"{address}: {fault}")


def _fault(page: Path, address: str) -> str:
    if _SCHEME.match(address):
        return "" if address.startswith(("https://", "http://", "mailto:")) else "a link is a relative path or an https address"
    path, _, heading = address.partition("#")
    end = page.parent / path if path else page
    if not end.exists():
        return "no such file"
    if heading and end.suffix == ".md" and heading not in headings(end.resolve()):
        return "no such heading"
    return ""


@cache
def headings(path: Path) -> frozenset[str]:
    """The ids of the headings of a page."""
    return frozenset(_headings(markdown_tokens(path.read_text(encoding="utf-8"))))


def _headings(tokens: list[Token]) -> Iterator[str]:
    for token, text in pairwise(tokens):
        if token.type == "heading_open":
            yield slug(text.content)
