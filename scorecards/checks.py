"""The checks of one review folder, level by level; each keeps what the next ones need."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from gates.acts.act import ActKind
from gates.acts.check import RetiredKey
from gates.acts.store import HeldAct, read_complete
from gates.acts.waivers import waiver_of
from gates.evidence.contents import Contents
from gates.evidence.dsse import TrustRoot
from gates.evidence.keys import load_trust
from gates.evidence.making import producer
from gates.evidence.statement import open_statement
from gates.evidence.store import Held, read_envelope
from gates.log.file import LOG
from gates.page.words import counted
from gates.schema.canonical import sha256_hex
from gates.schema.errors import UnverifiedProblem
from gates.schema.time import parse_utc
from gates.signers.chain import open_chain
from gates.signers.document import Role
from gates.signers.ring import Signers
from gates.signers.store import read_chain, require_pinned
from scorecards import folder
from scorecards.build import BuildInputs, build, previous_ref
from scorecards.card import facts_of
from scorecards.history import makes_official
from scorecards.linked_logs import require_logs
from scorecards.log_notes import note_lines
from scorecards.log_part import read_logged, require_judged, require_noted
from scorecards.material import loosening_of
from scorecards.registers_part import check_registers
from scorecards.render import render_html
from scorecards.schema import Scorecard, Standing

_SHOWN = 140
_WHO_MAY = f"{folder.SIGNERS_FILE} is part of the folder: name the document that you trust with --signers SHA256"


class NotReached(Exception):
    """A level depends on one that did not pass."""


class Unpinned(Exception):
    """Who may sign is known by the folder's own word alone."""


