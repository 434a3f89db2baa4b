"""A client for the rail's control routes: set its script, read its counts and its own book."""

from types import TracebackType
from typing import Self
from urllib.parse import quote

import httpx
import msgspec

from gates.schema.canonical import Json
from gates.schema.errors import UnknownProblem, UsageProblem
from gates.schema.target import NamedTarget, Rail, fill, resolve
from gates.schema.target_checks import base_url_fault
from gates.schema.tls import tls_of
from loadtests.hostile.books import RailCounts, RailLine

_NEXT = "start the rail (`gonogo gateway rail`), then the service with its URL, and export GONOGO_RAIL_URL"


def rail_of(named: NamedTarget) -> Rail:
    """The rail of a target; raises UsageProblem if its file names none."""
    if named.target.rail is None:
        raise UsageProblem(f"the target {named.name!r} has no rail that can be scripted", next_step="add spec.rail to its file")
    return named.target.rail


def rail_url(named: NamedTarget) -> str:
    """The rail's URL, "" if the environment does not define it."""
    url = resolve(rail_of(named).url).rstrip("/")
    if fault := base_url_fault(url) if url else None:
        raise UsageProblem(f"the rail's URL {fault[0]}", next_step="correct spec.rail.url in the target file, or its variable")
    return url


class RailSide:
    """One rail, with the paths of its target section."""

    def __init__(self, named: NamedTarget) -> None:
        self._rail = rail_of(named)
        url = rail_url(named)
        if not url:
            raise UnknownProblem(f"the URL of the rail of {named.name!r} is not set", next_step=_NEXT)
        self._client = httpx.Client(base_url=url, timeout=10.0, trust_env=False, verify=tls_of(url))
        self.url = url

    def __enter__(self) -> Self:
        """The rail itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close the connections."""
        self._client.close()

    def misbehave(self, script: dict[str, Json]) -> None:
        """Set the script; an empty one is an honest rail."""
        self._ask("POST", self._rail.script, script)

    def think_again(self, key: str) -> None:
        """Have the rail charge a payout that it declined under this key."""
        assert self._rail.decide is not None, "the target defines this route of its rail"
        self._ask("POST", str(fill(self._rail.decide, {"key": quote(key, safe="")})), {"status": "succeeded"})

    def asked(self) -> dict[str, int]:
        """How many requests, to charge or to look up, named each key so far."""
        assert self._rail.asked is not None, "the target defines this route of its rail"
        return msgspec.json.decode(self._ask("GET", self._rail.asked), type=dict[str, int])

    def tell(self) -> None:
        """Have the rail send its webhooks to the service, if the target has a listener."""
        if self._rail.listener is not None:
            self._ask("POST", self._rail.webhooks, {"url": resolve(self._rail.listener)})

    def counts(self) -> RailCounts:
        """The requests to the rail so far, by its own count."""
        return msgspec.json.decode(self._ask("GET", self._rail.counts), type=RailCounts)

    def lines(self) -> tuple[RailLine, ...]:
        """The rail's own book, from its first line."""
        decoder, after = msgspec.json.Decoder(RailLine), 0
        found: list[RailLine] = []
        while True:
            body = self._ask("GET", str(fill(self._rail.book, {"after": str(after)})))
            page = [decoder.decode(line) for line in body.splitlines() if line.strip()]
            if not page:
                return tuple(found)
            for line in page:
                if line.seq <= after:
                    raise UnknownProblem(f"the rail's seq {line.seq} comes after {after}: it does not ascend")
                after = line.seq
            found.extend(page)

    def _ask(self, method: str, path: str, body: Json = None) -> bytes:
        what = f"{method} {self.url}{path}"
        try:
            answer = self._client.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise UnknownProblem(f"{what}: {error or type(error).__name__}", next_step=_NEXT) from None
        if not answer.is_success:
            raise UnknownProblem(f"{what}: returned {answer.status_code}: {answer.text[:200]}")
        return answer.content
