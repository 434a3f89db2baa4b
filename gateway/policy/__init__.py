"""The policy: a document of limits, compiled into rules, and the pure decision that anybody can make again from a receipt.

schema (the document) -> rules (what it comes to) -> decide (the decision) -> block (as receipts carry it). draft makes documents
of commands, windows reads the calendar.
"""

from gateway.policy.block import PolicyBlock, PolicyInputs, encode_block
from gateway.policy.decide import decide
from gateway.policy.request import PolicyRequest, Tally
from gateway.policy.rules import NO_RULES, Rules, compile_rules
from gateway.policy.schema import NO_POLICY_SHA256, Policy, PolicyOutcome, Reason, policy_sha256

__all__ = [
    "NO_POLICY_SHA256",
    "NO_RULES",
    "Policy",
    "PolicyBlock",
    "PolicyInputs",
    "PolicyOutcome",
    "PolicyRequest",
    "Reason",
    "Rules",
    "Tally",
    "compile_rules",
    "decide",
    "encode_block",
    "policy_sha256",
]