class Checks:
    """One folder; `trust` and `pin` are the verifier's own, None for the folder's word."""

    def __init__(self, path: Path, trust: TrustRoot | None, pin: str | None) -> None:
        self._path, self._trust, self._pin = path, trust, pin
        self._held: list[Held] | None = None
        self._inputs: BuildInputs | None = None
        self._logged: Contents | None = None
        self._log_checked = False
        self._last: Scorecard | None = None
        self._again: tuple[Scorecard, bytes] | None = None

    def evidence(self) -> str:
        """The bundle's signatures."""
        self._held = folder.read_bundle(self._path, self._root())
        return f"{len(self._held)} statements"

    def log(self) -> str:
        """The part of the log: its chain, its head, its envelopes, and whether all that counts was judged."""
        inputs = folder.read_inputs(self._path)
        if not (inputs.log_head or self._held or (self._path / LOG).exists()):
            self._log_checked = True
            return "none: the log was empty"
        contents = read_logged(self._path, self._root(), inputs)
        if self._held is None:
            raise NotReached
        require_noted(contents, inputs)
        require_judged(contents, self._root(), inputs, self._held)
        self._logged, self._log_checked = contents, True
        text = f"{len(contents.lines)} entries, up to {inputs.log_head.partition(':')[0]}; what counts of them was judged"
        return ". ".join([text, " ".join(note_lines(inputs.log))]).removesuffix(". ")

    def acts(self) -> str:
        """Waivers, explanations and loosenings against the signed acts."""
        inputs, found = folder.read_inputs(self._path), self._acts()
        by_kind = {kind: [act for act in found if act.statement.predicate.act is kind] for kind in ActKind}
        granted = [waiver_of(act) for act in by_kind[ActKind.WAIVER]]
        if unsigned := [waiver.gate for waiver in inputs.waivers if waiver not in granted]:
            raise UnverifiedProblem(f"{folder.INPUTS_FILE}: the waiver of {unsigned[0]} is in no signed act of the folder")
        explained = {act.statement.about.digest.sha256 for act in by_kind[ActKind.EXPLANATION]}
        if missing := sorted(set(inputs.explained) - explained):
            raise UnverifiedProblem(f"{folder.INPUTS_FILE}: nobody signed an explanation of {missing[0][:12]}")
        allowed = [loosening_of(act) for act in by_kind[ActKind.LOOSENING]]
        if loose := [item for item in inputs.bar.loosenings if item not in allowed]:
            raise UnverifiedProblem(
                f"{folder.INPUTS_FILE}: the loosening of {loose[0].criterion} is in no signed act of the folder"
            )
        if found and self._pin is None:
            raise Unpinned(_WHO_MAY)
        return f"{len(found)} acts" if found else "none"

    def registers(self) -> str:
        """Every entry of the registers, and what is open by them."""
        if not self._log_checked:
            raise NotReached
        inputs = folder.read_inputs(self._path)
        found = check_registers(self._path, self._root(), self._signers(), inputs, self._logged)
        if found.listed and self._pin is None:
            raise Unpinned(_WHO_MAY)
        count = sum(len(state.open) for state in inputs.registers)
        return f"{len(found.listed)} entries, {count} items open" if found.listed else "none"

    def history(self) -> str:
        """Each past week of the inputs against the statement that its card was signed with."""
        inputs = folder.read_inputs(self._path)
        cards = {}
        for number, line in enumerate(folder.read_lines(self._path / folder.HISTORY_FILE), 1):
            held = read_envelope(line, self._root(), f"{folder.HISTORY_FILE}:{number}")
            facts = facts_of(held.statement, f"{folder.HISTORY_FILE}:{number}")
            cards[facts.week] = (held, facts)
        reviews = [act for act in self._acts() if act.statement.predicate.act is ActKind.LATE_REVIEW]
        late = {act.statement.about.digest.sha256: act for act in reviews}
        for past in inputs.history:
            if past.week not in cards:
                raise UnverifiedProblem(f"{folder.HISTORY_FILE}: holds no signed card of {past.week}")
            held, facts = cards[past.week]
            if facts.past != past or facts.target != inputs.target:
                raise UnverifiedProblem(f"{folder.INPUTS_FILE}: {past.week} is not what its signed card says")
            act = late.get(past.yaml_sha256)
            if act is None or not makes_official(act, facts):
                self._require_official(held, facts.standing, past.evaluated_at, f"the card of {past.week}")
        if late and self._pin is None:
            raise Unpinned(_WHO_MAY)
        return f"{len(inputs.history)} weeks"

    def previous(self) -> str:
        """Last week's YAML by its digest."""
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
        """The scorecard, computed again."""
        if self._held is None or self._inputs is None:
            raise NotReached
        scorecard = build(self._inputs, self._held, self._last)
        expected = folder.scorecard_yaml(scorecard)
        try:
            _same(expected, folder.read_file(self._path / folder.YAML_FILE), folder.YAML_FILE)
        except UnverifiedProblem as problem:
            raise UnverifiedProblem(problem.message + self._other_version()) from None
        self._again = scorecard, expected
        return f"computed again, {len(expected)} bytes are the same"

    def html(self) -> str:
        """The page, rendered again, and the logs that it links."""
        if self._again is None:
            raise NotReached
        scorecard, yaml_bytes = self._again
        expected = render_html(scorecard, sha256_hex(yaml_bytes))
        _same(expected, folder.read_file(self._path / folder.HTML_FILE), folder.HTML_FILE)
        linked = require_logs(scorecard.spec.logs, self._path)
        logs = f", and {counted(linked, 'log')} that it links" if linked else ""
        return f"computed again, {len(expected)} bytes{logs} are the same"

    def signature(self) -> str:
        """The card: both files by digest, its facts, and for an official one the authority of its key."""
        origin = str(self._path / folder.SIGNATURE_FILE)
        envelope = folder.read_signature(self._path)
        statement = open_statement(self._root(), envelope, origin)
        facts = facts_of(statement, origin)
        named = {subject.name: subject.digest.get("sha256", "") for subject in statement.subject}
        for name in (folder.YAML_FILE, folder.HTML_FILE):
            found = sha256_hex(folder.read_file(self._path / name))
            if named.get(name) != found:
                raise UnverifiedProblem(
                    f"{origin}: {name} was signed with sha256 {named.get(name, 'nothing')}, the file has {found}"
                )
        if facts.standing is Standing.OFFICIAL:
            held = Held(sha256_hex(msgspec.json.encode(envelope)), envelope, statement)
            self._require_official(held, facts.standing, facts.past.evaluated_at, origin)
        return f"by {', '.join(self._root().verify(envelope).keyids)}"

    def _require_official(self, held: Held, standing: Standing, at: str, origin: str) -> None:
        keyids, signers = self._root().verify(held.envelope).keyids, self._signers()
        if standing is Standing.OFFICIAL and held.statement.predicate.rehearsal:
            return  # by a rehearsal key, which only its own rehearsal trusts
        listed = signers is not None and any(signers.may(keyid, Role.OFFICIAL, parse_utc(at)) for keyid in keyids)
        if standing is not Standing.OFFICIAL or not listed:
            text = f"{origin}: is {standing.value}, signed by {', '.join(keyids)}: not by a key that the Signers list for it"
            raise UnverifiedProblem(text)
        if self._pin is None:
            raise Unpinned(_WHO_MAY)

    def _signers(self) -> Signers | None:
        path = self._path / folder.SIGNERS_FILE
        if not path.exists():
            return None
        chain = open_chain(read_chain(path), str(path))
        if self._pin is not None:
            require_pinned(chain, self._pin, str(path))
        return Signers(chain)

    def _acts(self) -> Sequence[HeldAct]:
        lines = folder.read_lines(self._path / folder.ACTS_FILE)
        if not lines:
            return ()
        signers = self._signers()
        if signers is None:
            raise UnverifiedProblem(f"{folder.ACTS_FILE} is there, but no {folder.SIGNERS_FILE} says who may sign acts")
        return list(_counting(lines, signers))

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


def _counting(lines: Sequence[bytes], signers: Signers) -> Iterator[HeldAct]:
    """The acts, without those by a key that was retired as of an earlier moment: they count for nothing."""
    for number, line in enumerate(lines, 1):
        with suppress(RetiredKey):
            yield read_complete(line, signers, f"{folder.ACTS_FILE}:{number}")


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
