"""Backup and restore: what a backup holds while the gateway works, what a restore refuses, and what it changes."""

import hashlib
import sqlite3
from contextlib import closing

import httpx
import msgspec
import pytest
from gateway_process import WAIT_S, demo, running
from gateway_shop import Shop

from gates.evidence.dsse import TrustRoot
from gates.receipts.files import read_receipt_file
from gates.receipts.key_history import load_history
from gates.receipts.levels import Mark
from gates.receipts.verifier import verify_receipts
from gateway.cli import gateway
from gateway.command_line.backup import ACCESS_KEY, DATABASE, KEY, MANIFEST
from gateway.process.entry import run

TABLES = ("operations", "payments")


@pytest.fixture
def shop(tmp_path):
    """A gateway at work."""
    with Shop(tmp_path / "first") as shop:
        yield shop


@pytest.fixture
def backup(shop, tmp_path):
    """A backup of it, made between two payments."""
    shop.reserved()
    assert command("backup", "--db", shop.settings.db, "--out", tmp_path / "backup") == 0
    shop.reserved()
    return tmp_path / "backup"


def command(*words):
    """The exit code of one of the gateway's commands."""
    return run(gateway, [str(word) for word in words])


def rows(db, until):
    """What the tables hold up to a journal position."""
    with closing(sqlite3.connect(db)) as database:
        found = {name: database.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall() for name in TABLES}  # noqa: S608  # our own names
    found["operations"] = [row for row in found["operations"] if row[0] <= until]
    return found


def test_a_backup_holds_exactly_what_was_committed_before_it(shop, backup, tmp_path):
    """Row by row, in one file; and its manifest says at which position of the journal."""
    manifest = msgspec.json.decode((backup / MANIFEST).read_bytes())
    position = manifest["journal"]["seq"]
    assert sorted(path.name for path in backup.iterdir()) == sorted([DATABASE, KEY, ACCESS_KEY, MANIFEST])
    with closing(sqlite3.connect(shop.settings.db)) as database:
        assert database.execute("SELECT max(seq) FROM operations").fetchone() == (position + 1,)
    assert command("restore", backup, "--db", tmp_path / "second.db") == 0
    assert (tmp_path / "second.db.access.key").read_bytes() == shop.settings.access_key_file.read_bytes()
    ours, theirs = rows(shop.settings.db, position), rows(tmp_path / "second.db", position)
    assert theirs["operations"] == ours["operations"]
    assert len(theirs["payments"]) == len(ours["payments"]) - 1


def test_every_file_of_a_backup_is_its_owners_alone(backup):
    """It holds hashes of API keys and a private key."""
    assert {path.stat().st_mode & 0o777 for path in backup.iterdir()} == {0o600}
    assert backup.stat().st_mode & 0o777 == 0o700


@pytest.mark.process
def test_a_restored_gateway_is_paused_settles_what_was_held_and_pays_again_once_resumed(tmp_path):
    """With the keys and the payments of then; a payment that was made after the backup is not there."""
    tenant = demo(tmp_path / "first.db")
    with running(tmp_path / "first.db") as first:
        kept = reserve(first.url, tenant, "kept")
        assert command("backup", "--db", tmp_path / "first.db", "--out", tmp_path / "backup") == 0
        lost = reserve(first.url, tenant, "lost")
    assert command("restore", tmp_path / "backup", "--db", tmp_path / "second.db") == 0
    with running(tmp_path / "second.db") as second:
        refused = reserve(second.url, tenant, "more")
        assert (refused.status_code, refused.json()["code"]) == (503, "paused")
        assert "reconcile with the rail, then resume" in refused.json()["detail"]
        assert settle(second.url, tenant, kept).status_code == 200
        assert settle(second.url, tenant, lost).status_code == 404
        assert command("resume", "--db", tmp_path / "second.db", "--all", "--reason", "reconciled") == 0
        assert reserve(second.url, tenant, "more").status_code == 201


def reserve(url, tenant, key):
    """A payment of 5."""
    body = {"wallet_id": tenant["wallet_id"], "payee_id": tenant["payee_ids"][0], "amount": "5", "currency": "USD"}
    return post(url, tenant, "/v1/payments", key, body)


def settle(url, tenant, reserved):
    """All of a payment."""
    return post(url, tenant, f"{reserved.headers['location']}/settle", "settle" + reserved.headers["location"][-12:], {})


def post(url, tenant, path, key, body):
    """One mutation of the agent."""
    headers = {"authorization": f"Bearer {tenant['agent_key']}", "idempotency-key": f"{key:0>20}"}
    return httpx.post(url + path, headers=headers, json=body, timeout=WAIT_S)


@pytest.mark.process
def test_no_two_receipts_of_one_position_verify_after_a_restore(shop, backup, tmp_path):
    """The lost receipt has the first position that is given again: the old key is retired there, and a new one signs on."""
    lost = export(shop, tmp_path / "lost.jsonl")
    position = msgspec.json.decode((backup / MANIFEST).read_bytes())["journal"]["seq"]
    assert command("restore", backup, "--db", tmp_path / "second.db") == 0
    keys, again = served_by(tmp_path / "second.db", tmp_path, shop)
    trust, history = TrustRoot.from_jwks(keys.read_bytes(), "keys"), load_history(keys)

    def failing(path):
        verified = verify_receipts(read_receipt_file(path), trust, (), history)
        return {item.receipt.journal.seq: [level.says for level in item.levels if level.mark is Mark.FAIL] for item in verified}

    assert [says for says in failing(again).values() if says] == []
    assert {seq for seq, says in failing(lost).items() if says} == {position + 1}
    assert f"the key was retired at journal position {position + 1}" in failing(lost)[position + 1][0]


