"""A list is read to its end whatever its pages are, and not longer; until it is stable and whole, or its lag has passed."""

import json
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import pytest

from gates.schema.errors import UnknownProblem
from gates.schema.outcome import UnknownReason
from gates.schema.readback import ByCursor, ByLastId, ByLink, ByPage, Settlements
from gates.schema.target import Audit, Target
from loadtests.books import read_list as reading
from loadtests.books.entries import Gap
from loadtests.books.read_list import fault_of, read_list, read_list_bytes, read_list_in, settlements_of
from loadtests.books.settlements import Expected
from loadtests.run.list_named import list_problem
from loadtests.service import UnusableRead

SHAPE = Settlements(path="/captures?limit=2", items="/data", id="/id", payment="/p", amount="/amount")
CURSOR = ByCursor("/next")


def items(*numbers):
    """Captures of the payments p1, p2, ..."""
    return [{"id": number, "p": f"p{number}", "amount": "5"} for number in numbers]


def known(*numbers):
    """Clients to whom the settles of these payments were acknowledged."""
    return Expected({f"p{number}" for number in range(9)}, (), {f"p{number}": "5" for number in numbers})


class Canned:
    """A service whose answers a function makes from the query; `asked` are the paths that were requested."""

    def __init__(self, answer, paging=None, lag_s=0, base_url="http://127.0.0.1:1/pay", **shape):
        self.name, self.base_url, self.answer, self.asked = "canned", base_url, answer, []
        self.shape = msgspec.structs.replace(SHAPE, paging=paging, **shape)
        audit = Audit(settlements=self.shape, lag_s=lag_s)
        self.target = Target(
            base_url="", credentials={"agent": "Bearer secret-of-this"}, variables={}, operations={}, audit=audit
        )

    def get(self, operation, _fields):
        """One read."""
        self.asked.append(operation.path)
        query = {name: values[0] for name, values in parse_qs(urlsplit(operation.path).query).items()}
        made = self.answer(query)
        if isinstance(made, int):
            raise UnusableRead(f"GET {operation.path}: returned {made}", made)
        if isinstance(made, str):
            raise UnknownProblem(f"GET {operation.path}: {made}")
        document, link = made if isinstance(made, tuple) else (made, "")
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        return httpx.Response(200, content=content, headers={"Link": link} if link else {})

    def redact(self, text):
        """A text without the credential."""
        return text.replace("secret-of-this", "[redacted]")

    def read(self, expected=None, **how):
        """The reading, and what it gives."""
        expected = expected or Expected({f"p{number}" for number in range(9)})
        done = read_list(self, self.shape, expected, pause=lambda _s: None, **how)
        return done, settlements_of(done, expected)


def by_cursor(query):
    """Three pages; the cursor needs quoting."""
    first = len(query.get("cursor", ""))
    return {"data": items(first * 2 + 1, first * 2 + 2), "next": "&" * (first + 1) if first < 2 else None}


def by_page(query):
    """Two pages, and then none."""
    number = int(query["page"])
    return {"data": items(number * 2, number * 2 + 1) if number < 3 else []}


def by_last(query):
    """Two pages."""
    after = int(query.get("starting_after", 0))
    return {"data": items(after + 1, after + 2), "has_more": after < 2}


def by_link(query):
    """Two pages; the next one's URL is relative to the first."""
    after = int(query.get("from", 0))
    link = '</pay/captures?from=2&x={y}>; rel="prev next"' if not after else ""
    return {"data": items(after + 1, after + 2)}, link


@pytest.mark.parametrize(
    ("answer", "paging", "found", "last"),
    [
        (lambda _query: {"data": items(1, 2)}, None, [1, 2], "/captures?limit=2"),
        (by_cursor, CURSOR, [1, 2, 3, 4, 5, 6], "/captures?limit=2&cursor=%26%26"),
        (by_page, ByPage(), [2, 3, 4, 5], "/captures?limit=2&page=3"),
        (by_page, ByPage(first=0), [0, 1, 2, 3, 4, 5], "/captures?limit=2&page=3"),
        (by_last, ByLastId(), [1, 2, 3, 4], "/captures?limit=2&starting_after=2"),
        (by_link, ByLink(), [1, 2, 3, 4], "/captures?from=2&x=%7By%7D"),
        (lambda query: by_page(query) if query["page"] < "3" else 404, ByPage(), [2, 3, 4, 5], "/captures?limit=2&page=3"),
        (lambda _query: b"", CURSOR, [], "/captures?limit=2"),
        (lambda _query: b"", ByLastId(), [], "/captures?limit=2"),
    ],
)
def test_every_way_on_is_followed_to_the_end(answer, paging, found, last):
    """The other parameters of the path stay, and the items of all pages are there."""
    service = Canned(answer, paging)
    _done, listed = service.read()
    assert [int(item.id) for item in listed] == found
    assert service.asked[-1] == last


def test_a_cursor_that_is_a_url_is_followed():
    """Many services give the whole URL of the next page."""
    answers = {"2": {"data": items(1), "next": "http://127.0.0.1:1/pay/captures?after=1"}, "": {"data": items(2), "next": None}}
    service = Canned(lambda query: answers[query.get("limit", "")], CURSOR)
    _done, listed = service.read()
    assert len(listed) == 2
    assert service.asked == ["/captures?limit=2", "/captures?after=1"]


def one(link="", **members):
    """A service that always answers with the same page."""
    page = {"data": items(1), **members}
    return lambda _query: (page, link)


