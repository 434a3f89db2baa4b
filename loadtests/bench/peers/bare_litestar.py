"""The control: an ordinary Litestar route that only decodes a JSON body and returns it."""

import msgspec
from litestar import Litestar, get, post
from litestar.params import JSONBody


class Echo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A body the size of a reserve's."""

    wallet_id: str
    payee_id: str
    amount: str
    currency: str
    client_reference: str | None = None


@post("/echo", status_code=200)
async def echo(data: JSONBody[Echo]) -> Echo:
    """The request's body."""
    return data


@get("/readyz")
async def readyz() -> dict[str, str]:
    """Whether it serves."""
    return {"status": "ready"}


def create_app(database: str, payments: int) -> Litestar:  # noqa: ARG001  # every peer is made with these
    """The application; it has no database."""
    return Litestar([echo, readyz], openapi_config=None, logging_config=None)
