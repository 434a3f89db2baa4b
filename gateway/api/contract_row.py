"""What a row of the table of answers says."""

import msgspec

from gateway.api.reply import JSON
from gateway.errors import Code

NDJSON = "application/x-ndjson"


class Contract(msgspec.Struct, frozen=True):
    """One route's answers. `refusals` are those of its own, without the ones that all routes of its kind share."""

    status: int
    answer: type[msgspec.Struct]
    refusals: tuple[Code, ...] = ()
    media_type: str = JSON
    also: dict[int, str] = {}