SAME = r"paging: page 2 has the same items as page 1: the list never ends"
ENDLESS = [
    (one(next="a"), CURSOR, SAME + r"; does the service know the query parameter 'cursor'\?"),
    (one(data=[], next="a"), CURSOR, r"paging: page 2 leads to .*, which was read before: the list goes round"),
    (one(), ByPage(), SAME),
    (one(has_more=True), ByLastId(), SAME),
    (one(data=[], has_more=True), ByLastId(), r"paging\.pointer: /has_more is true on a page without items"),
    (one(has_more="yes"), ByLastId(), r"paging\.pointer: /has_more leads to neither true nor false"),
    (one(), ByLastId(), r"paging\.pointer: /has_more leads to neither true nor false"),
    (one(next=True), CURSOR, r"paging\.pointer: /next leads to bool, which is no cursor"),
    (one(meta={"next_cursor": "x"}), CURSOR, r"paging\.pointer: /next leads to nothing, and the answer has /meta/next_cursor"),
    (one(has_more=True), None, r"paging: is missing, and the answer has /has_more: the list goes on"),
    (one('</pay/x>; rel="next"'), None, r"paging: is missing, and the header Link has a next page"),
    (one('<https://elsewhere/x>; rel="next"'), ByLink(), r"paging: the next page is at another origin, https://elsewhere"),
    (one('</x>; rel="next"'), ByLink(), r"paging: the next page /x is not below spec\.base_url"),
    (lambda _query: 404, ByPage(), r"GET /captures\?limit=2&page=1: returned 404"),
    (lambda _query: 401, None, r"returned 401"),
]


@pytest.mark.parametrize(("answer", "paging", "says"), ENDLESS)
def test_a_list_that_does_not_end_as_described_is_named(answer, paging, says):
    """With exit code 2 before a load run, and unknown after it; nothing is read for ever, and no other host gets a credential."""
    service = Canned(answer, paging)
    done, listed = service.read()
    assert isinstance(listed, Gap)
    assert listed.reason is UnknownReason.ADAPTER_ERROR
    problem = list_problem("canned", done, Expected())
    assert problem.exit_code == 2
    assert problem.next_step.startswith("correct spec.audit.settlements.")
    with pytest.raises(ValueError, match=says):
        raise fault_of(done, Expected())
    assert len(service.asked) <= 3


@pytest.mark.parametrize("answer", [lambda _query: 503, lambda _query: 429, lambda _query: "connection refused"])
def test_a_service_that_fails_is_no_fault_of_the_file(answer):
    """Unknown, exit code 3."""
    done, listed = Canned(answer).read()
    assert isinstance(listed, Gap)
    assert list_problem("canned", done, Expected()).exit_code == 3


def test_a_list_is_bounded(monkeypatch):
    """A service that always has one more page, or one that is very large, is not read for ever."""
    monkeypatch.setattr(reading, "MOST_PAGES", 5)
    service = Canned(lambda query: {"data": items(len(query.get("cursor", ""))), "next": query.get("cursor", "") + "x"}, CURSOR)
    assert "more than 5 pages" in service.read()[1].detail
    assert len(service.asked) == 6
    monkeypatch.setattr(reading, "MOST_BYTES", 10)
    assert "10 bytes" in Canned(lambda _query: {"data": items(1)}).read()[1].detail


def test_a_list_that_changes_while_it_is_read_is_read_again():
    """A new item moves the others to later pages; an overlap that stays is named."""
    calls = []

    def moving(query):
        calls.append(query)
        shown = [1, 2, 3] if len(calls) == 1 else [0, 1, 2, 3]
        first = (int(query["page"]) - 1) * 2
        return {"data": items(*shown[first : first + 2])}

    _done, listed = Canned(moving, ByPage()).read(known(0, 1, 2, 3))
    assert [item.id for item in listed] == ["0", "1", "2", "3"]

    overlapping = {"1": (1, 2), "2": (2, 3), "3": ()}
    done, listed = Canned(lambda query: {"data": items(*overlapping[query["page"]])}, ByPage()).read()
    assert listed.detail == "settlements could not be read: item 2 is on page 1 and on page 2"
    assert list_problem("canned", done, known()) is None


def test_a_hasty_reader_ends_when_two_readings_are_equal_and_whole():
    """A settlement that is listed later is waited for, and a list that still changes is read again."""
    states = [items(1), items(1, 2), items(1, 2, 3), items(1, 2, 3)]
    service = Canned(lambda _query: {"data": states.pop(0)}, lag_s=300)
    _done, listed = service.read(known(1, 2), hasty=True)
    assert (len(listed), states) == (3, [])


def test_a_second_settlement_that_is_listed_within_the_lag_is_waited_for():
    """Two equal readings with all that was acknowledged do not show that nothing happened twice."""
    twice = [*items(1, 2), {**items(1)[0], "id": 3}]
    states = [items(1), items(1, 2), twice]
    service = Canned(lambda _query: {"data": states.pop(0)}, lag_s=300)
    done, listed = service.read(known(1, 2))
    assert ([item.payment_id for item in listed], states, done.waited_ms) == (["p1", "p2", "p1"], [], 300_000)


def test_without_a_lag_the_list_is_read_once():
    """What is missing then was not waited for."""
    service = Canned(lambda _query: {"data": items(1)})
    done, listed = service.read(known(1, 2))
    assert (len(listed), len(service.asked), done.waited_ms) == (1, 1, 0)


def test_the_reading_is_kept_and_gives_the_same_again():
    """Line by line, with every answer as it came, without the credential."""
    service = Canned(lambda query: {**by_cursor(query), "echo": "Bearer secret-of-this"}, CURSOR)
    done, listed = service.read()
    data = read_list_bytes(done)
    assert data.count(b"\n") == 4
    assert b"secret-of-this" not in data
    again = read_list_in(data, "readback.jsonl")
    assert (again, settlements_of(again, Expected({"p1"}))[0].id) == (done, listed[0].id)
