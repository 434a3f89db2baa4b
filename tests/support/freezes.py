"""Freeze calendars and signed acts for tests: written, kept and made as the commands do."""

import datetime as dt
from pathlib import Path

import msgspec
from signing import ADA, CI, GRACE, act, document, first, put_act, put_signers, signer, signers
from statements import hold, predicate, subject

from gates.acts.act import ActKind, Deployed
from gates.acts.deployed import BUILD as BUILD_SUBJECT
from gates.acts.deployed import COMMITS as COMMITS_SUBJECT
from gates.acts.deployed import commits_sha256
from gates.evidence.keys import EVIDENCE, load_signer
from gates.evidence.statement import EvidenceKind, Measure
from gates.evidence.store import EvidenceStore, Held
from gates.log.entry import EntryKind
from gates.schema.freeze import load_calendar
from gates.schema.freeze_spans import FreezeSpans
from gates.schema.time import format_utc, system_clock
from gates.signers.ring import Signers

ALWAYS = "{name: release-stop, from: 2020-01-01T00:00, until: 2999-01-01T00:00}"
"""In force whenever a test runs."""
BUILD, OTHER = "b" * 64, "c" * 64


def write_calendar(path: Path, *windows: str, zone: str = "Europe/Berlin") -> Path:
    """A calendar of these windows, each as YAML on one line."""
    listed = "".join(f"\n    - {window}" for window in windows) or " []"
    head = "apiVersion: gonogo/v1\nkind: FreezeCalendar\nmetadata: {name: shop}\n"
    path.write_text(f"{head}spec:\n  zone: {zone}\n  windows:{listed}\n")
    return path


def calendar(tmp_path: Path, *windows: str, zone: str = "Europe/Berlin") -> FreezeSpans:
    """The same, read back."""
    return load_calendar(write_calendar(tmp_path / "freeze.yaml", *windows, zone=zone))


def rollback_drill(finished_at: dt.datetime, verified: str | None = "1", number: int = CI, **changes: object) -> Held:
    """The statement of a rollback drill, signed by a machine that the Signers of the tests list."""
    usual = {name: Measure(verified, "count", samples=1) for name in ("rollback_verified", "steady_state_restored")}
    measures = changes.pop("measures", usual)
    said = predicate(EvidenceKind.ROLLBACK_DRILL, format_utc(finished_at), measures, **changes)
    return hold(signer(number), EvidenceKind.ROLLBACK_DRILL, subject(BUILD, "shop"), said)


def put_drill(home: Path, ago: dt.timedelta = dt.timedelta(hours=1), verified: str | None = "1", number: int = CI) -> str:
    """Keep such a statement in a state folder; returns its sha256."""
    held = rollback_drill(system_clock() - ago, verified, number)
    EvidenceStore(home / EVIDENCE).append(load_signer(home), EntryKind.STATEMENT, msgspec.json.encode(held.envelope))
    return held.digest


def put_people(home: Path, keys: Path | None = None) -> Signers:
    """Signers since 2020 in a state folder: Ada, Grace and Ines, and a machine."""
    return put_signers(home, first(document(at="2020-01-01T00:00:00Z")), keys=keys)


def put_exception(home: Path, build: str) -> str:
    """Keep a freeze exception for a build, signed by Ada and Grace now; returns its sha256."""
    return _put_exception(home, BUILD_SUBJECT, build, ())


def put_exception_for(home: Path, commits: tuple[str, ...]) -> str:
    """The same for a commit."""
    return _put_exception(home, COMMITS_SUBJECT, commits_sha256(commits), commits)


def _put_exception(home: Path, name: str, sha256: str, commits: tuple[str, ...]) -> str:
    now, people = system_clock(), signers(first(document(at="2020-01-01T00:00:00Z"))).digest
    more = {"at": format_utc(now), "expires_at": format_utc(now + dt.timedelta(hours=4)), "signers": people}
    deployed = Deployed("bob", commits)
    return put_act(home, act(ActKind.FREEZE_EXCEPTION, ADA, GRACE, name=name, sha256=sha256, deployed=deployed, **more))
