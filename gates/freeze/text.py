"""A freeze as text: the answer, the windows in UTC and in local time, the permits, and the next command. Pure."""

import datetime as dt
from collections.abc import Iterator

from gates.freeze.decide import Answer
from gates.freeze.permit import Weighed
from gates.schema.freeze_spans import FreezeSpan, FreezeSpans
from gates.schema.time import parse_utc

RULES = (
    "a launch freezes from 72 elapsed hours before until 168 elapsed hours after; a window from `from` until before `until`",
    "outside of every freeze anything may be deployed; inside, only what a signed act names, by the clock's moment",
    "a change record: a class that each freeze in force allows, a rollback drill of the last 14 days, another person as approver",
    "an exception: two people who are not the author, one build or commit, at most 4 hours",
    "going back to the release before is never refused",
)


def answer_text(answer: Answer) -> str:
    """The answer in a few lines; ends with a line end."""
    word = "allowed" if answer.allowed else "refused"
    lines = [f"preview: it would be {word}; {answer.reason}" if answer.preview else f"{word}: {answer.reason}"]
    for span in answer.in_force:
        lines += _span(span, answer.zone, "in force")
    lines += _permits(answer)
    clock = "no moment of a deployment" if answer.preview else "by the clock"
    lines.append(f"judged at {answer.at}, {clock}; local times by {answer.zone_data}")
    if answer.preview:
        lines.append("  next: gonogo freeze check, without --now and outside of a rehearsal, decides at the moment of deployment")
    else:
        lines.append(f"  next: {answer.next}")
    return "\n".join(lines) + "\n"


def explanation_text(calendar: FreezeSpans, answer: Answer) -> str:
    """The rules, every window with its state, the permits, and the next command; ends with a line end."""
    now = parse_utc(answer.at)
    lines = ["rules", *(f"  {rule}" for rule in RULES), "", f"calendar, by {calendar.zone_data}"]
    for span in calendar.spans:
        lines += _span(span, calendar.zone, _state(span, now))
    if not calendar.spans:
        lines.append("  it has no window: nothing is frozen, now or later")
    permits = list(_permits(answer))
    lines += ["", "signed acts", *permits] if permits else []
    held = ", ".join(span.name for span in answer.in_force)
    lines += ["", f"at {answer.at}: {f'frozen by {held}' if held else 'no freeze is in force'}", f"  next: {_next(answer)}"]
    return "\n".join(lines) + "\n"


def _next(answer: Answer) -> str:
    if answer.in_force:
        return answer.next
    return "gonogo freeze check, right before each deployment"


def _state(span: FreezeSpan, now: dt.datetime) -> str:
    if now < parse_utc(span.begins_at):
        return "to come"
    return "in force" if now < parse_utc(span.ends_at) else "over"


def _span(span: FreezeSpan, zone: str, state: str) -> Iterator[str]:
    allows = f"allows {' and '.join(span.allow)}" if span.allow else "allows no class"
    launch = f", launch at {span.launch_at} ({span.launch_local})" if span.launch_at else ""
    yield f"  {span.name}: {state}, {allows}{launch}"
    yield f"    UTC    {span.begins_at} until before {span.ends_at}"
    yield f"    local  {span.begins_local} until before {span.ends_local} ({zone})"
    if span.clock_change:
        yield f"    {span.clock_change}"


def _permits(answer: Answer) -> Iterator[str]:
    yield from (_permit(item) for item in answer.permits)


def _permit(item: Weighed) -> str:
    permit = item.permit
    what = f"build {permit.build[:12]}" if permit.build else f"{len(permit.commits)} commits"
    kind = (
        f"change record {permit.digest[:12]}, {permit.change_class}" if permit.change_class else f"exception {permit.digest[:12]}"
    )
    names = f"{what} by {permit.author}, signed by {', '.join(permit.signed_by)}"
    until = f" until {permit.expires_at}" if permit.expires_at else ""
    return f"  {kind}: {names}{until}; {f'does not count: {item.fault}' if item.fault else 'counts'}"
