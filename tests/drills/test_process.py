"""Services as child processes."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading

import httpx
import pytest
from waiting import eventually

from drills.child import Identity, identify, spawn
from drills.control import ProcessControl
from drills.process import Service
from gates.schema.errors import UnknownProblem

pytestmark = pytest.mark.process


@pytest.fixture
def service(fake_target, environ, tmp_path):
    """A service that no test leaves running."""
    made = Service(fake_target(), db=tmp_path / "fake.db", logs=tmp_path / "logs", environ=environ)
    yield made
    made.kill()


def test_a_started_service_is_ready_and_says_so(service):
    """Start returns once the ready path answers, and the line the service printed can be read."""
    service.start()
    assert httpx.get(service.url + "/readyz", trust_env=False).status_code == 200
    assert service.ready_line().build == "ab" * 32
    assert service.environ["GONOGO_BASE_URL"] == service.url


def test_a_killed_service_comes_back_on_the_same_port(service):
    """The second life has another process and the same address."""
    service.start()
    first, url = service.identity, service.url
    assert service.kill() == -signal.SIGKILL
    assert not service.running
    service.start()
    assert service.identity != first
    assert service.url == url
    assert httpx.get(url + "/readyz", trust_env=False).status_code == 200


def test_a_port_that_is_given_back_in_a_moment_is_waited_for(service):
    """The processes of a service that was killed die one after the other, and the last one may hold the port."""
    with socket.create_server(("127.0.0.1", service.port)) as held:
        timer = threading.Timer(0.3, held.close)
        timer.start()
        service.start()
        timer.join()
    assert httpx.get(service.url + "/readyz", trust_env=False).status_code == 200


def test_a_service_that_was_never_started_has_no_build(fake_target, environ, tmp_path):
    """That of a drill which is recovered after its runner was killed: the rollback starts it."""
    control = ProcessControl(fake_target(), tmp_path, environ, lambda *_: None, lambda *_: None)
    with pytest.raises(UnknownProblem):
        control.build()


def test_a_graceful_stop_lets_the_service_finish(service):
    """SIGTERM comes first, so the exit code is the service's own."""
    service.start()
    assert service.stop() == 0
    assert service.stop() == 0


def test_a_service_that_ignores_sigterm_is_killed_after_its_grace(fake_target, environ, tmp_path):
    """stop_timeout_s bounds the wait."""
    with Service(fake_target("stubborn", 1), db=tmp_path / "d", logs=tmp_path / "logs", environ=environ) as service:
        assert service.stop() == -signal.SIGKILL


def test_a_service_that_ends_before_it_is_ready_is_told_with_its_last_words(fake_target, environ, tmp_path):
    """The refusal carries the exit code and the end of stderr."""
    service = Service(fake_target("fail"), db=tmp_path / "d", logs=tmp_path / "logs", environ=environ)
    with pytest.raises(UnknownProblem, match=r"(?s)ended before it was ready \(exit 1\).*no such option"):
        service.start()


def test_a_service_that_never_gets_ready_is_ended(fake_target, environ, tmp_path):
    """After the deadline nothing is left running."""
    service = Service(fake_target("mute"), db=tmp_path / "d", logs=tmp_path / "logs", environ=environ)
    with pytest.raises(UnknownProblem, match=r"was not ready within 0\.2 s"):
        service.start(timeout_s=0.2)
    assert not service.running


def test_nothing_is_left_when_the_parent_is_killed(fake_target, tmp_path):
    """The kernel ends the service with its parent, though SIGKILL lets nobody tidy up."""
    parent = textwrap.dedent(f"""
        import os, sys, time
        from pathlib import Path
        from drills.child import spawn
        child = spawn([sys.executable, "-c", "import time; time.sleep(60)"], dict(os.environ), Path({str(tmp_path)!r}) / "log")
        print(child.identity.pid, child.identity.started, flush=True)
        time.sleep(60)
    """)
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as popen:
        pid, started = popen.stdout.readline().split()
        child = Identity(int(pid), started)
        assert child.alive()
        popen.kill()
    assert eventually(lambda: not child.alive())


def test_ending_a_child_ends_what_it_started(environ, tmp_path):
    """The whole session goes, not the leader alone."""
    child = spawn(["sh", "-c", "sleep 60 & echo $!; wait"], environ, tmp_path / "log")
    assert eventually(lambda: child.stdout.read_text().strip())
    grandchild = identify(int(child.stdout.read_text()))
    child.end()
    assert eventually(lambda: not grandchild.alive())


def test_a_recycled_pid_is_not_taken_for_the_process(environ, tmp_path):
    """Same pid, other start moment: another process."""
    me = identify(os.getpid())
    assert me.alive()
    assert not Identity(me.pid, "00000000-1").alive()


def test_a_program_that_does_not_exist_is_told(environ, tmp_path):
    """The child says which program, and ends with 127 as a shell would."""
    child = spawn(["/no/such/program"], environ, tmp_path / "log")
    assert child.wait(60)
    assert child.end() == 127
    assert "No such file" in child.stderr.read_text()
