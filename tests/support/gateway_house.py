"""A shop with people who sign in and a house: sessions, bootstrap keys and keys of the house, as commands make them."""

import contextlib
import sqlite3
from pathlib import Path

import httpx
import msgspec
from gateway_shop import Shop

from gateway.command_line.demo_access import make_session, with_access
from gateway.command_line.house import acting, make_house_key
from gateway.commands import HOUSE_ROLES


class House(Shop):
    """A gateway with one demo tenant, a person of it who signed in, and a key for each role of the house."""

    def __init__(self, folder: Path, **settings: object) -> None:
        super().__init__(folder, **settings)
        self.demo = with_access(self.settings, self.demo, house=False)
        self.house = {role: make_house_key(self.settings, role, role, "test")[1].key for role in HOUSE_ROLES}

    def key(self, role: str) -> str:
        """The credential of a role: a tenant's key, a session (`session`, `stepped_up`), the house's key, or a token itself."""
        if role in self.house:
            return self.house[role]
        if role in ("session", "stepped_up"):
            return getattr(self.demo, f"{role}_token")
        return role if role.startswith(("gng_", "gns_", "gnb_")) else super().key(role)

    def ok(self, answer: httpx.Response, status: int = 201) -> dict[str, object]:
        """The body of an answer with this status."""
        assert answer.status_code == status, answer.text
        return answer.json()

    def new_key(self, role: str = "agent", agent_id: str = "agent-2", by: str = "stepped_up") -> dict[str, object]:
        """A key made by route."""
        return self.ok(self.post("/v1/access/keys", {"role": role, "agent_id": agent_id}, by))

    def new_session(self, person_id: str, tenant_id: str | None = None, *, fresh: bool = True) -> str:
        """The token of a session of a person, as a sign-in would leave it."""
        with acting(self.settings, "test") as act:
            return make_session(act.tx, act.maker, person_id, tenant_id, fresh=fresh)

    def works(self, key: str) -> bool:
        """Whether a key is let in."""
        return self.ask("GET", "/v1/status", key).status_code == 200

    def rows(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """Rows of the database, read beside the gateway."""
        with contextlib.closing(sqlite3.connect(self.settings.db)) as database:
            return database.execute(sql, values).fetchall()

    def audit(self, kind: str) -> list[tuple[str, str, dict[str, object]]]:
        """The journal's rows of this kind: tenant, actor, facts."""
        found = self.rows("SELECT tenant_id, actor, request FROM operations WHERE kind = ? ORDER BY seq", kind)
        return [(tenant, actor, msgspec.json.decode(request)) for tenant, actor, request in found]

    def everything_stored(self) -> bytes:
        """Every byte of the database and its log."""
        paths = self.settings.db.parent.glob("gateway.db*")
        return b"".join(path.read_bytes() for path in paths if "access.key" not in path.name)
