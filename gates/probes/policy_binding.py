"""The probe policy-binding: can money move without policy? Reads the ledger and the receipts, and joins them."""

import base64
from collections.abc import Sequence
from pathlib import Path

from gates.evidence.statement import EvidenceKind
from gates.probes.audit_trail import ReceiptItem, read_ledger, read_receipts
from gates.probes.binding import DECISIONS, LINKS, SETTLEMENTS, check_binding
from gates.probes.budgets import COUNTERS, budget_findings
from gates.probes.client import TargetClient
from gates.probes.conduct import Finding, Probe, Result, counted
from gates.probes.raw import raw_text, read_raw
from gates.receipts.receipt import Receipt, parse_receipt
from gates.schema.canonical import Json
from gates.schema.ledger import LedgerEntry
from gates.schema.progress import progress

LEDGER_FILE, RECEIPTS_FILE = "ledger.json", "receipts.json"
_NO_SETTLEMENT = "the ledger holds no settlement: settle payments first, as `gonogo load run` does"
_NO_COUNTER = "no decision was made with a counter: give the tenant's policy a budget, and reserve payments"


def run(client: TargetClient) -> Result:
    """Every decision, every settlement and every link between ledger and receipts of the target's tenant."""
    with progress("policy-binding", 3) as shown:
        shown.step(0, "reading the ledger")
        entries = read_ledger(client)
        shown.step(1, "reading the receipts")
        items = read_receipts(client)
        shown.step(2, "joining them")
        result = judge_books(entries, items)
        shown.step(3)
    return result


def judge_books(entries: Sequence[LedgerEntry], items: Sequence[ReceiptItem]) -> Result:
    """Measures and findings. Pure."""
    receipts, unreadable = _parse(items)
    bound = check_binding(entries, receipts)
    counters, out_of_step = budget_findings(receipts)
    findings = (*unreadable, *bound.findings, *out_of_step)
    measures = {
        DECISIONS: counted(
            DECISIONS, bound.decisions, findings, to_change="no receipt states a decision: reserve payments first"
        ),
        SETTLEMENTS: counted(SETTLEMENTS, bound.settlements, findings, to_change=_NO_SETTLEMENT),
        LINKS: counted(LINKS, bound.links + len(unreadable), findings, to_change=_NO_SETTLEMENT),
        COUNTERS: counted(COUNTERS, counters, findings, to_change=_NO_COUNTER),
    }
    facts: dict[str, Json] = {
        "ledger_entries": len(entries),
        "receipts": len(receipts) + len(unreadable),
        "outcomes": dict(bound.outcomes),
    }
    raw = {LEDGER_FILE: raw_text(entries), RECEIPTS_FILE: raw_text(items)}
    return Result(measures, findings, facts=facts, raw=raw)


def again(folder: Path) -> Result:
    """The result of the raw files in a folder."""
    return judge_books(read_raw(folder / LEDGER_FILE, list[LedgerEntry]), read_raw(folder / RECEIPTS_FILE, list[ReceiptItem]))


def _parse(items: Sequence[ReceiptItem]) -> tuple[list[Receipt], tuple[Finding, ...]]:
    """The receipts that can be read; the others are broken links, for nothing can be joined to them."""
    receipts: list[Receipt] = []
    unreadable: list[Finding] = []
    for item in items:
        try:
            receipts.append(parse_receipt(base64.b64decode(item.envelope.payload, validate=True)))
        except ValueError as error:
            unreadable.append(Finding(LINKS, item.receipt_id, "a receipt of version 1", str(error)))
    return receipts, tuple(unreadable)


PROBE = Probe("policy-binding", EvidenceKind.POLICY_BINDING, (DECISIONS, SETTLEMENTS, LINKS, COUNTERS), run)
