"""Handlers of the routes that change something: check in the promised order, then hand over to the engine.

They are ordinary Litestar handlers that take the request and return ASGI bytes. Litestar's typed body (`JSONBody[T]`) would
decode before the handler runs, hence before the caller is known to be allowed, would accept other media types and doubled
members, and costs twice as much as the whole of this: 40 us a request against 19. What the signature would add to the
OpenAPI document is in the route table anyway, and `gateway.api.openapi` reads it from there.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Request
from litestar.types import ASGIApp, HTTPScope, Receive

from gateway.api.addresses import AddressDecoder
from gateway.api.admission import Doorkeeper, checked_ids
from gateway.api.body import BodyDecoder, read_body
from gateway.api.headers import Headers, check_json, idempotency_key, wait_preference
from gateway.api.networks import Networks
from gateway.api.queries import read_query
from gateway.api.reply import CHALLENGE, Reply, Silence, problem_reply
from gateway.api.trail import Trail, trail_of
from gateway.commands import Principal
from gateway.engine.service import Service
from gateway.errors import Refused
from gateway.idempotency.claim import Mutation, replay_headers
from gateway.journal import Answer
from gateway.routes import Route

Handler = Callable[[Request[Any, Any, Any]], Awaitable[ASGIApp]]
Answerer = Callable[[HTTPScope, Receive], Awaitable[ASGIApp]]


def mutation_handler(answerer: Answerer) -> Handler:
    """The Litestar handler around a mutating route's answerer."""

    async def handle(request: Request[Any, Any, Any]) -> ASGIApp:
        return await answerer(request.scope, request.receive)

    return handle


class Intake:
    """What one mutating route asks of a request before it is decided, whichever way the request came in."""

    def __init__(self, route: Route, door: Doorkeeper, body_limit: int, networks: Networks) -> None:
        assert route.command is not None, "a mutation has a command"
        self._networks = networks
        self.route = route
        self.body_limit = body_limit
        self.door = door
        has_address = "address" in route.command.__struct_fields__
        self._decoder = AddressDecoder(route.command) if has_address else BodyDecoder(route.command)

    def admit(self, scope: HTTPScope, headers: Headers, trail: Trail) -> Principal:
        """The caller, who needs no credential where the route is open to anybody; raises Refused."""
        if self.route.is_anonymous:
            return self.door.admit_anybody(self.route, headers, trail, self._networks.of(scope, headers))
        return self.door.admit(self.route, headers, trail)

    def mutation(
        self, headers: Headers, trail: Trail, principal: Principal, body: bytes, ids: tuple[str, ...], query: bytes = b""
    ) -> Mutation:
        """The request once its body is there: syntax, then key, then path ids; raises Refused."""
        if body:
            check_json(headers)
        command, body = self._decoder.decode(body)
        if query:
            read_query(self.route.kind, query)
        key = idempotency_key(headers)
        trail.route, trail.wait_s = self.route.template, wait_preference(headers)
        trail.complete_at = self.door.monotonic()
        return Mutation(self.route, principal, checked_ids(ids), key, "", command, body, trail.request_id)


def mutation_answerer(intake: Intake, engine: Service) -> Answerer:
    """What one mutating route does with a request, on plain ASGI."""

    async def answer(scope: HTTPScope, receive: Receive) -> ASGIApp:
        trail = trail_of(scope)
        try:
            headers = Headers.of_asgi(scope["headers"])
            principal = intake.admit(scope, headers, trail)
            body = await read_body(headers, receive, intake.body_limit)
            if body is None:
                return Silence()
            ids = tuple(scope["path_params"].values())
            mutation = intake.mutation(headers, trail, principal, body, ids, scope["query_string"])
        except Refused as refused:
            return problem_reply(refused.refusal, trail.request_id)
        decided = await engine.mutate(mutation, trail.wait_s)
        if intake.route.revokes and decided.status < 400:
            intake.door.forget()
        return decided_reply(decided, mutation.key, trail, secret=intake.route.secret and decided.status < 400)

    return answer


def decided_reply(decided: Answer, key: str, trail: Trail, *, secret: bool = False) -> Reply:
    """A decision as it leaves, with the headers that its replays will carry, too."""
    if decided.status >= 500:
        trail.outcome = decided.outcome
    at, body = decided.decided_at, decided.body
    headers = (*decided.headers, CHALLENGE) if decided.status == 401 else decided.headers
    stored = None if at is None else replay_headers(key, at, body, replayed=decided.replayed, secret=secret)
    return Reply(decided.status, body, decided.media_type, headers, stored)
