"""What one client may take from the others: limits on heads, bodies, time, connections and memory, each with its answer."""

import asyncio
import contextlib
import os
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from gateway_process import WAIT_S, Gateway, command, demo, running
from gateway_wire import WiredShop, status
from waiting import eventually

from gateway.settings import Limits

pytestmark = pytest.mark.process

PLAIN = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    """A gateway as a process, and its demo tenant."""
    db = tmp_path_factory.mktemp("limits") / "gateway.db"
    tenant = demo(db)
    with running(db, "--no-access-log") as made:
        made.tenant = tenant
        yield made


def connected(gateway):
    """A connection."""
    return contextlib.closing(socket.create_connection(gateway.address, timeout=WAIT_S))


def everything(connection):
    """All that comes until the server closes."""
    found = b""
    with contextlib.suppress(ConnectionResetError):  # some of what was sent was never read
        while part := connection.recv(65_536):
            found += part
    return found


def answered(gateway, *pieces):
    """All that comes back until the server closes."""
    with connected(gateway) as connection:
        with contextlib.suppress(ConnectionError):  # it may close before all of this is sent
            for piece in pieces:
                connection.sendall(piece)
        return everything(connection)


def post(gateway, path, body, *lines, key, length=True):
    """The bytes of a POST by the demo tenant's agent."""
    head = [
        f"POST {path} HTTP/1.1",
        "Host: x",
        "Content-Type: application/json",
        f"Authorization: Bearer {gateway.tenant['agent_key']}",
        f"Idempotency-Key: {key:->20}",
        *([f"Content-Length: {len(body)}"] if length else []),
        *lines,
        "",
        "",
    ]
    return "\r\n".join(head).encode() + body


def reserve_body(gateway):
    """The body of a good reserve."""
    tenant = gateway.tenant
    return b'{"wallet_id":"%b","payee_id":"%b","amount":"1","currency":"USD"}' % (
        tenant["wallet_id"].encode(),
        tenant["payee_ids"][0].encode(),
    )


@pytest.mark.parametrize(
    "head",
    [
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 8_000_000,
        b"GET /" + b"a" * 8_000_000,
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"".join(b"x-%d: y\r\n" % number for number in range(400_000)),
    ],
    ids=["one long header", "an endless URL", "many small headers"],
)
def test_a_head_beyond_64_kib_is_answered_431_and_closed(gateway, head):
    """No key is needed to send one, so no more of it is kept."""
    answer = answered(gateway, head)
    assert status(answer) == 431
    assert b"\r\nconnection: close\r\n" in answer
    assert httpx.get(f"{gateway.url}/healthz").status_code == 200


