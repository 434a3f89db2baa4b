"""The adapter `sarif`: the open results of static analysis and scanners, of runs that executed to their end."""

import fnmatch
from collections.abc import Iterator
from typing import Literal

import msgspec

from gates.adapters.files import fetch_files, made_at, one_build, origin_of
from gates.adapters.numbers import Text, where_text
from gates.adapters.shape import Adapter, Fetched, Found, Scene, Unanswered
from gates.evidence.statement import Measure
from gates.schema.canonical import Json
from gates.schema.outcome import UnknownReason
from gates.schema.printable import printable
from gates.schema.source import Request, SarifSource

VERSION = "2.1.0"
_SHOWN = 20
_Level = Literal["none", "note", "warning", "error"]
_LEVELS: tuple[_Level, ...] = ("none", "note", "warning", "error")
_LONGEST = 80


class _Config(msgspec.Struct, frozen=True):
    level: _Level | None = None
    enabled: bool = True


class _Rule(msgspec.Struct, frozen=True, rename="camel"):
    id: str = ""
    default_configuration: _Config = _Config()


class _Component(msgspec.Struct, frozen=True):
    name: str = ""
    rules: tuple[_Rule, ...] = ()


class _Tool(msgspec.Struct, frozen=True):
    driver: _Component
    extensions: tuple[_Component, ...] = ()


class _Part(msgspec.Struct, frozen=True):
    index: str | None = None


class _Reference(msgspec.Struct, frozen=True, rename="camel"):
    id: str | None = None
    index: str | None = None
    tool_component: _Part | None = None


class _Suppression(msgspec.Struct, frozen=True):
    status: str | None = None


class _Result(msgspec.Struct, frozen=True, rename="camel"):
    rule_id: str | None = None
    rule: _Reference | None = None
    rule_index: str | None = None
    kind: Literal["notApplicable", "pass", "fail", "review", "open", "informational"] = "fail"
    level: _Level | None = None
    suppressions: tuple[_Suppression, ...] | None = None
    baseline_state: str | None = None


class _Notification(msgspec.Struct, frozen=True):
    level: str = "warning"


class _Override(msgspec.Struct, frozen=True):
    descriptor: _Reference = _Reference()
    configuration: _Config = _Config()


class _Invocation(msgspec.Struct, frozen=True, rename="camel"):
    execution_successful: bool = False
    exit_signal_name: str | None = None
    exit_signal_number: str | None = None
    process_start_failure_message: str | None = None
    rule_configuration_overrides: tuple[_Override, ...] = ()
    notification_configuration_overrides: tuple[dict[str, Json], ...] = ()
    end_time_utc: str | None = None
    tool_execution_notifications: tuple[_Notification, ...] = ()
    tool_configuration_notifications: tuple[_Notification, ...] = ()


class _Run(msgspec.Struct, frozen=True):
    tool: _Tool
    invocations: tuple[_Invocation, ...] = ()
    results: tuple[_Result, ...] | None = None
    artifacts: tuple[dict[str, Json], ...] = ()


class _Log(msgspec.Struct, frozen=True):
    version: str
    runs: tuple[_Run, ...]


def fetch(source: SarifSource, scene: Scene) -> Fetched:
    """The files."""
    return fetch_files(source, source.paths, scene)


def read(request: Request, fetched: Fetched) -> Found:
    """How many results are open."""
    source = request.source
    assert isinstance(source, SarifSource), "the table pairs sources and adapters"
    documents = [Text(data, origin_of(fetched, name)) for name, data in fetched.files.items()]
    logs = [(document, _log(document)) for document in documents]
    for document, log in logs:
        _require_executed(log, document.origin)
    runs = [run for _, log in logs for run in log.runs]
    found = [rule for run in runs for rule in _open(run, source)]
    build = None
    if source.build is not None:
        build = one_build([document.at(source.build) for document in documents], where_text(source.build))
    own = [document.at(source.time) if source.time is not None else _ended(log) for document, log in logs]
    time = made_at(source, fetched, own, build)
    parts = {"rules": sum(map(_rules, runs)), "artifacts": sum(len(run.artifacts) for run in runs)}
    measure = Measure(str(len(found)), "count", samples=len(runs), statistic=request.statistic, made_of=parts)
    rules = ", ".join(sorted(set(found))[:_SHOWN])
    return Found(measure, build, time, {"open_rules": rules, "tools": ", ".join(sorted({run.tool.driver.name for run in runs}))})


def _log(document: Text) -> _Log:
    try:
        log = msgspec.convert(document.value, _Log)
    except msgspec.ValidationError as error:
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{document.origin} is not SARIF: {error}") from None
    if log.version != VERSION:
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{document.origin} is SARIF {log.version}, not {VERSION}")
    if not log.runs:
        raise Unanswered(UnknownReason.MISSING, f"{document.origin} holds no run")
    return log


