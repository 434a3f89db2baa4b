"""Step `check`: the receipt is of this call, and verifies with the keys of the first contact or with keys that the user names."""

import contextlib
from pathlib import Path

import msgspec

from gateway.machines.onboarding import OnboardingEvent
from gateway.setup.failures import SetupCode, SetupProblem
from gateway.setup.happened import Happened, failed
from gateway.setup.lines import Found
from gateway.setup.receipts import Payload, payload_of
from gateway.setup.short_file import is_stream, whole
from gateway.setup.walk import Walk
from gateway.setup.wire import RequestRefused

_RECEIPT, _CHAIN, _TRUST = "receipt.json", "chain.jsonl", "trust.json"
_LARGEST_TRUST = 1024 * 1024
_NOT = OnboardingEvent.NOT_VERIFIED


def check(walk: Walk) -> Happened:
    """Verified: completed with a payment, trust-only with a denial. Not verified: blocked, and nothing is trusted."""
    receipt_id = next((line.receipt_id for line in reversed(walk.journal.lines) if line.receipt_id), None)
    assert receipt_id is not None, "the step before names it"
    items = walk.read(f"/v1/receipts?payment_id={walk.found.payment_id}", walk.memory.agent_key).decoded().get("items")
    rows = [row for row in items if isinstance(row, dict)] if isinstance(items, list) else []
    payloads = [payload_of(row.get("envelope")) for row in rows]
    if why := _not_ours(walk, receipt_id, payloads[-1] if payloads else None):
        return failed(_NOT, SetupProblem(SetupCode.RECEIPT_NOT_VERIFIED, why))
    file = walk.local.keep(walk.run, _CHAIN, b"".join(msgspec.json.encode(row.get("envelope")) + b"\n" for row in rows))
    walk.local.keep(walk.run, _RECEIPT, msgspec.json.encode(rows[-1].get("envelope")) + b"\n")
    trust = _trust(walk)
    policies = _policies(walk, payloads)
    with walk.talk.waiting("gonogo receipt verify"):
        verification = walk.around.verify(file, trust, policies)
    found = Found(levels=verification.levels)
    if not verification.verified:
        problem = failed(_NOT, SetupProblem(SetupCode.RECEIPT_NOT_VERIFIED, verification.detail))
        return msgspec.structs.replace(problem, found=found)
    walk.report_event("receipt_verified")
    _end_session(walk)
    walk.talk.say("the receipt verifies: " + ", ".join(f"{level.level} {level.mark}" for level in verification.levels))
    event = OnboardingEvent.PAYMENT_VERIFIED if walk.memory.has_money else OnboardingEvent.DENIAL_VERIFIED
    return Happened(event, found=found)


def _trust(walk: Walk) -> Path:
    """The keys that the user names, else those of the first contact. A pipe is read here: the child has none of ours."""
    named = walk.choices.trust
    if named is None:
        return walk.local.pinned_keys(walk.wire.base_url)
    if not is_stream(named):
        return named
    try:
        return walk.local.keep(walk.run, _TRUST, whole(named, _LARGEST_TRUST))
    except (OSError, ValueError) as error:
        raise SetupProblem(SetupCode.RECEIPT_NOT_VERIFIED, f"{named} holds no receipt keys: {error}") from None


def _not_ours(walk: Walk, receipt_id: str, newest: Payload | None) -> str:
    """Why the newest receipt is not the one of this call, "" where it is: a signature says nothing of what was wanted."""
    if newest is None or newest.receipt_id != receipt_id:
        return f"the gateway does not show {receipt_id} as the newest receipt of {walk.found.payment_id}"
    kind = "settle" if walk.memory.has_money else "denial"
    wanted = (kind, walk.found.payment_id, walk.found.wallet_id, walk.found.payee_id)
    if (newest.kind, newest.subject, newest.wallet_id, newest.payee_id) != wanted:
        return f"{receipt_id} is not the {kind} of this wallet's payment to this payee"
    return ""


def _policies(walk: Walk, payloads: list[Payload | None]) -> tuple[Path, ...]:
    """The policy documents that the receipts name, so that their decisions are made again."""
    hashes = {payload.policy_sha256 for payload in payloads if payload is not None and payload.policy_sha256 is not None}
    return tuple(
        walk.local.keep(walk.run, f"policy-{number}.json", walk.read(f"/v1/policies/{sha256}", walk.memory.agent_key).content)
        for number, sha256 in enumerate(sorted(hashes), 1)
    )


def _end_session(walk: Walk) -> None:
    """The agent's key has taken the session's place."""
    token = walk.local.session(walk.wire.base_url)
    if token is not None:
        with contextlib.suppress(RequestRefused, SetupProblem):
            walk.send("/v1/access/session/end", {"everywhere": False}, token, after=(OnboardingEvent.CODE_OK,), rekey=True)
        walk.local.drop_session()
