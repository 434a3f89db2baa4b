"""What an operator does to the service from the command line, while the gateway runs; each change is a row of the journal.

The running gateway needs no signal: it reads the mode in the transaction of every reserve, and the key events in every batch.
"""

import contextlib
from collections.abc import Iterator

from gateway.engine.receipt_keys import ALL_TENANTS, Changed, drop_key_file, revoke, rotate
from gateway.errors import StartProblem
from gateway.journal import system_row
from gateway.settings import Settings
from gateway.store.database import one_transaction
from gateway.store.port import Transaction
from gateway.store.rows import Mode


def set_mode(settings: Settings, mode: str, reason: str, actor: str, tenant_id: str | None) -> Mode:
    """Pause or resume one tenant, or all of them (`tenant_id` None) on top of what each has chosen for itself.

    Raises StartProblem for an unusable database and an unknown tenant.
    """
    wanted = Mode(mode, reason, settings.now_text(), actor, everywhere=tenant_id is None)

    with transaction_of(settings) as tx:
        if tenant_id is None:
            tx.tenants.set_mode_everywhere(wanted)
        elif tx.tenants.knows(tenant_id):
            tx.tenants.set_mode(tenant_id, wanted)
        else:
            raise StartProblem(f"no tenant is called {tenant_id}")
        kind = f"{'pause' if mode == 'paused' else 'resume'}{'' if tenant_id else '_all'}"
        request = {"reason": reason}
        tx.add_operation(system_row(tenant_id or ALL_TENANTS, kind, wanted.at, settings.ids.suffix(), actor, request))
    return wanted


def rotate_key(settings: Settings, actor: str) -> Changed:
    """Retire the receipt key and make a new one, which signs from the next batch on; the old private key is removed."""
    with transaction_of(settings) as tx:
        changed = rotate(tx, settings, actor)
    drop_key_file(settings, changed.ended)
    return changed


def revoke_key(settings: Settings, keyid: str, actor: str) -> Changed:
    """Revoke a receipt key, and replace it where it is the active one; its private key is removed."""
    with transaction_of(settings) as tx:
        changed = revoke(tx, settings, keyid, actor)
    drop_key_file(settings, changed.ended)
    return changed


@contextlib.contextmanager
def transaction_of(settings: Settings) -> Iterator[Transaction]:
    """One transaction on the database of a gateway that may be running; raises StartProblem where that cannot be."""
    if not settings.db.exists():
        raise StartProblem(f"{settings.db}: there is no such database; name it with --db")
    with one_transaction(settings.db) as tx:
        yield tx
