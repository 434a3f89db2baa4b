"""Small drills for tests: documents, targets whose service is a real process, and a service that others run."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from drill_service import answers
from waiting import eventually

from gates.schema.ports import free_port
from gates.schema.target import Audit, Build, Commands, Instance, Operation, Process, Target

SERVICE, STORM, COMMAND, SIGNING = (
    Path(__file__).with_name(f"drill_{name}.py") for name in ("service", "storm", "command", "receipts")
)
"""The service, the load test that stands in for a storm, `gonogo drill` with it, and a service that signs receipts."""

INSTANCE = Instance("/v1/status", pointer="/instance")
SLEEPER = Process(start=("{python}", "-I", str(SERVICE), "mute"))
"""A process that listens nowhere."""


def service_argv(what: str, *more: str) -> tuple[str, ...]:
    """A command of the small service, for a target file."""
    return ("{python}", "-I", str(SERVICE), what, *more)


def target_of(what: str = "serve", **changes: object) -> Target:
    """A target whose process is the small service in one of its ways."""
    target = Target(
        base_url="${GONOGO_BASE_URL}",
        credentials={},
        variables={},
        operations={"reserve": Operation("/reserve"), "settle": Operation("/settle")},
        build=Build("/v1/status", "/build"),
        process=Process(
            start=service_argv(what, "--port", "{port}", "--db", "{db}"),
            seed=service_argv("seed", "--db", "{db}"),
            stop_timeout_s=5,
        ),
    )
    return msgspec.structs.replace(target, **changes)


def receipts_target(defect: str = "none", port: str = "{port}", db: str = "{db}", **changes: object) -> Target:
    """A target whose process signs receipts, with keys that can be rotated, revoked and copied."""

    def read(path: str) -> Operation:
        return Operation(path, method="GET")

    given: dict[str, object] = {
        "audit": Audit(receipts=read("/receipts?cursor={cursor}"), trust=read("/keys"), payment=read("/payments/{payment_id}")),
        "process": Process(start=signing_argv("serve", port, "--db", db, "--defect", defect), stop_timeout_s=5),
        "commands": Commands(
            rotate_key=signing_argv("rotate", port),
            revoke_key=signing_argv("revoke", port, "--keyid={keyid}"),
            copy_key=("cp", f"{db}.key", "{key_file}"),
        ),
    }
    return target_of(**{**given, **changes})


def signing_argv(what: str, port: str, *more: str) -> tuple[str, ...]:
    """A command of the service that signs receipts, for a target file."""
    return ("{python}", str(SIGNING), what, "--port", port, *more)


@contextmanager
def receipts_elsewhere(folder: Path, defect: str) -> Iterator[Target]:
    """The same service, run by others: its target has an address and no process. It is ended whatever the test has done."""
    port, db = str(free_port()), str(folder / "elsewhere.db")
    argv = signing_argv("serve", port, "--db", db, "--defect", defect)
    with subprocess.Popen([sys.executable, *argv[1:]]) as running:
        try:
            assert eventually(lambda: answers(int(port)), 60), "the service did not start"
            yield receipts_target(defect, port, db, process=None, base_url=f"http://127.0.0.1:{port}")
        finally:
            running.kill()


def write_document(folder: Path, kind: str, name: str, spec: object) -> str:
    """Write a document of a kind as a file; returns its path."""
    path = folder / f"{name}.yaml"
    document = {"apiVersion": "gonogo/v1", "kind": kind, "metadata": {"name": name}, "spec": msgspec.to_builtins(spec)}
    path.write_bytes(msgspec.yaml.encode(document))
    return str(path)


def crash_spec(**changes: object) -> dict[str, object]:
    """A crash drill of about two seconds; keyword arguments replace parts of it."""
    steps = {
        "setup": ["seed", "start_service", "start_storm"],
        "method": ["sigkill", "restart"],
        "rollback": ["restore_service"],
        "verify": ["wait_storm", "audit"],
    }
    return {
        "evidence": "crash-drill",
        "storm": {"profile": "fake", "payments": 200},
        "steady_state": {
            "within": "15s",
            "probes": [
                {"probe": "ready"},
                {"probe": "error_ratio", "window": "300ms", "at_most": "0.05", "min_samples": 5},
            ],
        },
        "guards": [{"guard": "storm_alive"}],
        **{part: [{"action": action, "within": "15s"} for action in names] for part, names in steps.items()},
        **changes,
    }


def rollback_spec(**changes: object) -> dict[str, object]:
    """A rollback drill for a service with releases of its own."""
    return crash_spec(
        evidence="rollback-drill",
        setup=[{"action": "start_service", "release": "stable"}, {"action": "start_storm"}],
        method=[
            {"action": "deploy_release", "release": "candidate"},
            {"action": "observe_steady_state", "expect": "broken", "within": "1s"},
        ],
        rollback=[{"action": "rollback_release", "release": "stable"}],
        **changes,
    )


class Elsewhere(msgspec.Struct, frozen=True):
    """A service that others run: its address, and the commands that act on it."""

    url: str
    db: Path
    way: str = "up"

    def set_mode(self, mode: str) -> tuple[str, ...]:
        """The command that puts it into a mode: good, bad and quiet are releases, down answers 503."""
        return ("sh", "-c", f"echo {mode} > {self.db}.mode")

    @property
    def kill(self) -> tuple[str, ...]:
        """The command that kills it."""
        return service_argv("down", "--db", str(self.db))

    @property
    def restore(self) -> tuple[str, ...]:
        """The command that starts it again at its port."""
        return service_argv(self.way, "--port", self.url.rpartition(":")[2], "--db", str(self.db))

    def target(self, commands: Commands, **changes: object) -> Target:
        """A target file's content for it."""
        given: dict[str, object] = {"base_url": self.url, "process": None, "commands": commands, "instance": INSTANCE, **changes}
        return target_of(**given)


@contextmanager
def elsewhere(folder: Path, way: str = "up") -> Iterator[Elsewhere]:
    """Run it, and end it whatever the test has done to it; `up-careful` keeps its payments in a file."""
    service = Elsewhere(f"http://127.0.0.1:{free_port()}", folder / "elsewhere.db", way)
    try:
        _run(service.restore)
        yield service
    finally:
        _run(service.kill)


def _run(argv: tuple[str, ...]) -> None:
    subprocess.run([sys.executable, *argv[1:]], check=True, timeout=60)
