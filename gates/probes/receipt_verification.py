"""The probe receipt-verification: can a stranger verify what happened? Exports the receipts and verifies the export offline."""

from collections.abc import Callable, Sequence
from pathlib import Path

from gates.evidence.dsse import TrustRoot
from gates.evidence.keys import load_trust
from gates.evidence.statement import EvidenceKind
from gates.probes.audit_trail import LedgerEntry, read_ledger, read_receipts, read_trust
from gates.probes.client import TargetClient
from gates.probes.conduct import Finding, Probe, Result, counted
from gates.probes.receipt_files import read_receipt_file, write_receipt_file
from gates.probes.verifier import Mark, Verified, verify_receipts
from gates.schema.canonical import Json, sha256_hex
from gates.schema.progress import progress

UNVERIFIED, WITHOUT, CHAINS = "unverified_receipts", "paid_runs_without_receipt", "broken_chains"


def make_probe(out: Path, trust_path: Path | None) -> Probe:
    """The probe, writing its export to `out`; `trust_path` is the JWKS that was pinned before, if there is one."""
    return Probe("receipt-verification", EvidenceKind.RECEIPT_VERIFICATION, (UNVERIFIED, WITHOUT, CHAINS), _run(out, trust_path))


def _run(out: Path, trust_path: Path | None) -> Callable[[TargetClient], Result]:
    def run(client: TargetClient) -> Result:
        """Pin the keys first, then read the ledger, then the receipts: each paid line must have its receipt by then."""
        with progress("receipt-verification", 4) as shown:
            pinned, first_use = _pin(client, out, trust_path)
            shown.step(1, "reading the ledger")
            entries = read_ledger(client)
            shown.step(2, "exporting the receipts")
            export = out / "receipts.jsonl"
            write_receipt_file(export, [item.envelope for item in read_receipts(client)])
            shown.step(3, "verifying the export, offline")
            trust = load_trust(pinned)
            found = verify_export(export, trust)
            shown.step(4)
        facts: dict[str, Json] = {
            "trust_on_first_use": first_use,
            "trust": "the keys that the target served before any receipt was read" if first_use else "a file pinned beforehand",
            "trusted_keys": list(trust.keyids),
            "receipts_sha256": sha256_hex(export.read_bytes()),
            "ledger_entries": len(entries),
        }
        return judge_export(found, entries, facts)

    return run


def verify_export(export: Path, trust: TrustRoot) -> tuple[Verified, ...]:
    """What `gonogo receipt verify EXPORT --trust KEYS` does; an export without receipts verifies none."""
    return verify_receipts(read_receipt_file(export), trust) if export.stat().st_size else ()


def judge_export(found: Sequence[Verified], entries: Sequence[LedgerEntry], facts: dict[str, Json]) -> Result:
    """Count what does not verify, what was paid without a receipt, and what is not linked through to a verified receipt."""
    settles = [entry for entry in entries if entry.kind == "settle"]
    payments = sorted({entry.payment_id or "" for entry in settles})
    findings = (*_unverified(found), *_without(found, settles), *_broken(found, payments))
    measures = {
        UNVERIFIED: counted(UNVERIFIED, len(found), findings),
        WITHOUT: counted(WITHOUT, len(settles), findings),
        CHAINS: counted(CHAINS, len(payments), findings),
    }
    beyond = {level.name: level.says for item in found[:1] for level in item.levels if level.mark is Mark.NOT_CHECKED}
    return Result(measures, findings, facts={**facts, "not_checked": dict(beyond)})


def _pin(client: TargetClient, out: Path, trust_path: Path | None) -> tuple[Path, bool]:
    if trust_path is not None:
        return trust_path, False
    pinned = out / "trust.json"
    document = read_trust(client)
    out.mkdir(parents=True, exist_ok=True)
    pinned.write_bytes(document)
    return pinned, True


def _unverified(found: Sequence[Verified]) -> list[Finding]:
    findings = []
    for item in found:
        wrong = [level for level in item.levels if level.mark is Mark.FAIL]
        wrong = wrong or ([level for level in item.levels if level.mark is not Mark.PASS] if not item.complete else [])
        if wrong:
            says = "; ".join(f"{level.name} {level.mark.value}: {level.says}" for level in wrong)
            findings.append(Finding(UNVERIFIED, _name(item), "signature, form, chain and conservation pass", says))
    return findings


def _without(found: Sequence[Verified], settles: Sequence[LedgerEntry]) -> list[Finding]:
    """Settle lines that no settle receipt names: paid, and nothing to show for it."""
    named = {
        (item.receipt.receipt_id, entry_id)
        for item in found
        if item.receipt and item.receipt.kind == "settle"
        for entry_id in item.receipt.entry_ids
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
            chains.setdefault(item.receipt.payment_id, []).append(item)
    findings = []
    for payment_id in payments:
        gap = _gap(chains.get(payment_id, []))
        if gap:
            findings.append(Finding(CHAINS, payment_id, "decision, binding, receipt and verification linked", gap))
    return findings


def _gap(chain: Sequence[Verified]) -> str | None:
    kinds = {item.receipt.kind for item in chain if item.receipt}
    if "reserve" not in kinds:
        return "no receipt of the decision (kind reserve)"
    if "settle" not in kinds:
        return "no receipt of the settlement (kind settle)"
    policies = {item.receipt.policy.policy_sha256 for item in chain if item.receipt}
    if len(policies) != 1:
        return f"{len(policies)} different policies in one payment"
    open_ = [_name(item) for item in chain if not item.complete]
    return f"not verified: {', '.join(open_)}" if open_ else None


def _name(item: Verified) -> str:
    return f"{item.receipt.receipt_id} ({item.origin})" if item.receipt else item.origin
