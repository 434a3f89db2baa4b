"""The payments' own way in: a request of the three routes for which speed counts, served without task, scope or future.

The same routes stand in Litestar, for whatever is not quite such a request. What is asked of a request, what is kept of it and
what it is answered are the same code on both ways, so there is no second meaning. `runbooks/decisions` tells what was measured.
"""

import re
from collections.abc import Mapping
from typing import Protocol

from gateway.api.body import check_announced, too_large
from gateway.api.headers import Headers, wait_preference
from gateway.api.mutations import Intake, decided_reply
from gateway.api.records import Records
from gateway.api.reply import Reply, problem_reply
from gateway.commands import Principal
from gateway.engine.service import Service
from gateway.errors import Refused
from gateway.journal import Answer
from gateway.routes import RESERVE, REVERSE, SETTLE, Route

_ROOT = RESERVE.template.encode()
_STEP = re.compile(re.escape(_ROOT) + rb"/([^/?%#\x00-\x20\x7f-\xff]*)/(settle|reverse)")


class Connection(Protocol):
    """Where a request came from."""

    def answer(self, reply: Reply, more: bytes, *, keep_alive: bool) -> None:
        """Send the answer, with `more` header lines; then wait for the next request, or close."""


class Lane:
    """What all requests of the lane share."""

    def __init__(self, service: Service, records: Records, intakes: Mapping[Route, Intake]) -> None:
        self.service, self.records = service, records
        self._reserve = intakes[RESERVE]
        self._steps = {route.template.rsplit("/", 1)[1].encode(): intakes[route] for route in (SETTLE, REVERSE)}
        self._headers: list[tuple[bytes, bytes]] = []
        self._lines = b""

    def default_lines(self, headers: list[tuple[bytes, bytes]]) -> bytes:
        """The server's own headers, of which it makes a new list each second."""
        if headers is not self._headers:
            self._headers = headers
            self._lines = b"".join([b"%b: %b\r\n" % pair for pair in headers])
        return self._lines

    def choose(self, url: bytes) -> tuple[Intake, tuple[str, ...]] | None:
        """The route, and the ids in its path: for exactly the three templates, in no other spelling."""
        if url == _ROOT:
            return self._reserve, ()
        found = _STEP.fullmatch(url)
        if found is None:
            return None
        payment_id, step = found.groups()
        return self._steps[step], (payment_id.decode("ascii"),)


class LaneCall:
    """One request, where uvicorn keeps its own cycle: it asks `response_complete`, and sets `keep_alive` and `disconnected`.

    It waits for its own answer, too: a `Waiter` of the service.
    """

    __slots__ = (
        "_asked", "_body", "_connection", "_headers", "_ids", "_intake", "_key", "_lane", "_principal", "_trail", "disconnected",
        "keep_alive", "response_complete",
    )  # fmt: skip

    def __init__(
        self,
        lane: Lane,
        connection: Connection,
        chosen: tuple[Intake, tuple[str, ...]],
        url: bytes,
        headers: Headers,
        keep_alive: bool,
    ) -> None:
        self.disconnected = False
        self.response_complete = False
        self.keep_alive = keep_alive
        self._lane, self._connection = lane, connection
        self._intake, self._ids = chosen
        self._headers = headers
        self._body = b""
        self._asked = False
        self._principal: Principal | None = None
        self._key = ""
        self._trail = lane.records.begin("POST", url.decode("ascii"), headers)
        self._trail.route = self._intake.route.template

    @property
    def message_event(self) -> "LaneCall":
        """What uvicorn calls `set` of when the connection is lost."""
        return self

    def begin(self) -> None:
        """Look at what stands in the head: who calls, and how much is to come."""
        intake = self._intake
        try:
            self._principal = intake.door.admit(intake.route, self._headers, self._trail)
            check_announced(self._headers, intake.body_limit)
        except Exception as error:  # noqa: BLE001  # whatever happens becomes an answer: the parser would take it for bad HTTP
            self._refuse(error)

    def take(self, part: bytes) -> None:
        """A part of the body has come; none is kept beyond what is allowed."""
        if self.response_complete:
            return
        self._body = self._body + part if self._body else part
        if len(self._body) > self._intake.body_limit:
            self._refuse(too_large(self._intake.body_limit))

    def ask(self) -> None:
        """The whole request is there."""
        if self.response_complete:
            return
        headers = self._headers
        assert self._principal is not None, "whoever is not admitted has been answered"
        try:
            mutation = self._intake.mutation(headers, self._trail, self._principal, self._body, self._ids)
            self._asked, self._key = True, mutation.key
            self._lane.service.mutate_for(self, mutation, wait_preference(headers))
        except Exception as error:  # noqa: BLE001  # the same
            self._refuse(error)

    def set(self) -> None:
        """The caller is gone; once the service has been asked, its answer is waited for all the same."""
        if self.disconnected and not self._asked and not self.response_complete:
            self._asked = True
            self._lane.records.end(self._trail)

    def done(self) -> bool:
        """The answer is counted and logged, even if the caller is gone."""
        return False

    def set_result(self, result: Answer, /) -> None:
        """There is an answer."""
        try:
            self._send(decided_reply(result, self._key))
        except Exception as error:  # noqa: BLE001  # whoever tells has other callers to serve
            self._refuse(error)

    def set_exception(self, exception: Exception, /) -> None:
        """There is none."""
        self._refuse(exception)

    def _refuse(self, error: Exception) -> None:
        if isinstance(error, Refused):
            reply = problem_reply(error.refusal, self._trail.request_id)
        else:
            reply = self._lane.records.defect(self._trail, error)
        if not self.response_complete:  # an answer leaves once, even if what follows it fails
            self._send(reply)

    def _send(self, reply: Reply) -> None:
        trail = self._trail
        trail.status = reply.status
        self.response_complete = True
        self._lane.records.end(trail)
        self._connection.answer(reply, trail.lines, keep_alive=self.keep_alive)
