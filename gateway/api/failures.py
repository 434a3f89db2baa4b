"""Problem documents for what the framework refuses and for unexpected errors, in the same form as every other one."""

from collections.abc import Callable
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException

from gateway.api.reply import Headers, Reply, problem_reply
from gateway.api.trail import Trail, trail_of
from gateway.errors import Code, Refusal

AnyRequest = Request[Any, Any, Any]
ExceptionHandlers = dict[int | type[Exception], Callable[[AnyRequest, Any], Response[Any]]]


def allow(methods: set[str]) -> str:
    """The Allow header's value: HEAD comes with GET, and OPTIONS is offered everywhere."""
    return ", ".join(sorted(methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())))


def exception_handlers(
    template_of: Callable[[str], str | None], defect: Callable[[Trail, Exception], Reply]
) -> ExceptionHandlers:
    """The rows that cover everything Litestar may raise or let through.

    `template_of` finds the route of a path; `defect` has the answer to what nobody expected.
    """

    def framework(request: AnyRequest, error: Exception) -> Response[bytes]:
        assert isinstance(error, HTTPException), "registered for nothing else"
        trail = trail_of(request.scope)
        headers: Headers = ()
        if isinstance(error, MethodNotAllowedException):
            trail.route = template_of(trail.path)
            offered = allow({name.strip() for name in (error.headers or {}).get("allow", "").split(",")})
            headers = (("allow", offered),)
            refusal = Refusal(Code.METHOD_NOT_ALLOWED, f"This path offers {offered}.")
        elif isinstance(error, NotFoundException):
            refusal = Refusal(Code.NOT_FOUND, "There is no such path.")
        else:
            refusal = Refusal(Code.INVALID_REQUEST, error.detail)
        return _response(problem_reply(refusal, trail.request_id, headers))

    def unexpected(request: AnyRequest, error: Exception) -> Response[bytes]:
        return _response(defect(trail_of(request.scope), error))

    return {HTTPException: framework, Exception: unexpected}


def _response(reply: Reply) -> Response[bytes]:
    headers = dict(reply.headers)
    media_type = headers.pop("content-type")
    return Response(reply.body, status_code=reply.status, headers=headers, media_type=media_type)
