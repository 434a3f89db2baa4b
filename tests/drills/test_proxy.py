"""The network proxy: what its rule says happens to the bytes, and is counted."""

import http.client
import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from loopback import serving
from waiting import eventually

from drills.network.path import NetworkPath, variable_of
from drills.network.rule import Rule
from gates.schema.errors import UnknownProblem

pytestmark = pytest.mark.process


class Yes:
    """A service that answers everything."""

    def answer(self, *_request):
        """The same to all."""
        return 200, {}, b"yes"


@pytest.fixture
def path(tmp_path, environ):
    """A proxy in front of a small HTTP server that is a real one."""
    with serving(Yes()) as url:
        path = NetworkPath(url, tmp_path / "proxy", environ)
        yield path
        path.end()


def ask(path, timeout=10.0):
    """One request on a connection of its own; the body of the answer, or the kind of error."""
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(path.url).port, timeout=timeout)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read()
    except OSError as error:
        return type(error)
    except http.client.HTTPException as error:
        return type(error)
    finally:
        connection.close()


def test_an_empty_rule_passes_everything_on(path):
    """And counts it."""
    assert ask(path) == b"yes"
    counts = path.counts()
    assert (counts.connections, counts.delayed, counts.lost, counts.refused) == (1, 0, 0, 0)
    assert counts.passed >= 2


def test_lost_responses_leave_the_connection_open_until_the_rule_ends(path):
    """The server has the request, the client waits; when the network is back, that connection is reset and new ones work."""
    path.impose(Rule(lose="responses"))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask, path, 60.0)
        assert eventually(lambda: path.counts().lost > 0)
        assert not waiting.done()
        path.impose(Rule())
        assert issubclass(waiting.result(60), OSError | http.client.HTTPException)
    assert ask(path) == b"yes"


def test_a_client_gives_up_on_a_half_open_connection(path):
    """By its own timeout: nothing else ends it."""
    path.impose(Rule(lose="both"))
    assert ask(path, timeout=0.3) is TimeoutError


def test_delayed_pieces_arrive_and_are_counted(path):
    """The delay is at least that of the rule, and only in its direction."""
    path.impose(Rule(delay_ms=150, of="responses"))
    assert ask(path) == b"yes"
    assert path.counts().delayed >= 1


def test_a_refusing_proxy_resets_connections(path):
    """Those that are open, and new ones."""
    with socket.create_connection(("127.0.0.1", urlsplit(path.url).port), timeout=10) as open_one:
        assert eventually(lambda: path.counts().open > 0)
        path.impose(Rule(refuse=True))
        with pytest.raises(ConnectionResetError):
            open_one.recv(1)
    assert issubclass(ask(path), OSError | http.client.HTTPException)
    assert path.counts().refused >= 2


def test_the_jitter_of_a_piece_follows_from_seed_and_number():
    """The same in every run, and never less than nothing."""
    rule = Rule(delay_ms=100, jitter_ms=300, seed=7)
    waits = [rule.wait_s(number) for number in range(50)]
    assert waits == [rule.wait_s(number) for number in range(50)]
    assert min(waits) == 0.0
    assert max(waits) <= 0.4
    assert len(set(waits)) > 20


def test_an_address_that_a_proxy_cannot_stand_in_for_is_refused(tmp_path, environ):
    """TLS would fail at the client, and look like a finding."""
    with pytest.raises(UnknownProblem, match="would need the service's certificate"):
        NetworkPath("https://127.0.0.1:1", tmp_path / "proxy", environ)


def test_a_proxy_that_is_gone_does_not_count(path):
    """Its silence is an error, not a zero."""
    path.end()
    with pytest.raises(UnknownProblem, match="the network proxy does not answer"):
        path.counts()


@pytest.mark.parametrize(
    ("base_url", "variable"), [("${GONOGO_BASE_URL}", "GONOGO_BASE_URL"), ("${SHOP:-http://127.0.0.1:80}", "SHOP")]
)
def test_the_variable_of_a_base_url_leads_clients_elsewhere(base_url, variable):
    """With a default and without one."""
    assert variable_of(base_url) == variable


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:8080", "${HOST}/shop", "http://${HOST}"])
def test_a_base_url_that_is_no_variable_cannot_be_led_elsewhere(base_url):
    """The next step says how to write it."""
    with pytest.raises(UnknownProblem, match="names no variable"):
        variable_of(base_url)
