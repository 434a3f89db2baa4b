"""Was the fault seen, and its end? What a drill did not observe is unknown, and is never counted."""

from collections.abc import Mapping

from drills.inquiry import read_instance
from gates.schema.errors import Problem, UnknownProblem
from gates.schema.target import Target

GONE_S = 10.0
"""How long after a kill a service may still be seen."""

LOOKS = 3
"""How often the id is read at a time, each on a connection of its own: two processes behind one address give two ids."""


class Unobserved(UnknownProblem):
    """The fault, or its end, was not observed, so nothing after it is evidence of anything."""


class InstanceWatch:
    """The id of the running instance, before and after a kill; silent for a target that does not report one."""

    def __init__(self, target: Target) -> None:
        self._target, self._known = target, ""

    def remember(self, environ: Mapping[str, str]) -> None:
        """Read the id of the instance that runs now."""
        self._known = self._read(environ)

    def require_same(self, environ: Mapping[str, str]) -> None:
        """Read the id before a kill; raise Unobserved if it has changed without one: then a change would show nothing."""
        before, self._known = self._known, self._read(environ)
        if before not in ("", self._known):
            raise Unobserved("spec.instance changed before anything was killed, so that a change shows no restart")

    def require_other(self, environ: Mapping[str, str]) -> None:
        """Raise Unobserved if the id is that from before the kill."""
        before = self._known
        self.remember(environ)
        if before and self._known == before:
            raise Unobserved("spec.instance is the same as before the kill: it is the same process")

    def _read(self, environ: Mapping[str, str]) -> str:
        if self._target.instance is None:
            return ""
        try:
            found = {read_instance(self._target, environ) for _ in range(LOOKS)}
        except Problem as problem:
            raise Unobserved(f"spec.instance cannot be read: {problem.message}", next_step=problem.next_step) from None
        if len(found) > 1:
            raise Unobserved(f"spec.instance gave {len(found)} ids in {LOOKS} reads: it shows no restart")
        return found.pop()
