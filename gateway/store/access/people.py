"""People, and the tenants that they belong to."""

import sqlite3

from msgspec.structs import astuple

from gateway.commands import HouseRoleName
from gateway.store.access_rows import MemberRow, MemberTenant, PersonRow

_COLUMNS = ", ".join(PersonRow.__struct_fields__)
_TENANTS = """
SELECT t.tenant_id, t.name, EXISTS (SELECT 1 FROM disabled_tenants AS d WHERE d.tenant_id = t.tenant_id)
FROM memberships AS m JOIN tenants AS t ON t.tenant_id = m.tenant_id WHERE m.person_id = ? ORDER BY t.name, t.tenant_id
"""


class PeopleStore:
    """Statements on persons and memberships."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def find(self, person_id: str) -> PersonRow | None:
        """A person."""
        return self._one("person_id", person_id)

    def of_address(self, address_hash: str) -> PersonRow | None:
        """Whose address this is."""
        return self._one("address_hash", address_hash)

    def _one(self, column: str, value: str) -> PersonRow | None:
        row = self._execute(f"SELECT {_COLUMNS} FROM persons WHERE {column} = ?", (value,)).fetchone()  # noqa: S608  # our own names
        return None if row is None else PersonRow(*row)

    def add(self, row: PersonRow) -> None:
        """Store a person."""
        self._execute(f"INSERT INTO persons ({_COLUMNS}) VALUES (?, ?, ?, ?, ?)", astuple(row))  # noqa: S608  # our own names

    def set_address(self, person_id: str, address: str | None, address_hash: str | None) -> None:
        """Change the address, or erase it with None."""
        sql = "UPDATE persons SET address = ?, address_hash = ? WHERE person_id = ?"
        self._execute(sql, (address, address_hash, person_id))

    def set_house_role(self, person_id: str, role: HouseRoleName | None) -> None:
        """Make somebody one of the house's people, or no longer."""
        self._execute("UPDATE persons SET house_role = ? WHERE person_id = ?", (role, person_id))

    def join(self, person_id: str, tenant_id: str, now: str) -> None:
        """Make somebody a member of a tenant."""
        sql = "INSERT INTO memberships (person_id, tenant_id, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        self._execute(sql, (person_id, tenant_id, now))

    def tenants(self, person_id: str) -> list[MemberTenant]:
        """The tenants of a person, by name."""
        return [MemberTenant(*row) for row in self._execute(_TENANTS, (person_id,))]

    def members(self, tenant_id: str) -> list[MemberRow]:
        """The people of a tenant, who came first first."""
        sql = "SELECT person_id, created_at FROM memberships WHERE tenant_id = ? ORDER BY created_at, person_id"
        return [MemberRow(*row) for row in self._execute(sql, (tenant_id,))]

    def leave(self, person_id: str, tenant_id: str) -> bool:
        """Take somebody out of a tenant; False for who is not in it."""
        sql = "DELETE FROM memberships WHERE person_id = ? AND tenant_id = ?"
        return self._execute(sql, (person_id, tenant_id)).rowcount == 1
