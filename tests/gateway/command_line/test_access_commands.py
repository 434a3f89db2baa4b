"""The commands about keys, tenants and people, on a database file: what they print, what they leave, and what they refuse."""

import contextlib
import sqlite3

import httpx
import msgspec
import pytest
from click.testing import CliRunner
from gateway_process import demo, run, running

from gateway.cli import gateway
from gateway.process.entry import run as run_command
from gateway.setup.money import shown as shown_amount

GROUPS = ("api-key", "tenant", "waitlist")


class Commands:
    """Commands on one database with a demo tenant."""

    def __init__(self, folder):
        self.db = folder / "gateway.db"
        self.demo = msgspec.json.decode(self.ok("demo-data", "--format", "json"))
        self.tenant = self.demo["tenant_id"]

    def invoke(self, *words):
        """One command in this process."""
        name, rest = (words[:2], words[2:]) if words[0] in GROUPS else (words[:1], words[1:])
        return CliRunner().invoke(gateway, [*name, "--db", str(self.db), *rest])

    def ok(self, *words):
        """What it prints."""
        done = self.invoke(*words)
        assert done.exit_code == 0, done.output
        return done.stdout

    def refused(self, *words):
        """Its complaint; the exit code is 2."""
        done = self.invoke(*words)
        assert done.exit_code in {1, 2}, done.output
        assert run_command(gateway, self._whole(words)) == 2
        assert "Traceback" not in done.output
        return done.output

    def _whole(self, words):
        count = 2 if words[0] in GROUPS else 1
        return [*words[:count], "--db", str(self.db), *words[count:]]

    def rows(self, sql, *values):
        """Rows of the database."""
        with contextlib.closing(sqlite3.connect(self.db)) as database:
            return database.execute(sql, values).fetchall()

    def journal(self, kind):
        """The journal's rows of a kind: tenant, actor, facts."""
        found = self.rows("SELECT tenant_id, actor, request FROM operations WHERE kind = ? ORDER BY seq", kind)
        return [(tenant, actor, msgspec.json.decode(facts)) for tenant, actor, facts in found]


@pytest.fixture(scope="module")
def commands(tmp_path_factory):
    """A database that this module's tests share."""
    return Commands(tmp_path_factory.mktemp("commands"))


def shown(output):
    """The labelled lines of an output."""
    return {line[:9].strip(): line[9:].strip() for line in output.splitlines()}


def test_a_house_key_has_no_tenant_and_the_same_name_is_the_same_person(commands):
    """However it is written; the key itself is shown once and stored nowhere."""
    first = shown(commands.ok("house-key", "--role", "house_operator", "--person", "Hal"))
    second = shown(commands.ok("house-key", "--role", "house_support", "--person", "hal "))
    third = shown(commands.ok("house-key", "--role", "house_operator", "--person", "Ida"))
    assert first["person"] == second["person"] != third["person"]
    assert first["key"].startswith("gng_house_operator_")
    assert commands.rows("SELECT tenant_id, role FROM api_keys WHERE key_id = ?", first["key id"]) == [(None, "house_operator")]
    assert first["key"].encode() not in commands.db.read_bytes()
    assert commands.journal("house_key_made")[0][0] == "ten_house"


def test_a_house_person_has_the_persons_keys_and_no_address_in_the_journal(commands):
    """The name ties the address to the keys; `none` ends the role."""
    key = shown(commands.ok("house-key", "--role", "house_operator", "--person", "jo"))
    person = shown(commands.ok("house-person", "--address", "Jo@Example.com", "--role", "house_operator", "--name", "Jo"))
    assert person["person"] == key["person"]
    assert commands.rows("SELECT house_role FROM persons WHERE person_id = ?", person["person"]) == [("house_operator",)]
    assert b"jo@example.com" not in msgspec.json.encode(commands.journal("house_person_set")).lower()
    again = shown(commands.ok("house-person", "--address", "jo@example.com", "--role", "none"))
    assert again == {"person": person["person"], "role": "none"}
    assert "nobody of the house" in commands.refused("house-key", "--role", "house_operator", "--person", person["person"])


