"""The probe receipt-verification: can a third party verify what happened? It verifies an export of the receipts offline."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from gates.evidence.dsse import TrustRoot
from gates.evidence.keys import load_trust
from gates.evidence.statement import EvidenceKind
from gates.probes.audit_trail import read_ledger, read_policies, read_receipts
from gates.probes.client import TargetClient
from gates.probes.conduct import Finding, Probe, Result, counted
from gates.probes.ledger_match import Lines
from gates.probes.raw import raw_text, read_raw
from gates.probes.trust import COPY, keep_trust
from gates.receipts.files import read_policy_files, read_receipt_file, write_policy_files, write_receipt_file
from gates.receipts.key_history import KeyHistory, load_history
from gates.receipts.levels import Mark, Verified
from gates.receipts.verifier import verify_receipts
from gates.schema.canonical import Json, sha256_hex
from gates.schema.ledger import LedgerEntry
from gates.schema.outcome import UnknownReason
from gates.schema.progress import progress

UNVERIFIED, WITHOUT, CHAINS = "unverified_receipts", "paid_runs_without_receipt", "broken_chains"
MEASURES = (UNVERIFIED, WITHOUT, CHAINS)
EXPORTED, RECEIPTS, POLICIES = "exported.json", "receipts.jsonl", "policies"
_NOTHING_PAID = "the ledger holds no settlement: settle payments first, as `gonogo load run` does"


class Exported(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ledger when the receipts were read, its lines from then on, and the policies that were not served.

    `first_use` is why the keys prove nothing about the service, "" if they were pinned.
    """

    entries: tuple[LedgerEntry, ...]
    later: tuple[LedgerEntry, ...]
    missing: tuple[str, ...]
    first_use: str


def make_probe(out: Path, trust_path: Path | None) -> Probe:
    """The probe, writing its export to `out`; `trust_path` is the JWKS that was pinned before, where it is not the target's."""
    return Probe("receipt-verification", EvidenceKind.RECEIPT_VERIFICATION, MEASURES, _run(out, trust_path))


def _run(out: Path, trust_path: Path | None) -> Callable[[TargetClient], Result]:
    def run(client: TargetClient) -> Result:
        """Pin the keys first, then read the ledger, then the receipts: each paid line must have its receipt by then."""
        with progress("receipt-verification", 4) as shown:
            kept = keep_trust(client, out, trust_path)
            shown.step(1, "reading the ledger")
            entries = read_ledger(client)
            shown.step(2, "exporting the receipts")
            export = out / RECEIPTS
            receipts = read_receipts(client)
            write_receipt_file(export, [item.envelope for item in receipts])
            policies, missing = read_policies(client, receipts)
            write_policy_files(out / POLICIES, policies)
            later = read_ledger(client, entries[-1].seq if entries else 0)
            shown.step(3, "verifying the export, offline")
            exported = Exported(tuple(entries), tuple(later), tuple(missing), kept.first_use)
            judged = _judge(exported, export, kept.path, policies)
            shown.step(4)
        facts: dict[str, Json] = {
            "trust_on_first_use": bool(kept.first_use),
            "trust": kept.source,
            "trust_sha256": sha256_hex(kept.path.read_bytes()),
            "trusted_keys": list(load_trust(kept.path).keyids),
            "receipts_sha256": sha256_hex(export.read_bytes()),
            "ledger_entries": len(entries),
            "policies": [*sorted(policies)],
        }
        raw = {
            EXPORTED: raw_text(exported),
            RECEIPTS: export.read_text("utf-8"),
            COPY: kept.path.read_text("utf-8"),
            **{f"{POLICIES}/{digest}.json": document.decode() for digest, document in policies.items()},
        }
        return msgspec.structs.replace(judged, facts={**facts, **judged.facts}, raw=raw)

    return run


def _judge(exported: Exported, receipts: Path, trust: Path, policies: Mapping[str, bytes]) -> Result:
    found = verify_export(receipts, load_trust(trust), load_history(trust), policies)
    judged = judge_export(found, exported.entries, {}, exported.later)
    judged = judged if not exported.missing else _without_policies(judged, exported.missing, len(found))
    return on_first_use(judged, exported.first_use) if exported.first_use else judged


def again(folder: Path) -> Result:
    """The result of the raw files in a folder."""
    policies = read_policy_files(sorted((folder / POLICIES).glob("*.json")))
    return _judge(read_raw(folder / EXPORTED, Exported), folder / RECEIPTS, folder / COPY, policies)


def on_first_use(judged: Result, why: str) -> Result:
    """The service's own keys show that it contradicts itself; that it does not is no pass of anything."""
    measures = {
        name: msgspec.structs.replace(measure, value=None, unknown=UnknownReason.NOT_RUN, detail=why)
        if measure.value == "0"
        else measure
        for name, measure in judged.measures.items()
    }
    return msgspec.structs.replace(judged, measures=measures)


