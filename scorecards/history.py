"""The verdicts of a state folder, week by week: the signed cards that its log lists, each by a key that may, each on the last."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from gates.acts.act import ActKind
from gates.acts.store import HeldAct
from gates.evidence.contents import Contents, Held
from gates.evidence.dsse import TrustRoot
from gates.log.chain import check_known
from gates.log.entry import Entry, EntryKind
from gates.schema.canonical import canonical_json
from gates.schema.errors import UnverifiedProblem
from gates.schema.time import format_utc, parse_utc
from gates.shelf import CLOCK_SKEW
from gates.signers.document import Role
from gates.signers.ring import Signers
from scorecards.card import CardFacts, facts_of
from scorecards.schema import Standing
from scorecards.weekly import PastWeek
from scorecards.weeks import cutoff, is_due

_DATED = (EntryKind.RUN, EntryKind.STATEMENT, EntryKind.CARD, EntryKind.PREVIEW)


def latest_moment(entries: Iterable[Entry]) -> dt.datetime | None:
    """The latest moment at which a run, a statement or a scorecard was listed; None where nothing was."""
    return max((parse_utc(entry.at) for entry in entries if entry.kind in _DATED), default=None)


class PastCard(msgspec.Struct, frozen=True):
    """One official week: what later weeks need to know of it, its signed card, and who made a late one official."""

    past: PastWeek
    held: Held
    late_by: tuple[str, ...] = ()


class NotLate(msgspec.Struct, frozen=True):
    """Why a scorecard cannot become its week's verdict, and whether that is because the week has one."""

    why: str
    has_verdict: bool = False


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One evaluation as `gonogo scorecard history` lists it."""

    week: str
    target: str
    standing: str
    decision: str
    evaluated_at: str
    yaml_sha256: str


class History:
    """The scorecards that a verified log lists. `trust` verifies cards, `signers` say whose are official."""

    def __init__(self, contents: Contents, trust: TrustRoot, signers: Signers | None, late: Sequence[HeldAct] = ()) -> None:
        self._contents, self._trust, self._signers = contents, trust, signers
        self._late = {act.digest: act for act in late if act.statement.predicate.act is ActKind.LATE_REVIEW}

    def official(self, target: str, until: str) -> list[PastCard]:
        """The official weeks of a target up to and with the week `until`, oldest first.

        The log is walked from its start. Raises UnverifiedProblem for a card by a key that may not sign official ones, outside
        its week, listed by a clock that was set back, for a week that has one already, or that names another last week than the
        log does. A card whose key was retired as of an earlier moment counts no more, and one that was listed again after its
        week, when a lost log was restored, does not count by itself: both are withdrawn, and two people can sign them late.
        """
        found = self._walked(target)[0]
        return [found[week] for week in sorted(found) if week <= until]

    def _walked(self, target: str) -> tuple[dict[str, PastCard], frozenset[str]]:
        """The official weeks, and the digests of cards that are withdrawn."""
        found: dict[str, PastCard] = {}
        withdrawn: dict[str, PastCard] = {}
        again = self._contents.listed_again()
        self._require_forward()
        for entry in self._contents.entries(EntryKind.CARD, EntryKind.HUMAN):
            if entry.kind is EntryKind.HUMAN:
                late = self._late_card(entry, target)
                if late is not None:
                    found.setdefault(late.past.week, late)
                continue
            held = self._contents.held(entry.object, self._trust)
            facts = facts_of(held.statement, entry.object)
            if facts.target != target:
                continue
            card = PastCard(facts.past, held)
            if self._is_withdrawn(held, facts, entry, again):
                withdrawn[entry.object] = card
            else:
                self._require_official(entry, card, facts, found, withdrawn)
                found[facts.week] = card
                self._require_head(entry, facts)
        return found, frozenset(withdrawn)

    def _require_head(self, entry: Entry, facts: CardFacts) -> None:
        """An official card names the log's head when it was judged: all of that log stands before it still, unchanged.

        Raises LogProblem where whoever has the evidence key, and not the one of official cards, wrote the log again.
        """
        if facts.log_head:
            before = [line for line in self._contents.lines if line.entry.seq < entry.seq]
            origin = f"{self._contents.origin}: held against the official card {entry.object[:12]} of {facts.week}"
            check_known(before, facts.head, origin)

    def _is_withdrawn(self, held: Held, facts: CardFacts, entry: Entry, again: frozenset[str]) -> bool:
        at = parse_utc(entry.at)
        if entry.object in again and not is_due(facts.week, at):
            return True
        keyids, signers = self._trust.verify(held.envelope).keyids, self._signers
        if signers is None or any(signers.may(keyid, Role.OFFICIAL, at) for keyid in keyids):
            return False
        return any(signers.is_retired(keyid, at) for keyid in keyids)

    def _require_forward(self) -> None:
        """Raise UnverifiedProblem for a card that is dated before what the log lists in front of it."""
        newest: dt.datetime | None = None
        for entry in self._contents.entries(*_DATED):
            at = parse_utc(entry.at)
            if entry.kind is EntryKind.CARD and newest is not None and newest > at + CLOCK_SKEW:
                text = f"listed at {entry.at}, after an entry of {format_utc(newest)}: the clock was set back"
                raise UnverifiedProblem(f"the official card {entry.object[:12]}: {text}")
            newest = max(newest or at, at)

    def rows(self, target: str | None) -> list[Row]:
        """What was evaluated and when, newest week first; weeks of releases before the log are `legacy`."""
        walked = [self._walked(name) for name in sorted(self.targets())]
        late = {card.held.digest for cards, _ in walked for card in cards.values() if card.late_by}
        standings = {digest: "withdrawn" for _, withdrawn in walked for digest in withdrawn} | dict.fromkeys(late, "late")
        found = [_row(facts, standings.get(held.digest)) for held, facts in self._all(EntryKind.CARD, EntryKind.PREVIEW)]
        found += [
            Row(week.week, week.target, "legacy", week.decision, week.evaluated_at, week.yaml_sha256)
            for week in self._contents.legacy_weeks()
        ]
        chosen = [row for row in found if target in (None, row.target)]
        return sorted(chosen, key=lambda row: (row.week, row.evaluated_at), reverse=True)

    def why_not_late(self, yaml_sha256: str, now: dt.datetime) -> "NotLate | None":
        """Why two people who sign this scorecard now do not make it its week's verdict; None if they do."""
        named = [facts for _, facts in self._all(EntryKind.PREVIEW, EntryKind.CARD) if facts.past.yaml_sha256 == yaml_sha256]
        if not named:
            return NotLate("the log here lists no such scorecard (a draft, or a review of another state folder)")
        facts = named[0]
        if not can_be_late(facts, now):
            due = f"between {format_utc(cutoff(facts.week))} and the end of its Sunday"
            text = f"it was judged as of {facts.past.evaluated_at}, and one of {facts.week} has to be judged as of a moment {due}"
            return NotLate(text)
        own = [card.past for card in self.official(facts.target, facts.week) if card.past.week == facts.week]
        if not own:
            return None
        text = f"{facts.week} has its official verdict, {own[0].decision.value}, given {own[0].evaluated_at}"
        return NotLate(text, has_verdict=True)

    def since_official(self) -> Iterator[PastWeek]:
        """The scorecards of each target, previews too, newest first, back to and with its last official one."""
        done: set[str] = set()
        for _, facts in reversed(list(self._all(EntryKind.CARD, EntryKind.PREVIEW))):
            if facts.target not in done:
                yield facts.past
            if facts.standing is Standing.OFFICIAL:
                done.add(facts.target)

    def targets(self) -> set[str]:
        """The targets that have any scorecard."""
        return {facts.target for _, facts in self._all(EntryKind.CARD, EntryKind.PREVIEW)}

    def _all(self, *kinds: EntryKind) -> Iterator[tuple[Held, CardFacts]]:
        for entry in self._contents.entries(*kinds):
            held = self._contents.held(entry.object, self._trust)
            yield held, facts_of(held.statement, entry.object)

    def _require_official(
        self,
        entry: Entry,
        card: PastCard,
        facts: CardFacts,
        found: Mapping[str, PastCard],
        withdrawn: Mapping[str, PastCard],
    ) -> None:
        week, origin, at = facts.week, f"the official card {entry.object[:12]} of {facts.week}", parse_utc(entry.at)
        keyids = self._trust.verify(card.held.envelope).keyids
        listed = self._signers is not None and any(self._signers.may(keyid, Role.OFFICIAL, at) for keyid in keyids)
        if not listed and not card.held.statement.predicate.rehearsal:  # only its own rehearsal trusts a rehearsal key
            raise UnverifiedProblem(f"{origin}: signed by {', '.join(keyids)}, which the Signers do not list for official cards")
        if not is_due(week, at) or parse_utc(facts.past.evaluated_at) < cutoff(week):
            raise UnverifiedProblem(f"{origin}: listed at {entry.at}, outside the time in which that week's card is official")
        if week in found:
            raise UnverifiedProblem(f"{origin}: the week has the official card {found[week].held.digest[:12]} already")
        last = found[max(found)].past.yaml_sha256 if found and max(found) < week else None
        if facts.previous not in (last, *(item.past.yaml_sha256 for item in withdrawn.values() if item.past.week < week)):
            raise UnverifiedProblem(f"{origin}: names {facts.previous} as the last one, the log lists {last}: one was replaced")

    def _late_card(self, entry: Entry, target: str) -> PastCard | None:
        """The preview of a past week that two people signed late; None for any other act, and for a card of another target."""
        act = self._late.get(entry.object)
        if act is None:
            return None
        signed = act.statement.about.digest.sha256
        for held, facts in self._all(EntryKind.PREVIEW, EntryKind.CARD):
            if (facts.past.yaml_sha256, facts.target) == (signed, target):
                due = makes_official(act, facts)
                return PastCard(facts.past, held, act.people) if due else None
        return None


