"""Is this scorecard genuine? Signatures checked, YAML and HTML computed again byte for byte; offline."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

import msgspec

from gates.evidence.dsse import TrustRoot
from gates.schema.canonical import canonical_json
from gates.schema.errors import Problem
from gates.schema.outcome import ExitCode
from gates.schema.special import refuse_special
from scorecards import folder
from scorecards.checks import Checks, NotReached, Unpinned

ELSEWHERE = (
    "a rehearsal made this folder: its key verifies only in that rehearsal's own state folder, which GONOGO_HOME names, "
    "and the scorecard decides nothing"
)


class Checked(StrEnum):
    """The result of one level; a scorecard is verified if all levels pass."""

    PASS = "pass"  # noqa: S105  # a verdict, not a password
    FAIL = "FAIL"
    NOT_CHECKED = "not checked"


class Level(msgspec.Struct, frozen=True):
    """One claim about the folder, and whether it is true."""

    claim: str
    checked: Checked
    detail: str


def verify_folder(
    path: Path, trust: TrustRoot | None, origin: str = "your trusted keys", pin: str | None = None
) -> tuple[Level, ...]:
    """Every level; each may depend on the ones before it.

    `trust` are the verifier's keys, from `origin`, and `pin` the sha256 of the Signers document that the verifier trusts. Without
    them the keys inside the folder show whether its parts match, and who signed it is not checked.
    """
    if path.is_dir():
        refuse_special(sorted(path.iterdir()))
    checks = Checks(path, trust, pin)
    levels = (
        _level("every piece of evidence is signed and unchanged", checks.evidence),
        _level("the log that the folder carries is whole, and ends where the scorecard says", checks.log),
        _level("waivers, explanations and loosenings are what people signed", checks.acts),
        _level("the registers' entries are what people signed, and none is left out", checks.registers),
        _level("every past week is what its signed card says, by a key that may", checks.history),
        _level("last week's scorecard is the one that the inputs name", checks.previous),
        _level("scorecard.yaml follows from inputs and evidence", checks.yaml),
        _level("scorecard.html follows from scorecard.yaml", checks.html),
        _level("the signature covers scorecard.yaml and scorecard.html, by a key that may", checks.signature),
    )
    return (*levels, _signer(path, trust, origin, levels))


def exit_code(levels: Sequence[Level]) -> ExitCode:
    """8 if a level failed, 3 if one was not checked, 0 only if all passed."""
    answers = {level.checked for level in levels}
    if Checked.FAIL in answers:
        return ExitCode.UNVERIFIED
    return ExitCode.UNKNOWN if Checked.NOT_CHECKED in answers else ExitCode.GREEN


def levels_text(levels: Sequence[Level], output_format: str) -> str:
    """The levels and the result as text, or as JSON."""
    code = exit_code(levels)
    if output_format == "json":
        return canonical_json({"levels": levels, "exit_code": int(code)}).decode() + "\n"
    lines = [f"{level.checked.value:<11}  {level.claim}\n             {level.detail}" for level in levels]
    total = {ExitCode.GREEN: "verified", ExitCode.UNKNOWN: "not verified: something was not checked"}
    return "\n".join([*lines, total.get(code, "NOT VERIFIED")]) + "\n"


def _level(claim: str, check: Callable[[], str]) -> Level:
    try:
        return Level(claim, Checked.PASS, check())
    except Problem as problem:
        return Level(claim, Checked.FAIL, problem.message)
    except Unpinned as problem:
        return Level(claim, Checked.NOT_CHECKED, str(problem))
    except NotReached:
        return Level(claim, Checked.NOT_CHECKED, "it depends on a level that did not pass")


def _signer(path: Path, trust: TrustRoot | None, origin: str, levels: Sequence[Level]) -> Level:
    claim = "the signer is one that you trust"
    rehearsed = _is_rehearsal(path)
    if trust is None and rehearsed:
        return Level(claim, Checked.FAIL, ELSEWHERE)
    if trust is None:
        keys = f"the keys in {path / folder.TRUST_FILE} are part of the folder that they sign; name your own with --trust FILE"
        return Level(claim, Checked.NOT_CHECKED, keys)
    signed = all(level.checked is Checked.PASS for level in (levels[0], levels[-1]))
    if not signed:
        return Level(claim, Checked.FAIL, ELSEWHERE if rehearsed else f"not every signature holds under {origin}")
    return Level(claim, Checked.PASS, f"by {origin}" + (", a rehearsal's: the scorecard decides nothing" if rehearsed else ""))


def _is_rehearsal(path: Path) -> bool:
    """Whether a rehearsal made the folder, by its own word."""
    with suppress(Problem):
        return folder.read_inputs(path).rehearsal
    return False
