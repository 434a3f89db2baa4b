"""Where is a source queried? Addresses, headers and variables resolved from the environment, and what of them is secret."""

from collections.abc import Mapping

from gates.adapters.querying import USUAL
from gates.adapters.shape import Scene, Unanswered
from gates.schema.outcome import UnknownReason
from gates.schema.source import CollectedSource, Request


def make_scene(request: Request, now: str, environ: Mapping[str, str]) -> Scene:
    """The scene of one source; raises Unanswered naming a variable that is not set."""
    names = _variables(request.source)
    missing = [name for name in names if name not in environ]
    if missing:
        raise Unanswered(UnknownReason.MISSING, f"the environment variable {missing[0]} is not set")
    usual = {name: environ[name] for name in USUAL if name in environ}
    own = {name: environ[name] for name in names}
    return Scene(now, environ={**usual, **own}, secrets=tuple(own.values()))


def _variables(source: CollectedSource) -> tuple[str, ...]:
    """The variables that a source names for its command."""
    return tuple(getattr(source, "environment", ()))
