"""The hosts that install from npm are run at the version that the matrix names: what it says of each is seen again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.setup.hosts.certify import Result, look_at
from gateway.setup.hosts.matrix import certified
from gateway.setup.hosts.table import BY_ID, HOSTS, Tier

CERTIFIED = certified()


def test_every_host_that_installs_from_npm_is_certified():
    """With a version; the others are followed by their format alone."""
    assert set(CERTIFIED) == {host.id for host in HOSTS if host.npm is not None}
    for host in HOSTS:
        assert host.tier is (CERTIFIED[host.id].tier if host.id in CERTIFIED else Tier.WRITTEN)
        assert (host.asking is not None) is (host.id in CERTIFIED)


@pytest.mark.nightly
@pytest.mark.process
@pytest.mark.parametrize("host_id", sorted(CERTIFIED))
def test_the_host_sees_the_server_and_not_one_that_is_dead(host_id, npm, tmp_path):
    """A real host, a real server: connected or listed as the matrix says; a dead server is not seen by a host that connects."""
    host, known = BY_ID[host_id], CERTIFIED[host_id]
    argv = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(tmp_path / "npm"), f"{host.npm}@{known.version}"]
    installed = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=600)
    assert installed.returncode == 0, f"stale: {known.version} cannot be installed; certify the newest: {installed.stderr[-500:]}"
    path = f"{tmp_path / 'npm' / 'node_modules' / '.bin'}:{os.environ['PATH']}"
    gonogo = Path(sys.executable).with_name("gonogo")
    looked = look_at(known, tmp_path / "work", str(gonogo), {**os.environ, "PATH": path})
    assert looked.result is Result.CONFIRMED, f"{looked.result}: {host.title} {known.version}: {looked.detail}"
