"""One gateway process: how it begins, how it ends, and what it says when it cannot."""

import http.client
import os
import resource
import signal
import socket
import sqlite3
import subprocess
from contextlib import closing

import httpx
import msgspec
import pytest
from gateway_process import WAIT_S, command, demo, run, running
from waiting import eventually

from gateway.store.sqlite_version import has_wal_reset_defect

pytestmark = [pytest.mark.process, pytest.mark.each_python]

LOG_BYTES = 16_384
"""As far as the log gets in a test; a database is larger."""

HALF = b'{"currency":'
REST = b'"USD"}'


def half_sent(gateway, key):
    """A connection whose request the gateway is reading: the head is answered with 100, half of the body is on its way."""
    connection = socket.create_connection(gateway.address, timeout=WAIT_S)
    head = (
        f"POST /v1/wallets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        f"Idempotency-Key: half-sent-half-sent\r\nContent-Length: {len(HALF + REST)}\r\nExpect: 100-continue\r\n\r\n"
    )
    connection.sendall(head.encode())
    assert connection.recv(1024).startswith(b"HTTP/1.1 100 ")
    connection.sendall(HALF)
    return connection


def test_the_ready_line_is_true_and_alone_on_standard_output(tmp_path):
    """When it is printed, the gateway answers; its log is JSON lines; SIGTERM ends it with 0."""
    with running(tmp_path / "gateway.db") as gateway:
        assert httpx.get(f"{gateway.url}/readyz").json() == {"status": "ready", "mail": "none"}
        assert gateway.ready["event"] == "ready"
        assert gateway.ready["pid"] == gateway.process.pid
        assert len(gateway.ready["build"]) == 64
        gateway.process.terminate()
        assert gateway.wait() == 0
        assert gateway.process.stdout.read() == ""
        assert [line["route"] for line in gateway.log() if "route" in line] == ["/readyz"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_lets_requests_in_flight_finish_and_takes_no_new_ones(tmp_path, number):
    """The half-sent request is answered with its durable effect; a new connection is refused; the exit code is 0."""
    db = tmp_path / "gateway.db"
    tenant = demo(db)
    with running(db) as gateway:
        connection = half_sent(gateway, tenant["tenant_admin_key"])
        gateway.process.send_signal(number)
        gateway.wait_until_refused()
        connection.sendall(REST)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == 201
        wallet = msgspec.json.decode(answer.read())
        answer.close()
        connection.close()
        assert gateway.wait() == 0
    with closing(sqlite3.connect(db)) as database:
        assert database.execute("SELECT 1 FROM wallets WHERE wallet_id = ?", (wallet["wallet_id"],)).fetchall() == [(1,)]
    assert not db.with_name("gateway.db-wal").exists() or db.with_name("gateway.db-wal").stat().st_size == 0


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_payment_under_way_is_finished_too(tmp_path, processes):
    """It has a way in of its own, and is waited for like every other: the rest of it comes after the signal."""
    db = tmp_path / "gateway.db"
    tenant = demo(db)
    with (
        running(db, "--processes", processes) as gateway,
        socket.create_connection(gateway.address, timeout=WAIT_S) as connection,
    ):
        payee = tenant["payee_ids"][0]
        body = f'{{"wallet_id":"{tenant["wallet_id"]}","payee_id":"{payee}","amount":"1","currency":"USD"}}'.encode()
        head = (
            f"POST /v1/payments HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {tenant['agent_key']}\r\n"
            f"Content-Type: application/json\r\nIdempotency-Key: half-sent-half-sent\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        connection.sendall(head.encode() + body[:9])
        assert eventually(lambda: "gateway_in_flight 2.0" in httpx.get(f"{gateway.url}/metrics").text, WAIT_S)
        gateway.process.terminate()
        gateway.wait_until_refused()
        connection.sendall(body[9:])
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert (answer.status, answer.headers["connection"]) == (201, "close")
        answer.close()
        assert gateway.wait() == 0


def test_a_hang_up_that_the_caller_ignores_is_ignored(tmp_path):
    """`nohup gonogo gateway serve` serves on after the terminal has gone."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with running(tmp_path / "gateway.db") as gateway:
            gateway.process.send_signal(signal.SIGHUP)
            assert httpx.get(f"{gateway.url}/healthz").status_code == 200
            gateway.process.terminate()
            assert gateway.wait() == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_second_signal_ends_at_once(tmp_path):
    """Somebody who waits for a caller that is gone need not wait for it, too; the database is as after a crash: sound."""
    db = tmp_path / "gateway.db"
    tenant = demo(db)
    with running(db) as gateway, half_sent(gateway, tenant["tenant_admin_key"]):
        gateway.process.terminate()
        gateway.wait_until_refused()
        gateway.process.terminate()
        assert gateway.wait() == 143
    with running(db) as gateway:
        assert httpx.get(f"{gateway.url}/readyz").status_code == 200


def test_a_port_in_use_is_said_and_ends_with_2(tmp_path):
    """The message names the port and the option; the database is not even made."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = run("serve", "--port", port, "--db", str(tmp_path / "gateway.db"))
    assert done.returncode == 2
    assert f"port {port} of 127.0.0.1 is in use" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments", [("--host", "no.such.host.invalid"), ("--host", "192.0.2.1"), ("--port", "70000"), ("--prot", "1")]
)
def test_an_address_that_cannot_be_served_ends_with_2(tmp_path, arguments):
    """One line that names it."""
    done = run("serve", "--port", "0", "--db", str(tmp_path / "gateway.db"), *arguments)
    assert done.returncode == 2
    assert arguments[0] in done.stderr or arguments[1] in done.stderr
    assert "Traceback" not in done.stderr


def corrupt(db):
    """A file that never was a database."""
    db.write_bytes(b"this is not a database\n" * 1000)


def folder(db):
    """A folder where the file should be."""
    db.mkdir()


def truncated(db):
    """A database whose second half is gone."""
    demo(db)
    with closing(sqlite3.connect(db)) as database, database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    os.truncate(db, db.stat().st_size // 2)


def newer(db):
    """A database that a later release has changed."""
    demo(db)
    with closing(sqlite3.connect(db)) as database, database:
        database.execute("UPDATE _sqlite_migrations SET name = 'm999_drop' WHERE name = 'm002_expand_access'")


def altered(db):
    """A database without one of its walls."""
    demo(db)
    with closing(sqlite3.connect(db)) as database, database:
        database.execute("DROP TRIGGER payments_stay")


def bad_key(db):
    """A signing key that is none."""
    demo(db)
    db.with_name("gateway.db.signing.key").write_bytes(b"short")


@pytest.mark.parametrize("spoil", [corrupt, folder, truncated, newer, altered, bad_key], ids=lambda spoil: spoil.__name__)
def test_a_database_that_cannot_be_used_is_named_and_ends_with_2(tmp_path, spoil):
    """The message names the file; nothing is overwritten."""
    db = tmp_path / "gateway.db"
    spoil(db)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file() and path.suffix == ".db"}
    done = run("serve", "--port", "0", "--db", str(db))
    assert done.returncode == 2, done.stderr
    assert str(db) in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file() and path.suffix == ".db"} == before


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_signal_on_a_full_disk_ends_with_0_and_says_what_stays_undone(tmp_path, processes):
    """Every answer was durable before; the write-ahead log stays where it is, and the next start reads it."""
    db = tmp_path / "gateway.db"
    tenant = demo(db)
    headers = {"authorization": f"Bearer {tenant['agent_key']}", "idempotency-key": "before-the-disk-is-full"}
    body = {"wallet_id": tenant["wallet_id"], "payee_id": tenant["payee_ids"][0], "amount": "1", "currency": "USD"}
    with running(db, "--processes", processes) as gateway:
        made = httpx.post(f"{gateway.url}/v1/payments", json=body, headers=headers)
        assert made.status_code == 201
        assert db.stat().st_size > LOG_BYTES
        resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (LOG_BYTES, resource.RLIM_INFINITY))
        gateway.process.terminate()
        assert gateway.wait() == 0
        warnings = [line["message"] for line in gateway.log() if line["event"] == "server"]
        assert any("write-ahead log stays next to the database" in message for message in warnings), warnings
    with running(db, "--processes", processes) as gateway:
        assert httpx.post(f"{gateway.url}/v1/payments", json=body, headers=headers).content == made.content


