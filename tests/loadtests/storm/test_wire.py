"""One attempt over a real socket: kept, abandoned, too slow, refused, cut off; and connections that are used again."""

import socket
import threading

import pytest

from loadtests.storm.plan import Reply
from loadtests.storm.wire import Request, Wire

pytestmark = pytest.mark.process

REQUEST = Request("POST", "/x", {"Content-Type": "application/json"}, b"{}")
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nIdempotent-Replayed: true\r\n\r\n{}"


@pytest.fixture
def server():
    """A function that starts a listener whose connections are handled by `serve(connection, received)`; gives URL and log."""
    listener = socket.create_server(("127.0.0.1", 0))
    received, stops, threads = [], threading.Event(), []

    def start(serve):
        def accept():
            while not stops.is_set():
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                worker = threading.Thread(target=handle, args=(connection,))
                threads.append(worker)
                worker.start()

        def handle(connection):
            with connection:
                connection.settimeout(5)
                serve(connection, received)

        thread = threading.Thread(target=accept)
        threads.append(thread)
        thread.start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}", received

    yield start
    stops.set()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for thread in threads:
        thread.join(5)


def answer_all(connection, received):
    """Answer every request of a connection until the client closes it."""
    received.append("connected")
    while data := connection.recv(65536):
        received.append(data)
        connection.sendall(ANSWER)


def say_nothing(connection, received):
    """Read until the client has had enough."""
    while data := connection.recv(65536):
        received.append(data)
    received.append("closed by the client")


def hang_up(connection, _received):
    """Close without a word."""
    connection.recv(65536)


def wire_to(url, **seconds):
    """A wire with short waits."""
    return Wire(url, **{"timeout_s": 2.0, "hurry_s": 0.05, **seconds})


def test_an_answer_is_read_whole_and_its_connection_is_used_again(server):
    """Status, bytes and the replay mark come back; two requests, one connection."""
    url, received = server(answer_all)
    wire = wire_to(url)
    for _ in range(2):
        answer = wire.send(REQUEST, Reply.KEEP)
        assert (answer.status, answer.body, answer.replayed, answer.error) == (200, b"{}", True, None)
    wire.close()
    assert received.count("connected") == 1


def test_an_abandoned_reply_was_sent_whole_and_never_read(server):
    """The service gets the request, and then the end of the connection."""
    url, received = server(say_nothing)
    assert wire_to(url).send(REQUEST, Reply.CLOSE).error == "abandoned"
    wire = wire_to(url)
    assert wire.send(REQUEST, Reply.HURRY).error == "abandoned"
    for _ in range(3000):
        if received.count("closed by the client") == 2:
            break
        threading.Event().wait(0.01)
    assert received.count("closed by the client") == 2
    assert b"".join(item for item in received if isinstance(item, bytes)).count(b"POST /x HTTP/1.1") == 2


def test_a_reply_that_comes_in_time_is_kept_although_the_client_was_in_a_hurry(server):
    """Hurry gives up only what is late."""
    url, _ = server(answer_all)
    wire = wire_to(url, hurry_s=2.0)
    assert wire.send(REQUEST, Reply.HURRY).status == 200
    wire.close()


def test_no_reply_in_time_is_a_timeout(server):
    """Silence is told as what it is."""
    url, _ = server(say_nothing)
    assert wire_to(url, timeout_s=0.05).send(REQUEST, Reply.KEEP).error == "timeout"


def test_a_connection_that_ends_without_a_reply_is_a_reset(server):
    """Half a conversation leaves the outcome unknown."""
    url, _ = server(hang_up)
    assert wire_to(url).send(REQUEST, Reply.KEEP).error == "reset"


def test_nobody_listening_is_refused():
    """A port that is closed is told apart from a reply that was lost."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert wire_to(f"http://127.0.0.1:{port}").send(REQUEST, Reply.KEEP).error == "refused"


def test_a_connection_that_the_service_closed_while_idle_is_not_used(server):
    """A restart between two requests is not taken for a lost reply."""
    closed = threading.Semaphore(0)

    def once(connection, received):
        received.append(connection.recv(65536))
        connection.sendall(ANSWER)
        connection.shutdown(socket.SHUT_RDWR)
        closed.release()

    url, received = server(once)
    wire = wire_to(url)
    for _ in range(3):
        assert wire.send(REQUEST, Reply.KEEP).status == 200
        assert closed.acquire(timeout=60)  # the service has closed before the next request goes out
    wire.close()
    assert len(received) == 3
