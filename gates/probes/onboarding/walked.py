"""What do the journals of setups show? Dead ends, decisions, failures without a next step, requests that failed. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import msgspec

from gates.evidence.statement import Cohort, Measure
from gates.probes.conduct import Finding, Result, Skipped, counted
from gates.probes.onboarding.figures import round_down_ratio
from gates.probes.onboarding.hosts import UNCERTIFIED, host_facts, hosts_met, on_uncertified
from gates.probes.onboarding.journal import Broken, Journal, Line, read_journal
from gates.probes.onboarding.life import DEAD_ENDS, DECIDE, STUMBLES, Life, dead_rows, has_next
from gates.schema.canonical import Json
from gates.schema.outcome import UnknownReason

DECISIONS, NO_NEXT, ROUTES = "quick_mode_decisions", "failures_without_next_action", "route_failure"
MEASURES = (DEAD_ENDS, DECISIONS, NO_NEXT, ROUTES, UNCERTIFIED)
QUICK = "quick"
_ENDED = ("succeeded", "failed")
_CAME_THROUGH = ("completed", "trust_only")
_OTHERS_FAILED = ("mail_unavailable", "rail_unavailable")
"""Codes by which the gateway proves that somebody else's service is out: such a request is no failure of its own."""


class Named(msgspec.Struct, frozen=True):
    """A journal, and its name for people."""

    name: str
    journal: Journal


class Known(msgspec.Struct, frozen=True):
    """What the gateway knows: the cohort of each run, the runs with a verified receipt of a payment, and our own recent ones."""

    cohorts: Mapping[str, Cohort]
    paid: frozenset[str]
    owed: frozenset[str]


class Sorted(msgspec.Struct, frozen=True):
    """The journals that count, those of another build, and what was handed in or is lacking and could not be looked at."""

    counted: tuple[Named, ...]
    other_build: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]


def sort_out(files: Sequence[tuple[str, bytes]], known: Known, wanted: str, build: str) -> Sorted:
    """Which journals count: whole ones of this build whose runs the gateway knows and does not contradict.

    `wanted` is the end that needs a paid receipt. A journal that cannot count is skipped, never passed over, and so is a run of
    our own of which there is no journal.
    """
    kept: list[Named] = []
    skipped: list[tuple[str, str]] = []
    others: list[str] = []
    seen: dict[str, bytes] = {}
    for name, data in files:
        try:
            journal = read_journal(data)
        except Broken as broken:
            skipped.append((name, f"broken: {broken}"))
            continue
        if journal.run in seen:
            skipped += [(name, f"another journal of the run {journal.run}")] if seen[journal.run] != data else []
            continue
        seen[journal.run] = data
        why = _contradicted(journal, known, wanted)
        if why:
            skipped.append((name, why))
        elif build and journal.build and journal.build != build:
            others.append(name)
        else:
            kept.append(Named(name, journal))
    lacking = sorted(known.owed - seen.keys())
    skipped += [(run, "the gateway knows this setup of our own, and there is no journal of it") for run in lacking]
    return Sorted(tuple(kept), tuple(others), tuple(skipped))


def _contradicted(journal: Journal, known: Known, wanted: str) -> str:
    if journal.run not in known.cohorts:
        return f"the gateway knows no run {journal.run}"
    if journal.moves and journal.moves[-1].next == wanted and journal.run not in known.paid:
        return f"it says {wanted}, and the gateway knows no paid and verified receipt of the run"
    return ""


def judge(life: Life, found: Sorted) -> Result:
    """The measures, with a finding for each dead end and each failure without a next step."""
    journals = found.counted
    met = [host for one in journals for host in hosts_met(one.journal, life.hosts)]
    dead = [*dead_rows(life), *(item for one in journals for item in _stuck(one, life))]
    silent = [*_rows_without_next(life), *(item for one in journals for item in _silent(one, life))]
    findings = (*dead, *silent)
    skipped = tuple(Skipped(measure, name, why) for measure in MEASURES for name, why in found.skipped)
    failures = len(life.failures) + sum(len(list(_failed(one.journal, life))) for one in journals)
    walked = {(line.state, line.event) for one in journals for line in one.journal.moves}
    parts = {"walked": len(walked), "setups": len(journals), "other_build": len(found.other_build)}
    measures = {
        DEAD_ENDS: counted(DEAD_ENDS, len(life.rows), findings, skipped),
        NO_NEXT: counted(NO_NEXT, failures, findings, skipped),
        DECISIONS: _decisions(journals, life, len(found.skipped)),
        ROUTES: _routes(journals, len(found.skipped)),
        UNCERTIFIED: on_uncertified(met, len(found.skipped)),
    }
    for name in (DEAD_ENDS, NO_NEXT):
        measures[name] = msgspec.structs.replace(measures[name], made_of=parts)
    return Result(measures, findings, skipped, facts={**_facts(journals, found), "hosts": host_facts(met)})


