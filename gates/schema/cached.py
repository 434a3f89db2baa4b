"""Did a cache answer in place of the service? By the headers with which caches say so; what cannot be read counts as one."""

import re
from collections.abc import Mapping

_STALE = re.compile(r"(?:^|,)\s*11[0-3]\b")  # RFC 7234, 5.5: the warnings of a cache that answers with what it has
_HIT = re.compile(r"\bhit\b", re.IGNORECASE)
_SAY_HIT = ("cache-status", "x-cache", "cf-cache-status", "x-cache-status", "x-proxy-cache")


def cache_fault(headers: Mapping[str, str], *, oldest_s: int = 0) -> str:
    """Why an answer does not show what the service says now: "" where no cache gave it, or one at most `oldest_s` seconds ago."""
    own = {name.lower(): value for name, value in headers.items()}
    age = own.get("age", "").strip()
    if age and not re.fullmatch("[0-9]{1,12}", age):
        return "a cache answered, and its Age is no number of seconds"
    if age and int(age) > oldest_s:
        return f"a cache answered, {int(age)} s old"
    if _STALE.search(own.get("warning", "")):
        return "a cache answered with what may be stale"
    if not age and any(_HIT.search(own.get(name, "")) for name in _SAY_HIT):
        return "a cache answered, and does not say how old that is"
    return ""
