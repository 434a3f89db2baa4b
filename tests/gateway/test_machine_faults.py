"""What the machine does to a gateway: unreadable files, a full disk, loose modes. Each ends as documented and says what to do."""

import resource
import sqlite3
from contextlib import closing

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from gateway_process import demo, run, running
from gateway_shop import Shop

from gateway.command_line.controls import rotate_key
from gateway.engine.receipt_keys import key_path
from gateway.errors import StartProblem
from gateway.rail.simulator.book import Book
from gateway.receipts.signer import make_key_file, read_key_file


@pytest.mark.process
@pytest.mark.parametrize("arguments", [("serve", "--port", "0"), ("serve", "--port", "0", "--processes", "1"), ("rotate-key",)])
def test_an_unreadable_key_file_ends_with_2_and_the_next_step(tmp_path, arguments):
    """A folder in its place cannot be read by anybody, root included."""
    db = tmp_path / "gateway.db"
    with running(db):
        pass
    key = db.with_name("gateway.db.signing.key")
    key.unlink()
    key.mkdir()
    done = run(*arguments, "--db", str(db))
    assert done.returncode == 2, done.stderr
    assert str(key) in done.stderr
    assert "mode 0600" in done.stderr


@pytest.mark.process
@pytest.mark.parametrize("arguments", [("migrate",), ("demo-data",), ("serve", "--port", "0"), ("rail",)])
def test_a_state_folder_that_cannot_be_made_ends_with_2(tmp_path, monkeypatch, arguments):
    """GONOGO_HOME below a file."""
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "file" / "home"))
    done = run(*arguments)
    assert done.returncode == 2, done.stderr
    assert str(tmp_path / "file") in done.stderr


def test_a_key_that_cannot_be_written_leaves_no_half_file(tmp_path, monkeypatch):
    """A disk that is full while the key is written: named, and the next try finds no file of 0 bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    path = tmp_path / "key"
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(StartProblem, match="cannot be written"):
            make_key_file(path, Ed25519PrivateKey.generate())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not path.exists()


def test_every_file_of_a_gateway_is_its_owners_alone(tmp_path):
    """Database, log, log index, key, and the practice rail's book, wherever --db puts them."""
    folder = tmp_path / "elsewhere"
    folder.mkdir(mode=0o755)
    with Shop(folder) as shop:
        Book(folder / "rail.db").close()
        shop.reserved()
        modes = {path.name: oct(path.stat().st_mode & 0o777) for path in folder.iterdir()}
    assert {"gateway.db", "gateway.db-wal", "gateway.db-shm", "gateway.db.signing.key", "rail.db"} <= modes.keys()
    assert set(modes.values()) == {"0o600"}, modes


@pytest.mark.nightly
@pytest.mark.process
@pytest.mark.parametrize("processes", ["1", "2"])
def test_sigterm_on_a_full_disk_ends_with_0(tmp_path, processes):
    """The log cannot be moved into the database; it holds sixty commits, as it holds one by day in api/test_serve.py."""
    db = tmp_path / "gateway.db"
    tenant = demo(db)
    headers = {"authorization": f"Bearer {tenant['tenant_admin_key']}"}
    with running(db, "--processes", processes) as gateway:
        for number in range(60):
            headers["idempotency-key"] = f"a-key-of-sixteen-{number}"
            made = httpx.post(f"{gateway.url}/v1/payees", json={"name": "x" * 255, "currency": "USD"}, headers=headers)
            assert made.status_code == 201
        room = db.stat().st_size
        resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (room, room))
        gateway.process.terminate()
        assert gateway.wait() == 0
        assert any("the next start reads it" in str(line.get("message")) for line in gateway.log())
    assert db.with_name("gateway.db-wal").stat().st_size > 0
    with closing(sqlite3.connect(db)) as database:
        assert database.execute("SELECT count(*) FROM payees").fetchone() == (63,)


def _unlink_key(settings):
    settings.key_file.unlink()


def _replace_key(settings):
    keyid = rotate_key(settings, "ops").active
    path = key_path(settings, keyid)
    assert read_key_file(path).keyid == keyid
    path.write_bytes(b"short")


def _key_is_a_folder(settings):
    _replace_key(settings)
    (path,) = settings.db.parent.glob("*.db.*.signing.key")
    path.unlink()
    path.mkdir()


def _no_database(settings):
    settings.db.unlink()


def _another_database(settings):
    settings.db.unlink()
    settings.db.write_bytes(b"no database" * 1000)


def _no_log(settings):
    settings.db.with_name("gateway.db-wal").unlink()


@pytest.mark.parametrize(
    "spoil",
    [_unlink_key, _replace_key, _key_is_a_folder, _no_database, _another_database, _no_log],
    ids=lambda spoil: spoil.__name__,
)
def test_no_answer_holds_a_path_of_the_machine(tmp_path, spoil):
    """Whatever is wrong with the files; the log may name them."""
    with Shop(tmp_path) as shop:
        shop.reserved()
        spoil(shop.settings)
        answers = [shop.post("/v1/payments", shop.payment())]
        answers += [
            shop.ask("GET", path, "operator") for path in ("/readyz", "/v1/status", "/v1/payments", "/v1/receipts", "/metrics")
        ]
        answers += [shop.ask("GET", "/.well-known/gonogo-keys.json", None)]
    for answer in answers:
        assert str(tmp_path) not in answer.text
        assert str(tmp_path.parent) not in str(answer.headers)
