"""Do the receipts of one payment verify, with keys that were pinned beforehand?"""

from pathlib import Path

from gates.evidence.keys import load_trust
from gates.probes.audit_trail import read_payment_receipts, read_policies
from gates.probes.client import TargetClient
from gates.receipts.key_history import load_history
from gates.receipts.levels import Mark
from gates.receipts.verifier import verify_receipts

SETTLED = "settle"


def verify_payment(client: TargetClient, payment_id: str, trust: Path) -> str:
    """Why the receipts of a settled payment do not verify on every level; "" where they do.

    Raises ServiceProblem where they cannot be read, UsageProblem or UnverifiedProblem for pinned keys that are no longer usable.
    """
    items = read_payment_receipts(client, payment_id)
    if not any(item.kind == SETTLED for item in items):
        return "the settled payment has no receipt"
    policies, missing = read_policies(client, items)
    if missing:
        return f"the policy {missing[0]}, which a receipt names, is not served"
    envelopes = [(item.receipt_id, item.envelope) for item in items]
    for one in verify_receipts(envelopes, load_trust(trust), (), load_history(trust), policies):
        wrong = [level for level in one.levels if level.mark is not Mark.PASS and level.name not in one.beyond]
        if wrong:
            return f"receipt {one.origin}: {wrong[0].name}: {wrong[0].mark}: {wrong[0].says}"
    return ""
