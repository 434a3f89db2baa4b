"""How does a list go on? The next request, from an answer and the target's file; a list that goes round is named. Pure."""

import re
from collections.abc import Mapping
from urllib.parse import quote, urljoin, urlsplit

import msgspec

from gates.schema.canonical import Json
from gates.schema.pointer import id_at, read_pointer
from gates.schema.printable import printable
from gates.schema.readback import ByCursor, ByLastId, ByLink, ByPage, Settlements
from loadtests.books.settlements import Misdescribed, document_in, has_place, items_in, scalar

_MORE = r"has_?more|has_?next(_?page)?|more|next|next_?(cursor|page|page_?token|token|link|url|uri|offset|key|marker)"
_GOES_ON = re.compile(_MORE, re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}


def first_path(shape: Settlements) -> str:
    """The path of the first request, as the file has it, with the number of the first page."""
    if isinstance(shape.paging, ByPage):
        return with_query(shape.path, shape.paging.query, str(shape.paging.first))
    return shape.path


class Page(msgspec.Struct, frozen=True, omit_defaults=True):
    """One answer: the path that was requested, the body as text, and the URL with `rel=next` in the header `Link`."""

    path: str
    body: str
    link: str = ""


def next_path(shape: Settlements, base_url: str, page: Page, number: int) -> str:
    """The path after page `number`, "" after the last one; raises Misdescribed where the answer shows another way on."""
    document, link = document_in(page.body), page.link
    paging, items = shape.paging, items_in(document, shape)
    if isinstance(paging, ByPage):
        return with_query(shape.path, paging.query, str(paging.first + number)) if items else ""
    if isinstance(paging, ByLink):
        return link and _same_origin(base_url, page.path, link)
    if isinstance(paging, ByCursor):
        return _at_cursor(shape, paging, base_url, page)
    if isinstance(paging, ByLastId):
        return _after_last(shape, paging, document, items)
    _require_end(document, link, "paging", "is missing")
    return ""


def with_query(path: str, name: str, value: str) -> str:
    """The path with one query parameter set; the others stay as they are written."""
    bare, _, query = path.partition("?")
    kept = [pair for pair in query.split("&") if pair and pair.partition("=")[0] != name]
    pair = f"{quote(name, safe='')}={quote(value, safe='')}"
    return f"{bare}?{'&'.join([*kept, pair])}"


def next_link(links: Mapping[str | None, Mapping[str, str]]) -> str:
    """The URL whose relations have `next` among them, of a `Link` header read by httpx; "" without one."""
    return next((link.get("url", "") for name, link in links.items() if "next" in (name or "").lower().split()), "")


def _at_cursor(shape: Settlements, paging: ByCursor, base_url: str, page: Page) -> str:
    """The page at a cursor; one that is a whole URL is followed as a link is."""
    document = document_in(page.body)
    if not has_place(document, paging.pointer):
        _require_end(document, page.link, "paging.pointer", f"{paging.pointer} leads to nothing")
    found = read_pointer(document, paging.pointer)
    if isinstance(found, bool | list | dict):
        raise Misdescribed("paging.pointer", f"{paging.pointer} leads to {type(found).__name__}, which is no cursor")
    cursor = scalar(found) or ""
    if cursor.startswith(("http://", "https://")):
        return _same_origin(base_url, page.path, cursor)
    return cursor and with_query(shape.path, paging.query, cursor)


def _after_last(shape: Settlements, paging: ByLastId, document: Json, items: list[dict[str, Json]]) -> str:
    if document is None:
        return ""
    more = read_pointer(document, paging.pointer)
    if not isinstance(more, bool):
        raise Misdescribed("paging.pointer", f"{paging.pointer} leads to neither true nor false")
    if not more:
        return ""
    last = id_at(items[-1], shape.id) if items else None
    if last is None:
        raise Misdescribed("paging.pointer", f"{paging.pointer} is true on a page without items")
    return with_query(shape.path, paging.query, last)


def _same_origin(base_url: str, path: str, link: str) -> str:
    """The next page's path after the base URL."""
    here, there = urlsplit(base_url), urlsplit(urljoin(base_url + path, link))
    origins = [(part.scheme, part.hostname, part.port or _PORTS.get(part.scheme)) for part in (here, there)]
    if origins[0] != origins[1]:
        place = f"{there.scheme}://{there.hostname}"
        raise Misdescribed("paging", f"the next page is at another origin, {printable(place)}: credentials are not sent there")
    if not there.path.startswith(f"{here.path}/"):
        raise Misdescribed("paging", f"the next page {printable(there.path)} is not below spec.base_url")
    path = f"{there.path.removeprefix(here.path)}{there.query and '?'}{there.query}"
    return path.replace("{", "%7B").replace("}", "%7D")  # no field of a template


def _require_end(document: Json, link: str, member: str, text: str) -> None:
    """Refuse an answer that shows that the list goes on, where the file has no way on."""
    if link:
        raise Misdescribed(member, f"{text}, and the header Link has a next page; write paging: {{by: link}}")
    place = _way_on(document, "", 2)
    if place:
        raise Misdescribed(member, f"{text}, and the answer has {place}: the list goes on")


def _way_on(document: Json, where: str, depth: int) -> str:
    """The first member that says that there is more: true, or a text or a number that leads there."""
    if not isinstance(document, dict) or not depth:
        return ""
    for name, value in document.items():
        place = f"{where}/{name.replace('~', '~0').replace('/', '~1')}"
        if _GOES_ON.fullmatch(name) and value and isinstance(value, str | int | dict):
            return place
        inside = _way_on(value, place, depth - 1)
        if inside:
            return inside
    return ""