def test_a_head_of_60_kib_is_read(gateway):
    """The limit is not in the way of a long cookie."""
    answer = answered(gateway, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Long: " + b"a" * 60_000 + b"\r\n\r\n")
    assert status(answer) == 200


@pytest.mark.parametrize(("path", "role"), [("/v1/payments", "agent"), ("/v1/wallets", "tenant_admin")])
def test_trailer_fields_are_ignored_in_one_segment_and_in_two(gateway, path, role):
    """A key that comes behind the body identifies nobody, on a route of the door as on one of Litestar."""
    head = b"POST %b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n" % path.encode()
    chunk = b"12\r\n" + b'{"currency":"USD"}' + b"\r\n0\r\n"
    key = gateway.tenant[f"{role}_key"]
    trailer = (
        f"Authorization: Bearer {key}\r\nIdempotency-Key: a-key-in-a-trailer\r\nContent-Type: application/json\r\n\r\n".encode()
    )
    assert [status(answered(gateway, head + chunk + trailer)), status(answered(gateway, head + chunk, trailer))] == [401, 401]


def test_trailer_fields_do_not_spoil_a_good_request(gateway):
    """They are read and forgotten."""
    body = reserve_body(gateway)
    head = post(gateway, "/v1/payments", b"", "Transfer-Encoding: chunked", "Connection: close", key="trailed", length=False)
    answer = answered(gateway, head + b"%x\r\n%b\r\n0\r\nIdempotency-Key: another-key-of-its-own\r\n\r\n" % (len(body), body))
    assert status(answer) == 201
    assert b"\r\nidempotency-key: -------------trailed\r\n" in answer


def test_an_upgrade_that_is_not_taken_is_ignored_and_the_body_is_read(gateway):
    """As Java's HttpClient and `curl --http2` send their first request."""
    upgrade = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA")
    with connected(gateway) as connection:
        connection.sendall(post(gateway, "/v1/payments", reserve_body(gateway), *upgrade, key="upgrade"))
        assert status(connection.recv(65_536)) == 201


def test_a_stray_byte_behind_a_valid_settle_does_not_hide_its_answer(gateway):
    """The settle's answer comes first; then the connection is closed."""
    made = httpx.post(
        f"{gateway.url}/v1/payments",
        content=reserve_body(gateway),
        headers={
            "authorization": f"Bearer {gateway.tenant['agent_key']}",
            "idempotency-key": "stray-stray-stray-stray",
            "content-type": "application/json",
        },
    )
    sent = post(gateway, f"{made.headers['location']}/settle", b"{}", key="stray") + b"\x00\r\n\r\n"
    answer = answered(gateway, sent)
    first, *others = answer.split(b"HTTP/1.1 ")[1:]
    assert first.startswith(b"200 ")
    assert [other[:3] for other in others] in ([], [b"400"])


@pytest.mark.parametrize("extra", [(), ("Proxy-Connection: keep-alive",)])
def test_http_1_0_is_closed_after_its_answer(gateway, extra):
    """`Proxy-Connection` is no header of HTTP, whatever an old proxy means by it: what follows is not executed."""
    sent = post(gateway, "/v1/payments", b"", *extra, key="one-zero").replace(b"HTTP/1.1", b"HTTP/1.0")
    assert answered(gateway, sent * 2).count(b'"code":"invalid_request"') == 1


def resident_kb(gateway):
    """The most memory that any process of the gateway has had at once."""
    peaks = [
        line.split()[1]
        for each in gateway.pids()
        for line in Path(f"/proc/{each}/status").read_text().splitlines()
        if "VmHWM" in line
    ]
    return max(map(int, peaks))


SENDER = """
import socket, sys
connection = socket.socket(fileno=int(sys.argv[1]))
connection.settimeout(None)
for _ in range(int(sys.argv[2])):
    connection.sendall(sys.argv[3].encode() * 1000)
"""


def test_pipelined_requests_keep_memory_flat(gateway):
    """Thirty thousand on one connection, sent as fast as they are taken by a process that waits for nothing else."""
    many, before = 30_000, resident_kb(gateway)
    with connected(gateway) as connection:
        argv = [sys.executable, "-c", SENDER, str(connection.fileno()), str(many // 1000), PLAIN.decode()]
        with subprocess.Popen(argv, pass_fds=[connection.fileno()]) as sender:
            try:
                found, rest = 0, b""
                while found < many:
                    arrived = connection.recv(1 << 18)
                    assert arrived, f"closed after {found} answers"
                    part = rest + arrived
                    found += part.count(b'{"status":"ok"}')
                    rest = part[-14:] if not part.endswith(b'"ok"}') else b""
                assert sender.wait(WAIT_S) == 0
            finally:
                sender.kill()  # it waits for ever where nobody reads
    assert found == many
    assert resident_kb(gateway) - before < 24_000


@pytest.mark.parametrize("sent", [b"", b"GET /heal", b"POST /v1/payments HTTP/1.1\r\nHost: x\r\n", PLAIN])
def test_a_head_has_a_deadline(tmp_path, sent):
    """No byte at all, half a head, and a connection that has nothing more to say: closed, each after as long."""
    with WiredShop(tmp_path, limits=Limits(head_s=0.2)) as shop:

        async def scenario():
            caller = await shop.connect()
            await caller.send(sent)
            return await caller.rest()

        answer = shop.run(scenario())
    assert answer.count(b"HTTP/1.1 200") == (1 if sent == PLAIN else 0)


@pytest.mark.parametrize("path", ["/v1/payments", "/v1/wallets"])
def test_a_body_has_a_deadline(tmp_path, path):
    """What has arrived until then is not executed; the answer says what to do, and the connection is closed."""
    with WiredShop(tmp_path, limits=Limits(body_s=0.2)) as shop:

        async def scenario():
            caller = await shop.connect()
            await caller.send(
                shop.request(path, b'{"currency":"USD"}', role="tenant_admin" if "wallets" in path else "agent")[:-1]
            )
            return await caller.rest()

        answer = shop.run(scenario())
    assert status(answer) == 408
    assert b'"code":"request_timeout"' in answer
    assert b"\r\nconnection: close\r\n" in answer


def test_a_chunked_body_has_a_limit_and_a_deadline(tmp_path):
    """It announces no length, so it is counted while it arrives."""
    with WiredShop(tmp_path, limits=Limits(body_s=0.2)) as shop:
        chunked = ("Transfer-Encoding: chunked",)

        async def scenario(chunks):
            caller = await shop.connect()
            await caller.send(shop.request("/v1/payments", chunks, *chunked, drop=["content-length"]))
            return await caller.rest()

        endless = shop.run(scenario(b"%x\r\n%b\r\n" % (70_000, b" " * 70_000)))
        halting = shop.run(scenario(b"2\r\n{}\r\n"))
    assert [status(endless), status(halting)] == [413, 408]


def few_files():
    """As a service manager with a low limit starts it."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (80, 80))


def test_when_all_connections_are_taken_the_log_says_so_and_those_that_wait_are_served_later(tmp_path):
    """There are as many as the limit on open files allows: it does not run out, and a new client waits for its turn."""
    errors = tmp_path / "gateway.log"
    argv = command("serve", "--port", "0", "--db", str(tmp_path / "gateway.db"))
    with (
        errors.open("wb") as log,
        subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=log, text=True, preexec_fn=few_files) as process,  # noqa: PLW1509  # one system call, before there are threads
        contextlib.ExitStack() as stack,
    ):
        stack.callback(process.kill)
        gateway = Gateway(process, errors)
        idle = [stack.enter_context(connected(gateway)) for _ in range(30)]
        for connection in idle[:3]:
            connection.sendall(PLAIN)
        assert eventually(lambda: "connections_full" in errors.read_text(), WAIT_S)
        waiting = stack.enter_context(connected(gateway))
        waiting.sendall(PLAIN)
        for connection in idle:
            connection.close()
        assert status(waiting.recv(65_536)) == 200
    assert [line["event"] for line in gateway.log()].count("connections_full") == 1


def test_two_gateways_that_start_together_on_one_port_do_not_share_it(tmp_path):
    """One serves; the other ends with 2 and names the port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    argv = [command("serve", "--port", port, "--db", str(tmp_path / f"{name}.db")) for name in ("one", "other")]
    both = [subprocess.Popen(each, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for each in argv]
    try:
        assert eventually(lambda: any(each.poll() is not None for each in both), WAIT_S)
        (ended,) = (each for each in both if each.poll() is not None)
        (serving,) = (each for each in both if each is not ended)
        assert ended.returncode == 2
        assert f"port {port} of 127.0.0.1 is in use" in ended.communicate()[1]
        assert '"event":"ready"' in serving.stdout.readline()
        os.kill(serving.pid, signal.SIGTERM)
        assert serving.wait(WAIT_S) == 0
    finally:
        for each in both:
            each.kill()
            each.communicate()


def test_a_client_that_reads_nothing_of_its_answers_is_cut_off(tmp_path):
    """Neither its place nor what waits to be sent to it is kept: the kernel ends the connection after the limit."""
    with WiredShop(tmp_path, limits=Limits(unread_s=0.5)) as shop, contextlib.closing(socket.socket()) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.setblocking(False)

        async def until_cut_off():
            loop = asyncio.get_running_loop()
            await loop.sock_connect(connection, shop._address)
            await loop.sock_sendall(connection, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 400)
            while True:
                await asyncio.sleep(0.05)
                await loop.sock_sendall(connection, b"\r")

        with pytest.raises(ConnectionError):
            shop.run(asyncio.wait_for(until_cut_off(), WAIT_S))
        assert status(shop.run(shop.ask_raw(PLAIN))) == 200
