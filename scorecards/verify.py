"""Is this scorecard genuine? Signatures checked, YAML and HTML computed again byte for byte; offline."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from gates.evidence.dsse import TrustRoot
from gates.evidence.keys import load_trust
from gates.evidence.making import producer
from gates.evidence.statement import EvidenceKind, open_statement
from gates.evidence.store import Held
from gates.schema.canonical import canonical_json, sha256_hex
from gates.schema.errors import Problem, UnverifiedProblem
from gates.schema.outcome import ExitCode
from scorecards import folder
from scorecards.build import BuildInputs, build, previous_ref
from scorecards.render import render_html
from scorecards.schema import Scorecard

_SHOWN = 140


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


class _NotReached(Exception):
    """A level depends on one that did not pass."""


def verify_folder(path: Path, trust: TrustRoot | None, origin: str = "your trusted keys") -> tuple[Level, ...]:
    """Every level; each may depend on the ones before it.

    `trust` are the verifier's keys, from `origin`. Without them the keys inside the folder show whether its parts match,
    and who signed it is not checked.
    """
    checks = _Checks(path, trust)
    levels = (
        _level("every piece of evidence is signed and unchanged", checks.evidence),
        _level("last week's scorecard is the one that the inputs name", checks.previous),
        _level("scorecard.yaml follows from inputs and evidence", checks.yaml),
        _level("scorecard.html follows from scorecard.yaml", checks.html),
        _level("the signature covers scorecard.yaml and scorecard.html", checks.signature),
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


class _Checks:
    """The checks of one folder; each stores what the next ones need."""

    def __init__(self, path: Path, trust: TrustRoot | None) -> None:
        self._path, self._trust = path, trust
        self._held: list[Held] | None = None
        self._inputs: BuildInputs | None = None
        self._last: Scorecard | None = None
        self._again: tuple[Scorecard, bytes] | None = None

    def evidence(self) -> str:
        self._held = folder.read_bundle(self._path, self._root())
        return f"{len(self._held)} statements"

    def previous(self) -> str:
        inputs = folder.read_inputs(self._path)
        named, found = previous_ref(inputs), folder.read_previous(self._path)
        if named is None and found is None:
            self._inputs = inputs
            return "none: no earlier week was official"
        if named is None or found is None:
            there = (
                "is there, but the inputs name no earlier week" if found else f"is not there, but {folder.INPUTS_FILE} names one"
            )
            raise UnverifiedProblem(f"{folder.PREVIOUS_FILE} {there}")
        data, self._last = found
        if sha256_hex(data) != named.yaml_sha256:
            raise UnverifiedProblem(f"{folder.PREVIOUS_FILE} has the sha256 {sha256_hex(data)}, not {named.yaml_sha256}")
        self._inputs = inputs
        return f"{named.week}, sha256 {named.yaml_sha256[:12]}"

    def yaml(self) -> str:
        if self._held is None or self._inputs is None:
            raise _NotReached
        scorecard = build(self._inputs, self._held, self._last)
        expected = folder.scorecard_yaml(scorecard)
        try:
            _same(expected, folder.read_file(self._path / folder.YAML_FILE), folder.YAML_FILE)
        except UnverifiedProblem as problem:
            raise UnverifiedProblem(problem.message + self._other_version()) from None
        self._again = scorecard, expected
        return f"computed again, {len(expected)} bytes are the same"

    def html(self) -> str:
        if self._again is None:
            raise _NotReached
        scorecard, yaml_bytes = self._again
        expected = render_html(scorecard, sha256_hex(yaml_bytes))
        _same(expected, folder.read_file(self._path / folder.HTML_FILE), folder.HTML_FILE)
        return f"computed again, {len(expected)} bytes are the same"

    def signature(self) -> str:
        origin = str(self._path / folder.SIGNATURE_FILE)
        envelope = folder.read_signature(self._path)
        statement = open_statement(self._root(), envelope, origin)
        if statement.predicate_type != EvidenceKind.SCORECARD:
            raise UnverifiedProblem(f"{origin}: is a statement of type {statement.predicate_type}, not about a scorecard")
        named = {subject.name: subject.digest.get("sha256", "") for subject in statement.subject}
        for name in (folder.YAML_FILE, folder.HTML_FILE):
            found = sha256_hex(folder.read_file(self._path / name))
            if named.get(name) != found:
                raise UnverifiedProblem(
                    f"{origin}: {name} was signed with sha256 {named.get(name, 'nothing')}, the file has {found}"
                )
        return f"by {', '.join(self._root().verify(envelope).keyids)}"

    def _other_version(self) -> str:
        """A hint if another release wrote the folder: that one may judge or word differently."""
        try:
            wrote = folder.read_producer(folder.read_signature(self._path))
        except UnverifiedProblem:
            return ""
        ours = producer("")
        if wrote is None or wrote.sha256 == ours.sha256:
            return ""
        release = f"gonogo {wrote.version}, sources {wrote.sha256[:12]}"
        return f" (written by {release}; this is {ours.version}, {ours.sha256[:12]}: verify with the release that wrote it)"

    def _root(self) -> TrustRoot:
        return self._trust or load_trust(self._path / folder.TRUST_FILE)


def _level(claim: str, check: Callable[[], str]) -> Level:
    try:
        return Level(claim, Checked.PASS, check())
    except Problem as problem:
        return Level(claim, Checked.FAIL, problem.message)
    except _NotReached:
        return Level(claim, Checked.NOT_CHECKED, "it depends on a level that did not pass")


def _signer(path: Path, trust: TrustRoot | None, origin: str, levels: Sequence[Level]) -> Level:
    claim = "the signer is one that you trust"
    if trust is None:
        keys = f"the keys in {path / folder.TRUST_FILE} are part of the folder that they sign; name your own with --trust FILE"
        return Level(claim, Checked.NOT_CHECKED, keys)
    signed = all(level.checked is Checked.PASS for level in (levels[0], levels[-1]))
    if not signed:
        return Level(claim, Checked.FAIL, f"not every signature holds under {origin}")
    return Level(claim, Checked.PASS, f"by {origin}")


def _same(expected: bytes, found: bytes, name: str) -> None:
    """Raise UnverifiedProblem with the first line that differs."""
    if expected == found:
        return
    if found.replace(b"\r\n", b"\n") == expected:
        raise UnverifiedProblem(f"{name}: every line ends with CR LF, not with LF as it was written; nothing else was changed")
    wanted, got = expected.split(b"\n"), found.split(b"\n")
    number = next((index for index, pair in enumerate(zip(wanted, got, strict=False)) if pair[0] != pair[1]), None)
    line = min(len(wanted), len(got)) if number is None else number
    raise UnverifiedProblem(f"{name} line {line + 1}: found {_line(got, line)}, but it should be {_line(wanted, line)}")


def _line(lines: Sequence[bytes], index: int) -> str:
    if index >= len(lines):
        return "the end of the file"
    text = lines[index].decode(errors="replace").strip()
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")
