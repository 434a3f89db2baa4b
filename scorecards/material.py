"""What a scorecard is judged with: gates, evidence, human acts, history and keys, read once from the state folder."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from gates.acts.act import ActKind
from gates.acts.store import HeldAct, explained_by, load_acts
from gates.acts.waivers import load_waivers, signed_files
from gates.attested import document_digests
from gates.evidence.contents import Contents, kind_of
from gates.evidence.dsse import Signer, TrustRoot
from gates.evidence.keys import EVIDENCE, TRUST_FILE, load_signer, own_trust
from gates.evidence.store import EvidenceStore, Held, part_of
from gates.freeze.reading import found_calendar
from gates.log.chain import Damage, LogProblem
from gates.log.entry import EntryKind, Head
from gates.log.file import LOG
from gates.log.known import check_against
from gates.registers.store import Registers, load_registers
from gates.schema.canonical import canonical_json, sha256_hex
from gates.schema.freeze_spans import FoundCalendar
from gates.schema.gate import Gate
from gates.schema.time import format_utc, parse_utc, week_start
from gates.schema.waiver import Waiver
from gates.shelf import CLOCK_SKEW
from gates.signers.document import Role, active_keyids
from gates.signers.private import find_signer, keys_dir
from gates.signers.ring import Signers
from gates.signers.store import SIGNERS_FILE, load_signers
from gates.signers.used import Memory
from scorecards import folder
from scorecards.card_bar import BarInputs
from scorecards.history import History, PastCard, latest_moment
from scorecards.loosening import Loosening


class Judged(msgspec.Struct, frozen=True):
    """What is judged: the week and the target, as of a moment."""

    week: str
    target: str
    now: dt.datetime


class Material(msgspec.Struct, frozen=True):
    """The gates and waivers, all evidence at hand, the bar, the history, and who signs.

    `signer` signs previews and the log; `official` official cards, None where no listed key is here, and `memory` knows the weeks
    that it signed. `log_head` is the log's head when all of this was read, "" for an empty log. `brought` are the signed waivers
    of files, by sha256, that the log does not list yet.
    """

    gates: tuple[Gate, ...]
    waivers: tuple[Waiver, ...]
    evidence: Sequence[Held]
    trust: TrustRoot
    trust_jwks: bytes
    signer: Signer
    contents: Contents
    history: History
    bar: BarInputs = BarInputs()
    explained: tuple[str, ...] = ()
    signers: Signers | None = None
    official: Signer | None = None
    memory: Memory | None = None
    signers_file: bytes | None = None
    documents: Mapping[str, str] = {}
    registers: Registers = Registers()
    brought: Mapping[str, bytes] = {}
    freeze: FoundCalendar | None = None

    @property
    def signers_sha256(self) -> str | None:
        """The Signers document in force."""
        return None if self.signers is None else self.signers.digest

    @property
    def log_head(self) -> str:
        """The head of the log."""
        return str(self.contents.head or "")

    def since(self, past: Sequence[PastCard]) -> int:
        """The entry with which a review's folder begins: the last official card, else the first entry."""
        last = {card.held.digest for card in past}
        return max((line.entry.seq for line in self.contents.lines if line.entry.object in last), default=1)

    def files(self, past: Sequence[PastCard]) -> dict[str, bytes | None]:
        """The files of a review's folder that let anyone check acts and log: from the last official card on."""
        acts = [self.contents.data[entry.object] for entry in self.contents.entries(EntryKind.HUMAN)] + [*self.brought.values()]
        exported = part_of(self.contents, self.since(past))
        return {
            folder.TRUST_FILE: self.trust_jwks,
            folder.SIGNERS_FILE: self.signers_file,
            folder.ACTS_FILE: b"".join(act + b"\n" for act in acts) if acts else None,
            **folder.registers_files(self.registers),
            **({} if exported is None else exported.files),
        }


def read_material(
    home: Path, store: EvidenceStore, gates: tuple[Gate, ...], waivers_path: Path | None, bar: BarInputs
) -> Material:
    """Read all of it; the caller holds the store's lock. Raises UnverifiedProblem for what was tampered with."""
    signer, signers = load_signer(home), load_signers(home)
    trust = own_trust(home) if signers is None else own_trust(home).joined(signers.trust_root())
    store.complete(signer)
    contents = store.contents(trust)
    latest = home / folder.REVIEWS / folder.LATEST
    if (latest / LOG).exists() and store.folder == home / EVIDENCE:
        check_against(contents.lines, str(latest), trust, str(store.folder / LOG))
    if store.folder == home / EVIDENCE:
        folder.catch_up(home / folder.REVIEWS, contents.data)
        _require_cards(contents, home / folder.REVIEWS)
    acts = load_acts(home, signers, contents)
    official = signer if signer.rehearsal else _official(signers)
    return Material(
        gates=gates,
        waivers=tuple(load_waivers(home, waivers_path, gates, contents)),
        evidence=contents.statements(trust),
        trust=trust,
        trust_jwks=_jwks(home, signers),
        signer=signer,
        contents=contents,
        history=History(contents, trust, signers, acts[ActKind.LATE_REVIEW]),
        bar=msgspec.structs.replace(bar, loosenings=tuple(map(loosening_of, acts[ActKind.LOOSENING]))),
        explained=explained_by(acts[ActKind.EXPLANATION]),
        signers=signers,
        official=official,
        memory=None if official is None else _memory(home, official, contents),
        documents=document_digests(gates),
        signers_file=None if signers is None else (home / SIGNERS_FILE).read_bytes(),
        registers=load_registers(contents, trust, signers),
        brought={name: act for name, act in signed_files(home, waivers_path).items() if name not in contents.data},
        freeze=found_calendar(Path()),
    )