def test_one_address_is_one_person(commands):
    """A name that is another person's is refused with what to do."""
    first = shown(commands.ok("house-person", "--address", "kim@example.com", "--role", "house_support"))
    said = commands.refused("house-person", "--address", "kim@example.com", "--role", "house_support", "--name", "kim")
    assert f"--person {first['person']}" in said
    key = shown(commands.ok("house-key", "--role", "house_support", "--person", first["person"]))
    assert key["person"] == first["person"]
    commands.ok("house-person", "--address", "lea@example.com", "--role", "house_support", "--name", "lea")
    said = commands.refused("house-person", "--address", "lea@example.org", "--role", "house_support", "--name", "lea")
    assert "another address" in said


def test_a_bootstrap_key_is_made_offline_for_a_tenant_or_with_one(commands):
    """It is shown once, with its tenant and its end."""
    old = shown(commands.ok("bootstrap-key", "--tenant", commands.tenant, "--role", "agent", "--role", "tenant_admin"))
    new = shown(commands.ok("bootstrap-key", "--tenant-name", "Acme", "--role", "agent", "--reason", "pilot"))
    assert old["tenant"] == commands.tenant != new["tenant"]
    assert old["key"].startswith("gnb_")
    tenant, actor, facts = commands.journal("bootstrap_key_made")[-1]
    assert (tenant, actor, facts["reason"], facts["roles"]) == (new["tenant"], "command line", "pilot", ["agent"])
    said = commands.refused("bootstrap-key", "--role", "agent")
    assert "either tenant_id or tenant_name" in said
    assert "no such tenant" in commands.refused("bootstrap-key", "--tenant", "ten_x", "--role", "agent")


def test_sign_up_is_set_offline_and_closed_stops_the_house(tmp_path):
    """All claimed domains are given each time."""
    commands = Commands(tmp_path)
    assert "hybrid" in commands.ok("sign-up", "hybrid", "--domain", "b.example", "--domain", "a.example")
    assert commands.rows("SELECT domain FROM claimed_domains ORDER BY domain") == [("a.example",), ("b.example",)]
    assert "no domain" in commands.refused("sign-up", "hybrid", "--domain", "A.example")
    assert "claimed domains: none" in commands.ok("sign-up", "closed")
    assert commands.rows("SELECT count(*) FROM claimed_domains") == [(0,)]
    assert "closed" in commands.refused("bootstrap-key", "--tenant-name", "New", "--role", "agent")
    assert [facts["mode"] for _, _, facts in commands.journal("sign_up_set")] == ["hybrid", "closed"]


def test_a_tenant_is_disabled_and_enabled_offline(tmp_path):
    """Its two demo sessions end."""
    commands = Commands(tmp_path)
    assert "2 sessions ended" in commands.ok("tenant", "disable", commands.tenant, "--reason", "abuse")
    assert commands.rows("SELECT reason FROM disabled_tenants") == [("abuse",)]
    commands.ok("tenant", "enable", commands.tenant, "--reason", "settled")
    assert commands.rows("SELECT reason FROM disabled_tenants") == []
    assert "no tenant is called ten_house" in commands.refused("tenant", "disable", "ten_house", "--reason", "why")


