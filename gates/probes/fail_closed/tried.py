"""What do the answers to the table's rows show? Counted. Pure."""

from pathlib import Path

import msgspec

from gates.probes.conduct import Finding, Result, Skipped, counted
from gates.probes.raw import raw_text, read_raw
from gates.schema.canonical import Json

FILE = "answers.json"
ANSWERS, CODES = "unexpected_answers", "undocumented_codes"


class Tried(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row: the status and the code of its answer, and what is wrong with it: (expected, found)."""

    row: str
    status: int
    code: str | None
    as_another_tenant: bool
    faults: tuple[tuple[str, str], ...]


class Answered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All rows, those that were not tried, and the codes that are documented."""

    tried: tuple[Tried, ...]
    skipped: tuple[Skipped, ...]
    documented: tuple[str, ...]


def judge_answers(answered: Answered) -> Result:
    """Measures and findings."""
    tried = answered.tried
    findings = [Finding(ANSWERS, item.row, expected, found) for item in tried for expected, found in item.faults]
    coded = [(item.row, item.code) for item in tried if item.code]
    for code in sorted({code for _, code in coded if code not in answered.documented}):
        where = next(name for name, found in coded if found == code)
        findings.append(Finding(CODES, where, "a documented code", code))
    wrong = sum(1 for item in tried if item.faults)
    answers = counted(ANSWERS, len(tried), findings, answered.skipped)
    answers = msgspec.structs.replace(answers, value=str(wrong) if tried else None)
    codes = counted(CODES, len(coded), findings, to_change="no answer had a code")
    cells: tuple[Json, ...] = tuple(
        {
            "row": item.row,
            "status": item.status,
            "code": item.code,
            "as_another_tenant": item.as_another_tenant,
            "verdict": "violation" if item.faults else "ok",
        }
        for item in tried
    )
    seen: list[Json] = [*sorted({code for _, code in coded})]
    raw = {FILE: raw_text(answered)}
    return Result({ANSWERS: answers, CODES: codes}, tuple(findings), answered.skipped, {"codes_seen": seen}, cells, raw)


def again(folder: Path) -> Result:
    """The result of the raw files in a folder."""
    return judge_answers(read_raw(folder / FILE, Answered))
