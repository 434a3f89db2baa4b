"""Which of the canary's six points hold, and how many sign-ins fail? Pure: from what was seen alone."""

import datetime as dt
from pathlib import Path

from gates.evidence.statement import Measure
from gates.probes.conduct import Finding, Result, Skipped
from gates.probes.raw import raw_text, read_raw
from gates.probes.sign_in.seen import FILE, Attempt, Earlier, Mail, Reply, Seen
from gates.schema.canonical import Json
from gates.schema.errors import UsageProblem
from gates.schema.outcome import UnknownReason
from gates.schema.time import parse_utc

POINTS, ROUTE = "canary_failures", "route_failure"
MEASURES = (POINTS, ROUTE)
LIMIT_MS = 5_000
"""All requests together: a user waits no longer."""

SKEW = dt.timedelta(seconds=60)
WINDOW = dt.timedelta(hours=24)
"""How far back the sign-ins of earlier runs count."""

_PLACES = ("document", "build", "clock", "start", "wrong code", "mail")


def attempt_of(seen: Seen) -> Attempt:
    """What came of this run's sign-in. Mail is to blame only where the document says so, before the start or after it."""
    start, ending, since = seen.start, "failed", ""
    if start.status == 202 and seen.total_ms <= LIMIT_MS:
        ending = "answered"
    elif start.code == "otp_throttled":
        ending = "throttled"
    elif start.code == "mail_unavailable":
        down = next((mail for mail in (seen.after, seen.document.mail) if mail is not None and _is_outage(mail)), None)
        ending, since = ("mail_outage", down.since) if down else ("failed", "")
    return Attempt(seen.at, ending, start.status, start.code, since)  # type: ignore[arg-type]  # one of the endings


def _is_outage(mail: Mail) -> bool:
    """Mail that was switched off is no outage: the service offers a sign-in that cannot work."""
    return not mail.healthy and mail.mode != "none" and bool(mail.since)


def judge(seen: Seen) -> Result:
    """Measures and findings of this run, and of the sign-ins that earlier runs started on the same build."""
    findings, skipped = _points(seen)
    tried = len(_PLACES) - len(skipped)
    points = Measure(str(len(findings)), "count", samples=tried, skipped=len(skipped))
    attempt = attempt_of(seen)
    attempts = [*(item.attempt for item in seen.earlier if _counts(item, seen)), attempt]
    measures = {POINTS: points, ROUTE: route_failure(attempts)}
    facts: dict[str, Json] = {
        "mail_mode": seen.document.mail.mode,
        "mail_healthy": seen.document.mail.healthy,
        "mail_since": seen.document.mail.since,
        "sign_in": attempt.ending,
        "total_ms": seen.total_ms,
        "earlier_runs": len(attempts) - 1,
    }
    return Result(measures, findings, skipped, facts=facts, raw={FILE: raw_text(seen)}, cohort="canary")


def again(folder: Path) -> Result:
    """The result of the raw files in a folder."""
    return judge(read_raw(folder / FILE, Seen))


def route_failure(attempts: list[Attempt]) -> Measure:
    """The share of sign-ins that failed. Not counted: proven outages of mail, and those that we were too frequent for."""
    made_of = {ending: sum(item.ending == ending for item in attempts) for ending in ("mail_outage", "throttled")}
    counted = len(attempts) - sum(made_of.values())
    failed = sum(item.ending == "failed" for item in attempts)
    left_out = ", ".join(f"{count} {name}" for name, count in made_of.items() if count)
    detail = f"sign-ins started within 24 h{f'; left out: {left_out}' if left_out else ''}"
    if not counted:
        return Measure(None, "ratio", unknown=UnknownReason.TOO_FEW_SAMPLES, detail=detail, made_of=made_of)
    return Measure(_ratio(failed, counted), "ratio", samples=counted, failures=failed, detail=detail, made_of=made_of)


def _ratio(part: int, whole: int) -> str:
    return f"{part * 1_000_000 // whole / 1_000_000:.6f}"


def _counts(item: Earlier, seen: Seen) -> bool:
    try:
        age = parse_utc(seen.at) - parse_utc(item.attempt.at)
    except UsageProblem:
        return False
    return dt.timedelta() <= age <= WINDOW


def _points(seen: Seen) -> tuple[tuple[Finding, ...], tuple[Skipped, ...]]:
    found = {
        "document": _document_fault(seen),
        "build": _differs(seen.build, seen.document.build),
        "clock": _clock_fault(seen),
        "start": _reply_fault(seen.start, 202, "", seen.total_ms),
        "mail": _mail_fault(seen.document.mail),
    }
    skipped: tuple[Skipped, ...] = ()
    if seen.wrong_code is None:
        skipped = (Skipped(POINTS, "wrong code", "no sign-in was started that a code could be tried on"),)
    else:
        found["wrong code"] = _reply_fault(seen.wrong_code, 401, "otp_invalid", seen.total_ms)
    findings = tuple(Finding(POINTS, place, *found[place]) for place in _PLACES if found.get(place))  # type: ignore[misc]  # pairs
    return findings, skipped


def _differs(expected: str, found: str) -> tuple[str, str] | None:
    return None if expected == found else (expected, found)


def _document_fault(seen: Seen) -> tuple[str, str] | None:
    """The document names the address that was dialled, whatever host name a request claims to be for."""
    fault = _differs(seen.dialled, seen.document.base_url)
    return fault or _differs(seen.dialled, seen.forged or seen.dialled)


def _clock_fault(seen: Seen) -> tuple[str, str] | None:
    expected = f"within 60 s of {seen.document.read_at}"
    try:
        skew = parse_utc(seen.document.time) - parse_utc(seen.document.read_at)
    except UsageProblem:
        return expected, seen.document.time
    return None if abs(skew) <= SKEW else (expected, seen.document.time)


def _mail_fault(mail: Mail) -> tuple[str, str] | None:
    if mail.healthy and mail.mode != "none":
        return None
    return (
        "mail that leaves",
        f"mode {mail.mode}, {'healthy' if mail.healthy else 'not healthy'} since {mail.since or 'the start'}",
    )


def _reply_fault(reply: Reply, status: int, code: str, total_ms: int) -> tuple[str, str] | None:
    expected = f"{status} {code}{' as a problem' if code else ''}, within 5 s in all".replace(" ,", ",")
    if reply.fault:
        return expected, reply.fault
    if (reply.status, reply.code, reply.is_problem) != (status, code, bool(code)):
        return expected, f"{reply.status} {reply.code}{'' if reply.is_problem or not code else ', and not a problem'}".strip()
    return None if total_ms <= LIMIT_MS else (expected, f"all requests took {total_ms} ms")
