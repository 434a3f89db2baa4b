"""What is known of a log from elsewhere: a head that somebody wrote down, or the part of the log in a review folder."""

from collections.abc import Sequence
from pathlib import Path

from gates.evidence.dsse import TrustRoot
from gates.log.chain import check_common, check_known, check_order, check_signatures, read_lines
from gates.log.entry import Line, head_of, parse_head
from gates.log.file import LOG
from gates.schema.errors import UsageProblem


def check_against(lines: Sequence[Line], known: str, trust: TrustRoot, origin: str) -> None:
    """Hold a verified log against `SEQ:SHA256` or a review folder.

    Raises LogProblem for a log that was truncated before it, or that forked from it; UsageProblem for what is neither.
    """
    folder = Path(known)
    if not folder.is_dir():
        check_known(lines, parse_head(known), origin)
        return
    part = read_part(folder, trust)
    head = head_of(part)
    check_common(lines, part, origin, str(folder / LOG))
    if head is not None:
        check_known(lines, head, origin)


def read_part(folder: Path, trust: TrustRoot) -> tuple[Line, ...]:
    """The part of a log in a review folder, verified by itself; raises UsageProblem where the folder has none."""
    path = folder / LOG
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise UsageProblem(f"{path}: no such file", next_step="give a review folder that carries the log") from None
    lines = read_lines(data, str(path))
    if not lines or not data.endswith(b"\n"):
        raise UsageProblem(f"{path}: not the whole lines of a log", next_step="copy the review folder again")
    check_signatures(lines, trust, str(path))
    check_order(lines, str(path), from_start=False)
    return lines
