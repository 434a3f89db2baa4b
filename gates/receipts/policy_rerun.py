"""The decision made again, offline, from receipt and policy document alone, and compared with the receipt's."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

import msgspec
import rfc8785

from gates.receipts.policy_document import Unknown, read_policy
from gates.receipts.policy_evaluator import Decision, Inputs, Misfit, Question, evaluate, read_moment
from gates.receipts.receipt import Receipt
from gates.schema.canonical import Json, sha256_hex, to_builtins

NO_POLICY = sha256_hex(b"")
"""The policy hash of a tenant that has set none: everything is denied."""

_OF_THE_MACHINE = frozenset({"Factory", "localtime", "posixrules"})
"""Files among the time zones that are whatever the machine's administrator chose."""

_DECIDING = {"reserve": ("allow",), "denial": ("deny",), "escalation": ("challenge", "escalate")}
_AFTER_VOTE = {"approval_required": ("challenge", "escalate"), "reserved": ("allow",)}


def rerun_fault(receipt: Receipt, documents: Mapping[str, bytes]) -> str | None:
    """What is wrong with the receipt's decision; None where making it again gives the same.

    Raises Unknown where it cannot be made again: the document was not given, or holds a limit that this version does not know.
    """
    block = receipt.decision
    if block.policy_sha256 != NO_POLICY and block.policy_sha256 not in documents:
        raise Unknown(f"the policy document {block.policy_sha256} was not given")
    policy = None if block.policy_sha256 == NO_POLICY else read_policy(documents[block.policy_sha256])
    try:
        inputs = msgspec.convert(block.inputs, Inputs)
    except msgspec.ValidationError as error:
        return f"its policy inputs are not of version 1: {error}"
    names = (receipt.parties.agent_id, receipt.parties.wallet_id or "", receipt.parties.payee_id, receipt.money.currency)
    try:
        fault = _inputs_fault(receipt, inputs) or _clock_fault(receipt, inputs, policy)
        if fault:
            return fault
        again = evaluate(policy, Question(*names, inputs, block.counters_before))
    except Misfit as misfit:
        return str(misfit)
    stated = Decision(block.outcome, block.reasons, block.approvals_needed, block.counters_after)
    if again == stated:
        return None
    name = next(name for name in Decision.__struct_fields__ if getattr(again, name) != getattr(stated, name))
    return f"made again, {name} is {to_builtins(getattr(again, name))}, not {to_builtins(getattr(stated, name))}"


def _inputs_fault(receipt: Receipt, inputs: Inputs) -> str | None:
    """The first member of the policy block that contradicts the receipt around it."""
    block = receipt.decision
    whole = {
        "agent_id": receipt.parties.agent_id,
        "counters": block.counters_before,
        "currency": receipt.money.currency,
        "inputs": block.inputs,
        "payee_id": receipt.parties.payee_id,
        "policy_sha256": block.policy_sha256,
        "wallet_id": receipt.parties.wallet_id,
    }
    if sha256_hex(rfc8785.dumps(whole)) != block.inputs_sha256:
        return "inputs_sha256 is not the hash of what it decided on"
    people = inputs.approvals
    folded = [person.strip().casefold() for person in people]
    if len(set(folded)) != len(folded) or receipt.parties.agent_id.strip().casefold() in folded:
        return f"the approvals {', '.join(people)} are not those of different people other than {receipt.parties.agent_id}"
    amount = receipt.money.amount if receipt.kind in (*_DECIDING, "approve", "reject") else receipt.money.totals.authorized
    if amount not in ("0", inputs.amount):
        return f"the decision was about {inputs.amount}, the payment is of {amount}"
    allowed = _AFTER_VOTE.get(receipt.status, ()) if receipt.kind == "approve" else _DECIDING.get(receipt.kind)
    if allowed is not None and block.outcome not in allowed:
        return f"a receipt of kind {receipt.kind} and status {receipt.status} does not follow from {block.outcome}"
    return None


def _clock_fault(receipt: Receipt, inputs: Inputs, policy: Mapping[str, Json] | None) -> str | None:
    """Whether the decision's local moment is a moment of its zone, and that of the receipt that records the decision.

    A later receipt repeats the decision. Its own moment may lie before it, where the clock was set back in between.
    """
    now, issued = read_moment(inputs.now), read_moment(receipt.signing.issued_at)
    if receipt.kind in (*_DECIDING, "approve") and now != issued:
        return f"the decision was made at {inputs.now}, the receipt issued at {receipt.signing.issued_at}"
    zone = str((policy or {}).get("time_zone", "UTC"))
    if zone in _OF_THE_MACHINE:
        raise Unknown(f"{zone} is another clock on every machine")
    try:
        offset = now.astimezone(ZoneInfo(zone)).utcoffset()
    except (KeyError, OSError, ValueError):
        raise Unknown(f"this machine knows no time zone {zone}") from None
    return None if offset == now.utcoffset() else f"{inputs.now} is not what clocks in {zone} show"
