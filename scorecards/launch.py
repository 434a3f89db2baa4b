"""May we launch, and when? The answer of a scorecard, from its decision and the streak. Pure."""

from enum import StrEnum

import msgspec

from gates.page.words import moment
from gates.schema.outcome import Decision
from gates.schema.time import format_utc, parse_utc
from scorecards.weekly import Streak
from scorecards.weeks import cutoff, plus, week_of
from scorecards.words import date


class Answer(StrEnum):
    """Whether a broad launch is allowed; `limited` is a CONDITIONAL GO, which allows a limited stage and no broad launch."""

    YES = "yes"
    NOT_YET = "not yet"
    LIMITED = "limited"
    NO = "no"


class Launch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """May we launch broadly, and when?

    `sentence` begins with the answer. `next` says what comes next and when, `command` is what does it. `freeze` says what the
    code freeze of 72 hours before that launch requires, and whether one of the calendar holds now; it names no past moment.
    """

    answer: Answer
    sentence: str
    next: str
    freeze: str
    command: str


class Now(msgspec.Struct, frozen=True):
    """Where a scorecard stands: its decision, its week, when it was judged, and whether its week still waits for its verdict.

    `obstacle` is what keeps it from being official at any time of the week, such as no Signers; "" if nothing does.
    """

    decision: Decision
    week: str
    evaluated_at: str
    is_official: bool
    is_open: bool
    obstacle: str = ""


def answer_launch(now: Now, streak: Streak, command: str) -> Launch:
    """The answer, what comes next, and the command that makes the next official scorecard."""
    answer = _answer(now, streak)
    due = max(now.week if now.is_open else plus(now.week, 1), week_of(parse_utc(now.evaluated_at)))
    return Launch(answer, _sentence(answer, now, streak), _next(answer, now, due, streak), _freeze(answer, now, streak), command)


def _answer(now: Now, streak: Streak) -> Answer:
    if now.decision is Decision.CONDITIONAL_GO:
        return Answer.LIMITED
    if now.decision is Decision.NO_GO:
        return Answer.NO
    return Answer.NOT_YET if streak.is_conditional else Answer.YES


def _sentence(answer: Answer, now: Now, streak: Streak) -> str:
    weeks = f"{min(streak.length, streak.needed)} of {streak.needed} adjacent weeks {'is' if streak.length == 1 else 'are'} green"
    if answer is Answer.YES:
        since = "now" if now.evaluated_at[:10] >= streak.earliest_launch else date(streak.earliest_launch)
        return f"Yes, from {since} on: {streak.length} adjacent weeks are green."
    if answer is Answer.LIMITED:
        ends = "; it ends the streak" if now.is_official else "; as an official scorecard it would end the streak"
        return (
            "No broad launch. CONDITIONAL GO allows a limited stage at most (design partners, or a waiting list with quotas), "
            f"with the mitigation of each failing P1 gate in place{ends}."
        )
    if answer is Answer.NO:
        return f"No: this scorecard is NO GO, and {weeks}."
    preview = "" if now.is_official else "this is a preview, and "
    return f"Not yet: {preview}{weeks}."


def _next(answer: Answer, now: Now, due: str, streak: Streak) -> str:
    before = f"This one cannot be official: {now.obstacle}. " if now.obstacle and now.is_open else ""
    begins = moment(format_utc(cutoff(due)))
    official = f"{before}The next official scorecard is that of {due}, from {begins} to the end of Sunday."
    if answer is Answer.YES:
        return f"{official} If it is missing or not green, the streak ends."
    fixed = "once these gates are fixed, " if answer in (Answer.NO, Answer.LIMITED) else ""
    day = date(streak.earliest_launch)
    return f"{official} Earliest broad launch: {day}, {fixed}if every official scorecard until then is GO."


def _freeze(answer: Answer, now: Now, streak: Streak) -> str:
    if now.evaluated_at[:10] >= streak.freeze_from:
        return "The code freeze of that launch (72 hours before it) is in force now."
    verb = "begins" if answer is Answer.YES else "would begin"
    return f"The code freeze of that launch {verb} on {date(streak.freeze_from)}, 72 hours before it."
