"""The probe onboarding-funnel: how many new users get to a paid and verified receipt, how soon, and do they come back?"""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import msgspec

from gates.evidence.statement import EvidenceKind
from gates.probes.client import TargetClient
from gates.probes.conduct import Probe, Result
from gates.probes.onboarding.figures import COHORT, MEASURES, figures, funnel_facts
from gates.probes.onboarding.funnel import read_funnel
from gates.probes.onboarding.reading import saved_funnel, served_funnel
from gates.probes.raw import raw_text, read_raw
from gates.schema.errors import UsageProblem
from gates.schema.time import Clock, format_utc, parse_utc

FUNNEL, READ = "funnel.ndjson", "read.json"


class Read(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When the funnel was read: users who began later than seven days before are not judged yet."""

    read_at: str


def make_probe(funnel: Path | None, clock: Clock) -> Probe:
    """The probe; with `funnel`, a saved file stands for the service's answer, and decides no P0 gate."""
    return Probe(
        "onboarding-funnel",
        EvidenceKind.ONBOARDING_FUNNEL,
        MEASURES,
        _run(funnel, clock),
        is_told=funnel is not None,
        is_ruled=True,
    )


def _run(funnel: Path | None, clock: Clock) -> Callable[[TargetClient], Result]:
    def run(client: TargetClient) -> Result:
        """Read the funnel to its end, and judge the users who had their seven days by then."""
        text = served_funnel(client) if funnel is None else saved_funnel(funnel)
        read = Read(format_utc(clock()))
        return msgspec.structs.replace(_judged(text, parse_utc(read.read_at)), raw={FUNNEL: text, READ: raw_text(read)})

    return run


def _judged(text: str, now: dt.datetime) -> Result:
    lines = read_funnel(text.encode())
    return Result(figures(lines, now), facts={"funnel": funnel_facts(lines)}, cohort=COHORT)


def again(folder: Path) -> Result:
    """The result of the raw files in a folder."""
    read = read_raw(folder / READ, Read)
    try:
        return _judged((folder / FUNNEL).read_text("utf-8"), parse_utc(read.read_at))
    except FileNotFoundError:
        raise UsageProblem(
            f"{folder / FUNNEL}: no such file", next_step="give a folder with the raw files of a statement"
        ) from None
