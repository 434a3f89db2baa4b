"""Next steps of the gateway's commands: about the database that the command before them was about, and no other."""

import ast
import contextlib
import re
import shlex
import sqlite3
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

import gateway as package
from gateway.cli import gateway
from gateway.next_command import next_command
from scorecards.parsing import fault_of

ROOT = Path(package.__file__).parent
FOR_CALLERS = {"errors/callers.py", "routes/keys.py"}
"""Texts for who calls over HTTP: a gateway names none of its paths to them."""

NAMED = re.compile(r"gonogo gateway ([a-z-]+)(?: ([a-z-]+))?")
HINTS = re.compile(r"gonogo gateway [^`\n;]+")


def takes_db(words):
    """Whether a command of `gonogo gateway` is about a database."""
    command = gateway.commands.get(words[0])
    command = getattr(command, "commands", {}).get(words[1], command)
    return any("--db" in param.opts for param in getattr(command, "params", ()))


def texts(tree):
    """Each text of a module with whether `next_command` completes it; what documents the code is left out."""
    documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    completed = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "next_command"
        for part in ast.walk(node.args[0])
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents:
            yield node.value, id(node) in completed


def bare(source):
    """The commands about a database that a module's texts name without naming the database."""
    return [
        found.group()
        for text, is_completed in texts(ast.parse(source))
        for found in NAMED.finditer(text)
        if not is_completed and takes_db(found.groups())
    ]


def test_each_next_command_about_a_database_names_it():
    """No text of the gateway names such a command by hand."""
    modules = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in ROOT.rglob("*.py")}
    assert {name: found for name, source in modules.items() if name not in FOR_CALLERS and (found := bare(source))} == {}


def test_a_text_that_names_a_command_by_hand_is_found():
    """Also in the middle of an f-string; one that was completed, and one about no database, is not."""
    assert bare('x = f"run `gonogo gateway waitlist list` for {y}"') == ["gonogo gateway waitlist list"]
    assert bare('x = next_command(f"gonogo gateway tenant people {y}", {"--db": z}); v = "gonogo gateway routes"') == []


def test_a_command_is_quoted_for_a_shell_and_names_nothing_twice():
    """What is not given is left out."""
    assert next_command("a b", {"--db": Path("x y/z.db"), "--file": None}) == "a b --db 'x y/z.db'"
    assert next_command("a --name other", {"--name": "mine", "--db": "d"}) == "a --name other --db d"


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A database whose path has a space, and its demo tenant."""
    db = tmp_path_factory.mktemp("not here") / "gateway.db"
    made = CliRunner().invoke(gateway, ["demo-data", "--db", str(db), "--format", "json"])
    return db, msgspec.json.decode(made.stdout)


REFUSED = {
    "waitlist admit": ("per_nobody", "--reason", "why"),
    "tenant remove-person": ("{tenant_id}", "per_nobody", "--reason", "why"),
    "api-key revoke": ("key_nobody", "--reason", "why"),
    "api-key rotate": ("key_nobody", "--reason", "why"),
    "house-key": ("--role", "house_support", "--person", "per_nobody"),
    "demo-money": ("--tenant", "{real}", "--wallet", "wal_r"),
}


@pytest.mark.parametrize("command", REFUSED)
def test_a_refusal_leads_on_with_the_same_database(shop, command):
    """Its next command parses, and names the database of the command that was refused."""
    db, demo = shop
    places = demo | ({"real": _real_tenant(db)} if command == "demo-money" else {})
    words = [word.format_map(places) for word in REFUSED[command]]
    done = CliRunner().invoke(gateway, [*command.split(), *words, "--db", str(db)])
    assert done.exit_code == 1, done.output
    _require_about(db, done.output)


def _real_tenant(db):
    """A tenant that is not simulated, with a wallet."""
    made = CliRunner().invoke(gateway, ["bootstrap-key", "--db", str(db), "--tenant-name", "Real", "--role", "agent"])
    tenant = dict(line.split(maxsplit=1) for line in made.stdout.splitlines())["tenant"]
    with contextlib.closing(sqlite3.connect(db)) as database, database:
        insert = "INSERT INTO accounts (account, tenant_id, name, currency) VALUES (?, ?, ?, 'USD')"
        database.executemany(insert, [(901, tenant, "wallet/wal_r/available"), (902, tenant, "wallet/wal_r/held")])
        database.execute("INSERT INTO wallets VALUES (?, 'wal_r', 'USD', 901, 902, '')", (tenant,))
    return tenant


def test_what_follows_a_restore_is_about_the_restored_database(shop, tmp_path):
    """Three commands, each as it can be copied but for the book and the reason."""
    db, _ = shop
    backup, restored = tmp_path / "backup", tmp_path / "restored here" / "gateway.db"
    assert CliRunner().invoke(gateway, ["backup", "--db", str(db), "--out", str(backup)]).exit_code == 0
    done = CliRunner().invoke(gateway, ["restore", str(backup), "--db", str(restored)])
    assert done.exit_code == 0, done.output
    assert len(_require_about(restored, done.stderr)) == 3


def test_a_key_file_that_is_gone_leads_on_with_the_same_database(shop, tmp_path):
    """Where the gateway does not start; a backup is asked for first."""
    db, _ = shop
    copied = tmp_path / "a copy" / db.name
    copied.parent.mkdir()
    copied.write_bytes(db.read_bytes())
    done = CliRunner().invoke(gateway, ["backup", "--db", str(copied), "--out", str(tmp_path / "out")])
    assert done.exit_code == 1, done.output
    assert _require_about(copied, done.output) == [f"gonogo gateway rotate-key --db '{copied}'"]


def _require_about(db, output):
    hints = [found.group().strip() for found in HINTS.finditer(output)]
    assert hints, output
    for hint in hints:
        words = shlex.split(hint.split("` ")[0])
        assert words[words.index("--db") + 1] == str(db), hint
        assert fault_of([word.replace("ROLE", "house_support") for word in words[1:]]) == "", hint
    return hints
