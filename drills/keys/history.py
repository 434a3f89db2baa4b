"""What did clients have acknowledged, and when did they first send it? From the storm's history."""

from pathlib import Path

import msgspec

from drills.storm import Line

_WITH_RECEIPT = ("reserve", "settle")


class Acknowledged(msgspec.Struct, frozen=True):
    """An operation on a payment that was acknowledged; `first_ns` is when it was first sent, monotonic."""

    payment_id: str
    operation: str
    first_ns: int


def acknowledged(path: Path) -> tuple[Acknowledged, ...]:
    """Every reserve and settle that was acknowledged to a client of the storm, each once."""
    first: dict[tuple[int, str], int] = {}
    found: dict[tuple[str, str], Acknowledged] = {}
    for line in _lines(path):
        if line.phase != "storm" or line.operation not in _WITH_RECEIPT:
            continue
        began_ns = first.setdefault((line.payment, line.operation), line.start_ns)
        if line.type == "ok" and line.payment_id is not None:
            found.setdefault((line.payment_id, line.operation), Acknowledged(line.payment_id, line.operation, began_ns))
    return tuple(found.values())


def payments_of(path: Path) -> frozenset[str]:
    """The payments of the storm so far."""
    return frozenset(line.payment_id for line in _lines(path) if line.payment_id is not None)


def _lines(path: Path) -> list[Line]:
    data = path.read_bytes() if path.is_file() else b""
    return [msgspec.json.decode(raw, type=Line) for raw in data[: data.rfind(b"\n") + 1].splitlines()]
