"""For the runbook `disk-full`: a file of somebody else fills the disk of the database."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import httpx

from drills.child import Pause
from drills.disk.faults import Order
from drills.power import PowerDisk, missing
from drills.runbook.fault import Fault
from drills.runbook.page import Step
from drills.runbook.stage import DATABASE_FOLDER, Stage, accepted
from gates.schema.canonical import Json
from gates.schema.errors import UnknownProblem

_BALLAST, _SIZE = "export-of-last-year.csv", 4_000_000
_WITHIN_S = 60.0


class FullDisk(Fault):
    """Every mutation is answered 503 `storage_full`; reads go on."""

    runbook = "disk-full"
    title = "the disk of the database is full"
    acts_on = ("make-room",)

    def __init__(self) -> None:
        self._disk: PowerDisk | None = None
        self._key, self._body = "", dict[str, Json]()

    def lacks(self) -> Iterable[str]:
        """A file system whose room can be set."""
        return missing()

    def prepare(self, folder: Path, environ: Mapping[str, str], pause: Pause) -> None:
        """Mount a disk for the database."""
        self._disk = PowerDisk(folder / DATABASE_FOLDER, folder / "logs" / "disk", environ, pause)
        self._disk.mount()

    def inject(self, stage: Stage) -> None:
        """Write the file, and leave no room."""
        (stage.db.parent / _BALLAST).write_bytes(b"x" * _SIZE)
        assert self._disk is not None, "prepared"
        self._disk.order(Order(room=0))
        self._key, self._body = stage.new_key(), stage.payment(500)

    def seen(self, stage: Stage) -> str:
        """Reserves are refused for lack of room, and the disk has refused writes."""
        assert self._disk is not None, "prepared"
        stage.wait("a reserve that is refused for lack of room", _WITHIN_S, lambda: self._refused(stage))
        if not self._disk.meters().refused_writes:
            raise UnknownProblem("the disk has refused no write")
        return "a reserve is answered 503 storage_full"

    def after(self, stage: Stage, step: Step) -> None:
        """The operator deletes the file that is in the way."""
        if step.name == "make-room":
            (stage.db.parent / _BALLAST).unlink()

    def gone(self, stage: Stage) -> str:
        """The refused reserve goes through with the same key."""
        accepted(self._reserve(stage), 201)
        return "the refused reserve is accepted with the same key"

    def end(self) -> None:
        """Unmount the disk."""
        if self._disk is not None:
            self._disk.unmount()

    def _refused(self, stage: Stage) -> str:
        answer = self._reserve(stage)
        if answer.status_code == 201:  # the log had room for it; the next one is another
            self._key, self._body = stage.new_key(), stage.payment(500)
            return ""
        return str(answer.json()["code"]) if answer.json()["code"] == "storage_full" else ""

    def _reserve(self, stage: Stage) -> httpx.Response:
        return stage.call("agent", "POST", "/v1/payments", self._body, self._key)
