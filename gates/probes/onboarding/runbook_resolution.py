"""The probe runbook-resolution: which failures do new users meet most, and was the runbook of each executed on this build?"""

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from gates.evidence.dsse import TrustRoot
from gates.evidence.statement import EvidenceKind, Statement
from gates.evidence.store import EvidenceStore, Held
from gates.probes.client import NotRun, TargetClient
from gates.probes.conduct import Probe, Result, reported_build
from gates.probes.onboarding import onboarding_funnel
from gates.probes.onboarding.funnel import read_funnel
from gates.probes.onboarding.reading import exported_life, life_of
from gates.probes.onboarding.resolution import MEASURES, RUNS, judge
from gates.probes.raw import raw_text, read_raw
from gates.schema.canonical import sha256_hex
from gates.schema.errors import UsageProblem
from gates.schema.runbook import shipped_folder
from gates.schema.time import Clock, parse_utc

LIFE, FUNNEL, READ = "machine.json", onboarding_funnel.FUNNEL, "statements.json"
REHEARSED_WITHIN = dt.timedelta(days=14)
"""As long as the rehearsal of a runbook counts in gate F."""


class Read(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The statements of the runs of runbooks, as they were signed, by the sha256 of their envelope; the shipped pages by name."""

    statements: dict[str, Statement]
    pages: dict[str, str]


def make_probe(store: EvidenceStore, trust: TrustRoot, build: str | None, clock: Clock) -> Probe:
    """The probe over the store: the newest funnel, and the runs of runbooks, on the build under test."""
    run = _run(store, trust, build, clock)
    return Probe("runbook-resolution", EvidenceKind.RUNBOOK_RESOLUTION, MEASURES, run, is_offline=True)


def _run(store: EvidenceStore, trust: TrustRoot, build: str | None, clock: Clock) -> Callable[[TargetClient], Result]:
    def run(client: TargetClient) -> Result:
        """Take both from signed statements about this target and build."""
        wanted = reported_build(client, build) or build
        held = [one for one in store.load(trust) if _is_about(one, client.name, wanted)]
        funnels = [one for one in held if one.statement.predicate_type == EvidenceKind.ONBOARDING_FUNNEL]
        recent = [one for one in held if one.statement.predicate_type in RUNS and _age(one, clock()) <= REHEARSED_WITHIN]
        life, text = exported_life(), _funnel(store, funnels)
        read = Read({one.digest: one.statement for one in recent}, _pages())
        return msgspec.structs.replace(_judged(life, text, read), raw={LIFE: life, FUNNEL: text, READ: raw_text(read)})

    return run


def _pages() -> dict[str, str]:
    """The sha256 of each page that is shipped: a run of another page of the same name shows nothing."""
    return {path.name: sha256_hex(path.read_bytes()) for path in sorted(shipped_folder().glob("*.md"))}


def _is_about(held: Held, target: str, build: str | None) -> bool:
    subject = held.statement.subject[0]
    return subject.name == target and subject.digest.get("build") == build and held.statement.predicate.status == "complete"


def _age(held: Held, now: dt.datetime) -> dt.timedelta:
    return now - parse_utc(held.statement.predicate.finished_at)


def _funnel(store: EvidenceStore, funnels: Sequence[Held]) -> str:
    """The events of the newest of these statements."""
    if not funnels:
        raise NotRun(
            "no funnel of this build was read", next_step="gonogo gate probe onboarding-funnel --target T --out DIR, then again"
        )
    artifacts = funnels[-1].statement.predicate.artifacts
    found = next((one for one in artifacts if one.name == FUNNEL), None)
    wrong = "its statement names none" if found is None else store.check_artifact(found)
    if found is None or wrong:
        raise NotRun(f"the events of the funnel cannot be read: {wrong}", next_step="read it again with onboarding-funnel")
    return store.artifact_path(found.sha256).read_text("utf-8")


def _judged(life: str, text: str, read: Read) -> Result:
    statements = [read.statements[name] for name in sorted(read.statements)]
    return judge(read_funnel(text.encode()), life_of(life), statements, read.pages)


def again(folder: Path) -> Result:
    """The result of the raw files in a folder."""
    read = read_raw(folder / READ, Read)
    try:
        return _judged((folder / LIFE).read_text("utf-8"), (folder / FUNNEL).read_text("utf-8"), read)
    except FileNotFoundError as error:
        raise UsageProblem(
            f"{error.filename}: no such file", next_step="give a folder with the raw files of a statement"
        ) from None
