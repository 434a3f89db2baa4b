"""Whose port is it? Real processes, and the kernel's tables."""

import os
import shutil
import subprocess
import sys

import drill_stage
import pytest

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


def test_on_a_machine_without_these_tables_nothing_is_shown(service, tmp_path):
    """Unknown with the reason, never taken for granted."""
    with pytest.raises(Unobserved, match="nothing shows who listens") as refused:
        require_listener(service.port, service.identity.pid, tmp_path)
    assert "run the drill on Linux" in str(refused.value)


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root and setpriv to be another user")
def test_open_files_that_may_not_be_read_show_nothing(service):
    """The service of another user, looked at by one who may not."""
    code = f"from drills.listeners import require_listener; require_listener({service.port}, {service.identity.pid})"
    argv = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", sys.executable, "-c", code]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert "nothing shows who listens" in done.stderr
