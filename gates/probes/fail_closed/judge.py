"""Is this refusal as the table has it? One response compared with one row, without I/O."""

from collections.abc import Iterator

from gates.probes.client import Answer
from gates.probes.fail_closed.table import Row, Table

PROBLEM_JSON = "application/problem+json"
_TEXTS = ("next_step", "request_id", "category")


def refusal_faults(row: Row, answer: Answer, table: Table) -> Iterator[tuple[str, str]]:
    """What is wrong with the answer to a request that must be refused: (expected, found)."""
    if answer.status != row.status:
        yield f"status {row.status}", f"status {answer.status}"
    if answer.code != row.code:
        yield f"code {row.code}", f"code {answer.code}"
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip()
    if media_type != PROBLEM_JSON:
        yield PROBLEM_JSON, media_type or "no content type"
    body = answer.json()
    if not isinstance(body, dict):
        yield "a JSON object", "something else"
        return
    missing = [name for name in table.problem_members if name not in body]
    if missing:
        yield "the members of a problem", f"without {', '.join(missing)}"
    empty = [name for name in _TEXTS if name in table.problem_members and not body.get(name)]
    if empty:
        yield "a text", f"nothing in {', '.join(empty)}"
    if "money_moved" in table.problem_members and body.get("money_moved") != "no":
        yield "money_moved no", f"money_moved {body.get('money_moved')}"
    text = answer.body.decode(errors="replace")
    unnamed = [name for name in row.names if name not in text]
    if unnamed:
        yield f"an answer that names {', '.join(unnamed)}", "one that does not"


def replay_faults(first: Answer, again: Answer, header: str) -> Iterator[tuple[str, str]]:
    """What is wrong with a replay: the same status, the same bytes, and the header that marks a replay."""
    if again.status != first.status:
        yield f"status {first.status} again", f"status {again.status} {again.code or ''}".rstrip()
    elif again.body != first.body:
        yield "the same bytes again", "other bytes"
    if header and again.headers.get(header) != "true":
        yield f"{header}: true", f"{header}: {again.headers.get(header)}"
