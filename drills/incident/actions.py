"""What the steps around the alerts do: one function each; each returns facts for the journal."""

from collections.abc import Sequence
from pathlib import Path
from shutil import copyfile

from drills.faults import Fault, faults_of
from drills.incident.case import case_of, up_selector
from drills.incident.config import Scrape
from drills.incident.deviations import deviations
from drills.incident.files import ROSTER, RULES, Seen, watch_folder, write_seen
from drills.incident.history import put_history, rates_of
from drills.incident.monitoring import DATA, Monitoring, Watched
from drills.incident.pages import WATCHDOG_PATH, Received, pages
from drills.incident.rules import write_rules
from drills.incident.steps import AcknowledgePage, AwaitPage, AwaitResolved, ControlRun, JudgePages, StartMonitoring
from drills.journal import read_journal
from drills.rehearsal import Deviated, Facts, Rehearsal, TimedOut
from drills.steps.base import label_of
from gates.schema.canonical import Json
from gates.schema.errors import UnknownProblem
from gates.schema.paging import Paged, acknowledge, acknowledgements, write_page
from gates.schema.roster import Call, load_roster, to_call
from gates.schema.severity import Calling, calling, severity_of
from gates.schema.target import resolve_base_url
from gates.schema.time import monotonic_s, parse_duration_s, system_clock

SHIPPED_ROSTER = Path(__file__).with_name("roster.yaml")
_ROUNDS = 4  # times to acknowledge: the last one after everybody was called


def start_monitoring(run: Rehearsal, step: StartMonitoring) -> Facts:
    """Start it, and wait until the service was scraped twice and the watchdog has arrived: an alert before that would wait."""
    name = label_of(step)
    _write_roster(run, step)
    if not (run.out / RULES).exists():
        write_rules(step.documents, step.rules, step.without, run.out / RULES, run.service.environ)
    scrape = Scrape(resolve_base_url(run.plan.target, run.service.environ), step.metrics, step.job)
    folder = watch_folder(run.out, name)
    watched = Watched(scrape, run.out / RULES, run.out / ROSTER)
    monitoring = Monitoring(folder, watched, run.service.environ, run.note_process, run.pause)
    run.note_scratch(folder / DATA)
    run.monitorings[name] = monitoring
    put: list[Json] = []
    if step.history:
        rates = rates_of(scrape, step.history_of, run.pause)
        now = system_clock().timestamp()
        put_history(monitoring.database, scrape, step.history_of, rates, (now - parse_duration_s(step.history), now))
        put = [f"{dict(rate.labels)} {rate.per_s:.2f}/s" for rate in rates if rate.per_s > 0]
    begun = monotonic_s()
    monitoring.start()
    ready_s = monotonic_s() - begun
    run.wait_until(lambda: _is_warm(monitoring, step.job), step.within, f"{name}: two scrapes of the service, and the watchdog")
    return {"ready_s": f"{ready_s:.3f}", "alerts": len(monitoring.prometheus.alerts()), "history": put}


def _write_roster(run: Rehearsal, step: StartMonitoring) -> None:
    path = run.out / ROSTER
    if not path.exists():
        source = Path(step.roster) if step.roster else SHIPPED_ROSTER
        load_roster(source)
        copyfile(source, path)


def _is_warm(monitoring: Monitoring, job: str) -> bool:
    if not any(item.path == WATCHDOG_PATH for item in monitoring.pages.poll()):
        return False
    return (monitoring.prometheus.value(f'sum_over_time(up{{job="{job}"}}[1m])') or 0.0) >= 2


def control_run(run: Rehearsal, step: ControlRun) -> Facts:
    """Let the load run; raises Deviated for a page."""
    lasting_s, begun = parse_duration_s(step.lasting), monotonic_s()
    while monotonic_s() - begun < lasting_s:
        run.pause(0.1)
        for name, monitoring in run.monitorings.items():
            for item in pages(monitoring.pages.poll()):
                raise Deviated(f"{name}: {_summary(item)} paged in the control run, without a fault")
    return {"lasting_s": f"{monotonic_s() - begun:.3f}"}


def await_page(run: Rehearsal, step: AwaitPage) -> Facts:
    """Wait for the page of every monitoring; raises Deviated naming those from which none arrives."""
    fault = _fault(run)
    if not run.monitorings:
        raise UnknownProblem("nothing watches the service", next_step="put start_monitoring into the drill's setup")

    def arrived() -> list[Received]:
        return [item for one in run.monitorings.values() for item in _right(one.pages.poll(), step, fault)[:1]]

    try:
        run.wait_until(lambda: len(arrived()) == len(run.monitorings), step.within, "the page")
    except TimedOut:
        silent = [name for name, one in run.monitorings.items() if not _right(one.pages.poll(), step, fault)]
        words = " ".join(f"{name}={value}" for name, value in step.alert.items())
        raise Deviated(f"no page for {words} arrived within {step.within} from {' and '.join(silent)}") from None
    run.note_detected()
    found = arrived()
    write_page(run.out, _paged(run, found[-1]))
    took: list[Json] = [f"{item.at_s - fault.at_ns / 1e9:.3f}" for item in found]
    return {"page_s": took, "page": _summary(found[-1])}


