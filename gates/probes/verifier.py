"""Is this receipt true? Each level is checked alone and says pass, FAIL or not checked; not checked is never ok."""

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import msgspec

from gates.evidence.dsse import Envelope, TrustRoot
from gates.probes.conservation import standing_fault, step_fault
from gates.probes.key_history import KeyHistory
from gates.probes.policy_evaluator import Unknown
from gates.probes.policy_rerun import rerun_fault
from gates.probes.receipt import PAYLOAD_TYPE, Malformed, Receipt, parse_receipt, payload_digest
from gates.schema.errors import UnverifiedProblem


class Mark(StrEnum):
    """What a level says."""

    PASS = "pass"  # noqa: S105  # a mark, not a password
    FAIL = "FAIL"
    NOT_CHECKED = "not checked"


class Level(msgspec.Struct, frozen=True):
    """One level of verification and its reason in plain words."""

    name: str
    mark: Mark
    says: str


class Verified(msgspec.Struct, frozen=True):
    """What verification found for one receipt. `beyond` are levels for which nobody brought what checking them needs."""

    origin: str
    receipt: Receipt | None
    levels: tuple[Level, ...]
    beyond: frozenset[str] = frozenset()

    @property
    def failed(self) -> bool:
        """Whether any level failed."""
        return any(level.mark is Mark.FAIL for level in self.levels)

    @property
    def complete(self) -> bool:
        """Whether every level passes for which there was something to check it with."""
        return all(level.mark is Mark.PASS for level in self.levels if level.name not in self.beyond)


POLICY = "policy re-run"
BEYOND = frozenset({POLICY})
"""Levels that need a document which neither receipt nor trust root holds; without one they are not checked, and said to be so."""


class _Opened(msgspec.Struct, frozen=True):
    origin: str
    digest: str
    receipt: Receipt | None
    signature: Level
    key: Level
    form: Level


Chains = Mapping[str, Mapping[int, Sequence[_Opened]]]


def verify_receipts(
    asked: Iterable[tuple[str, Envelope]],
    trust: TrustRoot,
    known: Iterable[tuple[str, Envelope]] = (),
    history: KeyHistory | None = None,
    policies: Mapping[str, bytes] | None = None,
) -> tuple[Verified, ...]:
    """Verify each asked receipt, offline; each comes with the name of where it was read.

    `known` are further receipts of the same payments: they complete chains but are not themselves reported. Trust comes from
    `trust` and `history` alone, which the verifier brings; nothing in a receipt can add to it. `policies` are the documents, by
    their sha256, from which decisions are made again.
    """
    limits = history or KeyHistory(None)
    opened = [_open(origin, envelope, trust, limits) for origin, envelope in asked]
    chains = _chains([*opened, *(_open(origin, envelope, trust, limits) for origin, envelope in known)])
    return tuple(_verify(item, chains, policies or {}) for item in opened)


def _open(origin: str, envelope: Envelope, trust: TrustRoot, history: KeyHistory) -> _Opened:
    try:
        payload = base64.b64decode(envelope.payload, validate=True)
        receipt = parse_receipt(payload)
    except (Malformed, binascii.Error) as error:
        unread = Level("key", Mark.NOT_CHECKED, "the receipt's position in the journal cannot be read")
        return _Opened(origin, "", None, _signature(envelope, None, trust), unread, Level("form", Mark.FAIL, str(error)))
    signature = _signature(envelope, receipt, trust)
    key = _key(receipt, signature, trust, history)
    return _Opened(origin, payload_digest(payload), receipt, signature, key, _form(payload))


def _key(receipt: Receipt, signature: Level, trust: TrustRoot, history: KeyHistory) -> Level:
    """Whether the key counted where the receipt stands in the journal: retired keys sign no more, revoked ones never did."""
    use = trust.other_use.get(receipt.key_id)
    if use is not None:
        counts, says = history.standing(receipt.key_id, receipt.journal_seq)
        return Level("key", Mark.FAIL, f"the key's use is {use!r}, not 'sig': it counts nowhere" if counts else says)
    if signature.mark is not Mark.PASS:
        return Level("key", Mark.NOT_CHECKED, "the signature does not hold, so no key vouches for the position")
    counts, says = history.standing(receipt.key_id, receipt.journal_seq)
    return Level("key", Mark.PASS if counts else Mark.FAIL, says)


def _signature(envelope: Envelope, receipt: Receipt | None, trust: TrustRoot) -> Level:
    """Whether a signature by the key that the payload names holds; where the payload cannot be read, by any trusted key."""
    if envelope.payload_type != PAYLOAD_TYPE:
        return Level("signature", Mark.FAIL, f"the payload type {envelope.payload_type!r} is not a receipt's")
    try:
        holding = trust.verify(envelope).keyids
    except UnverifiedProblem as problem:
        return Level("signature", Mark.FAIL, problem.message)
    if receipt is not None and receipt.key_id not in holding:
        says = f"it names the key {receipt.key_id}, which did not sign it; the signature that holds is by {', '.join(holding)}"
        return Level("signature", Mark.FAIL, says)
    return Level("signature", Mark.PASS, f"signed by the key {receipt.key_id if receipt else holding[0]}, which you trust")


def _form(payload: bytes) -> Level:
    return Level("form", Mark.PASS, f"a receipt of version 1, {len(payload)} bytes of canonical JSON (RFC 8785)")


def _chains(opened: Iterable[_Opened]) -> Chains:
    """Receipts by payment and position; the same receipt read twice counts once, one whose key does not count not at all."""
    chains: dict[str, dict[int, list[_Opened]]] = {}
    for item in opened:
        if item.receipt is None or (item.signature.mark, item.key.mark) != (Mark.PASS, Mark.PASS):
            continue
        places = chains.setdefault(item.receipt.payment_id, {}).setdefault(item.receipt.seq, [])
        if item.digest not in {other.digest for other in places}:
            places.append(item)
    return chains


def _verify(item: _Opened, chains: Chains, policies: Mapping[str, bytes]) -> Verified:
    rest: tuple[Level, ...]
    if item.receipt is None:
        rest = tuple(Level(name, Mark.NOT_CHECKED, "the receipt cannot be read") for name in ("chain", "conservation", POLICY))
    else:
        places = chains.get(item.receipt.payment_id, {})
        rest = (_chain(item, item.receipt, places), _conservation(item.receipt, places), _policy(item.receipt, places, policies))
    return Verified(item.origin, item.receipt, (item.signature, item.key, item.form, *rest), frozenset() if policies else BEYOND)


def _policy(receipt: Receipt, places: Mapping[int, Sequence[_Opened]], policies: Mapping[str, bytes]) -> Level:
    if receipt.policy is None:
        return Level(POLICY, Mark.PASS, "a payout, which no policy decides")
    try:
        fault = rerun_fault(receipt, policies) or _votes_fault(receipt, places)
    except Unknown as reason:
        return Level(POLICY, Mark.NOT_CHECKED, str(reason))
    if fault:
        return _fail(POLICY, fault)
    return Level(POLICY, Mark.PASS, f"made again from the policy {receipt.policy.policy_sha256}: {receipt.policy.outcome}")


def _votes_fault(receipt: Receipt, places: Mapping[int, Sequence[_Opened]]) -> str | None:
    """Each approval that the decision counts has a receipt of its own; seen only where all earlier receipts were given."""
    line = [places[seq][0].receipt for seq in range(1, receipt.seq) if seq in places] + [receipt]
    if len(line) < receipt.seq:
        return None
    votes = sum(1 for step in line if step and (step.kind == "approve" or (step.kind == "denial" and step.seq > 1)))
    counted = receipt.decision.inputs.get("approvals", [])
    told = len(counted) if isinstance(counted, list) else 0
    return None if told == votes else f"it counts {told} approvals, the payment's receipts show {votes}"


def _chain(item: _Opened, receipt: Receipt, places: Mapping[int, Sequence[_Opened]]) -> Level:
    rivals = [other.origin for other in places.get(receipt.seq, ()) if other.digest != item.digest]
    if rivals:
        return _fail("chain", f"there are two different receipts {receipt.seq} of this payment; the other: {rivals[0]}")
    before = places.get(receipt.seq - 1, ())
    fault = _link_fault(receipt, before)
    if fault:
        return _fail("chain", fault)
    if receipt.seq == 1:
        return Level("chain", Mark.PASS, "the first receipt of its payment")
    if not before:
        missing = f"receipt {receipt.seq - 1} of payment {receipt.payment_id} was not given, or does not count"
        return Level("chain", Mark.NOT_CHECKED, missing)
    return Level("chain", Mark.PASS, f"follows receipt {receipt.seq - 1} of its payment, whose sha256 it names")


def _link_fault(receipt: Receipt, before: Sequence[_Opened]) -> str | None:
    """What is wrong with the link to the predecessor, as far as it was given."""
    named = receipt.previous_receipt_sha256
    if (receipt.seq == 1) != (named is None):
        return f"it is receipt {receipt.seq} of its payment, and names {'a' if named else 'no'} predecessor"
    if not before:
        return None
    if named not in {other.digest for other in before}:
        return f"the sha256 of receipt {receipt.seq - 1} is not the one that it names"
    previous = before[0].receipt
    if previous is not None and receipt.journal_seq <= previous.journal_seq:
        return f"its journal position {receipt.journal_seq} is not after {previous.journal_seq}, its predecessor's"
    changed = _changed(receipt, previous)
    return f"{changed} differs from receipt {receipt.seq - 1} of the same payment" if changed else None


def _changed(receipt: Receipt, previous: Receipt | None) -> str | None:
    """The first member that must stay the same within a payment and does not."""
    same = ("tenant_id", "wallet_id", "payee_id", "agent_id", "currency")
    asked_again = receipt.kind in ("approve", "denial")  # with each approval the policy decides anew
    return next((name for name in (*same, *(() if asked_again else ("policy",))) if _differs(receipt, previous, name)), None)


def _differs(receipt: Receipt, previous: Receipt | None, name: str) -> bool:
    return bool(getattr(receipt, name) != getattr(previous, name))


def _conservation(receipt: Receipt, places: Mapping[int, Sequence[_Opened]]) -> Level:
    fault = standing_fault(receipt)
    if fault:
        return _fail("conservation", fault)
    line = [places[seq][0].receipt if seq in places else None for seq in range(1, receipt.seq)] + [receipt]
    previous: Receipt | None = None
    for step in line:
        if step is None:
            return Level("conservation", Mark.PASS, "the totals add up within this receipt; earlier ones were not given")
        fault = step_fault(step, previous)
        if fault:
            return _fail("conservation", f"receipt {step.seq}: {fault}")
        previous = step
    totals = receipt.totals
    text = f"authorized {totals.authorized} = settled {totals.settled} + released {totals.released} + open {totals.open}"
    return Level("conservation", Mark.PASS, f"{text}, step by step from the payment's first receipt")


def _fail(name: str, says: str) -> Level:
    return Level(name, Mark.FAIL, says)