def _stuck(one: Named, life: Life) -> Iterator[Finding]:
    """Where a setup stood still without a way on, or took a step that the machine does not have."""
    moves = one.journal.moves
    for line in moves:
        row = life.row(line.state, line.event or "")
        if row is None or row.next != line.next:
            pair = f"{line.state}, {line.event}"
            expected = f"{pair} leads to {row.next}" if row else f"no step for {pair}"
            yield Finding(DEAD_ENDS, f"{one.name} line {line.seq}", expected, f"to {line.next}")
    for line, after in pairwise(moves):
        if after.state not in (line.next, None):
            yield Finding(DEAD_ENDS, f"{one.name} line {after.seq}", f"the setup stands at {line.next}", f"at {after.state}")
    for line in moves:
        ends_here = line.next in life.stands - {life.wanted}
        if ends_here and not _is_command(line.next_command):
            yield Finding(DEAD_ENDS, f"{one.name} line {line.seq}", f"a command that goes on from {line.next}", "none")


def _is_command(text: str | None) -> bool:
    return bool(text and text.startswith("gonogo ") and text.strip() == text)


def _failed(journal: Journal, life: Life) -> Iterator[Line]:
    for line in journal.lines:
        row = life.row(line.state, line.event or "") if line.moves else None
        if line.phase == "failed" or line.code or (row is not None and row.effect == STUMBLES[0]):
            yield line


def _silent(one: Named, life: Life) -> Iterator[Finding]:
    for line in _failed(one.journal, life):
        where, expected = f"{one.name} line {line.seq}", "a code with a row, and a command"
        if line.code not in life.codes:
            yield Finding(NO_NEXT, where, expected, f"code {line.code or 'none'}")
        elif not _is_command(line.next_command):
            yield Finding(NO_NEXT, where, expected, f"{line.code}, and no command")


def _rows_without_next(life: Life) -> Iterator[Finding]:
    for row in life.failures:
        if not has_next(row):
            yield Finding(NO_NEXT, f"code {row.code}", "a next step, a command and a page", "not all three")


def _decisions(journals: Sequence[Named], life: Life, skipped: int) -> Measure:
    """The most decisions of a quick setup that came through without a failure; one that stumbled decides some of them again."""
    quick = [_walks(one.journal) for one in journals if one.journal.mode == QUICK]
    through = [walks for walks in quick if walks and walks[-1][-1].next in _CAME_THROUGH]
    clean = [walks for walks in through if not any(effect in STUMBLES for effect in _effects(walks[-1], life))]
    counts = [_decided(walks, life) for walks in clean]
    parts = {"quick": len(quick), "came_through": len(through)}
    if not counts:
        detail = f"{len(quick)} quick setups, and none that came through without a failure"
        unknown = UnknownReason.TOO_FEW_SAMPLES
        return Measure(None, "count", skipped=skipped, statistic="max", unknown=unknown, detail=detail, made_of=parts)
    return Measure(str(max(counts)), "count", samples=len(counts), skipped=skipped, statistic="max", made_of=parts)


def _walks(journal: Journal) -> list[tuple[Line, ...]]:
    """The moves of each walk: a resume begins again."""
    begun = [number for number, line in enumerate(journal.moves) if line.state is None]
    return [journal.moves[begin:end] for begin, end in pairwise([*begun, len(journal.moves)])]


def _decided(walks: Sequence[Sequence[Line]], life: Life) -> int:
    """Each decision as often as one walk had it: what a resume takes from before is not decided again."""
    most: Counter[tuple[str | None, str | None]] = Counter()
    for walk in walks:
        most |= Counter((line.state, line.event) for line in walk if _effects([line], life) == [DECIDE])
    return most.total()


def _effects(moves: Sequence[Line], life: Life) -> list[str]:
    rows = (life.row(line.state, line.event or "") for line in moves)
    return [row.effect for row in rows if row is not None]


def _routes(journals: Sequence[Named], skipped: int) -> Measure:
    """Requests of the setups that got no answer or a 5xx; a proven outage of somebody else is no sample."""
    sent = [line for one in journals for line in one.journal.lines if line.request is not None and line.phase in _ENDED]
    own = [line for line in sent if line.code not in _OTHERS_FAILED]
    bad = sum(line.request is not None and (line.request.status is None or line.request.status >= 500) for line in own)
    parts = {"outages_of_others": len(sent) - len(own)}
    if not own:
        unknown = UnknownReason.TOO_FEW_SAMPLES
        return Measure(None, "ratio", skipped=skipped, unknown=unknown, detail="no request was sent", made_of=parts)
    value = round_down_ratio(bad, len(own))
    return Measure(value, "ratio", samples=len(own), failures=bad, skipped=skipped, made_of=parts)


def _facts(journals: Sequence[Named], found: Sorted) -> dict[str, Json]:
    """The ends, what was waited for, and which journals are not of this build: for people."""
    ends: dict[str, Json] = {}
    waits: dict[str, int] = {}
    for one in journals:
        stands = one.journal.moves[-1].next if one.journal.moves else None
        key = str(stands)
        ends[key] = int(str(ends.get(key, 0))) + 1
        for line, after in pairwise(one.journal.lines):
            if line.waiting_on is not None and after.mono_ms >= line.mono_ms:
                waits[line.waiting_on] = waits.get(line.waiting_on, 0) + after.mono_ms - line.mono_ms
    shown: list[Json] = [{"waiting_on": who, "ms": ms} for who, ms in sorted(waits.items())]
    torn = [one.name for one in journals if one.journal.torn]
    return {"ends": ends, "waits": shown, "torn": [*torn], "other_build": [*found.other_build], "setups": len(journals)}
