"""Is this receipt true? Each level is checked alone and is pass, FAIL or not checked; not checked is never ok."""

import base64
from collections.abc import Iterable, Mapping

from gates.evidence.dsse import Envelope, TrustRoot
from gates.receipts.chains import Chain, chain_level, conservation_level, make_chains, votes_fault
from gates.receipts.key_history import KeyHistory
from gates.receipts.levels import BEYOND, POLICY, Level, Mark, Opened, Verified
from gates.receipts.policy_document import Unknown
from gates.receipts.policy_rerun import rerun_fault
from gates.receipts.receipt import PAYLOAD_TYPE, Receipt, Subject, parse_receipt, payload_digest
from gates.receipts.uniqueness import clashes
from gates.schema.errors import UnverifiedProblem


def verify_receipts(
    receipts: Iterable[tuple[str, Envelope]],
    trust: TrustRoot,
    known: Iterable[tuple[str, Envelope]] = (),
    history: KeyHistory | None = None,
    policies: Mapping[str, bytes] | None = None,
) -> tuple[Verified, ...]:
    """Verify each of `receipts`, offline; each comes with the name of the place that it was read from.

    `known` are further receipts of the same payments: they complete chains but are not themselves reported. Trust comes from
    `trust` and `history` alone, which the verifier brings; nothing in a receipt can add to it. `policies` are the documents, by
    their sha256, from which decisions are made again.
    """
    limits = history or KeyHistory(None)
    opened = [_open(origin, envelope, trust, limits) for origin, envelope in receipts]
    others = [_open(origin, envelope, trust, limits) for origin, envelope in known]
    chains, twins = make_chains([*opened, *others]), clashes(opened, others)
    return tuple(_verify(item, chains, policies or {}, twins.get(number, "")) for number, item in enumerate(opened))


def _open(origin: str, envelope: Envelope, trust: TrustRoot, history: KeyHistory) -> Opened:
    try:
        payload = base64.b64decode(envelope.payload, validate=True)
        receipt = parse_receipt(payload)
    except ValueError as error:  # malformed, or not base64
        unread = Level("key", Mark.NOT_CHECKED, "the receipt's position in the journal cannot be read")
        return Opened(origin, "", None, _signature(envelope, None, trust), unread, Level("form", Mark.FAIL, str(error)))
    signature = _signature(envelope, receipt, trust)
    key = _key(receipt, signature, trust, history)
    form = Level("form", Mark.PASS, f"a receipt of version 2, {len(payload)} bytes of canonical JSON (RFC 8785)")
    return Opened(origin, payload_digest(payload), receipt, signature, key, form)


def _signature(envelope: Envelope, receipt: Receipt | None, trust: TrustRoot) -> Level:
    """Whether a signature by the key that the payload names holds; where the payload cannot be read, by any trusted key."""
    if envelope.payload_type != PAYLOAD_TYPE:
        return Level("signature", Mark.FAIL, f"the payload type {envelope.payload_type!r} is not a receipt's")
    try:
        holding = trust.verify(envelope).keyids
    except UnverifiedProblem as problem:
        return Level("signature", Mark.FAIL, problem.message)
    if receipt is not None and receipt.signing.key_id not in holding:
        named = receipt.signing.key_id
        says = f"it names the key {named}, which did not sign it; the signature that holds is by {', '.join(holding)}"
        return Level("signature", Mark.FAIL, says)
    return Level(
        "signature", Mark.PASS, f"signed by the key {receipt.signing.key_id if receipt else holding[0]}, which you trust"
    )


def _key(receipt: Receipt, signature: Level, trust: TrustRoot, history: KeyHistory) -> Level:
    """Whether the key was active at the receipt's position in the journal; no receipt of a revoked key counts."""
    use = trust.other_use.get(receipt.signing.key_id)
    if use is not None:
        counts, says = history.standing(receipt.signing.key_id, receipt.journal.seq)
        return Level("key", Mark.FAIL, f"the key's use is {use!r}, not 'sig': it counts nowhere" if counts else says)
    if signature.mark is not Mark.PASS:
        return Level("key", Mark.NOT_CHECKED, "the signature does not hold, so the position is not proven")
    counts, says = history.standing(receipt.signing.key_id, receipt.journal.seq)
    return Level("key", Mark.PASS if counts else Mark.FAIL, says)


def _verify(item: Opened, chains: Mapping[Subject, Chain], policies: Mapping[str, bytes], twin: str) -> Verified:
    """All levels of one receipt; `twin` is what it shares with another receipt, "" where it stands alone."""
    rest: tuple[Level, ...]
    if item.receipt is None:
        rest = tuple(Level(name, Mark.NOT_CHECKED, "the receipt cannot be read") for name in ("chain", "conservation", POLICY))
    else:
        chain = chains.get(item.receipt.subject) or Chain()
        money = conservation_level(item.receipt, chain)
        link = Level("chain", Mark.FAIL, twin) if twin else chain_level(item, item.receipt, chain)
        rest = (link, money, _policy(item.receipt, chain, policies))
    return Verified(item.origin, item.receipt, (item.signature, item.key, item.form, *rest), frozenset() if policies else BEYOND)


def _policy(receipt: Receipt, chain: Chain, policies: Mapping[str, bytes]) -> Level:
    if receipt.policy is None:
        return Level(POLICY, Mark.PASS, "a payout, which no policy decides")
    try:
        fault = rerun_fault(receipt, policies) or votes_fault(receipt, chain)
    except Unknown as reason:
        return Level(POLICY, Mark.NOT_CHECKED, str(reason))
    if fault:
        return Level(POLICY, Mark.FAIL, fault)
    return Level(POLICY, Mark.PASS, f"made again from the policy {receipt.policy.policy_sha256}: {receipt.policy.outcome}")
