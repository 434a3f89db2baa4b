"""Tenants never meet: every statement of the store names its tenant, or says here why it need not."""

import ast
import importlib
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import gateway.store
from gateway.store.migrations import migrate

STORE = Path(gateway.store.__file__).parent
MODULES = sorted(path.stem for path in STORE.glob("*.py") if path.stem != "__init__")

# A piece of a statement on a tenant's table that has no condition on the tenant, and why that is right. It only gets shorter.
WITHOUT: dict[str, str] = {
    "WHERE k.key_sha256 = ? AND k.revoked_at IS NULL": "finds out whose key it is: the tenant is the answer",
    "WHERE k.tenant_key = ?": "it begins with the tenant",
    "k.tenant_key = v.column1 AND k.route_hash = v.column2": "it begins with the tenant",
    "SELECT coalesce(max(seq), 0) + 1 FROM operations": "the journal is one; its next position is nobody's",
    "DELETE FROM answers WHERE seq IN": "the purge is the service's own work, on all tenants; answers have no ids of their own",
    "FROM payments WHERE open > 0 AND expires_at <= ?1": "the sweep is the service's own work; every id comes with its tenant",
    "AND due_at <= ? AND leased_until <= ?": "the workers serve all tenants; every row that they take names its own",
    "SELECT seq, at FROM operations ORDER BY seq DESC LIMIT 1": "the journal is one; a backup says where it ends",
    "FROM payouts WHERE 1 ORDER BY tenant_id, payout_id": "the operator compares a whole restored database with the rail's book",
    "FROM payouts WHERE {...}": "by tenant and id, or by the rail's key, which is derived from the tenant",
}


def _rendered(node: ast.AST, names: dict[str, object]) -> str:
    """A string as the program has it; what only the run knows becomes {...}."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.JoinedStr)
    parts = []
    for part in node.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value))
        else:
            assert isinstance(part, ast.FormattedValue)
            known = names.get(part.value.id) if isinstance(part.value, ast.Name) else None
            parts.append(known if isinstance(known, str) else "{...}")
    return "".join(parts)


def _statements(module: str) -> list[str]:
    """Every SQL text of a module, blanks normalised; constants that are pieces of others stand in them."""
    tree = ast.parse((STORE / f"{module}.py").read_text(encoding="utf-8"))
    names = vars(importlib.import_module(f"gateway.store.{module}"))
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)} - {
        id(node) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
    }
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [
        " ".join(_rendered(node, names).split())
        for node in ast.walk(tree)
        if (isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)))
        and id(node) not in inside | prose
    ]
    return [text for text in texts if re.match(r"(SELECT|INSERT|UPDATE|DELETE|WITH)\b", text) and not text.endswith(" WHERE")]


@pytest.fixture(scope="module")
def tenant_tables(tmp_path_factory):
    """Every table with a tenant in its rows, from the schema itself."""
    path = tmp_path_factory.mktemp("schema") / "gateway.db"
    migrate(path)
    with closing(sqlite3.connect(path)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {
            name
            for name in tables
            if any(column[1] == "tenant_id" for column in database.execute("SELECT * FROM pragma_table_info(?)", (name,)))
        }


def _names_its_tenant(statement: str) -> bool:
    """A condition on the tenant, or an insert that writes it."""
    if re.search(r"\btenant_id (= |IN )", statement):
        return True
    return statement.startswith("INSERT") and bool(re.search(r"\(([a-z0-9_]+, )*tenant_id\b|\{\.\.\.\}|\{columns\}", statement))


def test_every_statement_on_a_tenants_table_names_the_tenant(tenant_tables):
    """Read, changed or written: a condition on tenant_id, or a line in WITHOUT that says why there is none."""
    assert len(tenant_tables) > 10
    about = re.compile(rf"\b(FROM|JOIN|UPDATE|INTO) ({'|'.join(sorted(tenant_tables))})\b")
    bare = [
        (module, statement)
        for module in MODULES
        for statement in _statements(module)
        if about.search(statement) and not _names_its_tenant(statement) and not any(piece in statement for piece in WITHOUT)
    ]
    assert not bare


def test_every_exception_is_still_needed():
    """A line of WITHOUT that fits no statement is taken out."""
    everything = [statement for module in MODULES for statement in _statements(module)]
    assert [piece for piece in WITHOUT if not any(piece in statement for statement in everything)] == []


def test_the_walk_sees_the_store_it_should_see():
    """A walk that found nothing would prove nothing."""
    assert sum(len(_statements(module)) for module in MODULES) > 40
