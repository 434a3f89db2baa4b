"""What the tests of the ways share: state folders, commands, and the record of how each trick ended."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from honest_stage import Stage
from honest_state import Ending, State
from honest_tools import Answering, HonestTools
from loopback import serving
from ways import AGAIN, PAGE, UPDATE, Proof, Tried, Way, load_table, page_text, row_text

from gates.schema.entry import ENDING, run
from scorecards.cli import gonogo as command

WAYS: dict[str, Way] = {one.id: one for section in load_table() for one in section.ways}
_RESULT = "honesty"
_SEEN: dict[str, Tried] = {}
_RECORD = pytest.StashKey[list[Proof]]()


class Tricks:
    """Runs commands, and records how a trick ended."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str], record: list[Proof]) -> None:
        self.home, self._capsys, self._record = home, capsys, record

    def __call__(self, *argv: object) -> Ending:
        """Run `gonogo ...` in this process."""
        before = {number: signal.getsignal(number) for number in ENDING}
        self._capsys.readouterr()
        try:
            code = run(command, [str(item) for item in argv])
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        shown = self._capsys.readouterr()
        return Ending(code, shown.out, shown.err)

    def refused(self, ending: Ending, code: int, reason: str) -> None:
        """Require this exit code and these words, and record both for the page."""
        text = ending.text.replace(str(self.home.parent), "FOLDER")  # whose name has words of the test's name
        assert (ending.code, reason in text) == (code, True), f"{ending.code}: {text}"
        proof = Proof(code, reason)
        if proof not in self._record:
            self._record.append(proof)


@pytest.fixture
def gonogo(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Tricks:
    """Run `gonogo ...` in a state folder of its own; `gonogo.refused(ending, code, reason)` is the proof of a way."""
    for name in [name for name in os.environ if name.startswith("GONOGO_") and name not in (UPDATE, "GONOGO_TEST_SEED")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GONOGO_KEYS", str(tmp_path / "keys"))
    return Tricks(tmp_path / "home", capsys, request.node.stash.setdefault(_RECORD, []))


@pytest.fixture
def state(gonogo: Tricks, tmp_path: Path) -> State:
    """The state folder with its key, and makers of evidence and gates."""
    return State(gonogo.home, tmp_path, gonogo)


@pytest.fixture
def tools(gonogo: Tricks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HonestTools]:
    """A working folder with files of other tools, and a service that reports its build."""
    work, service = tmp_path / "work", Answering()
    work.mkdir()
    monkeypatch.chdir(work)
    with serving(service) as url:
        yield HonestTools(work, service, url, gonogo)


@pytest.fixture
def stage(gonogo: Tricks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Drills on small real services; their load test is a small storm."""
    return Stage(tmp_path, gonogo, monkeypatch)


# --- the page ---


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    """A test of a way has to prove something, and the page has to show just that."""
    done = yield
    for name in [mark.args[0] for mark in pyfuncitem.iter_markers("way")]:
        proofs = tuple(pyfuncitem.stash.get(_RECORD, []))
        assert proofs, f"{name}: the test proves nothing: call gonogo.refused"
        tried = Tried(name, pyfuncitem.name, proofs)
        if os.environ.get(UPDATE):
            pyfuncitem.user_properties.append((_RESULT, msgspec.json.encode(tried).decode()))
            continue
        line = row_text(WAYS[name], tried)
        assert line in PAGE.read_text(encoding="utf-8").splitlines(), f"{PAGE.name} is stale: {AGAIN}\n{line}"
    return done


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Collect what the tests found out, from every worker."""
    if report.when == "call" and report.passed:
        for name, value in report.user_properties:
            if name == _RESULT:
                tried = msgspec.json.decode(value, type=Tried)
                _SEEN[tried.id] = tried


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the page once every way was tried; a run of some of them writes nothing and says so."""
    if not os.environ.get(UPDATE) or hasattr(session.config, "workerinput"):
        return
    lacking = sorted(name for name, one in WAYS.items() if not one.open and name not in _SEEN)
    if not lacking:
        PAGE.write_text(page_text(load_table(), _SEEN), encoding="utf-8")
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    reporter.write_line(f"\n{PAGE.name} is not written: no test passed that tries {', '.join(lacking)}")
    session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED
