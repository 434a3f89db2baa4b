"""What holds for every test: unit tests stay off the network, and browser tests say what they need."""

import gc
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from drills.power import missing

# A busy machine must not fail a property; in CI the examples are the same in every run.
settings.register_profile("house", settings.get_profile("ci" if os.environ.get("CI") else "default"), deadline=None)
settings.load_profile("house")

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def pytest_addoption(parser: pytest.Parser) -> None:
    """What the simulation is told."""
    group = parser.getgroup("simulation")
    group.addoption("--seed", type=int, default=None, help="The simulation's seed; without it a fresh one is drawn.")
    group.addoption("--sim-steps", type=int, default=4000, help="How many steps the simulation takes.")


def pytest_configure(config: pytest.Config) -> None:
    """Draw the seed once, before any worker starts, so that all of them have the same.

    A shell ignores SIGINT and SIGQUIT for what it starts in the background, `nohup` ignores SIGHUP, and so would every process
    that gets one of them here.
    """
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    gc.disable()  # until all tests are collected: of the millions of objects that this makes, hardly one is garbage
    if not hasattr(config, "workerinput"):
        os.environ["GONOGO_TEST_SEED"] = str(config.getoption("--seed") or secrets.randbits(32))
        # Commands are printed as the shell finds them: as `gonogo`, whether or not the environment is active.
        os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        os.environ["GONOGO_KEYS"] = tempfile.mkdtemp(prefix="gonogo-keys-")  # no test writes into the user's own folder


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder of private keys and log heads."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop("GONOGO_KEYS"), ignore_errors=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give workers the longest tests first, then the files that start processes: what began last would run alone at the end."""
    if hasattr(config, "workerinput"):
        slow = {item.path for item in items if item.get_closest_marker("process")}
        items.sort(key=lambda item: (-_minutes(item), item.path not in slow))


def _minutes(item: pytest.Item) -> float:
    """About how long the test takes, where it says so: `nightly(minutes=5)`."""
    marks = (item.get_closest_marker(name) for name in ("nightly", "deeper"))
    return max(mark.kwargs.get("minutes", 0) if mark else 0 for mark in marks)


def pytest_collection_finish() -> None:
    """Collect garbage from here on, and never again look at what the collection has left."""
    gc.freeze()
    gc.enable()


def pytest_report_header() -> str:
    """The seed, so that a failure can be repeated."""
    return f"simulation: --seed {os.environ['GONOGO_TEST_SEED']}"


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a real browser. Without one a test is skipped; in CI that is a failure, since nobody would notice the skip."""
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if found is None:
        reason = f"this needs a real browser: install one of {', '.join(BROWSERS)} (Debian: apt-get install chromium)"
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def promtool() -> str:
    """Prometheus' own tool: a second opinion on metrics that other tests read back; in CI a test without it fails."""
    return _program("promtool", "this needs promtool (Debian: apt-get install prometheus)")


@pytest.fixture(scope="session")
def prometheus() -> str:
    """The path of the real Prometheus. In CI a test without it fails, since nobody would notice the skip."""
    return _program("prometheus", "this needs the real Prometheus (Debian: apt-get install prometheus)")


@pytest.fixture(scope="session")
def alertmanager() -> str:
    """The path of the real Alertmanager; in CI a test without it fails."""
    return _program(
        "prometheus-alertmanager", "this needs the real Alertmanager (Debian: apt-get install prometheus-alertmanager)"
    )


@pytest.fixture(scope="session")
def amtool() -> str:
    """The Alertmanager's own tool: a second opinion on routes; in CI a test without it fails."""
    return _program("amtool", "this needs amtool (Debian: apt-get install prometheus-alertmanager)")


@pytest.fixture(scope="session")
def curl() -> str:
    """The path of curl, for pages whose commands call it; in CI a test without it fails."""
    return _program("curl", "this needs curl (Debian: apt-get install curl)")


@pytest.fixture(scope="session")
def npm(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of npm, with the space for what it installs; in CI a test without it fails."""
    reason = "this needs npm (Debian: apt-get install npm) and 3 GiB of disk; `gonogo host matrix` shows what was certified"
    is_full = shutil.disk_usage(tmp_path_factory.getbasetemp()).free < 3 << 30
    return _program("npm, and more disk" if is_full else "npm", reason)


@pytest.fixture(scope="session")
def postgresql() -> Path:
    """The folder of PostgreSQL's programs; only root can mount a disk that the server's own user may use."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found or os.getuid():
        pytest.skip("this needs root, and PostgreSQL (Debian: apt-get install postgresql)")
    return found[-1]


@pytest.fixture(scope="session")
def own_mounts() -> None:
    """The right to mount small file systems in a namespace of a test's own; without it the test is skipped."""
    from small_disk import lacks

    if reason := lacks():
        pytest.skip(f"not run: needs {reason}")


def _program(name: str, reason: str) -> str:
    found = shutil.which(name)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return found


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test that cuts the power where no file system can be mounted that loses unsynced writes."""
    if item.get_closest_marker("power"):
        lacks = missing()
        if lacks:
            pytest.skip(f"not run: needs {', '.join(lacks)}")


@pytest.fixture(autouse=True)
def _unit_tests_open_no_connections(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A test without the process or browser marker that connects to anything fails, and says so."""
    if any(request.node.get_closest_marker(name) for name in ("process", "browser")):
        yield
        return
    connect = socket.socket.connect

    def refuse(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            pytest.fail(f"a unit test connects to {address}: mark it `process`, or take the network out of it")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", refuse)
    yield
