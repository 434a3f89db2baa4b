"""The marks of a drill: payments that clients wrote through the service, each with when it was sent and what was answered.

They are the storm's own, so that the audit reads back every one of them.
"""

from pathlib import Path

import msgspec

from drills.storm import Line, unanswered


class Marker(msgspec.Struct, frozen=True):
    """One finished attempt; `bad` if the client got no usable response. Times are monotonic nanoseconds."""

    operation: str
    payment_id: str | None
    begun_ns: int
    ended_ns: int
    acknowledged: bool
    bad: bool


def read_markers(path: Path) -> tuple[Marker, ...]:
    """The marks in the history of a storm, in the order of their answers; none where there is no history.

    A reply that the client abandoned on purpose says nothing about the service, so it is no mark.
    """
    if not path.is_file():
        return ()
    data = path.read_bytes()
    lines = (msgspec.json.decode(raw, type=Line) for raw in data[: data.rfind(b"\n") + 1].splitlines())
    finished = [line for line in lines if line.type != "invoke" and line.phase == "storm" and line.error != "abandoned"]
    return tuple(sorted((_marker(line) for line in finished), key=lambda marker: marker.ended_ns))


def _marker(line: Line) -> Marker:
    ended_ns = line.start_ns if line.end_ns is None else line.end_ns
    return Marker(line.operation, line.payment_id, line.start_ns, ended_ns, line.type == "ok", unanswered(line))
