"""The whole toolkit against one gateway on loopback: storm, probes, judgement; what a review does, in a few seconds."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
from click.testing import CliRunner

from gates.schema.target import load_target
from gateway import package_dir
from gateway.build import build_sha256
from scorecards.cli import gonogo as gates

PROBES = ("fail-closed", "authorization-sweep", "policy-binding", "receipt-verification")
WAIT_S = 150

STORM = """
apiVersion: gonogo/v1
kind: LoadProfile
metadata: {name: squall, title: A storm of a second for tests}
spec:
  payments: 60
  arrivals: {rate_per_s: 80, spacing: poisson}
  mix: {reserve_only: 4, settle: 40, partial_settle: 22, reverse: 12, refund: 14, over_limit: 8}
  think_ms: 20
  duplicates: {percent: 40, copies: 4}
  abandoned: {percent: 25, hurry_percent: 50, hurry_ms: 3}
  client: {timeout_ms: 2000, hedge_after_ms: 500}
  retry: {max_attempts: 12, patience_ms: 10000, base_ms: 20, factor_percent: 200, cap_ms: 200, jitter_percent: 50}
  replays: {percent: 60}
  limits: {generator_lag_p99_ms: 60000, duration_s: 300}
"""


class Judged(msgspec.Struct, frozen=True):
    """The criteria that fail, by the letter of their gate, and each with its detail."""

    failing: Mapping[str, frozenset[str]]
    details: Mapping[str, str]

    @property
    def gates(self) -> frozenset[str]:
        """The letters of the gates that fail."""
        return frozenset(self.failing)


class Toolkit:
    """One folder with its own state; `sources` is the folder whose gateway package is put on trial, None for this tree's."""

    def __init__(self, folder: Path, sources: Path | None = None) -> None:
        self.folder = folder
        self.evidence = folder / "evidence"
        self.package = (sources / "gateway") if sources else package_dir()
        inherited = [entry for entry in sys.path if entry]
        paths = [str(sources), *inherited] if sources else inherited
        self.environ = {**os.environ, "GONOGO_HOME": str(folder / "home"), "PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        self.gateway_environ = {**self.environ, "PYTHONPATH": os.pathsep.join(paths)}
        self.environ["PYTHONPATH"] = os.pathsep.join(inherited)

    def gate(self, *argv: str) -> str:
        """One command of the gates, in this process: they are not on trial; its product."""
        done = CliRunner().invoke(gates, ["gate", *argv], env=self.environ, catch_exceptions=False, standalone_mode=False)
        return done.stdout

    def run(self, *argv: str, codes: tuple[int, ...] = (0, 1, 3)) -> str:
        """One command of another room, to its end; its product."""
        whole = [sys.executable, "-m", *argv]
        here = {"env": self.environ, "cwd": self.folder, "timeout": WAIT_S}
        done = subprocess.run(whole, capture_output=True, text=True, check=False, **here)
        assert done.returncode in codes, f"{' '.join(argv)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    @contextmanager
    def serving(self, *options: str) -> Iterator[str]:
        """The gateway under trial with two tenants, whose credentials every later command finds; gives its address."""
        db = str(self.folder / "gateway.db")
        for prefix in ("GONOGO_", "GONOGO_OTHER_"):
            self._learn(prefix, self._gateway("demo-data", "--db", db, "--format", "json", "--house"))
        argv = [sys.executable, "-m", "gateway", "serve", "--port", "0", "--db", db, "--no-access-log", *options]
        with (self.folder / "gateway.log").open("wb") as log:
            process = subprocess.Popen(argv, env=self.gateway_environ, cwd=self.folder, stdout=subprocess.PIPE, stderr=log)
        try:
            line = process.stdout.readline()
            assert line, (self.folder / "gateway.log").read_text()
            self.environ["GONOGO_BASE_URL"] = msgspec.json.decode(line)["url"]
            yield self.environ["GONOGO_BASE_URL"]
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(WAIT_S)
            process.stdout.close()

    def press(self, seed: int = 5) -> None:
        """A retry storm, and its check."""
        profile = self.folder / "squall.yaml"
        profile.write_text(STORM)
        out = str(self.folder / "storm")
        self.run("loadtests", "run", str(profile), "--target", "local", "--out", out, "--seed", str(seed), *self._evidence())

    def probe(self, *names: str) -> None:
        """These probes, one after another: some watch the money while they ask."""
        for name in names:
            self.gate("probe", name, "--target", "local", "--out", str(self.folder / "probes"), *self._evidence())

    def drill(self, name: str, payments: int = 150) -> Judged:
        """The crash or the power drill, which starts and kills the gateway itself, and the judgement on what it left."""
        drill = ("drills", "run", name, "--target", self._trial(), "--out", str(self.folder / name))
        self.run(*drill, "--payments", str(payments), *self._evidence())
        return self.judge("--build", build_sha256(self.package), target=self._trial())

    def hostile_rail(self, *faults: str) -> Judged:
        """The hostile-rail kit, which starts rail and gateway itself, and the judgement on what it left."""
        wanted = [word for fault in faults for word in ("--fault", fault)]
        kit = ("loadtests", "hostile-rail", "--target", self._trial(), "--payouts", "1", "--out", str(self.folder / "kit"))
        self.run(*kit, *wanted, "--patience", "8", *self._evidence())
        return self.judge("--build", build_sha256(self.package), target=self._trial())

    def _trial(self) -> str:
        """A target file whose commands start the gateway under trial."""
        local = load_target("local").target
        prefix = ("env", f"PYTHONPATH={self.gateway_environ['PYTHONPATH']}", "PYTHONSAFEPATH=1")
        process = msgspec.structs.replace(
            local.process, start=(*prefix, *local.process.start), seed=(*prefix, *local.process.seed)
        )
        target = {"apiVersion": "gonogo/v1", "kind": "Target", "metadata": {"name": "trial"}}
        target["spec"] = msgspec.structs.replace(local, process=process)
        path = self.folder / "trial.yaml"
        path.write_bytes(msgspec.yaml.encode(target))
        return str(path)

    def judge(self, *options: str, target: str = "local") -> Judged:
        """Every gate, on the evidence that was left."""
        squall = self.folder / "squall.yaml"
        profile = ("--profile", str(squall)) if squall.exists() else ()
        told = self.gate(
            "run", "--gates", "launch-plan", "--target", target, "--format", "json", *profile, *options, *self._evidence()
        )
        failing: dict[str, frozenset[str]] = {}
        details = {}
        for gate in msgspec.json.decode(told)["gates"]:
            found = {item["criterion"]["id"]: item["detail"] for item in gate["criteria"] if item["outcome"] == "fail"}
            if gate["outcome"] == "fail":
                failing[gate["letter"]] = frozenset(found)
                details.update(found)
        return Judged(failing, details)

    def _evidence(self) -> tuple[str, str]:
        return ("--evidence", str(self.evidence))

    def _gateway(self, *argv: str) -> dict[str, object]:
        whole = [sys.executable, "-m", "gateway", *argv]
        done = subprocess.run(whole, env=self.gateway_environ, cwd=self.folder, capture_output=True, timeout=WAIT_S, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return msgspec.json.decode(done.stdout)

    def _learn(self, prefix: str, made: dict[str, object]) -> None:
        for name, value in made.items():
            self.environ[prefix + name.upper()] = ",".join(value) if isinstance(value, list) else str(value)