def _require_executed(log: _Log, origin: str) -> None:
    for run in log.runs:
        name = run.tool.driver.name
        if not run.invocations or not all(one.execution_successful for one in run.invocations):
            text = f"{origin}: the run of {name} does not state executionSuccessful: true"
            raise Unanswered(UnknownReason.ADAPTER_ERROR, text)
        for one in run.invocations:
            _require_undisturbed(one, run, f"{origin}: the run of {name}")
        notes = [
            note for one in run.invocations for note in (*one.tool_execution_notifications, *one.tool_configuration_notifications)
        ]
        if any(note.level == "error" for note in notes):
            raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{origin}: {name} reports an error of its own: the run is not whole")
        if run.results is None:
            raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{origin}: the run of {name} has no results: nothing was looked for")


def _require_undisturbed(invocation: _Invocation, run: _Run, who: str) -> None:
    """No signal ended the tool, and nobody switched a rule off or lowered its level for this run."""
    if invocation.exit_signal_name is not None or invocation.exit_signal_number is not None:
        signal = invocation.exit_signal_name or invocation.exit_signal_number or ""
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{who} was ended by the signal {printable(signal)}: it is not whole")
    if invocation.process_start_failure_message is not None:
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{who} states processStartFailureMessage: it did not start")
    if invocation.notification_configuration_overrides:
        text = f"{who} changes which of its own errors it reports (notificationConfigurationOverrides)"
        raise Unanswered(UnknownReason.ADAPTER_ERROR, text)
    for one in invocation.rule_configuration_overrides:
        rule, level = _described(run, _Result(rule=one.descriptor), _by_id(run)), one.configuration.level
        usual = (rule.default_configuration.level if rule else None) or "warning"
        if rule is None or not one.configuration.enabled or level is None or _LEVELS.index(level) < _LEVELS.index(usual):
            text = f"{who} switches the rule {_called(one, rule)} off, or lowers its level (ruleConfigurationOverrides)"
            raise Unanswered(UnknownReason.ADAPTER_ERROR, text)


def _called(override: _Override, rule: _Rule | None) -> str:
    return printable(rule.id if rule else override.descriptor.id or f"number {override.descriptor.index}")[:_LONGEST]


def _raised(run: _Run) -> dict[str, _Level]:
    """The level of each rule whose level its invocations raised."""
    found: dict[str, _Level] = {}
    for one in (one for invocation in run.invocations for one in invocation.rule_configuration_overrides):
        rule = _described(run, _Result(rule=one.descriptor), _by_id(run))
        if rule is not None and one.configuration.level is not None:
            found[rule.id] = max(found.get(rule.id, "none"), one.configuration.level, key=_LEVELS.index)
    return found


def _by_id(run: _Run) -> dict[str, _Rule]:
    return {rule.id: rule for part in (run.tool.driver, *run.tool.extensions) for rule in part.rules}


def _open(run: _Run, source: SarifSource) -> Iterator[str]:
    """The rule of each open result of these levels and rules."""
    rules, raised = _by_id(run), _raised(run)
    for result in run.results or ():
        described = _described(run, result, rules)
        rule = result.rule_id or (result.rule.id if result.rule else None) or (described.id if described else "")
        usual = (raised.get(described.id) or described.default_configuration.level) if described else None
        level = result.level or usual or "warning"
        if result.kind not in ("fail", "open", "review") or result.baseline_state == "absent" or _suppressed(result):
            continue
        if level in source.levels and (not source.rules or any(fnmatch.fnmatchcase(rule, one) for one in source.rules)):
            yield rule


def _described(run: _Run, result: _Result, rules: dict[str, _Rule]) -> _Rule | None:
    """The rule that a result names: by its id, by its index, or by the id of which its own is a part (SARIF 2.1.0, 3.27.5)."""
    reference = result.rule or _Reference()
    name = result.rule_id or reference.id or ""
    found = rules.get(name) or _at(run, reference, reference.index or result.rule_index)
    while found is None and "/" in name:
        name = name.rpartition("/")[0]
        found = rules.get(name)
    return found


def _at(run: _Run, reference: _Reference, index: str | None) -> _Rule | None:
    """The rule with this index, of the driver or of the extension that the reference names."""
    part = reference.tool_component.index if reference.tool_component else None
    tools = dict(enumerate(run.tool.extensions))
    tool = run.tool.driver if part is None else tools.get(int(part))
    if tool is None or index is None or not index.isdecimal() or int(index) >= len(tool.rules):
        return None
    return tool.rules[int(index)]


def _suppressed(result: _Result) -> bool:
    """Whether it is suppressed, by what is neither rejected nor still to be decided."""
    return bool(result.suppressions) and all(one.status in (None, "accepted") for one in result.suppressions or ())


def _ended(log: _Log) -> str | None:
    """The earliest end of its runs; None if one names none."""
    ends = [one.end_time_utc for run in log.runs for one in run.invocations]
    return None if None in ends else min(filter(None, ends), default=None)


def _rules(run: _Run) -> int:
    return sum(len(part.rules) for part in (run.tool.driver, *run.tool.extensions))


ADAPTER = Adapter(fetch, read)
