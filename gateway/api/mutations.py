"""Handlers of the routes that change something: check in the promised order, then hand over to the engine.

They are ordinary Litestar handlers that take the request and return ASGI bytes. Litestar's typed body (`JSONBody[T]`) would
decode before the handler runs, hence before the caller is known to be allowed, would accept other media types and doubled
members, and costs twice as much as the whole of this: 40 us a request against 19. What the signature would have told the
OpenAPI document is in the route table anyway, and `gateway.openapi` reads it from there.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Request
from litestar.types import ASGIApp, HTTPScope, Receive

from gateway.api.admission import Doorkeeper, path_ids
from gateway.api.body import BodyDecoder, read_body
from gateway.api.headers import Headers, check_json, idempotency_key, wait_preference
from gateway.api.queries import read_query
from gateway.api.reply import Reply, Silence, problem_reply
from gateway.api.trail import trail_of
from gateway.errors import Refused
from gateway.idempotency import Mutation, replay_headers
from gateway.journal import Answer
from gateway.routes import Route
from gateway.service import Service

Handler = Callable[[Request[Any, Any, Any]], Awaitable[ASGIApp]]
Answerer = Callable[[HTTPScope, Receive], Awaitable[ASGIApp]]


def mutation_handler(answerer: Answerer) -> Handler:
    """The Litestar handler around a mutating route's answerer."""

    async def handle(request: Request[Any, Any, Any]) -> ASGIApp:
        return await answerer(request.scope, request.receive)

    return handle


def mutation_answerer(route: Route, engine: Service, door: Doorkeeper, body_limit: int) -> Answerer:
    """What one mutating route does with a request, on plain ASGI."""
    assert route.command is not None, "a mutation has a command"
    decoder = BodyDecoder(route.command)

    async def answer(scope: HTTPScope, receive: Receive) -> ASGIApp:
        trail = trail_of(scope)
        try:
            headers = Headers(scope["headers"])
            principal = door.admit(route, headers, trail)
            body = await read_body(headers, receive, body_limit)
            if body is None:
                return Silence()
            if body:
                check_json(headers)
            command, body = decoder.decode(body)
            if scope["query_string"]:
                read_query(route.kind, scope["query_string"])
            key = idempotency_key(headers)
            ids = path_ids(scope)
        except Refused as refused:
            return problem_reply(refused.refusal, trail.request_id)
        mutation = Mutation(route, principal, ids, key, "", command, body, trail.request_id)
        decided = await engine.mutate(mutation, wait_preference(headers))
        return _reply(decided, key)

    return answer


def _reply(decided: Answer, key: str) -> Reply:
    headers = decided.headers
    if decided.decided_at is not None:
        headers = (*replay_headers(key, decided.decided_at, decided.body, replayed=decided.replayed), *headers)
    return Reply(decided.status, decided.body, decided.media_type, headers)