def export(shop, path):
    """Every receipt of the tenant, as a file."""
    items = shop.ask("GET", "/v1/receipts?limit=200", "finance").json()["items"]
    path.write_bytes(b"".join(msgspec.json.encode(item["envelope"]) + b"\n" for item in items))
    return path


def served_by(db, folder, first):
    """The keys, and the receipts, that the restored gateway serves once it has been resumed and used."""
    assert command("resume", "--db", db, "--all", "--reason", "reconciled") == 0
    with running(db, "--processes", "1") as gateway_:
        headers = {"authorization": f"Bearer {first.key('agent')}"}
        body = first.payment()
        made = httpx.post(
            f"{gateway_.url}/v1/payments",
            json=body,
            headers={**headers, "idempotency-key": "after-the-restore-1"},
            timeout=WAIT_S,
        )
        assert made.status_code == 201, made.text
        keys, receipts = folder / "keys.json", folder / "receipts.jsonl"
        keys.write_bytes(httpx.get(f"{gateway_.url}/.well-known/gonogo-keys.json", timeout=WAIT_S).content)
        items = httpx.get(f"{gateway_.url}/v1/receipts?limit=200", headers=headers, timeout=WAIT_S).json()["items"]
        receipts.write_bytes(b"".join(msgspec.json.encode(item["envelope"]) + b"\n" for item in items))
        return keys, receipts


def _change_database(backup):
    data = bytearray((backup / DATABASE).read_bytes())
    data[5000] ^= 1
    (backup / DATABASE).write_bytes(data)


def _remove_key(backup):
    (backup / KEY).unlink()


def _another_key(backup):
    (backup / KEY).write_bytes(bytes(32))


def _no_manifest(backup):
    (backup / MANIFEST).unlink()


def _garbage_manifest(backup):
    (backup / MANIFEST).write_text("{}")


def _other_position(backup):
    manifest = msgspec.json.decode((backup / MANIFEST).read_bytes())
    manifest["journal"]["seq"] += 1
    (backup / MANIFEST).write_bytes(msgspec.json.encode(manifest))


def _damaged_before_it_was_hashed(backup):
    data = bytearray((backup / DATABASE).read_bytes())
    page = 4096 * (len(data) // 4096 // 2)
    data[page : page + 4096] = bytes(4096)
    (backup / DATABASE).write_bytes(data)
    manifest = msgspec.json.decode((backup / MANIFEST).read_bytes())
    manifest["files"][DATABASE] = hashlib.sha256(data).hexdigest()
    (backup / MANIFEST).write_bytes(msgspec.json.encode(manifest))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_change_database, "gateway.db: is not the file that was backed up; restore another backup"),
        (_remove_key, "gateway.db.signing.key: is missing; restore another backup"),
        (_another_key, "gateway.db.signing.key: is not the file that was backed up"),
        (_no_manifest, "backup.json: no such file; name a folder that `backup --out` has written"),
        (_garbage_manifest, "backup.json: not the manifest of a backup: Object missing required field"),
        (_other_position, "and the backup says"),
        (_damaged_before_it_was_hashed, "restore"),
    ],
    ids=lambda item: getattr(item, "__name__", ""),
)
def test_a_backup_that_is_not_whole_is_refused_and_leaves_nothing(backup, tmp_path, capsys, spoil, said):
    """Exit 2, the file named, and no database that somebody could start."""
    spoil(backup)
    capsys.readouterr()
    assert command("restore", backup, "--db", tmp_path / "place" / "second.db") == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.glob("place/*"))


def test_nothing_is_restored_over_a_database(backup, shop, tmp_path, capsys):
    """What is there is kept for the inquiry."""
    before = shop.settings.db.read_bytes()
    assert command("restore", backup, "--db", shop.settings.db) == 2
    assert "exists already; restore to another place" in capsys.readouterr().err
    assert shop.settings.db.read_bytes() == before


def test_a_backup_goes_into_a_new_folder_alone(backup, shop, capsys):
    """Two backups in one folder would be one of neither."""
    before = {path.name: path.read_bytes() for path in backup.iterdir()}
    assert command("backup", "--db", shop.settings.db, "--out", backup) == 2
    assert "is not an empty folder" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in backup.iterdir()} == before


@pytest.mark.parametrize("words", [("backup", "--out", "out"), ("reconcile", "--book", "book.jsonl")])
def test_a_database_that_is_not_there_is_named(tmp_path, monkeypatch, capsys, words):
    """And none is made."""
    monkeypatch.chdir(tmp_path)
    assert command(*words, "--db", "nothing.db") == 2
    assert "nothing.db: there is no such database" in capsys.readouterr().err
    assert not (tmp_path / "nothing.db").exists()
