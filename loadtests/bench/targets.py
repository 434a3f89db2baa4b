"""The speed goals, line by line, and whether a run reached them: yes, no, or unknown."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Literal

import msgspec

from loadtests.bench.samples import Pair, decimal, median

Verdict = Literal["stretch", "met", "missed", "unknown"]
Pairs = dict[str, list[Pair]]


class Goal(msgspec.Struct, frozen=True):
    """One line: its value is read from the pairs of the rows that it needs. `least`: more is better, else less is."""

    title: str
    rows: tuple[str, ...]
    value: Callable[[Pairs], Fraction]
    target: Fraction
    stretch: Fraction
    least: bool = True
    unit: str = ""


class Judged(msgspec.Struct, frozen=True):
    """A goal and its result in the run; `value` is a decimal string."""

    title: str
    target: str
    stretch: str
    value: str | None
    verdict: Verdict
    detail: str = ""


def _against_bare(row: str) -> Callable[[Pairs], Fraction]:
    return lambda pairs: median(pair.ratio for pair in pairs[row])


def _p99(row: str) -> Callable[[Pairs], Fraction]:
    return lambda pairs: median(pair.p99_ratio for pair in pairs[row])


def _against_peer(row: str, peer: str) -> Callable[[Pairs], Fraction]:
    """Both as multiples of their bare control, round by round, so that a slow minute affects both."""

    def value(pairs: Pairs) -> Fraction:
        theirs = {pair.round: pair.ratio for pair in pairs[peer]}
        return median(pair.ratio / theirs[pair.round] for pair in pairs[row] if theirs.get(pair.round))

    return value


def _memory(row: str) -> Callable[[Pairs], Fraction]:
    return lambda pairs: max(Fraction(pair.sample.rss_kb or 0, 1024) for pair in pairs[row])


def _goal(title: str, row: str, target: str, stretch: str) -> Goal:
    return Goal(title, (row,), _against_bare(row), Fraction(target), Fraction(stretch))


def _peer(title: str, peer: str, target: int | str, stretch: int | str) -> Goal:
    return Goal(title, ("settle-64", peer), _against_peer("settle-64", peer), Fraction(target), Fraction(stretch))


GOALS = (
    _goal("settle, fresh keys, 64 connections / bare", "settle-64", "0.6", "1.0"),
    _goal("settle, fresh keys, 256 connections / bare", "settle-256", "0.7", "1.2"),
    Goal("settle p99 / bare p99, 64 connections", ("settle-64",), _p99("settle-64"), Fraction(4), Fraction(2), least=False),
    _goal("reserve with policy and counters / bare", "reserve-64", "0.5", "0.8"),
    _goal("replay of a stored answer / bare", "replay-64", "0.85", "1.2"),
    _goal("settle, one connection / bare", "settle-1", "0.25", "0.35"),
    _peer("settle / FastAPI + SQLAlchemy + SQLite, a transaction a request", "fastapi-sqlite", 25, 45),
    _peer("settle / Litestar + asyncpg + PostgreSQL, a transaction a request", "postgres", 4, 7),
    _peer("settle / Litestar + asyncpg + PostgreSQL with group commit", "postgres-group", "1.5", "2.5"),
    _goal("settle with 1,000,000 payments stored / with 10,000", "growth-1000000", "0.8", "0.95"),
    _goal("settle with 5,000,000 payments stored / with 10,000", "growth-5000000", "0.7", "0.9"),
    Goal(
        "resident memory at 5,000,000 payments",
        ("growth-5000000",),
        _memory("growth-5000000"),
        Fraction(200),
        Fraction(120),
        least=False,
        unit=" MB",
    ),
)


def judge(pairs: Pairs, troubles: dict[str, str], goals: Sequence[Goal] = GOALS) -> tuple[Judged, ...]:
    """Every goal with its verdict; a row that was not measured leaves its goals unknown, with the reason."""
    return tuple(_judge(goal, pairs, troubles) for goal in goals)


def _judge(goal: Goal, pairs: Pairs, troubles: dict[str, str]) -> Judged:
    sign = ">=" if goal.least else "<="
    target, stretch = (f"{sign} {_short(bound)}{goal.unit}" for bound in (goal.target, goal.stretch))
    for row in goal.rows:
        if row in troubles or not pairs.get(row):
            return Judged(goal.title, target, stretch, None, "unknown", troubles.get(row, "not run: not selected"))
    value = goal.value(pairs)
    shown = decimal(value, 0 if goal.unit else 2) + goal.unit
    return Judged(goal.title, target, stretch, shown, _verdict(goal, value), _detail(goal, pairs))


def _verdict(goal: Goal, value: Fraction) -> Verdict:
    def reached(bound: Fraction) -> bool:
        return value >= bound if goal.least else value <= bound

    if reached(goal.stretch):
        return "stretch"
    return "met" if reached(goal.target) else "missed"


def _detail(goal: Goal, pairs: Pairs) -> str:
    """For the tail, the influence of the disk: the rounds without a slow commit, separately."""
    row = goal.rows[0]
    if goal.least or goal.unit:
        return ""
    if any(pair.sample.commits is None for pair in pairs[row]):
        return "slow commits: not measured"
    quiet = [pair.p99_ratio for pair in pairs[row] if pair.quiet]
    slow = sum(pair.sample.commits.slow for pair in pairs[row] if pair.sample.commits is not None)
    commits = f"{slow} commits over 15 ms in {len(pairs[row])} rounds"
    return f"{commits}; rounds without one: {decimal(median(quiet), 2) if quiet else 'none'}"


def _short(bound: Fraction) -> str:
    return decimal(bound, 2).rstrip("0").rstrip(".")