def test_a_second_gateway_on_the_same_database_is_announced(tmp_path):
    """Both serve, since that is safe; the second says in its log that it is not alone."""
    db = tmp_path / "gateway.db"
    with running(db) as first:
        argv = command("serve", "--port", "0", "--db", str(db))
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as second:
            assert '"event":"ready"' in second.stdout.readline()
            second.terminate()
            assert "another gateway works on" in second.communicate(timeout=WAIT_S)[1]
        assert "another gateway works on" not in first.errors.read_text()


def test_a_large_upload_is_refused_without_being_read_to_its_end(tmp_path):
    """50 MB are announced, 413 comes back, and the gateway serves on."""
    db = tmp_path / "gateway.db"
    tenant = demo(db)
    with running(db, "--no-access-log") as gateway, socket.create_connection(gateway.address, timeout=WAIT_S) as connection:
        head = (
            f"POST /v1/wallets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {tenant['tenant_admin_key']}\r\n"
            "Content-Type: application/json\r\nContent-Length: 52428800\r\n\r\n"
        )
        connection.sendall(head.encode() + b" " * 4096)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == 413
        assert msgspec.json.decode(answer.read())["code"] == "payload_too_large"
        assert httpx.get(f"{gateway.url}/healthz").status_code == 200
        gateway.process.terminate()
        assert gateway.wait() == 0
        assert [line for line in gateway.log() if line["event"] != "server"] == []


