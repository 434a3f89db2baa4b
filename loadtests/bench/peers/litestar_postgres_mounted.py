"""The group commit peer with its settle past Litestar's router: an ASGI application mounted below /payments.

It has none of the router's features (validation, injection, exception handling), and shows the speed of the storage alone.
"""

from typing import cast

import msgspec
from litestar import Litestar, asgi
from litestar.types import HTTPScope, Receive, Scope, Send

from loadtests.bench.peers import settling
from loadtests.bench.peers.grouped import Decided, Wanted, Writer
from loadtests.bench.peers.litestar_postgres_group import grouped_app

_BODY = msgspec.json.Decoder(settling.Settle)


@asgi("/payments", is_mount=True, copy_scope=False)
async def payments_asgi(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve `POST /payments/{payment_id}/settle`."""
    decided = await _settle(cast("HTTPScope", scope), receive)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(decided.body)).encode()),
        (b"idempotent-replayed", b"true" if decided.replayed else b"false"),
    ]
    await send({"type": "http.response.start", "status": decided.status, "headers": headers})
    await send({"type": "http.response.body", "body": decided.body, "more_body": False})


async def _settle(scope: HTTPScope, receive: Receive) -> Decided:
    parts = scope["path"].strip("/").split("/")
    key = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"idempotency-key"), "")
    if scope["method"] != "POST" or len(parts) != 2 or parts[1] != "settle":
        return _refused(404, "not_found")
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return _refused(400, "invalid_request")
        body += message["body"]
        more = message["more_body"]
    try:
        amount = _BODY.decode(body).amount
    except msgspec.MsgspecError:
        return _refused(400, "invalid_request")
    if not 16 <= len(key) <= 255:
        return _refused(400, "idempotency_key_missing")
    writer: Writer = scope["litestar_app"].state.writer
    return await writer.settle(Wanted(parts[0], amount, key, settling.fingerprint(parts[0], amount)))


def _refused(status: int, code: str) -> Decided:
    return Decided(status, settling.Refused(status, code).body)


def create_app(database: str, payments: int) -> Litestar:
    """The application with its own database at the server whose socket is in the folder `database`."""
    return grouped_app(payments_asgi, database, "mounted", payments)
