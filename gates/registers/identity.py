"""Which id does a finding or incident have? Derived from what it is, so that no counter is kept and a result is itself again."""

from gates.schema.canonical import canonical_json, sha256_hex
from gates.schema.outcome import Priority
from gates.schema.register import Register

_DIGITS = 10


def item_id(register: Register, fingerprint: str) -> str:
    """The id of what has this fingerprint in this register: `F-` or, for an incident, `I-`, and ten hex digits."""
    letter = "I" if register is Register.INCIDENTS else "F"
    return f"{letter}-{sha256_hex(canonical_json([register.value, fingerprint]))[:_DIGITS]}"


def fingerprint_of(title: str, severity: Priority, owner: str, by: str, at: str) -> str:
    """The fingerprint of an item that a person opens by hand."""
    return sha256_hex(canonical_json([title, severity.value, owner, by, at]))
