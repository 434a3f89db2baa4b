"""A source's program, run within its limits: what keeps it from an answer leaves its criteria unknown."""

from collections.abc import Mapping, Sequence
from typing import IO

from gates.adapters.shape import Unanswered
from gates.schema import program
from gates.schema.errors import Problem
from gates.schema.outcome import UnknownReason


def run_program(
    argv: Sequence[str],
    environ: Mapping[str, str],
    *,
    timeout_s: float,
    limit: int,
    stdin: IO[bytes] | None = None,
    own_session: bool = False,
) -> program.Done:
    """As `gates.schema.program.run_program`; raises Unanswered where that raises a problem."""
    try:
        return program.run_program(argv, environ, timeout_s=timeout_s, limit=limit, stdin=stdin, own_session=own_session)
    except Problem as problem:
        raise Unanswered(UnknownReason.ADAPTER_ERROR, problem.message) from None
