"""The gateway's command: what it prints, what it makes, and with which exit code it ends."""

import contextlib
import sqlite3
import subprocess
import sys

import msgspec
import pytest
from click.testing import CliRunner

from gateway.cli import gateway
from gateway.command_line.demo import DemoData
from gateway.command_line.explain import explain
from gateway.errors import CATALOGUE, Code
from gateway.process.entry import EXIT_CODES, run
from gateway.rate_limit import UNLIMITED_PER_S
from gateway.routes import MUTATIONS, ROUTES, reversal
from gateway.setup.failures import SetupCode


def invoke(command, *arguments, **environ):
    """Run a command in this process."""
    return CliRunner().invoke(command, arguments, env=environ)


@pytest.mark.parametrize("code", list(Code))
def test_every_code_is_explained_from_its_row(code):
    """Status, whether money moved, what to do and the page to read."""
    done = invoke(explain, code)
    row = CATALOGUE[code]
    assert done.exit_code == 0
    assert all(text in done.output for text in (code, row.title, str(row.status), row.next_step, row.runbook))
    assert msgspec.json.decode(invoke(explain, code, "--format", "json").output)["code"] == code


def test_a_code_may_be_given_as_the_problem_gives_its_type():
    """Copied from an answer's `type`."""
    assert invoke(explain, "urn:gonogo:error:paused").output.startswith("paused: ")


def test_an_unknown_code_ends_with_2_and_the_nearest_ones():
    """A typo is mended at a glance."""
    done = invoke(explain, "insuficient_fund")
    assert done.exit_code == 2
    assert "did you mean insufficient_funds" in done.output
    assert "`gonogo explain` lists them" in invoke(explain, "xyzzy").output


def test_without_a_code_all_are_listed():
    """As text, as JSON and as the table of the documentation page."""
    assert len(invoke(explain).output.splitlines()) == len(Code) + len(SetupCode)
    assert len(msgspec.json.decode(invoke(explain, "--format", "json").output)) == len(Code)
    assert invoke(explain, "--format", "md").output.count("\n| `") == len(Code)


@pytest.mark.parametrize("shape", ["text", "json", "md"])
def test_routes_lists_every_route(shape):
    """From the table that the application is made of."""
    done = invoke(gateway, "routes", "--format", shape)
    assert all(route.template in done.output for route in ROUTES)
    assert all(reversal(route) in done.output for route in MUTATIONS)
    if shape == "json":
        assert len(msgspec.json.decode(done.output)) == len(ROUTES)


def test_demo_data_prints_what_a_person_needs(tmp_path):
    """Once as JSON, once as text; each call makes another tenant."""
    db = str(tmp_path / "gateway.db")
    first = msgspec.json.decode(invoke(gateway, "demo-data", "--db", db, "--format", "json").output, type=DemoData)
    second = invoke(gateway, "demo-data", "--db", db, "--tenant-name", "other").output
    assert first.tenant_id not in second
    assert second.count("gng_") == 5
    assert first.agent_key.encode() not in (tmp_path / "gateway.db").read_bytes()


def test_a_burst_needs_a_rate_and_defaults_to_it(tmp_path):
    """Half a limit is no limit, so it is refused; a rate alone allows as many at once as a second brings."""
    db = str(tmp_path / "gateway.db")
    assert invoke(gateway, "demo-data", "--db", db, "--burst", "5").exit_code == 2
    assert invoke(gateway, "demo-data", "--db", db, "--rate", "7").exit_code == 0
    assert invoke(gateway, "demo-data", "--db", db, "--rate", "7", "--burst", "9").exit_code == 0
    assert invoke(gateway, "demo-data", "--db", db).exit_code == 0
    with contextlib.closing(sqlite3.connect(db)) as database:
        found = database.execute("SELECT rate_per_s, burst FROM tenants WHERE name = 'demo'").fetchall()
    assert sorted(found) == [(7, 7), (7, 9), (UNLIMITED_PER_S, UNLIMITED_PER_S)]


def test_the_database_is_in_the_state_folder_unless_told_otherwise(tmp_path):
    """GONOGO_HOME moves it; the folder is its owner's alone."""
    home = tmp_path / "home"
    assert "applied" in invoke(gateway, "migrate", GONOGO_HOME=str(home)).output
    assert "nothing to do" in invoke(gateway, "migrate", GONOGO_HOME=str(home)).output
    assert (home / "gateway.db").exists()
    assert home.stat().st_mode & 0o777 == 0o700


def test_what_a_person_can_mend_ends_with_2(tmp_path, capsys):
    """The file is named, there is no traceback."""
    spoilt = tmp_path / "gateway.db"
    spoilt.write_bytes(b"no database" * 1000)
    for command in (["migrate"], ["demo-data"]):
        assert run(gateway, [*command, "--db", str(spoilt)]) == 2
        assert str(spoilt) in capsys.readouterr().err
    assert run(gateway, ["no-such-command"]) == 2
    assert 2 in EXIT_CODES


@pytest.mark.process
def test_asking_for_help_imports_no_server():
    """Help comes from click alone."""
    code = "import sys, runpy; sys.argv=['gateway','--help']; runpy.run_module('gateway', run_name='__main__')"
    code = f"import sys\ntry:\n {code}\nfinally:\n print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "demo-data" in done.stdout
    assert not {"litestar", "uvicorn", "msgspec", "sqlite3", "cryptography"} & set(done.stderr.split())


def test_a_database_of_an_earlier_build_is_refused_with_its_name_and_the_next_step(tmp_path, capsys):
    """Exit 2, whichever command opens it, and the file stays as it was."""
    path = tmp_path / "old.db"
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE _sqlite_migrations (migration_set TEXT, name TEXT, applied_at TEXT)")
        database.execute("INSERT INTO _sqlite_migrations VALUES ('gateway', 'm001_create', 'then')")
        database.execute("CREATE TABLE tenants (tenant_id TEXT)")
    before = tables(path)
    for command in (("migrate",), ("demo-data",), ("serve", "--port", "0")):
        assert run(gateway, [*command, "--db", str(path)]) == 2
        said = capsys.readouterr().err
        assert "old.db: written by an earlier build" in said
        assert "start the build that wrote it, or move the file and its signing key away" in said
    assert tables(path) == before


def tables(path):
    """What the database consists of."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()
