"""Which access key belongs to a database: made with it, and recognised at every start."""

from gateway.access_key import AccessKey, make_access_key, read_access_key
from gateway.errors import StartProblem
from gateway.settings import Settings
from gateway.store.port import Store, Transaction


def open_access_key(settings: Settings, store: Store) -> AccessKey:
    """The access key of this database, a new one for a database that has none; raises StartProblem naming the file."""
    with store.alone() as tx:
        return with_access_key(tx, settings)


def with_access_key(tx: Transaction, settings: Settings) -> AccessKey:
    """The same inside the open transaction: what commands use while a gateway may run."""
    path, check = settings.access_key_file, tx.access.key_check()
    key = read_access_key(path)
    if check is None:
        key = key or make_access_key(path, settings.ids.secret())
        tx.access.set_key_check(key.check)
        return key
    if key is None:
        raise StartProblem(f"{path}: the access key of this database is not there; restore it from the backup that holds both")
    if key.check != check:
        raise StartProblem(
            f"{path}: this access key belongs to another database; restore the one that was backed up with this one"
        )
    return key
