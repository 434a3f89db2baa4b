"""A service's rail beside it: there first, found by URL, alive when the service is killed, gone when it is stopped."""

import httpx
import msgspec
import pytest

from drills.process import Service
from gates.schema.errors import UnknownProblem
from gates.schema.practice import RAIL_SECRET, RAIL_URL, ready_url

pytestmark = pytest.mark.process

HANG_S = 60.0
"""A port without a listener refuses at once; this only ends a test that hangs."""


@pytest.fixture
def service(fake_target, environ, tmp_path):
    """A function that makes a service whose rail is the fake in one of its ways, and that tells its rail's URL as its build."""
    made = []

    def make(what="serve"):
        target = fake_target()
        start = (*target.process.start, "--build", "{rail_url}")
        rail = (*target.process.start[:3], what, "--port", "0", "--db", "{rail_book}")
        target = msgspec.structs.replace(target, process=msgspec.structs.replace(target.process, start=start, rail=rail))
        made.append(Service(target, db=tmp_path / "fake.db", logs=tmp_path / "logs", environ=environ))
        return made[-1]

    yield make
    for item in made:
        item.stop()


def _answers(url):
    try:
        return httpx.get(url, trust_env=False, timeout=HANG_S).is_success
    except httpx.TransportError:
        return False


def test_the_rail_is_there_before_the_service_which_is_told_where(service):
    """`{rail_url}` in the command line and GONOGO_RAIL_URL in the environment lead to it; both know one secret."""
    running = service()
    running.start()
    url = running.environ[RAIL_URL]
    assert _answers(url)
    assert running.ready_line().build == url
    assert len(running.environ[RAIL_SECRET]) == 64


def test_the_rail_outlives_the_death_of_the_service_and_ends_with_its_stop(service):
    """A crash does not take the outside world along; a stop leaves nothing running."""
    running = service()
    running.start()
    url = running.environ[RAIL_URL]
    running.kill()
    assert _answers(url)
    running.start()
    assert running.environ[RAIL_URL] == url
    running.stop()
    assert not _answers(url)


def test_a_stopped_service_gets_a_rail_again_when_it_starts(service):
    """The next life finds a rail with the same secret, wherever it listens now."""
    running = service()
    running.start()
    secret = running.environ[RAIL_SECRET]
    running.restart()
    assert _answers(running.environ[RAIL_URL])
    assert running.environ[RAIL_SECRET] == secret


def test_a_rail_that_does_not_become_ready_is_reported_with_the_end_of_its_log(service):
    """No service is started without it, and nothing is left running."""
    running = service("fail")
    with pytest.raises(UnknownProblem, match=r"(?s)the rail did not become ready.*no such option"):
        running.start()
    assert not running.running


def test_the_ready_line_is_found_among_other_lines():
    """Talk, other JSON and half a line are no ready line."""
    assert ready_url(b'hello\n{"event":"other","url":"x"}\n["event"]\n{"event":"ready","url":"http://r"}\n') == "http://r"
    assert ready_url(b'hello\n{"event":"rea') is None
