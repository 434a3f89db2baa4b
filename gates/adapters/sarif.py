"""The adapter `sarif`: the open results of static analysis and scanners, of runs that executed to their end."""

import fnmatch
from collections.abc import Iterator

from gates.adapters.files import fetch_files, made_at, one_build, origin_of
from gates.adapters.numbers import Text, where_text
from gates.adapters.sarif_log import (
    Log,
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
from gates.adapters.shape import Adapter, Fetched, Found, Scene
from gates.evidence.statement import Measure
from gates.schema.source import Request, SarifSource

_SHOWN = 20


def fetch(source: SarifSource, scene: Scene) -> Fetched:
    """The files."""
    return fetch_files(source, source.paths, scene)


def read(request: Request, fetched: Fetched) -> Found:
    """How many results are open."""
    source = request.source
    assert isinstance(source, SarifSource), "the table pairs sources and adapters"
    documents = [Text(data, origin_of(fetched, name)) for name, data in fetched.files.items()]
    logs = [(document, read_log(document)) for document in documents]
    for document, log in logs:
        require_executed(log, document.origin)
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


def _open(run: Run, source: SarifSource) -> Iterator[str]:
    """The rule of each open result of these levels and rules."""
    rules, raised = rules_of(run), raised_levels(run)
    for result in run.results or ():
        rule = rule_of(run, result, rules)
        name = rule_name(result, rule)
        if closed_because(result) or level_of(result, rule, raised) not in source.levels:
            continue
        if not source.rules or any(fnmatch.fnmatchcase(name, one) for one in source.rules):
            yield name


def _ended(log: Log) -> str | None:
    """The earliest end of its runs; None if one names none."""
    ends = [one.end_time_utc for run in log.runs for one in run.invocations]
    return None if None in ends else min(filter(None, ends), default=None)


def _rules(run: Run) -> int:
    return sum(len(part.rules) for part in (run.tool.driver, *run.tool.extensions))


ADAPTER = Adapter(fetch, read)