def makes_official(act: HeldAct, facts: CardFacts) -> bool:
    """Whether a late review can make this card its week's verdict: judged and signed once it was due, and judged within the week.

    After the week other evidence counts, and the week's red runs do not.
    """
    return can_be_late(facts, parse_utc(act.statement.predicate.at))


def can_be_late(facts: CardFacts, signed_at: dt.datetime) -> bool:
    """The same for an act that is signed at this moment."""
    return is_due(facts.week, parse_utc(facts.past.evaluated_at)) and signed_at >= cutoff(facts.week)


def history_text(rows: Sequence[Row], output_format: str) -> str:
    """The rows as text, or as JSON."""
    if output_format == "json":
        return canonical_json(list(rows)).decode() + "\n"
    if not rows:
        return "no scorecard was built yet\n"
    lines = [f"{'week':<9} {'target':<12} {'standing':<9} {'decision':<15} {'evaluated':<25} sha256 of scorecard.yaml"]
    for row in rows:
        head = f"{row.week:<9} {row.target:<12} {row.standing:<9} {row.decision:<15}"
        lines.append(f"{head} {row.evaluated_at:<25} {row.yaml_sha256}")
    return "\n".join(lines) + "\n"


def _row(facts: CardFacts, standing: str | None) -> Row:
    past = facts.past
    return Row(
        facts.week, facts.target, standing or facts.standing.value, past.decision.value, past.evaluated_at, past.yaml_sha256
    )
