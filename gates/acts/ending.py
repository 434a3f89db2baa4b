"""When does an act end? A moment, or a duration from now."""

import datetime as dt

from gates.schema.errors import UsageProblem
from gates.schema.time import format_utc, parse_duration_s, parse_utc


def ending(text: str, now: dt.datetime) -> str:
    """The moment in RFC 3339; raises UsageProblem for a text that is neither."""
    try:
        return format_utc(now + dt.timedelta(seconds=parse_duration_s(text)))
    except OverflowError:
        raise UsageProblem(f"{text!r} is too long") from None
    except UsageProblem:
        return format_utc(parse_utc(text))
