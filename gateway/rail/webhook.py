"""The rail's events: their signature and their form. No event decides a payout; it makes the gateway query the rail."""

import hashlib
import hmac
from typing import Annotated

import msgspec
from msgspec import Meta

SIGNATURE_HEADER = "rail-signature"
_SCHEME = "hmac-sha256="

Name = Annotated[str, Meta(min_length=1, max_length=255)]


class WebhookEvent(msgspec.Struct, frozen=True):
    """One event. Members that this version does not know are kept with the stored body, and mean nothing."""

    event_id: Name
    key: Name
    type: Name
    status: Name


def is_genuine(secret: str, body: bytes, header: str | None) -> bool:
    """Whether whoever knows the secret signed these very bytes; compared in constant time."""
    wanted = _SCHEME + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return header is not None and hmac.compare_digest(wanted.encode(), header.encode())


def read_event(body: bytes) -> WebhookEvent:
    """The event in a body; raises msgspec.DecodeError."""
    return msgspec.json.decode(body, type=WebhookEvent)