def acknowledge_page(run: Rehearsal, _step: AcknowledgePage) -> Facts:
    """Have the page acknowledged; by a person, if the drill waits for people. Raises Deviated where nobody does."""
    labels, begun = _page_labels(run), monotonic_s()
    row = calling(severity_of(labels))
    if not run.plan.people:
        first = _to_call(run, row, 0.0)[0].person
        acknowledge(run.out, first, system_clock, monotonic_s, by_drill=True)
        return {"person": first, "by_drill": True}
    for number in range(_ROUNDS):
        _call(run, _to_call(run, row, number * row.acknowledge_s))
        try:
            run.wait_until(lambda: bool(acknowledgements(run.out)), f"{row.acknowledge_s}s", "an acknowledgement")
        except TimedOut:
            continue
        return {"person": acknowledgements(run.out)[0].person, "by_drill": False}
    raise Deviated(f"nobody acknowledged the page within {monotonic_s() - begun:.0f} s, although everybody was called")


def _call(run: Rehearsal, calls: Sequence[Call]) -> None:
    people = ", ".join(f"{call.person} ({call.duty})" for call in calls)
    run.console.note(f"a page for {people}; next: gonogo incident ack {run.out} --as {calls[0].person}")


def _to_call(run: Rehearsal, row: Calling, waited_s: float) -> tuple[Call, ...]:
    return to_call(load_roster(run.out / ROSTER), row.severity, system_clock(), waited_s)


def await_resolved(run: Rehearsal, step: AwaitResolved) -> Facts:
    """Wait for the end of each alert that paged; what does not arrive is judged afterwards."""
    page = _awaited(run)
    fault = _fault(run)
    labels = page.alert | page.first

    def missing() -> list[Json]:
        return [name for name, one in run.monitorings.items() if _fires_on(_right(one.pages.poll(), page, fault), labels)]

    try:
        run.wait_until(lambda: not missing(), step.within, "the end of the alert")
    except TimedOut:
        return {"still_firing": missing()}
    return {"still_firing": []}


def _fires_on(right: Sequence[Received], labels: dict[str, str]) -> bool:
    """Whether the alert with these labels has arrived, and not its end."""
    ended = any(alert.status == "resolved" and alert.has(labels) for item in right for alert in item.payload.alerts)
    return bool(right) and not ended


def judge_pages(run: Rehearsal, _step: JudgePages) -> Facts:
    """Read the samples of every monitoring, judge what arrived, and record each deviation."""
    page, drill = _awaited(run), run.plan.drill
    window_s = int(run.elapsed_s() + page.window_s) + 60
    for name, monitoring in run.monitorings.items():
        asked = (*page.exact.selectors, up_selector(drill))
        series = {selector: monitoring.prometheus.samples(selector, f"{window_s}s") for selector in asked}
        write_seen(watch_folder(run.out, name), Seen(series, monitoring.prometheus.alerts()))
    case = case_of(drill, run.out, read_journal(run.journal.path).events)
    if case is None:
        raise UnknownProblem("there is nothing to judge: no fault, or no monitoring")
    found = list(deviations(case))
    for text in found:
        run.deviate(text)
    off: dict[str, Json] = {one.watch: None if one.off_by_s is None else f"{one.off_by_s:.3f}" for one in case.judged}
    return {"deviations": len(found), "off_by_s": off, "called": list(case.called)}


def _awaited(run: Rehearsal) -> AwaitPage:
    step = next((item for item in run.plan.drill.method if isinstance(item, AwaitPage)), None)
    if step is None:
        raise UnknownProblem("the drill waits for no page", next_step="put await_page into its method")
    return step


def _fault(run: Rehearsal) -> Fault:
    faults = faults_of(read_journal(run.journal.path).events)
    if not faults:
        raise UnknownProblem("there was no fault before this step", next_step="put a step that injects one before await_page")
    return faults[0]


def _right(received: Sequence[Received], step: AwaitPage, fault: Fault) -> list[Received]:
    """The pages of the fault, since it was injected."""
    since = [item for item in pages(received) if item.monotonic_ns >= fault.at_ns]
    return [item for item in since if any(alert.has(step.alert) for alert in item.payload.alerts)]


def _paged(run: Rehearsal, item: Received) -> Paged:
    roster, alert = load_roster(run.out / ROSTER), item.payload.alerts[0]
    severity = severity_of(alert.labels)
    return Paged(
        at=item.at,
        severity=severity,
        summary=_summary(item),
        runbook=alert.annotations.get("runbook_url", ""),
        called=tuple(call.person for call in to_call(roster, severity, system_clock())),
        people={person: entry.name for person, entry in roster.people.items()},
    )


def _page_labels(run: Rehearsal) -> dict[str, str]:
    page = _awaited(run)
    return {"severity": "page", **page.alert, **page.first}


def _summary(item: Received) -> str:
    alert = item.payload.alerts[0]
    return alert.annotations.get("summary") or alert.labels.get("alertname", "an alert without a name")
