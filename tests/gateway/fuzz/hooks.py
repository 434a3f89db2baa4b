"""What schemathesis is told about clients of a payment service: a well-formed key is never used for a second request.

Reuse is refused with 422 on purpose, and tested where it belongs; here it would only hide what else is to be found.
"""

import itertools
import os

import schemathesis

from gateway.api.headers import Headers, idempotency_key
from gateway.errors import Refused

_NUMBERS = itertools.count(1)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Number the keys that the gateway would take."""
    sent = (case.headers or {}).get("Idempotency-Key")
    if not isinstance(sent, str) or not sent.isascii():
        return
    try:
        key = idempotency_key(Headers.of_asgi([(b"idempotency-key", sent.encode())]))
    except Refused:
        return
    fresh = f"fuzz-{os.getpid()}-{next(_NUMBERS)}-{key}"[:255]
    quoted = fresh.replace("\\", "\\\\").replace('"', '\\"')
    case.headers["Idempotency-Key"] = f'"{quoted}"' if sent.startswith('"') else fresh
