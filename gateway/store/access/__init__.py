"""The tables of access in SQLite; `AccessStore` has them all."""

import sqlite3

from gateway.store.access.api_keys import ApiKeyStore
from gateway.store.access.bootstrap_keys import BootstrapKeyStore
from gateway.store.access.funnel import FunnelStore
from gateway.store.access.house import HouseStore
from gateway.store.access.mails import MailStore
from gateway.store.access.people import PeopleStore
from gateway.store.access.sessions import SessionStore
from gateway.store.access.sign_ins import SignInStore
from gateway.store.access.throttles import ThrottleStore


class AccessStore:
    """Statements for access; shares the connection and the transaction of its Transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute
        self.sign_ins, self.throttles = SignInStore(connection), ThrottleStore(connection)
        self.people, self.sessions = PeopleStore(connection), SessionStore(connection)
        self.mails, self.api_keys = MailStore(connection), ApiKeyStore(connection)
        self.bootstrap_keys, self.house = BootstrapKeyStore(connection), HouseStore(connection)
        self.funnel = FunnelStore(connection)

    def key_check(self) -> bytes | None:
        """What recognises the access key; None in a database that has none yet."""
        row = self._execute("SELECT key_check FROM access_key WHERE only_row = 1").fetchone()
        return None if row is None else bytes(row[0])

    def set_key_check(self, check: bytes) -> None:
        """Remember which access key belongs to this database."""
        sql = "INSERT INTO access_key (only_row, key_check) VALUES (1, ?)"
        self._execute(sql, (check,))
