"""What everybody may read: is it alive, is it ready, its metrics, its public keys, its OpenAPI document."""

from collections.abc import Callable
from typing import Any

import msgspec
from litestar import Request
from litestar.types import ASGIApp

from gateway.api.mutations import Handler
from gateway.api.reply import JSON, Reply, json_reply, problem_reply
from gateway.api.trail import trail_of
from gateway.engine.service import Service
from gateway.errors import Code, Refusal
from gateway.mailing import MailMode
from gateway.telemetry.metrics import METRICS_TYPE, Metrics

JWKS_TYPE = "application/jwk-set+json"
OPENAPI_PATH = "/schema/openapi.json"


class HealthView(msgspec.Struct, frozen=True):
    """`ok`: this process answers."""

    status: str


class ReadyView(msgspec.Struct, frozen=True):
    """`ready`: the gateway takes payments. `mail` is how codes reach users: smtp, record, log or none."""

    status: str
    mail: MailMode


class PublicRoute(msgspec.Struct, frozen=True):
    """A route that needs no key."""

    path: str
    kind: str
    summary: str
    media_type: str


HEALTHZ = PublicRoute("/healthz", "healthz", "Whether the process answers", JSON)
READYZ = PublicRoute("/readyz", "readyz", "Whether the gateway takes payments", JSON)
METRICS = PublicRoute("/metrics", "metrics", "Metrics for Prometheus", METRICS_TYPE)
JWKS = PublicRoute("/.well-known/gonogo-keys.json", "jwks", "The keys that verify receipts, as a JWKS", JWKS_TYPE)

AUTH = PublicRoute("/.well-known/gonogo-auth.json", "auth", "How to sign in: sign-up mode, address, mail, build and time", JSON)

PUBLIC = (HEALTHZ, READYZ, METRICS, JWKS, AUTH)
"""The document's own route is not among them: an OpenAPI document does not describe how it is fetched."""


def public_handlers(engine: Service, metrics: Metrics, document: bytes) -> dict[str, Handler]:
    """A handler for each public path."""
    mode = engine.settings.mail.mode

    def ready(request_id: str) -> Reply:
        reason = engine.ready()
        if reason is None:
            return json_reply(ReadyView("ready", mode))
        code = Code.DRAINING if engine.draining else Code.STORAGE_UNUSABLE
        return problem_reply(Refusal(code, reason), request_id)

    return {
        HEALTHZ.path: _handler(lambda _: json_reply(HealthView("ok"))),
        READYZ.path: _handler(ready),
        METRICS.path: _handler(lambda _: Reply(200, metrics.text(), METRICS_TYPE)),
        JWKS.path: _handler(lambda _: Reply(200, engine.jwks(), JWKS_TYPE)),
        AUTH.path: _handler(lambda _: json_reply(engine.auth())),
        OPENAPI_PATH: _handler(lambda _: Reply(200, document, JSON)),
    }


def _handler(answer: Callable[[str], Reply]) -> Handler:
    async def handle(request: Request[Any, Any, Any]) -> ASGIApp:
        return answer(trail_of(request.scope).request_id)

    return handle