def read_history(home: Path) -> History:
    """The history of a state folder, for reading alone: it need not exist, and may be read-only."""
    signers = load_signers(home)
    trust = own_trust(home) if signers is None else own_trust(home).joined(signers.trust_root())
    contents = EvidenceStore(home / EVIDENCE).contents(trust)
    return History(contents, trust, signers, load_acts(home, signers, contents)[ActKind.LATE_REVIEW])


def _require_cards(contents: Contents, reviews: Path) -> None:
    """Every official card of a review folder here is listed as one: a log cut just before would give its week another."""
    listed = {entry.object for entry in contents.entries(EntryKind.CARD)}
    if contents.adopted_kind is EntryKind.CARD:
        listed.add(contents.adopted)
    for path in sorted(reviews.glob(f"*/{folder.SIGNATURE_FILE}")):
        card = path.read_bytes().rstrip(b"\n")
        if sha256_hex(card) not in listed and kind_of(card, str(path)) is EntryKind.CARD:
            raise LogProblem(Damage.TRUNCATED, contents.origin, f"the official scorecard in {path.parent} is in no entry")


def why_preview(material: Material, evidence: Sequence[Held], week: Judged, because: str) -> str:
    """Why an evaluation cannot be official: `because`, clock, log, Signers, keys, or a key that signed that week; "" if it can.

    `evidence` is what a pass can come from: a red run counts by whatever key, for it can only make things worse.
    """
    reason = because or _set_back(material, week.now) or _lost(material, week.now)
    return reason or _not_listed(material, evidence) or _signed_before(material, week)


def _signed_before(material: Material, week: Judged) -> str:
    return "" if material.memory is None else material.memory.why_not(week.week, week.target)


def _memory(home: Path, official: Signer, contents: Contents) -> Memory:
    """A rehearsal's key lies in its state folder, and so does its memory."""
    heads = [str(Head(line.entry.seq, line.sha256)) for line in contents.lines]
    return Memory(home / "keys" if official.rehearsal else keys_dir(), official.keyid, home, heads)


def _set_back(material: Material, now: dt.datetime) -> str:
    newest = latest_moment(material.contents.entries())
    if newest is None or newest <= now + CLOCK_SKEW:
        return ""
    return f"the log has an entry of {format_utc(newest)}, which is later than now: the clock was set back"


def _lost(material: Material, now: dt.datetime) -> str:
    """Where a log was restored in this week without all of it, or began again, nobody knows whether failing runs are gone.

    A rehearsal, which decides nothing, may begin again as often as one likes.
    """
    begin = week_start(now)
    for note in material.contents.restored():
        if not note.missing or parse_utc(note.at) < begin:
            continue
        if note.head:
            return f"the log was restored on {note.at} without {note.missing} of its entries: failing runs may be among them"
        if not material.signer.rehearsal:
            return f"the log began again on {note.at}, in place of one of {note.missing} entries: failing runs may be among them"
    return ""


def _not_listed(material: Material, evidence: Sequence[Held]) -> str:
    signers = material.signers
    if material.signer.rehearsal:
        return ""  # official within its rehearsal, and nowhere else
    if signers is None:
        return "there are no Signers yet, so nobody can make it official: gonogo signer init (runbooks/signers.md)"
    if material.official is None:
        return "no private key here may sign official scorecards: gonogo signer list names the machines that may"
    unlisted = sum(not _is_listed(item, material.trust, signers) for item in evidence)
    if unlisted:
        return f"{unlisted} statements are signed by keys that the Signers do not list for evidence: collect them again"
    return ""


def _is_listed(item: Held, trust: TrustRoot, signers: Signers) -> bool:
    at = parse_utc(item.statement.predicate.finished_at)
    return any(signers.may(keyid, Role.EVIDENCE, at) for keyid in trust.verify(item.envelope).keyids)


def _official(signers: Signers | None) -> Signer | None:
    machines = () if signers is None else signers.spec.machines
    listed = {keyid for machine in machines if Role.OFFICIAL in machine.roles for keyid in active_keyids(machine)}
    return find_signer(listed) if listed else None


def loosening_of(act: HeldAct) -> Loosening:
    """A signed act as the loosening that a bar is compared with."""
    gate, _, criterion = act.statement.about.name.partition("/")
    return Loosening(gate, criterion, act.statement.about.digest.sha256, act.people, act.statement.predicate.at)


def _jwks(home: Path, signers: Signers | None) -> bytes:
    """The keys that verify this folder: those of its evidence, and those of the Signers' machines."""
    own = msgspec.json.decode((home / "keys" / TRUST_FILE).read_bytes(), type=_Jwks).keys
    known = {jwk.get("x") for jwk in own}
    machines = () if signers is None else signers.spec.machines
    keys = [key for machine in machines for key in machine.keys if key.x not in known]
    listed: list[dict[str, object]] = [{"kty": key.kty, "crv": key.crv, "x": key.x} for key in keys]
    return canonical_json({"keys": sorted([*own, *listed], key=lambda jwk: str(jwk["x"]))})


class _Jwks(msgspec.Struct):
    keys: list[dict[str, object]]
