"""Whose port is it? Real processes, and the kernel's tables."""

import os
import socket
import sys
import tempfile
from pathlib import Path

import drill_stage
import pytest

from drills.child import group_members
from drills.listeners import is_gone, require_listener
from drills.observed import Unobserved
from drills.process import Service

pytestmark = pytest.mark.process


@pytest.fixture
def service(fake_target, environ, tmp_path):
    """A service that listens at its port."""
    with Service(fake_target(), db=tmp_path / "fake.db", logs=tmp_path / "logs", environ=environ) as made:
        yield made


def test_a_service_that_listens_itself_owns_its_port_until_it_is_killed(service):
    """Afterwards neither a process nor a listening socket is left."""
    group = service.identity.pid
    require_listener(service.port, group)
    assert not is_gone(service.port, group)
    service.kill()
    assert is_gone(service.port, group)
    with pytest.raises(Unobserved, match="no process of this machine listens"):
        require_listener(service.port, group)


def test_a_child_of_the_process_may_be_the_one_that_listens(fake_target, environ, tmp_path):
    """A shell in front of it, for example: a kill reaches both."""
    target = fake_target()
    words = " ".join(target.process.start).replace("{python}", sys.executable)
    start = ("sh", "-c", f"{words} & wait")
    changed = drill_stage.target_of(process=drill_stage.Process(start=start))
    with Service(changed, db=tmp_path / "fake.db", logs=tmp_path / "logs", environ=environ) as service:
        group = service.identity.pid
        require_listener(service.port, group)
        service.kill()
        assert is_gone(service.port, group)


def test_a_port_that_another_process_also_listens_at_is_not_the_services_own(service):
    """Half of the connections would go past what is killed."""
    group = os.getpgid(0)
    with pytest.raises(Unobserved, match="belongs to a process that the drill does not kill"):
        require_listener(service.port, group)


def test_a_socket_that_is_closed_while_the_tables_are_read_is_nobodys(monkeypatch):
    """The gateway holds its port by one that it closes as soon as its library listens; a busy machine reads slowly."""
    with socket.socket() as held, socket.socket() as library:
        for one in (held, library):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            one.bind(("127.0.0.1", held.getsockname()[1]))
            one.listen()

        def members(group, proc):
            held.close()
            return group_members(group, proc)

        monkeypatch.setattr("drills.listeners.group_members", members)
        require_listener(library.getsockname()[1], os.getpgid(0))


def test_on_a_machine_without_these_tables_nothing_is_shown(service, tmp_path):
    """Unknown with the reason, never taken for granted."""
    with pytest.raises(Unobserved, match="nothing shows who listens") as refused:
        require_listener(service.port, service.identity.pid, tmp_path)
    assert "run the drill on Linux" in str(refused.value)


@pytest.fixture
def closed_tables():
    """Tables as in /proc, in which process 7 of group 7 does not let anyone look at its open files."""
    with tempfile.TemporaryDirectory() as folder:
        proc = Path(folder)
        proc.chmod(0o755)
        for name in ("self/net", "7/fd"):
            (proc / name).mkdir(parents=True)
        line = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1\n"
        (proc / "self" / "net" / "tcp").write_text("the heading\n" + line)
        (proc / "7" / "stat").write_text(f"7 (a shop) S 1 7 {' 0' * 40}")
        (proc / "7" / "fd").chmod(0)
        me = os.geteuid()
        if me == 0:  # who may read everything
            os.seteuid(65534)
        yield proc
        os.seteuid(me)


def test_open_files_that_may_not_be_read_show_nothing(closed_tables):
    """The service of another user: unknown, and who has to run the drill instead."""
    with pytest.raises(Unobserved, match="nothing shows who listens at port 8080") as refused:
        require_listener(8080, 7, closed_tables)
    assert "run the drill as the user whose processes spec.process.start starts" in str(refused.value)
