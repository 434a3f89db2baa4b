"""The results of a SARIF file as findings: each open result once, whatever its line; every other one counted with its reason.

A result is the same in two files by its `fingerprints`; without them by tool, rule, file and `partialFingerprints`; without
those by tool, rule, file, message and snippet. Of several equal ones in one file each is a finding of its own.
"""

import re
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

import msgspec

from gates.adapters.numbers import Text
from gates.adapters.sarif_log import (
    Result,
    Rule,
    Run,
    closed_because,
    level_of,
    raised_levels,
    read_log,
    require_executed,
    rule_name,
    rule_of,
    rules_of,
)
from gates.adapters.shape import LIMIT_BYTES, Unanswered
from gates.probes.patterns import SHAPES
from gates.registers.document import Item, Origin
from gates.registers.identity import item_id
from gates.schema.canonical import Json, canonical_json, sha256_hex
from gates.schema.errors import UsageProblem
from gates.schema.outcome import Priority
from gates.schema.pointer import text_at
from gates.schema.printable import printable
from gates.schema.register import Register
from gates.schema.secret import REDACTED

MOST = 5_000
SCORES = ((Decimal(9), Priority.P0), (Decimal(7), Priority.P1), (Decimal(4), Priority.P2))
"""The ranks of a score of 0 to 10 that GitHub's code scanning reads there: critical from 9.0, high from 7.0, medium from 4.0."""
LEVELS = {"error": Priority.P0, "warning": Priority.P2, "note": Priority.P3, "none": Priority.P3}
"""Of a result without a score. An error without one may be critical: who knows better says so with --severity."""
_LONGEST = 200
_SHORTEST = 10


class Taken(msgspec.Struct, frozen=True):
    """The open results of a file as items, how many results it has, those left out by reason, and its tools."""

    items: tuple[Item, ...]
    results: int
    left_out: dict[str, int]
    tools: tuple[str, ...]


def results_in(data: bytes, origin: str, register: Register, owner: str, levels: Mapping[str, Priority]) -> Taken:
    """Every result of the file; raises UsageProblem naming `origin` for one that is not SARIF, or of a run that is not whole."""
    if len(data) > LIMIT_BYTES:
        raise UsageProblem(f"{origin}: holds more than {LIMIT_BYTES} bytes", next_step="import the runs one by one")
    try:
        log = read_log(Text(data, origin))
        require_executed(log, origin)
    except Unanswered as problem:
        raise UsageProblem(problem.detail, next_step="run the tool again, to its end, and import what it writes") from None
    left_out: Counter[str] = Counter()
    items: list[Item] = []
    seen: Counter[str] = Counter()
    for run in log.runs:
        rules, raised = rules_of(run), raised_levels(run)
        for result in run.results or ():
            if reason := closed_because(result):
                left_out[reason] += 1
                continue
            rule = rule_of(run, result, rules)
            same = _same(run, result, rule)
            seen[same] += 1
            severity = _severity(result, rule, {**LEVELS, **levels}[level_of(result, rule, raised)])
            items.append(_item(run, result, rule, f"{same}-{seen[same]}", register, owner, severity))
    if len(items) > MOST:
        raise UsageProblem(f"{origin}: {len(items)} open results, more than {MOST}", next_step="import the runs one by one")
    tools = sorted({printable(run.tool.driver.name) for run in log.runs})
    return Taken(tuple(items), sum(left_out.values()) + len(items), dict(sorted(left_out.items())), tuple(tools))


def _item(
    run: Run, result: Result, rule: Rule | None, fingerprint: str, register: Register, owner: str, severity: Priority
) -> Item:
    name, place = rule_name(result, rule), _place(result)
    tool, name, place = (printable(text[:_LONGEST]) for text in (run.tool.driver.name, name, place))
    origin = Origin(tool, name, place, fingerprint)
    return Item(item_id(register, fingerprint), severity, _title(run, result, rule), owner, origin=origin)


def _same(run: Run, result: Result, rule: Rule | None) -> str:
    """What makes a result the same in another file, hashed."""
    tool, name, file = (
        run.tool.driver.name,
        rule_name(result, rule),
        _text(result.locations, "/0/physicalLocation/artifactLocation/uri"),
    )
    if isinstance(result.fingerprints, dict) and result.fingerprints:
        parts: list[Json] = ["fingerprints", tool, result.fingerprints]
    elif isinstance(result.partial_fingerprints, dict) and result.partial_fingerprints:
        parts = ["partial", tool, name, file, result.partial_fingerprints]
    else:
        snippet = _text(result.locations, "/0/physicalLocation/region/snippet/text")
        parts = ["text", tool, name, file, _message(result, rule), snippet]
    return sha256_hex(canonical_json(parts))[:32]


def _severity(result: Result, rule: Rule | None, by_level: Priority) -> Priority:
    for holder in (result.properties, None if rule is None else rule.properties):
        score = _text(holder, "/security-severity")
        try:
            number = Decimal(score) if score else None
        except InvalidOperation:
            number = None
        if number is not None and number.is_finite():
            return next((severity for least, severity in SCORES if number >= least), Priority.P3)
    return by_level


def _title(run: Run, result: Result, rule: Rule | None) -> str:
    tool = run.tool.driver.name or "a tool without a name"
    text = f"{rule_name(result, rule) or tool}: {_message(result, rule) or 'a result without a message'}"
    line = " ".join(_without_secrets(text).split())
    if len(line) < _SHORTEST:
        line += f" (reported by {tool})"
    return printable(line)[:_LONGEST]


def _message(result: Result, rule: Rule | None) -> str:
    """The text of a result, or the rule's text of the id that it names, with its arguments."""
    text = _text(result.message, "/text") or _text(result.message, "/markdown")
    if text or rule is None:
        return text
    text = _text(rule.message_strings, f"/{_text(result.message, '/id')}/text")
    arguments = result.message.get("arguments") if isinstance(result.message, dict) else None
    for number, argument in enumerate(arguments if isinstance(arguments, list) else ()):
        text = text.replace(f"{{{number}}}", str(argument))
    return text


def _place(result: Result) -> str:
    file = _text(result.locations, "/0/physicalLocation/artifactLocation/uri")
    line = _text(result.locations, "/0/physicalLocation/region/startLine")
    return f"{file}:{line}" if line else file


def _text(value: Json, pointer: str) -> str:
    return text_at(value, pointer) or ""


def _without_secrets(text: str) -> str:
    """A scanner of secrets may quote what it found: nothing of it is signed and kept."""
    data = text.encode()
    for shape in SHAPES:
        data = shape.expression.sub(_redacted, data)
    return data.decode(errors="replace")


def _redacted(match: re.Match[bytes]) -> bytes:
    start, end = match.span("secret" if "secret" in match.re.groupindex else 0)
    whole, first = match[0], match.start()
    return whole[: start - first] + REDACTED.encode() + whole[end - first :]
