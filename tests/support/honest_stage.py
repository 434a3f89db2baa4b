"""Real services, drills and target files for the tests of the ways, driven through `gonogo`."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import drill_stage
import evasive
import msgspec
import pytest
from honest_state import Ending
from waiting import eventually

from drills.journal import FILE, Status, read_journal
from gates.evidence.statement import Measure
from gates.schema.target import NamedTarget, Target, load_target

PROFILE = evasive.PROFILE.read_text()
"""The storm of two seconds that every trick meets."""

REPLAYS_ONLY = {
    "duplicates: {percent: 20, copies: 3}": "duplicates: {percent: 0, copies: 2}",
    "abandoned: {percent: 20, hurry_percent: 50, hurry_ms: 3}": "abandoned: {percent: 0, hurry_percent: 0, hurry_ms: 3}",
    "hedge_after_ms: 500": "hedge_after_ms: 1900",
    "replays: {percent: 30}": "replays: {percent: 100}",
}
"""Every request is repeated, and only after its answer."""

TAME = {**REPLAYS_ONLY, "replays: {percent: 30}": "replays: {percent: 0}"}
"""No request is repeated."""

LONG = [{"action": "sigkill"}, {"action": "wait_for_settles", "share": ["1", "1"], "within": "60s"}]
"""A method that goes on until somebody ends the drill."""


class Stage:
    """Drills on the small service of `drill_service.py`, whose load test is the small storm of `drill_storm.py`."""

    def __init__(self, folder: Path, gonogo: Callable[..., Ending], monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self._gonogo, self._monkeypatch = folder, gonogo, monkeypatch
        self._made = 0
        monkeypatch.setattr("drills.storm.LOAD", (sys.executable, str(drill_stage.STORM)))
        self.out = folder / "out"

    def target_file(self, target: Target) -> str:
        """The target as a file; its name is `fake`."""
        return drill_stage.write_document(self.folder, "Target", "fake", target)

    def load(self, path: str, **changes: object) -> NamedTarget:
        """A target file, read, with changes."""
        named = load_target(path)
        return msgspec.structs.replace(named, target=msgspec.structs.replace(named.target, **changes))

    @contextmanager
    def elsewhere(self) -> Iterator[drill_stage.Elsewhere]:
        """A service that others run; the small storm reads its address from the environment."""
        with drill_stage.elsewhere(self.folder) as service:
            self._monkeypatch.setenv("GONOGO_BASE_URL", service.url)
            yield service

    def drill(self, spec: dict[str, object], target: Target, *more: object) -> Ending:
        """`gonogo drill run` with a drill and a target; small drills stand in for the shipped ones, whose evidence gates read."""
        self._monkeypatch.setattr("drills.perform._require_own_kind", lambda *_: None)
        drill = drill_stage.write_document(self.folder, "Drill", "small", spec)
        return self._gonogo("drill", "run", drill, "--target", self.target_file(target), "--out", self.out, *more)

    @contextmanager
    def running_drill(self) -> Iterator["subprocess.Popen[bytes]"]:
        """A drill in a process of its own, in the middle of its method: the service is killed, the storm goes on."""
        drill = drill_stage.write_document(self.folder, "Drill", "small", drill_stage.crash_spec(method=LONG))
        argv = ["run", drill, "--target", self.target_file(drill_stage.target_of()), "--out", str(self.out), "--payments", "2000"]
        path = self.folder / "drill.log"
        with path.open("wb") as log:
            popen = subprocess.Popen([sys.executable, str(drill_stage.COMMAND), *argv], stdout=log, stderr=log, env=os.environ)
        try:
            assert eventually(self._in_the_middle, 30), path.read_text()
            yield popen
        finally:
            popen.kill()
            popen.wait()

    def _in_the_middle(self) -> bool:
        path = self.out / FILE
        events = read_journal(path).events if path.exists() else ()
        return any((event.action, event.status) == ("wait_for_settles", Status.STARTED) for event in events)

    def again(self) -> None:
        """Make room for another drill or load run."""
        for path in (self.out, self.folder / "run"):
            if path.exists():
                self._made += 1
                path.rename(self.folder / f"before-{self._made}")

    # --- load runs ---

    def storm(
        self, trick: str, *more: str, changes: dict[str, str] | None = None, profile: dict[str, str] | None = None
    ) -> Ending:
        """`load run` on a service with a trick; `changes` replace texts of its target file, `profile` of the load profile."""
        self._monkeypatch.setattr("evasive.PROFILE", self.profile(profile or {}))
        with evasive.evasive(trick) as environ:
            run = evasive.load_run(self.folder, environ, evasive.target_file(self.folder, changes), *more)
        return Ending(run.code, run.stdout, run.stderr)

    def profile(self, changes: dict[str, str]) -> Path:
        """The load profile with texts replaced."""
        text = PROFILE
        for old, new in changes.items():
            assert old in text, old
            text = text.replace(old, new)
        path = self.folder / "profile.yaml"
        path.write_text(text)
        return path

    def measure(self, name: str) -> Measure:
        """One measure of the last load run."""
        check = msgspec.json.decode((self.folder / "run" / "check.json").read_bytes())
        return msgspec.convert(check["measures"][name], Measure)

    def ended(self, process: "subprocess.Popen[str]", out: str) -> Ending:
        """How a process ended."""
        return Ending(process.returncode, out, "")

    @contextmanager
    def running_storm(self, changes: dict[str, str]) -> Iterator[tuple["subprocess.Popen[str]", int]]:
        """A load run in the middle of its storm, and the pid of its generator."""
        out = self.folder / "run"
        argv = [sys.executable, "-m", "loadtests", "run", str(self.profile(changes)), "--out", str(out)]
        with evasive.evasive("none") as environ:
            argv += ["--target", str(evasive.target_file(self.folder))]
            with subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
                try:
                    assert eventually(lambda: _lines(out / "history.jsonl") > 40)
                    yield process, int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])
                finally:
                    process.kill()


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0
