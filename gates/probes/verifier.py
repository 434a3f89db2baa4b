"""Is this receipt true? Each level is checked alone and says pass, FAIL or not checked; not checked is never ok."""

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import msgspec

from gates.evidence.dsse import Envelope, TrustRoot
from gates.probes.conservation import standing_fault, step_fault
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
    """What verification found for one receipt."""

    origin: str
    receipt: Receipt | None
    levels: tuple[Level, ...]

    @property
    def failed(self) -> bool:
        """Whether any level failed."""
        return any(level.mark is Mark.FAIL for level in self.levels)

    @property
    def complete(self) -> bool:
        """Whether every level that this version can check passes."""
        return all(level.mark is Mark.PASS for level in self.levels if level.name not in BEYOND)


POLICY = Level(
    "policy re-run",
    Mark.NOT_CHECKED,
    "this version does not re-run the decision: the policy document is not part of the receipt",
)
BEYOND = frozenset({POLICY.name})


class _Opened(msgspec.Struct, frozen=True):
    origin: str
    digest: str
    receipt: Receipt | None
    signature: Level
    form: Level


Chains = Mapping[str, Mapping[int, Sequence[_Opened]]]


def verify_receipts(
    asked: Iterable[tuple[str, Envelope]], trust: TrustRoot, known: Iterable[tuple[str, Envelope]] = ()
) -> tuple[Verified, ...]:
    """Verify each asked receipt, offline; each comes with the name of where it was read.

    `known` are further receipts of the same payments: they complete chains but are not themselves reported. Trust comes from
    `trust` alone; nothing in a receipt can add to it.
    """
    opened = [_open(origin, envelope, trust) for origin, envelope in asked]
    chains = _chains([*opened, *(_open(origin, envelope, trust) for origin, envelope in known)])
    return tuple(_verify(item, chains) for item in opened)


def _open(origin: str, envelope: Envelope, trust: TrustRoot) -> _Opened:
    signature = _signature(envelope, trust)
    try:
        payload = base64.b64decode(envelope.payload, validate=True)
        receipt = parse_receipt(payload)
    except (Malformed, binascii.Error) as error:
        return _Opened(origin, "", None, signature, Level("form", Mark.FAIL, str(error)))
    return _Opened(origin, payload_digest(payload), receipt, signature, _form(envelope, payload, receipt))


def _signature(envelope: Envelope, trust: TrustRoot) -> Level:
    if envelope.payload_type != PAYLOAD_TYPE:
        return Level("signature", Mark.FAIL, f"the payload type {envelope.payload_type!r} is not a receipt's")
    try:
        trust.verify(envelope)
    except UnverifiedProblem as problem:
        return Level("signature", Mark.FAIL, problem.message)
    known = [item.keyid for item in envelope.signatures if item.keyid in trust.keyids]
    return Level("signature", Mark.PASS, f"signed by the key {known[0]}, which you trust")


def _form(envelope: Envelope, payload: bytes, receipt: Receipt) -> Level:
    if receipt.key_id not in {item.keyid for item in envelope.signatures}:
        return Level("form", Mark.FAIL, f"it names the key {receipt.key_id}, which did not sign it")
    return Level("form", Mark.PASS, f"a receipt of version 1, {len(payload)} bytes of canonical JSON (RFC 8785)")


def _chains(opened: Iterable[_Opened]) -> Chains:
    """Receipts by payment and position; the same receipt read twice counts once, a forgery not at all."""
    chains: dict[str, dict[int, list[_Opened]]] = {}
    for item in opened:
        if item.receipt is None or item.signature.mark is not Mark.PASS:
            continue
        places = chains.setdefault(item.receipt.payment_id, {}).setdefault(item.receipt.seq, [])
        if item.digest not in {other.digest for other in places}:
            places.append(item)
    return chains


def _verify(item: _Opened, chains: Chains) -> Verified:
    if item.receipt is None:
        rest = tuple(Level(name, Mark.NOT_CHECKED, "the receipt cannot be read") for name in ("chain", "conservation"))
    else:
        places = chains.get(item.receipt.payment_id, {})
        rest = (_chain(item, item.receipt, places), _conservation(item.receipt, places))
    return Verified(item.origin, item.receipt, (item.signature, item.form, *rest, POLICY))


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
        return Level("chain", Mark.NOT_CHECKED, f"receipt {receipt.seq - 1} of payment {receipt.payment_id} was not given")
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
    changed = _changed(receipt, before[0].receipt)
    return f"{changed} differs from receipt {receipt.seq - 1} of the same payment" if changed else None


def _changed(receipt: Receipt, previous: Receipt | None) -> str | None:
    """The first member that must stay the same within a payment and does not."""
    same = ("tenant_id", "wallet_id", "payee_id", "agent_id", "currency", "policy")
    return next((name for name in same if getattr(receipt, name) != getattr(previous, name)), None)


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
