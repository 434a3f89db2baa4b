"""Which build is under review? The one that the running service reports, at the place that its target file names."""

import re
from collections.abc import Mapping

from gates.probes.client import TargetClient
from gates.probes.conduct import read_subject
from gates.schema.errors import UnknownProblem, UsageProblem
from gates.schema.target import NamedTarget

_SHA256 = re.compile(r"[0-9a-f]{64}")
_NEXT = "start the service, or name the build with --build SHA256"


def read_build(named: NamedTarget, environ: Mapping[str, str] | None = None) -> str:
    """The sha256 of the build that answers at the target now, with credentials from `environ` (None: this process's).

    Raises UnknownProblem if the service does not report its build, or does not answer.
    """
    if named.target.build is None:
        raise UnknownProblem(f"the target {named.name} has no `build`: where the service reports its build", next_step=_NEXT)
    try:
        with TargetClient(named, nonce="build", environ=environ) as client:
            subject = read_subject(client, None)
    except UnknownProblem as problem:
        raise UnknownProblem(f"the build of {named.name} is not known: {problem.message}", next_step=_NEXT) from None
    return subject.digest["sha256"]


def require_sha256(text: str) -> str:
    """The text, if it is a sha256 in lower-case hex; raises UsageProblem otherwise."""
    if not _SHA256.fullmatch(text):
        raise UsageProblem(f"--build {text!r} is not a sha256 of 64 lower-case hex digits")
    return text
