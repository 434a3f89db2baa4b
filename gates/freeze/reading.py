"""What a freeze is decided by: calendar, signed acts, and statements of rollback drills; from files and the state folder."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from gates.acts.act import ActKind
from gates.acts.deployed import DEPLOYED
from gates.acts.store import HeldAct, load_acts, read_complete
from gates.evidence.contents import kind_of, read_envelope
from gates.evidence.dsse import TrustRoot
from gates.evidence.keys import EVIDENCE, own_trust
from gates.evidence.store import EvidenceStore, Held
from gates.freeze.permit import Permit, permit_of
from gates.log.entry import EntryKind
from gates.schema.errors import RefusedProblem, UsageProblem
from gates.schema.folder import documents_in
from gates.schema.freeze import NEXT, USUAL, load_calendar
from gates.schema.freeze_spans import FoundCalendar, FreezeSpans
from gates.schema.project import load_project
from gates.schema.time import parse_utc
from gates.signers.document import Role
from gates.signers.ring import Signers
from gates.signers.store import NONE_YET, load_signers


class Acts(msgspec.Struct, frozen=True):
    """The permits, oldest first, and every statement that a listed machine signed."""

    permits: tuple[Permit, ...]
    statements: tuple[Held, ...]


def given_calendar(path: Path | None) -> FreezeSpans:
    """The calendar at this path, or `freeze.yaml` of the working folder; raises UsageProblem for none, two, or a wrong one."""
    if path is None and not USUAL.exists():
        raise UsageProblem(f"no freeze calendar is given, and there is no {USUAL} here", next_step=NEXT)
    return load_calendar(path or USUAL)


def deciding_calendar(path: Path | None) -> FreezeSpans:
    """The same for whoever deploys; raises RefusedProblem where none can be read: nothing shows that it is allowed."""
    try:
        return given_calendar(path)
    except UsageProblem as problem:
        raise RefusedProblem(
            f"{problem.message}\nwithout a readable calendar nothing may be deployed", next_step=problem.next_step
        ) from None


def found_calendar(folder: Path) -> FoundCalendar | None:
    """The calendar that a folder names or has; None where it has none."""
    named = load_project(folder).freeze
    if named is None and not (folder / USUAL).exists():
        return None
    try:
        return FoundCalendar(load_calendar(folder / (named or USUAL)))
    except UsageProblem:
        return FoundCalendar(None)


def read_acts(home: Path, folder: Path | None) -> Acts:
    """Those of the state folder, and those of a folder of signed files.

    Raises RefusedProblem for acts where there are no Signers, UnverifiedProblem naming what does not verify, UsageProblem for a
    file that is neither an act of these kinds nor a statement.
    """
    signers = load_signers(home)
    trust = own_trust(home) if signers is None else own_trust(home).joined(signers.trust_root())
    contents = EvidenceStore(home / EVIDENCE).contents(trust)
    kept = load_acts(home, signers, contents)
    acts = [act for kind in DEPLOYED for act in kept[kind]]
    statements = contents.statements(trust)
    for path in documents_in(folder, "signed file") if folder is not None else ():
        item = _read(path, signers, trust)
        if isinstance(item, HeldAct):
            acts.append(item)
        else:
            statements.append(item)
    permits = {act.digest: permit_of(act) for act in sorted(acts, key=lambda act: (act.statement.predicate.at, act.digest))}
    listed = {held.digest: held for held in statements if signers is not None and _is_listed(held, trust, signers)}
    return Acts(tuple(permits.values()), tuple(listed.values()))


def _is_listed(held: Held, trust: TrustRoot, signers: Signers) -> bool:
    """Whether a machine that the Signers list for evidence signed it: a key of somebody's own shows no rehearsal."""
    at = parse_utc(held.statement.predicate.finished_at)
    return any(signers.may(keyid, Role.EVIDENCE, at) for keyid in trust.verify(held.envelope).keyids)


def _read(path: Path, signers: Signers | None, trust: TrustRoot) -> HeldAct | Held:
    if signers is None:
        raise RefusedProblem(f"{path}: there are no Signers here who could have signed it", next_step=NONE_YET)
    data = path.read_bytes()
    if kind_of(data, str(path)) is not EntryKind.HUMAN:
        return read_envelope(data, trust, str(path))
    held = read_complete(data, signers, str(path))
    if held.statement.predicate.act not in DEPLOYED:
        kinds = " or ".join(_words())
        raise UsageProblem(
            f"{path}: is the act {held.statement.predicate.act}, not a {kinds}", next_step="remove it from the folder"
        )
    return held


def _words() -> Iterator[str]:
    return (kind.replace("_", " ") for kind in (ActKind.CHANGE, ActKind.FREEZE_EXCEPTION))