def verify_export(
    export: Path, trust: TrustRoot, history: KeyHistory | None = None, policies: Mapping[str, bytes] | None = None
) -> tuple[Verified, ...]:
    """What `gonogo receipt verify EXPORT --trust KEYS --policy ...` does; an export without receipts verifies none."""
    return verify_receipts(read_receipt_file(export), trust, (), history, policies) if export.stat().st_size else ()


def _without_policies(judged: Result, missing: Sequence[str], receipts: int) -> Result:
    """A policy document that receipts name and that the service does not serve: their decisions cannot be made again."""
    lost = tuple(Finding(UNVERIFIED, digest, "the policy document whose sha256 this is", "not served") for digest in missing)
    findings = (*judged.findings, *lost)
    measures = {**judged.measures, UNVERIFIED: counted(UNVERIFIED, receipts, findings)}
    return msgspec.structs.replace(judged, measures=measures, findings=findings)


def judge_export(
    found: Sequence[Verified], entries: Sequence[LedgerEntry], facts: dict[str, Json], later: Sequence[LedgerEntry] = ()
) -> Result:
    """Count what does not verify, what was paid without a receipt, and what is not linked through to a verified receipt.

    `later` are ledger lines written while the receipts were read: their receipts need not be among them.
    """
    settles = [entry for entry in entries if entry.kind == "settle"]
    payments = sorted({entry.payment_id or "" for entry in settles})
    contradicted = _contradicted(found, Lines([*entries, *later]))
    findings = (*_unverified(found), *contradicted, *_without(found, settles), *_broken(found, payments))
    measures = {
        UNVERIFIED: counted(UNVERIFIED, len(found), findings, to_change="the listing holds no receipt: make payments first"),
        WITHOUT: counted(WITHOUT, len(settles), findings, to_change=_NOTHING_PAID),
        CHAINS: counted(CHAINS, len(payments), findings, to_change=_NOTHING_PAID),
    }
    beyond = {level.name: level.says for item in found[:1] for level in item.levels if level.mark is Mark.NOT_CHECKED}
    return Result(measures, findings, facts={**facts, "not_checked": dict(beyond)})


def _unverified(found: Sequence[Verified]) -> list[Finding]:
    findings = []
    for item in found:
        wrong = [level for level in item.levels if level.mark is Mark.FAIL]
        wrong = wrong or ([level for level in item.levels if level.mark is not Mark.PASS] if not item.complete else [])
        if wrong:
            says = "; ".join(f"{level.name} {level.mark.value}: {level.says}" for level in wrong)
            findings.append(Finding(UNVERIFIED, _name(item), "signature, key, form, chain and conservation pass", says))
    return findings


def _contradicted(found: Sequence[Verified], lines: Lines) -> list[Finding]:
    """Receipts that sign something else than the ledger has: position, lines, postings, payment, operation or kind."""
    return [
        Finding(UNVERIFIED, _name(item), expected, signed)
        for item in found
        if item.receipt
        for expected, signed in lines.faults(item.receipt)
    ]


def _without(found: Sequence[Verified], settles: Sequence[LedgerEntry]) -> list[Finding]:
    """Settle lines that no settle receipt names: paid, and nothing to show for it."""
    named = {
        (item.receipt.receipt_id, entry_id)
        for item in found
        if item.receipt and item.receipt.kind == "settle"
        for entry_id in item.receipt.journal.entry_ids
    }
    return [
        Finding(WITHOUT, f"ledger {entry.seq} ({entry.entry_id})", "a settle receipt that names it", f"none ({entry.receipt_id})")
        for entry in settles
        if (entry.receipt_id, entry.entry_id) not in named
    ]


def _broken(found: Sequence[Verified], payments: Sequence[str]) -> list[Finding]:
    """Paid payments whose way from decision over binding and receipt to verification has a gap."""
    chains: dict[str, list[Verified]] = {}
    for item in found:
        if item.receipt:
            chains.setdefault(item.receipt.subject.id, []).append(item)
    findings = []
    for payment_id in payments:
        gap = _gap(chains.get(payment_id, []))
        if gap:
            findings.append(Finding(CHAINS, payment_id, "decision, binding, receipt and verification linked", gap))
    return findings


def _gap(chain: Sequence[Verified]) -> str | None:
    kinds = {item.receipt.kind for item in chain if item.receipt}
    if not kinds & {"reserve", "approve"}:
        return "no receipt of the decision (kind reserve or approve)"
    if "settle" not in kinds:
        return "no receipt of the settlement (kind settle)"
    held = [item.receipt for item in chain if item.receipt and item.receipt.money.totals.authorized != "0"]
    policies = {receipt.decision.policy_sha256 for receipt in held}
    if len(policies) != 1:
        return f"{len(policies)} different policies in one payment"
    open_ = [_name(item) for item in chain if not item.complete]
    return f"not verified: {', '.join(open_)}" if open_ else None


def _name(item: Verified) -> str:
    return f"{item.receipt.receipt_id} ({item.origin})" if item.receipt else item.origin
