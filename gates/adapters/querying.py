"""Querying one source in a child process: with the variables that it names and no others, within its time and a size."""

import tempfile
from collections.abc import Mapping

import msgspec

from gates.adapters.answer import Answer, found_in, without_files
from gates.adapters.child import Order
from gates.adapters.program import run_program
from gates.adapters.shape import LIMIT_BYTES, Scene, Unanswered
from gates.schema.outcome import UnknownReason
from gates.schema.program import ended, last_line
from gates.schema.rooms import room_argv
from gates.schema.source import Request
from gates.schema.time import parse_duration_s

USUAL = ("PATH", "HOME", "LANG", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""The variables that every child gets: to find programs, folders, the language of messages and the trusted authorities."""
GRACE_S = 10.0
"""How much longer than the source's own time the child may take, to start and to read what it fetched."""
_CHILD_LIMIT = LIMIT_BYTES * 3 // 2 + (1 << 20)  # base64 is four thirds as long


def query(request: Request, scene: Scene, environ: Mapping[str, str]) -> Answer:
    """The answer of one source; a child that does not end in time, writes too much or breaks is an answer without a value."""
    kept = {name: environ[name] for name in USUAL if name in environ}
    limit_s = parse_duration_s(request.source.timeout) + GRACE_S
    try:
        with tempfile.TemporaryFile() as order:
            order.write(msgspec.json.encode(Order(request, scene)))
            order.seek(0)
            argv = room_argv("gates.adapters.child")
            done = run_program(argv, kept, timeout_s=limit_s, limit=_CHILD_LIMIT, stdin=order, own_session=True)
        if done.code:
            raise Unanswered(UnknownReason.ADAPTER_ERROR, f"the adapter {ended(done.code)}{last_line(done.stderr)}")
        return msgspec.json.decode(done.stdout, type=Answer)
    except Unanswered as problem:
        why = problem
    except msgspec.MsgspecError:
        why = Unanswered(UnknownReason.ADAPTER_ERROR, "the adapter's process wrote no answer")
    fetched = without_files(scene.now, why)
    return Answer(fetched, found_in(request, fetched))
