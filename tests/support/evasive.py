"""Evasive services as processes, with a target file for each: what the tests of load runs and of honesty share."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parents[1] / "loadtests"
PROFILE = HERE / "quick.yaml"


@contextmanager
def evasive(trick: str) -> Iterator[dict[str, str]]:
    """The service with one trick of `fake_evasions.py`; gives the environment in which its target file resolves."""
    argv = [sys.executable, str(HERE / "fake_evasions.py"), trick]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            ready = json.loads(process.stdout.readline())
            yield {**os.environ, "FAKE_URL": ready["url"], "FAKE_TOKEN": "agent-of-the-fake"}
        finally:
            process.kill()


def target_file(folder: Path, changes: dict[str, str] | None = None, more: str = "") -> Path:
    """The fake's target file with texts replaced, and with more members at its end."""
    text = (HERE / "fake-target.yaml").read_text()
    for old, new in (changes or {}).items():
        assert old in text, old
        text = text.replace(old, new)
    path = folder / "target.yaml"
    path.write_text(text + more)
    return path


def load_run(folder: Path, environ: dict[str, str], target: Path, *more: str, payments: int = 60) -> "Run":
    """A run of the quick storm in a folder of its own, to its end."""
    argv = [sys.executable, "-m", "loadtests", "run", str(PROFILE), "--target", str(target), "--out", str(folder / "run")]
    argv += ["--payments", str(payments), *more]
    whole = {**environ, "GONOGO_HOME": str(folder / "home")}
    return Run(folder / "run", subprocess.run(argv, env=whole, capture_output=True, text=True, timeout=300, check=False))


class Run:
    """What a finished run left."""

    def __init__(self, folder: Path, done: "subprocess.CompletedProcess[str]") -> None:
        self.folder, self.code, self.stdout, self.stderr = folder, done.returncode, done.stdout, done.stderr

    @property
    def said(self) -> str:
        """Everything that it printed."""
        return self.stdout + self.stderr

    @property
    def rules(self) -> set[str]:
        """The rules of its findings."""
        return {item["rule"] for item in self._check()["findings"]}

    def measure(self, name: str) -> dict[str, object]:
        """One of its measures."""
        return self._check()["measures"][name]

    def _check(self) -> dict[str, object]:
        return json.loads((self.folder / "check.json").read_bytes())
