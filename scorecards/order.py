"""What a review was asked to do, checked before anything is started: mistakes cost seconds, not minutes."""

import datetime as dt
from pathlib import Path

import msgspec

from gates.evidence.keys import load_signer
from gates.evidence.store import EvidenceStore
from gates.schema.errors import UsageProblem
from gates.schema.target import NamedTarget, load_target
from gates.schema.time import Clock, format_utc
from scorecards.evaluate import new_folder
from scorecards.stored import EVIDENCE, Rules, gather, load_rules
from scorecards.weeks import monday, week_of


class Asked(msgspec.Struct, frozen=True):
    """The options of the command line as they were given."""

    target: str
    profile: str
    seed: int
    out: Path | None
    week: str | None
    now: dt.datetime | None
    official: bool
    gates_path: Path | None
    waivers_path: Path | None


class Order(msgspec.Struct, frozen=True):
    """The same made whole: every path absolute, every document read once and found good."""

    home: Path
    out: Path
    evidence: Path
    named: NamedTarget
    target: str
    profile: str
    seed: int
    week: str | None
    may_be_official: bool
    rules: Rules
    gates_path: Path | None
    waivers_path: Path | None


def make_order(home: Path, asked: Asked, system: Clock) -> Order:
    """Check target, week, gates, waivers and stored evidence, and make the review's folder.

    Raises UsageProblem or UnverifiedProblem naming what is wrong, before anything is pressed.
    """
    named = load_target(asked.target)
    if asked.week is not None:
        monday(asked.week)
    _require_profile(asked.profile)
    load_signer(home)
    EvidenceStore(home / EVIDENCE)
    rules = load_rules(home, asked.gates_path, asked.waivers_path)
    gather(home, rules, None)
    return Order(
        home=home,
        out=new_folder(home, asked.week or week_of(asked.now or system()), asked.out),
        evidence=home / EVIDENCE,
        named=named,
        target=str(Path(asked.target).absolute()) if asked.target.endswith((".yaml", ".yml")) else asked.target,
        profile=str(Path(asked.profile).absolute()) if asked.profile.endswith((".yaml", ".yml")) else asked.profile,
        seed=asked.seed,
        week=asked.week,
        may_be_official=asked.now is None or asked.official,
        rules=rules,
        gates_path=None if asked.gates_path is None else asked.gates_path.absolute(),
        waivers_path=None if asked.waivers_path is None else asked.waivers_path.absolute(),
    )


def _require_profile(profile: str) -> None:
    """A name has to be a shipped profile's, a path has to exist; what is inside is for the load room to judge."""
    shipped = Path(__file__).parents[1] / "loadtests" / "profiles"
    is_path = "/" in profile or profile.endswith((".yaml", ".yml"))
    if not (Path(profile) if is_path else shipped / f"{profile}.yaml").is_file():
        names = ", ".join(sorted(path.stem for path in shipped.glob("*.yaml")))
        raise UsageProblem(f"no load profile is called {profile!r}", next_step=f"use one of {names}, or a path to a file")


def warning(asked: Asked, now: dt.datetime) -> str:
    """What somebody who gave --now should know before minutes are spent; "" where there is nothing."""
    if asked.now is None or asked.now >= now:
        return ""
    return (
        f"judging as of {format_utc(asked.now)}, before this run's evidence is taken (it is {format_utc(now)}): "
        "what is measured now will be evidence from after that moment, and does not count"
    )
