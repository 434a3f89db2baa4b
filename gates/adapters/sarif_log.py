"""SARIF 2.1.0 as static analysis and scanners write it: runs that executed to their end, results and the rules they name."""

from typing import Literal

import msgspec

from gates.adapters.numbers import Text
from gates.adapters.shape import Unanswered
from gates.schema.canonical import Json
from gates.schema.outcome import UnknownReason
from gates.schema.printable import printable

VERSION = "2.1.0"
Level = Literal["none", "note", "warning", "error"]
USUAL_LEVEL: Level = "warning"
"""What a result has whose rule names none either (SARIF 2.1.0, 3.27.10)."""
OPEN_KINDS = ("fail", "open", "review")
_LEVELS: tuple[Level, ...] = ("none", "note", "warning", "error")
_LONGEST = 80
_DECIDING = ("results", "invocations", "driver", "extensions", "policies")


class _Config(msgspec.Struct, frozen=True):
    level: Level | None = None
    enabled: bool = True


class Rule(msgspec.Struct, frozen=True, rename="camel"):
    """What a tool looks for; `properties` and `message_strings` as the tool wrote them."""

    id: str = ""
    default_configuration: _Config = _Config()
    properties: Json = None
    message_strings: Json = None


class _Component(msgspec.Struct, frozen=True):
    name: str = ""
    rules: tuple[Rule, ...] = ()


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


class Result(msgspec.Struct, frozen=True, rename="camel"):
    """One result; the members of type JSON are as the tool wrote them, and nothing is refused for their form."""

    rule_id: str | None = None
    rule: _Reference | None = None
    rule_index: str | None = None
    kind: Literal["notApplicable", "pass", "fail", "review", "open", "informational"] = "fail"
    level: Level | None = None
    suppressions: tuple[_Suppression, ...] | None = None
    baseline_state: str | None = None
    message: Json = None
    locations: Json = None
    fingerprints: Json = None
    partial_fingerprints: Json = None
    properties: Json = None


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


class Run(msgspec.Struct, frozen=True, rename="camel"):
    """One run of a tool; `external_property_file_references` names parts of it that lie in other files."""

    tool: _Tool
    invocations: tuple[_Invocation, ...] = ()
    results: tuple[Result, ...] | None = None
    artifacts: tuple[dict[str, Json], ...] = ()
    external_property_file_references: dict[str, Json] | None = None


class Log(msgspec.Struct, frozen=True, rename="camel"):
    """A SARIF file; `inline_external_properties` are parts of runs that stand outside of them."""

    version: str
    runs: tuple[Run, ...]
    inline_external_properties: tuple[dict[str, Json], ...] = ()


def read_log(document: Text) -> Log:
    """The file; raises Unanswered for one that is not SARIF 2.1.0, or without a run."""
    try:
        log = msgspec.convert(document.value, Log)
    except msgspec.ValidationError as error:
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{document.origin} is not SARIF: {error}") from None
    if log.version != VERSION:
        raise Unanswered(UnknownReason.ADAPTER_ERROR, f"{document.origin} is SARIF {log.version}, not {VERSION}")
    if not log.runs:
        raise Unanswered(UnknownReason.MISSING, f"{document.origin} holds no run")
    _require_in_one_piece(log, document.origin)
    return log


def _require_in_one_piece(log: Log, origin: str) -> None:
    """Nothing that decides lies outside of its run, where it would be counted by nobody (SARIF 2.1.0, 3.14.2 and 3.13.5)."""
    elsewhere = [*log.inline_external_properties, *(run.external_property_file_references or {} for run in log.runs)]
    found = sorted({name for parts in elsewhere for name in parts if name in _DECIDING})
    if found:
        text = f"{origin} keeps {', '.join(found)} outside of the run (external properties): write one whole file"
        raise Unanswered(UnknownReason.ADAPTER_ERROR, text)


def require_executed(log: Log, origin: str) -> None:
    """Raise Unanswered for a run that did not execute to its end, or that looked for nothing."""
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


def _require_undisturbed(invocation: _Invocation, run: Run, who: str) -> None:
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
        rule, level = rule_of(run, Result(rule=one.descriptor), rules_of(run)), one.configuration.level
        usual = (rule.default_configuration.level if rule else None) or USUAL_LEVEL
        if rule is None or not one.configuration.enabled or level is None or _LEVELS.index(level) < _LEVELS.index(usual):
            text = f"{who} switches the rule {_called(one, rule)} off, or lowers its level (ruleConfigurationOverrides)"
            raise Unanswered(UnknownReason.ADAPTER_ERROR, text)


def _called(override: _Override, rule: Rule | None) -> str:
    return printable(rule.id if rule else override.descriptor.id or f"number {override.descriptor.index}")[:_LONGEST]


def raised_levels(run: Run) -> dict[str, Level]:
    """The level of each rule whose level its invocations raised, by the rule's id."""
    found: dict[str, Level] = {}
    for one in (one for invocation in run.invocations for one in invocation.rule_configuration_overrides):
        rule = rule_of(run, Result(rule=one.descriptor), rules_of(run))
        if rule is not None and one.configuration.level is not None:
            found[rule.id] = max(found.get(rule.id, "none"), one.configuration.level, key=_LEVELS.index)
    return found


def rules_of(run: Run) -> dict[str, Rule]:
    """The rules of a run's driver and extensions, by id."""
    return {rule.id: rule for part in (run.tool.driver, *run.tool.extensions) for rule in part.rules}


def rule_of(run: Run, result: Result, rules: dict[str, Rule]) -> Rule | None:
    """The rule that a result names: by its id, by its index, or by the id of which its own is a part (SARIF 2.1.0, 3.27.5)."""
    reference = result.rule or _Reference()
    name = result.rule_id or reference.id or ""
    found = rules.get(name) or _at(run, reference, reference.index or result.rule_index)
    while found is None and "/" in name:
        name = name.rpartition("/")[0]
        found = rules.get(name)
    return found


def rule_name(result: Result, rule: Rule | None) -> str:
    """The id of a result's rule as the result gives it, else as the rule does."""
    return result.rule_id or (result.rule.id if result.rule else None) or (rule.id if rule else "")


def level_of(result: Result, rule: Rule | None, raised: dict[str, Level]) -> Level:
    """The level of a result: its own, that of its rule as the run raised it or as it is, or the usual one."""
    usual = (raised.get(rule.id) or rule.default_configuration.level) if rule else None
    return result.level or usual or USUAL_LEVEL


def closed_because(result: Result) -> str:
    """Why a result is not open: it is of another kind, absent since the baseline, or suppressed; "" if it is open."""
    if result.kind not in OPEN_KINDS:
        return f"of kind {result.kind}"
    if result.baseline_state == "absent":
        return "absent since the baseline"
    return "suppressed" if _is_suppressed(result) else ""


def _at(run: Run, reference: _Reference, index: str | None) -> Rule | None:
    """The rule with this index, of the driver or of the extension that the reference names."""
    part = reference.tool_component.index if reference.tool_component else None
    tools = dict(enumerate(run.tool.extensions))
    tool = run.tool.driver if part is None else tools.get(int(part))
    if tool is None or index is None or not index.isdecimal() or int(index) >= len(tool.rules):
        return None
    return tool.rules[int(index)]


def _is_suppressed(result: Result) -> bool:
    """Whether it is suppressed, by what is neither rejected nor still to be decided."""
    return bool(result.suppressions) and all(one.status in (None, "accepted") for one in result.suppressions or ())
