"""Does the caller's API key still count, in the transaction that decides? Sessions have their own look, in `user`."""

from gateway.commands import Principal
from gateway.errors import Code, Refusal
from gateway.errors.callers import UNKNOWN_KEY
from gateway.store.port import Transaction


def key_fault(tx: Transaction, caller: Principal) -> Refusal | None:
    """Why the key that was let in a moment ago does not count any more; None for one that does, and for callers without a key.

    A request waits between its admission and its decision, for a lock or in a batch behind the one that revokes its key.
    """
    if not caller.has_key:
        return None
    revoked, disabled = tx.key_ended(caller.tenant_id, caller.key_id)
    if revoked:
        return UNKNOWN_KEY
    return Refusal(Code.TENANT_DISABLED, f"The tenant {caller.tenant_id} is disabled.") if disabled else None