def test_demo_money_is_for_simulated_tenants_alone(commands):
    """Demo data are simulated; any other tenant has to be labelled first, for good."""
    wallet = commands.demo["wallet_id"]
    before = commands.rows("SELECT balance FROM accounts WHERE name = ?", f"wallet/{wallet}/available")[0][0]
    said = commands.ok("demo-money", "--tenant", commands.tenant, "--wallet", wallet, "--amount", "500")
    assert f"{shown_amount(str(before + 500), 'USD')} available (demo money)" in said
    assert commands.journal("fund")[-1][2]["simulated"] is True
    other = shown(commands.ok("bootstrap-key", "--tenant-name", "Real", "--role", "agent"))["tenant"]
    assert "has no wallet" in commands.refused("demo-money", "--tenant", other, "--wallet", wallet)
    with contextlib.closing(sqlite3.connect(commands.db)) as database, database:
        insert = "INSERT INTO accounts (account, tenant_id, name, currency) VALUES (?, ?, ?, 'USD')"
        database.executemany(insert, [(901, other, "wallet/wal_r/available"), (902, other, "wallet/wal_r/held")])
        database.execute("INSERT INTO wallets VALUES (?, 'wal_r', 'USD', 901, 902, '')", (other,))
    assert "tenant cohort" in commands.refused("demo-money", "--tenant", other, "--wallet", "wal_r")
    commands.ok("tenant", "cohort", other, "external", "--reason", "a customer")
    assert "the cohort of" in commands.refused("demo-money", "--tenant", other, "--wallet", "wal_r")
    commands.ok("tenant", "cohort", other, "simulated", "--reason", "a mistake")
    commands.ok("demo-money", "--tenant", other, "--wallet", "wal_r")
    assert "for good" in commands.refused("tenant", "cohort", other, "external", "--reason", "a wish")


def leave_a_challenge(commands):
    """A sign-in that waits for its code, with its mail, as the start of one leaves them."""
    (address_hash,) = commands.rows("SELECT address_hash FROM persons WHERE address = 'max@example.com'")[0]
    sign_in = ("sgn_1", "sign_in", "max@example.com", address_hash, "2026-11-01", "2036-11-01", "2026-11-01")
    mail = ("mai_1", "sgn_1", "max@example.com", "sign_in", "2026-11-01", "2026-11-01", "2036-11-01")
    with contextlib.closing(sqlite3.connect(commands.db)) as database, database:
        columns = "sign_in_id, purpose, address, address_hash, created_at, expires_at, sent_at"
        database.execute(f"INSERT INTO sign_ins ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", sign_in)  # noqa: S608  # our own names
        columns = "mail_id, sign_in_id, address, kind, created_at, due_at, expires_at"
        database.execute(f"INSERT INTO mails ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", mail)  # noqa: S608  # our own names


