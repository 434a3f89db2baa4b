"""The hosts that install from npm are run at the version that the matrix names: what it says of each is seen again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.setup.hosts import ask as asking
from gateway.setup.hosts.ask import Seen, ask
from gateway.setup.hosts.entry import Server
from gateway.setup.hosts.files import HostFiles, read_file
from gateway.setup.hosts.matrix import certified
from gateway.setup.hosts.plan import insert_plan
from gateway.setup.hosts.table import BY_ID, HOSTS, Tier, host_file

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
def test_the_host_sees_the_server_and_not_one_that_is_dead(host_id, npm, tmp_path, monkeypatch):
    """A real host, a real server: connected or listed as the matrix says; a dead server is not seen by a host that connects."""
    host, known = BY_ID[host_id], CERTIFIED[host_id]
    argv = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(tmp_path / "npm"), f"{host.npm}@{known.version}"]
    installed = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=600)
    assert installed.returncode == 0, f"stale: {known.version} cannot be installed; certify the newest: {installed.stderr[-500:]}"
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GONOGO_API_KEY", "none-needed-to-connect")
    monkeypatch.setenv("PATH", f"{tmp_path / 'npm' / 'node_modules' / '.bin'}:{os.environ['PATH']}")
    gonogo = Path(sys.executable).with_name("gonogo")
    for program, seen in ((gonogo, Seen.SEEN), (tmp_path / "nowhere" / "gonogo", Seen.NOT_SEEN)):
        path = host_file(host, "linux", home, {})
        server = Server(str(program), "http://127.0.0.1:9", str(home / "api.key"))
        HostFiles(tmp_path / "state").apply(insert_plan(host, str(path), "gonogo", server, read_file(path)))
        expected = Seen.SEEN if known.tier is Tier.READ else seen
        monkeypatch.setattr(asking, "_TRIES", 20 if expected is Seen.SEEN else 2)  # hosts wait 5 s for a server to start
        assert ask(host, "gonogo", timeout_s=180)[0] is expected, f"stale: {host.title} {known.version}"
