"""What holds for every test: unit tests stay off the network, and browser tests say what they need."""

import os
import shutil
import socket
from collections.abc import Iterator

import pytest
from hypothesis import settings

# A busy machine must not fail a property; in CI the examples are the same in every run.
settings.register_profile("house", settings.get_profile("ci" if os.environ.get("CI") else "default"), deadline=None)
settings.load_profile("house")

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


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
