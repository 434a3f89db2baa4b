"""Load generators on a real service: they count what was answered, refused and never sent."""

from pathlib import Path
from socket import create_connection

import pytest
from waiting import eventually

from loadtests.bench.requests import Orders, http_request
from loadtests.bench.sockets import SocketGenerator, ask_all
from loadtests.bench.wrk import WrkGenerator, find_wrk

pytestmark = pytest.mark.process

BODY = b'{"wallet_id":"w","payee_id":"p","amount":"1","currency":"USD"}'
ECHO = http_request("POST", "/echo", {}, BODY)
NOWHERE = http_request("POST", "/nowhere", {}, BODY)


@pytest.fixture
def generators(tmp_path):
    """Our own, and wrk where it is installed."""
    program = find_wrk()
    return [SocketGenerator(), *([WrkGenerator(program, tmp_path)] if program else [])]


def test_a_cycle_lasts_as_long_as_it_is_asked_to(bare, generators):
    """Answers are counted, percentiles are in order, and it never runs dry."""
    for generator in generators:
        received = generator.run(bare[0], Orders((ECHO,), cycle=True), 4, 1)
        assert received.requests > 10
        assert (received.refused, received.broken, received.dry) == (0, 0, False)
        assert 0 < received.p50_us <= received.p99_us <= received.p999_us
        assert received.duration_us >= 900_000


def test_running_out_of_requests_is_said(bare, generators):
    """Fifty requests do not last a second: the run is dry, and each was answered."""
    for generator in generators:
        received = generator.run(bare[0], Orders([ECHO] * 50), 2, 1)
        assert received.dry
        assert 45 <= received.requests <= 55


def test_refusals_are_counted(bare, generators):
    """Every answer of a path that is not there is one."""
    for generator in generators:
        received = generator.run(bare[0], Orders((NOWHERE,), cycle=True), 2, 1)
        assert received.refused == received.requests > 0


def test_preparing_gives_the_answers_in_the_order_of_the_requests(bare):
    """However many connections shared the work."""
    asked = [http_request("POST", "/echo", {}, BODY.replace(b'"1"', b'"%d"' % number)) for number in range(300)]
    told = ask_all(bare[0], asked)
    assert [answer.status for answer in told] == [200] * 300
    assert all(b'"amount":"%d"' % number in answer.body for number, answer in enumerate(told))


def test_a_server_under_measurement_tells_what_it_uses(bare):
    """CPU time grows with work, memory is there; a process that has ended has neither."""
    port, served = bare
    before = served.cpu_ms()
    SocketGenerator().run(port, Orders((ECHO,), cycle=True), 4, 1)
    assert served.cpu_ms() > before >= 0
    assert served.rss_kb() > 1000
    served.end()
    assert served.cpu_ms() is None
    assert served.rss_kb() is None


def test_a_frozen_server_keeps_its_sockets_goes_on_and_ends_all_the_same(bare):
    """Whoever connects meanwhile is answered afterwards; SIGTERM to a process that is still frozen would wait for ever."""
    port, served = bare
    stat = Path(f"/proc/{served._process.pid}/stat")
    served.freeze()
    assert eventually(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T")
    with create_connection(("127.0.0.1", port)) as waiting:
        waiting.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
        served.go_on()
        assert waiting.recv(4096).startswith(b"HTTP/1.1 200")
    served.freeze()
    served.end()
    assert served.cpu_ms() is None
