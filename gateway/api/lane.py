"""The payments' own way past the router: choosing a route and building a request object cost more than a settle.

The routes stand in Litestar as well, for every other method and for what is not quite such a path; the same answerer serves
both, so there is no second meaning. `runbooks/decisions` tells what was measured.
"""

from typing import cast

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from gateway.api.mutations import Answerer
from gateway.routes import RESERVE, REVERSE, SETTLE, Route

LANE_ROUTES = (RESERVE, SETTLE, REVERSE)
_ROOT = RESERVE.template


class Lane:
    """Serves `POST /v1/payments`, `.../settle` and `.../reverse` itself, and passes all else on to `app`."""

    def __init__(self, app: ASGIApp, answerers: dict[Route, Answerer]) -> None:
        self._app = app
        self._reserve = answerers[RESERVE]
        self._steps = {route.template.rsplit("/", 1)[1]: (route, answerers[route]) for route in (SETTLE, REVERSE)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == ScopeType.HTTP and scope["method"] == "POST":
            chosen = self._choose(scope["path"])
            if chosen is not None:
                route, answerer, ids = chosen
                extended = cast("dict[str, object]", scope)
                extended["path_params"], extended["path_template"] = ids, route.template
                reply = await answerer(scope, receive)
                await reply(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _choose(self, path: str) -> tuple[Route, Answerer, dict[str, str]] | None:
        if path == _ROOT:
            return RESERVE, self._reserve, {}
        where, _, step = path.rpartition("/")
        if step not in self._steps:
            return None
        root, _, payment_id = where.rpartition("/")
        return (*self._steps[step], {"payment_id": payment_id}) if root == _ROOT else None