def test_a_tenant_made_while_the_gateway_runs_can_pay_at_once(tmp_path):
    """demo-data works beside a running gateway; its keys are known to it."""
    db = tmp_path / "gateway.db"
    with running(db) as gateway:
        made = run("demo-data", "--db", str(db), "--format", "json", "--tenant-name", "late")
        tenant = msgspec.json.decode(made.stdout)
        body = {"wallet_id": tenant["wallet_id"], "payee_id": tenant["payee_ids"][0], "amount": "1", "currency": "USD"}
        headers = {"authorization": f"Bearer {tenant['agent_key']}", "idempotency-key": "first-payment-of-a-late-tenant"}
        assert httpx.post(f"{gateway.url}/v1/payments", json=body, headers=headers).status_code == 201


@pytest.mark.parametrize("processes", ["1", "2"])
@pytest.mark.parametrize("lost", ["gateway.db", "gateway.db-wal", "gateway.db.signing.key"])
def test_a_gateway_whose_files_are_gone_is_not_ready_and_names_them_without_a_path(tmp_path, processes, lost):
    """Ready answers 503, the status says not_ready, both name what is gone, and neither shows the folder."""
    db = tmp_path / "gateway.db"
    tenant = demo(db)
    with running(db, "--processes", processes) as gateway:
        headers = {"authorization": f"Bearer {tenant['agent_key']}"}
        before = httpx.get(f"{gateway.url}/v1/status", headers=headers).json()
        assert (before["mode"], before["sqlite_version"]) == ("normal", sqlite3.sqlite_version)
        db.with_name(lost).unlink()
        ready, status = httpx.get(f"{gateway.url}/readyz"), httpx.get(f"{gateway.url}/v1/status", headers=headers).json()
        assert (ready.status_code, status["mode"]) == (503, "not_ready")
        named = "receipt key" if lost.endswith(".key") else f"{lost} was removed"
        assert named in ready.json()["detail"]
        assert named in status["message"]
        assert str(tmp_path) not in ready.text + status["message"]


@pytest.mark.parametrize("processes", ["1", "2"])
@pytest.mark.parametrize("lost", ["gateway.db", "gateway.db-wal"])
def test_no_payment_is_acknowledged_into_a_file_that_is_gone(tmp_path, processes, lost):
    """A commit into an unlinked file ends with the process: 503, with the same key to be sent again later."""
    db = tmp_path / "gateway.db"
    tenant = demo(db)
    body = {"wallet_id": tenant["wallet_id"], "payee_id": tenant["payee_ids"][0], "amount": "1", "currency": "USD"}
    with running(db, "--processes", processes) as gateway:
        headers = {"authorization": f"Bearer {tenant['agent_key']}"}
        keys = [headers | {"idempotency-key": f"around-the-loss-{number}"} for number in range(2)]
        assert httpx.post(f"{gateway.url}/v1/payments", headers=keys[0], json=body).status_code == 201
        db.with_name(lost).unlink()
        refused = httpx.post(f"{gateway.url}/v1/payments", headers=keys[1], json=body)
    assert (refused.status_code, refused.json()["code"]) == (503, "storage_unusable")
    assert f"{lost} was removed" in refused.json()["detail"]


def test_an_sqlite_that_can_lose_commits_is_named_at_start(tmp_path):
    """One line in the log, with the version and the versions to use; none where the library has been repaired."""
    with running(tmp_path / "gateway.db") as gateway:
        httpx.get(f"{gateway.url}/healthz")
        gateway.process.terminate()
        assert gateway.wait() == 0
        said = [line["message"] for line in gateway.log() if "WAL-reset" in line.get("message", "")]
    assert [sqlite3.sqlite_version in line for line in said] == [True] * has_wal_reset_defect()
