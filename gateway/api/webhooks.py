"""The rail's door: an event is taken if the rail signed it, stored before anything is made of it, and taken once.

It is no route of callers: no API key opens it, and the OpenAPI document, which is theirs, does not list it.
"""

from typing import Any

import msgspec
from litestar import Request
from litestar.types import ASGIApp

from gateway.api.body import read_body
from gateway.api.headers import Headers
from gateway.api.mutations import Handler
from gateway.api.reply import Silence, json_reply, problem_reply
from gateway.api.trail import trail_of
from gateway.engine.service import Service
from gateway.errors import Code, Refusal, Refused
from gateway.rail.webhook import SIGNATURE_HEADER, is_genuine, read_event
from gateway.settings import Settings
from gateway.store.payout_rows import RailEventRow
from gateway.store.port import StorageError

WEBHOOK_PATH = "/rail/webhooks"


class StoredView(msgspec.Struct, frozen=True):
    """The response to the rail: `new` is false for an event that was taken before."""

    event_id: str
    new: bool


def webhook_handler(engine: Service, settings: Settings) -> Handler:
    """Take one event; whatever is not answered with 202 is to be sent again."""

    async def handle(request: Request[Any, Any, Any]) -> ASGIApp:
        scope = request.scope
        trail = trail_of(scope)
        headers = Headers.of_asgi(scope["headers"])
        try:
            body = await read_body(headers, request.receive, settings.body_limit)
            if body is None:
                return Silence()
            event = _event(settings.rail_secret, body, headers)
            if engine.draining:
                raise Refused(Refusal(Code.DRAINING, "the gateway is shutting down"))
            new = await engine.take_rail_event(event)
        except Refused as refused:
            return problem_reply(refused.refusal, trail.request_id)
        except StorageError as failed:
            return problem_reply(Refusal(failed.code, failed.detail), trail.request_id)
        return json_reply(StoredView(event.rail_event_id, new), 202)

    return handle


def _event(secret: str | None, body: bytes, headers: Headers) -> RailEventRow:
    """The event, once it is known to be the rail's; raises Refused."""
    if secret is None:
        raise Refused(Refusal(Code.RAIL_UNAVAILABLE, "GONOGO_RAIL_SECRET is not set: no event can be verified"))
    if headers.repeats(SIGNATURE_HEADER) or not is_genuine(secret, body, headers.get(SIGNATURE_HEADER)):
        raise Refused(Refusal(Code.UNAUTHENTICATED, "The Rail-Signature header does not fit the body."))
    try:
        event = read_event(body)
    except msgspec.DecodeError as error:
        raise Refused(Refusal(Code.INVALID_REQUEST, str(error))) from None
    return RailEventRow(event.event_id, event.key, event.type, event.status, body, 0)
