"""The door: every request comes in here. It serves reserve, settle and reverse itself and passes all others on to Litestar.

The three routes stand in Litestar, too, for whatever is not quite such a request. Both ways use the same checks (`Intake`),
records (`Records`) and answers (`decided_reply`), so a request means the same on either.
"""

import re
from collections.abc import Mapping

from granian.rsgi import HTTPProtocol, Scope  # type: ignore[attr-defined]  # as the library documents them

from gateway.api.headers import Headers
from gateway.api.mutations import Intake, decided_reply
from gateway.api.records import Records
from gateway.api.reply import Reply, problem_reply
from gateway.api.trail import Trail
from gateway.engine.service import Service
from gateway.errors import Refused
from gateway.routes import RESERVE, REVERSE, SETTLE, Route
from gateway.server.bridge import Bridge
from gateway.server.request import Bodies, Body, ClientGone, headers_of

_ROOT = RESERVE.template
_STEP = re.compile(re.escape(_ROOT) + r"/([^/?%#\x00-\x20\x7f-\U0010ffff]*)/(settle|reverse)")


class Door:
    """An RSGI application. `others` gets every request that is not one of the three."""

    def __init__(
        self, service: Service, records: Records, intakes: Mapping[Route, Intake], others: Bridge, bodies: Bodies
    ) -> None:
        self._service, self._records, self._others, self._bodies = service, records, others, bodies
        self._reserve = intakes[RESERVE]
        self._steps = {route.template.rsplit("/", 1)[1]: intakes[route] for route in (SETTLE, REVERSE)}

    async def __call__(self, scope: Scope, proto: HTTPProtocol) -> None:
        """Serve one request."""
        path = scope.path
        chosen = self.choose(path) if scope.method == "POST" and not scope.query_string else None
        if chosen is None:
            await self._others(scope, proto)
            return
        intake, ids = chosen
        headers = headers_of(scope)
        trail = self._records.begin("POST", path, headers)
        trail.route = intake.route.template
        body = Body(self._bodies, proto, headers)
        try:
            reply = await self._reply(body, intake, ids, headers, trail)
            trail.status = reply.status
        except ClientGone:
            return  # counted and logged; there is nobody to answer
        finally:
            self._records.end(trail)
        ending = await body.passed_over(intake.body_limit) if body.unread else []
        proto.response_bytes(reply.status, reply.headers + trail.headers + ending, reply.body)

    def choose(self, path: str) -> tuple[Intake, tuple[str, ...]] | None:
        """The route, and the ids in its path."""
        if path == _ROOT:
            return self._reserve, ()
        found = _STEP.fullmatch(path)
        return None if found is None else (self._steps[found[2]], (found[1],))

    async def _reply(self, body: Body, intake: Intake, ids: tuple[str, ...], headers: Headers, trail: Trail) -> Reply:
        try:
            principal = intake.door.admit(intake.route, headers, trail)
            mutation = intake.mutation(headers, trail, principal, await body.read(intake.body_limit), ids)
            return decided_reply(await self._service.mutate(mutation, trail.wait_s), mutation.key, trail)
        except Refused as refused:
            return problem_reply(refused.refusal, trail.request_id)
        except ClientGone:
            raise
        except Exception as error:  # noqa: BLE001  # whatever happens becomes an answer, and a line in the log
            return self._records.defect(trail, error)
