"""Where the HTTP service is put together: routes from the table, the edge around them, nothing global."""

import re
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from litestar import Litestar, Request
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from gateway.api.admission import Doorkeeper
from gateway.api.failures import allow, exception_handlers
from gateway.api.mutations import Answerer, Handler, Intake, mutation_answerer, mutation_handler
from gateway.api.networks import Networks
from gateway.api.openapi import document
from gateway.api.public import OPENAPI_PATH, PUBLIC, public_handlers
from gateway.api.reads import dry_run_handler, read_handler
from gateway.api.records import Edge, Records
from gateway.api.reply import JSON, Reply
from gateway.api.series import SLO_ROUTES, all_series
from gateway.api.webhooks import WEBHOOK_PATH, webhook_handler
from gateway.build import VERSION
from gateway.engine.service import Service
from gateway.routes import DRY_RUN, MUTATIONS, ROUTES, Route
from gateway.server.bridge import Bridge
from gateway.server.door import Door
from gateway.server.request import Bodies
from gateway.settings import Settings
from gateway.telemetry.access_log import AccessLog
from gateway.telemetry.metrics import Metrics

PUBLIC_PATHS = (*(public.path for public in PUBLIC), OPENAPI_PATH)


class App(NamedTuple):
    """The gateway's ways in: `door` is what the HTTP server calls; `asgi` and `bridge` serve every request without it."""

    asgi: ASGIApp
    bridge: Bridge
    door: Door


def create_app(
    engine: Service,
    settings: Settings,
    log: AccessLog | None = None,
    monotonic: Callable[[], float] = time.perf_counter,
) -> App:
    """The app of a started engine; starting and draining it is the caller's. Without a log it is standard error's."""
    log = log or AccessLog(sys.stderr.buffer, settings.clock)
    metrics = Metrics(engine.build, VERSION, all_series(), SLO_ROUTES)
    engine.listeners.append(metrics.decided)
    engine.observe_commits(metrics.committed)
    metrics.watch(engine, settings.mail.mode)
    if settings.rail_url or settings.rail:
        metrics.slo_events.watch_rail(lambda: engine.rail_open, monotonic)
    records = Records(settings.ids, monotonic, metrics, log)
    door = Doorkeeper(engine, monotonic, metrics.limited)
    networks = Networks(settings.trusted_proxies)
    intakes = {route: Intake(route, door, settings.body_limit, networks) for route in MUTATIONS}
    answerers = {route: mutation_answerer(intake, engine) for route, intake in intakes.items()}
    public = public_handlers(engine, metrics, document())
    inner = Litestar(
        route_handlers=[
            # First, or Litestar would add its own, which does not know of HEAD.
            *(_route("OPTIONS", path, f"OPTIONS {path}", _options(methods)) for path, methods in _methods().items()),
            *(
                _route(route.method, route.template, route.kind, _handler(route, answerers, engine, door, settings))
                for route in ROUTES
            ),
            *(_route("GET", path, path, handler) for path, handler in public.items()),
            _route("POST", WEBHOOK_PATH, WEBHOOK_PATH, webhook_handler(engine, settings)),
        ],
        exception_handlers=exception_handlers(_template_finder(), records.defect),
        openapi_config=None,
        logging_config=None,
        request_max_body_size=settings.body_limit,
    )
    asgi = Edge(inner, records)
    bodies = Bodies(settings.limits.body_s)
    bridge = Bridge(asgi, bodies, settings.body_limit)
    return App(asgi, bridge, Door(engine, records, intakes, bridge, bodies))


def _handler(route: Route, answerers: dict[Route, Answerer], engine: Service, door: Doorkeeper, settings: Settings) -> Handler:
    if route in answerers:
        return mutation_handler(answerers[route])
    if route is DRY_RUN:
        return dry_run_handler(engine, door, settings.body_limit)
    return read_handler(route, engine, door)


def _route(method: str, template: str, name: str, handler: Handler) -> HTTPRouteHandler:
    path = re.sub(r"\{(\w+)\}", r"{\1:str}", template)
    return HTTPRouteHandler(path, http_method=HttpMethod(method), name=name, status_code=200)(handler)


def _methods() -> dict[str, set[str]]:
    methods: dict[str, set[str]] = {path: {"GET"} for path in PUBLIC_PATHS} | {WEBHOOK_PATH: {"POST"}}
    for route in ROUTES:
        methods.setdefault(route.template, set()).add(route.method)
    return methods


def _options(methods: set[str]) -> Handler:
    offered = allow(methods)

    async def handle(request: Request[Any, Any, Any]) -> ASGIApp:  # noqa: ARG001  # Litestar reads the name
        return Reply(204, b"", JSON, (("allow", offered),))

    return handle


def _template_finder() -> Callable[[str], str | None]:
    """Which template a path belongs to, whatever the method; the router gives it only when the method fits, too."""
    patterns = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + "/?"), path) for path in sorted(_methods())]
    return partial(_first_match, patterns)


def _first_match(patterns: list[tuple[re.Pattern[str], str]], path: str) -> str | None:
    return next((template for pattern, template in patterns if pattern.fullmatch(path)), None)
