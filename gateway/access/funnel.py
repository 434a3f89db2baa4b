"""The activation funnel: what the gateway saw of each new user's setup, on its own clock, each event once."""

import datetime as dt

from msgspec import UNSET

from gateway.access.labels import NO_COHORT, cohort_now, label_at
from gateway.access.sessions import shifted
from gateway.access.steps import WINDOW_DAYS, FunnelEvent, counts_still, day_of_return, missing_before
from gateway.clock import format_utc
from gateway.commands import NOBODY
from gateway.commands.funnel import ReportEvent, StartRun
from gateway.errors import Code, Refusal
from gateway.house_answers import FunnelLine, RunView
from gateway.store.house_rows import FunnelRow, RunRow
from gateway.store.port import Transaction
from gateway.work import Context, Made, Work

PAID, TRUST_ONLY = "paid", "trust_only"
HOUR = dt.timedelta(hours=1)
MOST_RUNS_AN_HOUR = 60
"""Setups that are begun from one network in an hour."""

MOST_FAILURES = 100
"""Failures that are kept of one run."""

MOST_RETURNS = 1000
"""Runs that are looked at for returns in one round: those verified within eight days."""


def start_run(tx: Transaction, work: Work, command: StartRun) -> Made | Refusal:
    """A setup begins; a run that has begun does so no second time."""
    throttled = _too_many(tx, work.request.principal.network or "", work.now_text)
    if throttled is not None:
        return throttled
    if tx.access.funnel.run(command.run) is not None:
        return Refusal(Code.NAME_TAKEN, "$.run: this run has begun already; each setup makes an id of its own")
    tx.access.funnel.add_run(RunRow(command.run, command.version, work.now_text))
    note(tx, work.now_text, FunnelEvent.STARTED, run=command.run)
    return Made(RunView(command.run), status=202)


def _too_many(tx: Transaction, network: str, now: str) -> Refusal | None:
    """Anybody can announce runs, and none is ever deleted."""
    begun = tx.access.throttles.newest(network, "run", shifted(now, -HOUR), MOST_RUNS_AN_HOUR)
    if len(begun) < MOST_RUNS_AN_HOUR:
        tx.access.throttles.add(network, "run", now)
        return None
    wait = dt.datetime.fromisoformat(begun[-1]) + HOUR - dt.datetime.fromisoformat(now)
    detail = f"From this network {MOST_RUNS_AN_HOUR} setups were begun within an hour, which is the most."
    return Refusal(Code.RATE_LIMITED, detail, after_ms=max(1, int(wait.total_seconds() * 1000)))


def report_event(tx: Transaction, work: Work, command: ReportEvent) -> Made | Refusal:
    """What a client saw of its own run. Whether a receipt was of a paid call is the gateway's to say, not the client's."""
    run, event = work.request.path_ids[0], FunnelEvent(command.event)
    tenant_id = _tenant_of(work.request.principal.tenant_id)
    row, bound = tx.access.funnel.run(run), tx.access.funnel.tenant_of(run)
    if row is None or (bound is not None and bound != tenant_id):
        return Refusal(Code.NOT_FOUND, "no such run")
    missing = missing_before(event, {item.event for item in tx.access.funnel.events(run)})
    if missing is not None:
        return Refusal(Code.EVENT_OUT_OF_ORDER, f"{event} comes after {missing}, which was not reported for this run")
    step, host, code = (None if value is UNSET else value for value in (command.step, command.host, command.code))
    if event is FunnelEvent.RECEIPT_VERIFIED:
        paid = tenant_id is not None and tx.access.funnel.has_settled(tenant_id, row.started_at)
        step = PAID if paid else TRUST_ONLY
    note(tx, work.now_text, event, run=run, tenant_id=tenant_id, host=host, step=step, code=code)
    return Made(RunView(run), status=202)


def note(
    tx: Transaction,
    now: str,
    event: FunnelEvent,
    *,
    run: str | None = None,
    tenant_id: str | None = None,
    host: str | None = None,
    step: str | None = None,
    code: str | None = None,
) -> None:
    """Write an event of a run, or of the tenant's newest run, unless it was written before or comes too late. Never fails."""
    funnel = tx.access.funnel
    whose = run or (funnel.newest_run(tenant_id) if tenant_id else None)
    begun = funnel.run(whose) if whose else None
    if whose is None or begun is None or not counts_still(begun.started_at, now):
        return
    bound = funnel.tenant_of(whose)
    if bound is not None and tenant_id is not None and bound != tenant_id:
        return
    known = funnel.events(whose)
    if event is FunnelEvent.FAILED:
        failures = [(item.step, item.code) for item in known if item.event == event]
        if (step, code) in failures or len(failures) >= MOST_FAILURES:
            return
    elif any(item.event == event and (item.step == step or event is not FunnelEvent.RECEIPT_VERIFIED) for item in known):
        return  # who tried first without money is still written when the first paid receipt verifies
    _add(tx, now, event, whose, tenant_id or bound, host, step, code)


def note_returns(tx: Transaction, ctx: Context) -> int:
    """Write the returns of users whose receipt was verified in the last days; how many. Reads each tenant's newest request."""
    funnel, written = tx.access.funnel, 0
    since = format_utc(ctx.now - dt.timedelta(days=WINDOW_DAYS + 1))
    for verified in funnel.verified_since(since, MOST_RETURNS):
        acted_at = funnel.acted_at(verified.tenant_id)
        day = None if acted_at is None else day_of_return(verified.at, acted_at)
        if day is None or any((item.event, item.step) == ("returned", str(day)) for item in funnel.events(verified.run)):
            continue
        _add(tx, ctx.now_text, FunnelEvent.RETURNED, verified.run, verified.tenant_id, None, str(day), None)
        written += 1
    return written


def _add(
    tx: Transaction,
    now: str,
    event: FunnelEvent,
    run: str,
    tenant_id: str | None,
    host: str | None,
    step: str | None,
    code: str | None,
) -> None:
    cohort = cohort_now(tx.access.house.labels(tenant_id)) if tenant_id else cohort_now(())
    tx.access.funnel.add(FunnelRow(0, event.value, now, tenant_id, run, cohort, host, step, code))


def funnel_lines(tx: Transaction, after: int, limit: int) -> list[FunnelLine]:
    """Events after a position; each names the tenant that its run led to, and one cohort for all of the run, with its time."""
    whose: dict[str, tuple[str | None, str, str | None]] = {}
    lines = []
    for row in tx.access.funnel.after(after, limit):
        tenant_id, cohort, labelled_at = row.tenant_id, row.cohort, None
        if row.run is not None:
            if row.run not in whose:
                whose[row.run] = _whose(tx, row.run)
            tenant_id, cohort, labelled_at = whose[row.run]
        known = (row.seq, row.event, row.at, tenant_id, row.run, cohort)
        lines.append(FunnelLine(1, *known, row.host, row.step, row.code, labelled_at))
    return lines


def _whose(tx: Transaction, run: str) -> tuple[str | None, str, str | None]:
    begun, tenant_id = tx.access.funnel.run(run), tx.access.funnel.tenant_of(run)
    label = label_at(tx.access.house.labels(tenant_id) if tenant_id else (), begun.started_at if begun else "")
    return (tenant_id, NO_COHORT, None) if label is None else (tenant_id, label.cohort, label.at)


def _tenant_of(tenant_id: str) -> str | None:
    return None if tenant_id == NOBODY else tenant_id