def test_a_forgotten_address_is_in_no_byte_of_the_database(tmp_path):
    """Its keyed hash stays in the journal; the person's role and sessions are gone, and the address can sign up anew."""
    commands = Commands(tmp_path)
    person = shown(commands.ok("house-person", "--address", "max@example.com", "--role", "house_operator"))
    leave_a_challenge(commands)
    said = commands.ok("forget-address", "max@example.com", "--by", "ann")
    (tenant, actor, facts) = commands.journal("address_forgotten")[-1]
    assert (tenant, actor) == ("ten_house", "ann")
    assert facts["address_hash"] in said
    assert commands.rows("SELECT address, house_role FROM persons WHERE person_id = ?", person["person"]) == [(None, None)]
    with contextlib.closing(sqlite3.connect(commands.db)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert commands.rows("SELECT (SELECT count(*) FROM sign_ins WHERE sign_in_id = 'sgn_1'), (SELECT count(*) FROM mails)") == [
        (0, 0)
    ]
    assert all(b"max@example.com" not in path.read_bytes() for path in tmp_path.iterdir())
    assert shown(commands.ok("house-person", "--address", "max@example.com", "--role", "none"))["person"] != person["person"]
    assert "0 sessions ended" in commands.ok("forget-address", "nobody@example.com")


def test_an_address_that_somebody_locked_is_opened_again_and_keeps_its_user(tmp_path):
    """100 wrong codes and the mails of a day are forgotten, of this address alone, and the journal says who did it."""
    commands = Commands(tmp_path)
    person = shown(commands.ok("house-person", "--address", "max@example.com", "--role", "house_operator"))
    ((max_hash,),) = commands.rows("SELECT address_hash FROM persons WHERE person_id = ?", person["person"])
    with contextlib.closing(sqlite3.connect(commands.db)) as database, database:
        for subject in (max_hash, "0" * 32):
            database.execute("INSERT INTO failures_in_row VALUES (?, 100, '2026-12-01T00:00:00.000Z')", (subject,))
            database.execute("INSERT INTO throttles VALUES (?, 'sent', '2026-12-01T00:00:00.000Z')", (subject,))
    said = commands.ok("unlock-address", "MAX@example.com", "--by", "ann")
    assert "100 wrong codes" in said
    assert commands.rows("SELECT address_hash FROM failures_in_row") == [("0" * 32,)]
    assert commands.rows("SELECT subject FROM throttles") == [("0" * 32,)]
    assert shown(commands.ok("house-person", "--address", "max@example.com", "--role", "house_operator")) == person
    (tenant, actor, facts) = commands.journal("address_unlocked")[-1]
    assert (tenant, actor, facts["address_hash"], facts["wrong_codes"]) == ("ten_house", "ann", max_hash, 100)
    assert "0 wrong codes" in commands.ok("unlock-address", "nobody@example.com")


@pytest.mark.parametrize("address", ["", "nobody", "a@b", "a b@example.com", "a@example.com\n", '"a"@example.com'])
def test_what_is_no_address_is_refused(commands, address):
    """With the reason, and without a traceback."""
    assert commands.refused("forget-address", address)
    assert commands.refused("unlock-address", address)
    assert commands.refused("house-person", "--address", address, "--role", "house_support")


def test_keys_are_made_and_listed_offline(commands):
    """The list has no key in it; a person's keys share the person."""
    first = shown(commands.ok("api-key", "make", "--tenant", commands.tenant, "--role", "operator", "--name", "pat"))
    second = shown(commands.ok("api-key", "make", "--tenant", commands.tenant, "--role", "finance", "--name", "pat"))
    listed = msgspec.json.decode(commands.ok("api-key", "list", "--tenant", commands.tenant, "--format", "json"))
    people = {item["key_id"]: item["person_id"] for item in listed}
    assert people[first["key id"]] == people[second["key id"]] is not None
    assert first["key"] not in str(listed)
    assert first["key id"] in commands.ok("api-key", "list", "--tenant", commands.tenant)
    said = commands.refused("api-key", "make", "--tenant", commands.tenant, "--role", "operator", "--name", "agent-1")
    assert "programs" in said
    assert "--name" in commands.refused("api-key", "make", "--tenant", commands.tenant, "--role", "agent", "--name", "a b")
    assert "no tenant is called" in commands.refused("api-key", "list", "--tenant", "ten_x")
    assert "no API key is called" in commands.refused("api-key", "revoke", "key_x", "--reason", "why")


def test_who_waits_is_listed_and_admitted_offline(tmp_path):
    """Longest first, without an address; who was admitted stays so, and is audited once."""
    commands = Commands(tmp_path)
    assert commands.ok("waitlist", "list") == "nobody waits\n"
    person = shown(commands.ok("house-person", "--address", "ann@example.com", "--role", "none"))["person"]
    with contextlib.closing(sqlite3.connect(commands.db)) as database, database:
        row = (person, "Acme", "2026-12-01T00:00:00.000Z")
        database.execute("INSERT INTO waitlist (person_id, name, asked_at) VALUES (?, ?, ?)", row)
    heading, line = commands.ok("waitlist", "list").splitlines()
    assert (heading.split(), line.split()) == (["person", "since", "tenant"], [person, row[2], "Acme"])
    listed = msgspec.json.decode(commands.ok("waitlist", "list", "--format", "json"))
    assert listed == [{"person_id": person, "name": "Acme", "asked_at": row[2]}]
    first, again = (commands.ok("waitlist", "admit", person, "--reason", "pilot", "--by", who) for who in ("hal", "ida"))
    assert first == again
    assert "by hal" in first
    ((tenant, actor, facts),) = commands.journal("person_admitted")
    assert (tenant, actor, facts) == ("ten_house", "hal", {"person_id": person, "reason": "pilot"})
    assert commands.ok("waitlist", "list") == "nobody waits\n"
    assert "waitlist list" in commands.refused("waitlist", "admit", "per_nobody", "--reason", "why")


def test_people_of_a_tenant_are_listed_and_taken_out_offline(tmp_path):
    """Their sessions there end, their keys there are revoked, and the journal says who did it why."""
    commands = Commands(tmp_path)
    person = commands.demo["person_id"]
    heading, line = commands.ok("tenant", "people", commands.tenant).splitlines()
    assert (heading.split(), line.split()[0]) == (["person", "since"], person)
    listed = msgspec.json.decode(commands.ok("tenant", "people", commands.tenant, "--format", "json"))
    assert [item["person_id"] for item in listed] == [person]
    said = commands.ok("tenant", "remove-person", commands.tenant, person, "--reason", "left")
    assert "2 sessions ended, 0 keys revoked" in said
    ((tenant, _, facts),) = commands.journal("person_removed")
    assert (tenant, facts["person_id"], facts["reason"]) == (commands.tenant, person, "left")
    assert commands.ok("tenant", "people", commands.tenant) == "nobody signs in for this tenant\n"
    assert "is not in" in commands.refused("tenant", "remove-person", commands.tenant, person, "--reason", "again")
    assert "no tenant is called ten_house" in commands.refused("tenant", "people", "ten_house")


def test_an_invitation_is_made_offline_and_stands_alone(commands):
    """For one who signs in; it is shown once, like every bootstrap key."""
    made = shown(commands.ok("bootstrap-key", "--tenant", commands.tenant, "--role", "member", "--reason", "a colleague"))
    assert made["tenant"] == commands.tenant
    assert commands.journal("bootstrap_key_made")[-1][2]["roles"] == ["member"]
    words = ("bootstrap-key", "--tenant", commands.tenant, "--role", "member", "--role", "agent")
    assert "`member` stands alone" in commands.refused(*words)


def test_a_list_of_keys_has_headings(commands):
    """Each above its column."""
    heading, *lines = commands.ok("api-key", "list", "--tenant", commands.tenant).splitlines()
    for name, value in (("key id", "key_"), ("person", "per_"), ("made", "20"), ("state", "valid")):
        assert any(line[heading.index(name) :].startswith(value) for line in lines), name


def test_a_database_that_is_not_there_is_named(tmp_path):
    """No command makes one by mistake."""
    missing = str(tmp_path / "none.db")
    for words in (("tenant", "enable", "t", "--reason", "x"), ("api-key", "list", "--tenant", "ten_1"), ("sign-up", "closed")):
        done = CliRunner().invoke(gateway, [*words, "--db", missing])
        assert done.exit_code != 0
        assert "there is no such database" in done.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.process
def test_a_key_that_a_command_revoked_is_refused_when_the_command_ends(tmp_path):
    """Though the running gateway knew it a moment before; a rotated one changes places with its successor."""
    db = tmp_path / "gateway.db"
    made = demo(db)
    with running(db) as server, httpx.Client(base_url=server.url, trust_env=False) as client:

        def status(key):
            return client.get("/v1/status", headers={"authorization": f"Bearer {key}"}).status_code

        words = ("--db", str(db), "--tenant", made["tenant_id"], "--role", "agent", "--name", "bot")
        old = shown(run("api-key", "make", *words).stdout)
        assert status(old["key"]) == 200
        new = shown(run("api-key", "rotate", old["key id"], "--db", str(db), "--reason", "weekly").stdout)
        assert (status(old["key"]), status(new["key"])) == (401, 200)
        done = run("api-key", "revoke", new["key id"], "--db", str(db), "--reason", "leaked")
        assert (done.returncode, status(new["key"])) == (0, 401)
        assert run("api-key", "rotate", new["key id"], "--db", str(db), "--reason", "again").returncode == 2
