"""`gonogo slo test`: the generated tests of every rule file, run by promtool over the rules that are given."""

import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from gates.schema.canonical import canonical_yaml
from gates.schema.durable import write_durably
from gates.schema.errors import UsageProblem
from gates.schema.progress import progress
from gates.slo import rules, scenarios
from gates.slo.document import Slo
from gates.slo.promtool import promtool, require_result
from gates.slo.unit_test import HEADER, TEST_SUFFIX, Case, UnitTests

_FAILED = re.compile(r'(?:expr: "(?P<expr>.*)"|alertname: (?P<alert>[^,]*)), time: (?P<time>[^,]*),')


class FileResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the rules of one file did: the expectations that were looked at, and each one that was not met."""

    rules: str
    checks: int
    failures: tuple[str, ...]


Cases = Mapping[int, tuple[Case, ...]]
"""Cases by the minutes between evaluations."""


def made_tests(slos: Sequence[Slo], links: rules.Links) -> dict[str, Cases]:
    """The cases by the name of the rule file that they test."""
    files: dict[str, Cases] = {rules.rule_file(slo): scenarios.cases(slo, links) for slo in slos}
    for slo in slos:
        files[rules.job_file(slo.job)] = {scenarios.EVERY: scenarios.job_cases(slo)}
    return files | {rules.PROMETHEUS_FILE: {scenarios.EVERY: scenarios.prometheus_cases()}}


def run_tests(slos: Sequence[Slo], folder: Path, links: rules.Links, out: Path | None) -> tuple[FileResult, ...]:
    """Test the rule files in `folder`, which may have been edited; with `out` the tests are kept there.

    Raises UsageProblem for a rule file that is not there, UnknownProblem without promtool.
    """
    files = made_tests(slos, links)
    lost = [str(folder / name) for name in files if not (folder / name).is_file()]
    if lost:
        hint = f"write the rules with: gonogo slo generate --out {folder}"
        raise UsageProblem("\n".join(f"{path}: no such file" for path in lost), next_step=hint)
    with tempfile.TemporaryDirectory() as temporary, progress("rule files", len(files)) as bar:
        place = out or Path(temporary)
        found = []
        for number, (name, made) in enumerate(files.items(), 1):
            found.append(run_cases(name, made, folder, place))
            bar.step(number, name)
        return tuple(found)


def tested_text(found: Sequence[FileResult]) -> str:
    """The result for people: a line for each file, and each failure below it."""
    return "".join(f"{line}\n" for one in found for line in _lines(one))


def _lines(one: FileResult) -> Iterator[str]:
    yield f"{'FAIL' if one.failures else 'pass'}  {one.rules}: {one.checks} expectations, {len(one.failures)} not met"
    yield from (f"      {failure}" for failure in one.failures)


def run_cases(name: str, made: Cases, folder: Path, place: Path) -> FileResult:
    """Test one rule file of `folder`; the test files are written to `place`."""
    failures: list[str] = []
    for every, some in made.items():
        path = place / name.replace(rules.SUFFIX, f".{every}m{TEST_SUFFIX}")
        tests = UnitTests((os.path.relpath(folder / name, place),), f"{every}m", some)
        write_durably(path, canonical_yaml(tests, header=HEADER))
        done = promtool("test", "rules", path)
        require_result(done, "test rules")
        failures += _failures(done.text, some) if done.code else []
    return FileResult(name, sum(case.checks for some in made.values() for case in some), tuple(failures))


def _failures(text: str, made: Sequence[Case]) -> list[str]:
    """Each expectation that was not met, with its case; what promtool says where it could not run the tests."""
    found = [_named(match, made) for match in _FAILED.finditer(text)]
    return found or [line.strip() for line in text.splitlines() if line.strip()][:20]


def _named(match: re.Match[str], made: Sequence[Case]) -> str:
    """The cases that expect this at this moment, for promtool names none, and what they expect."""
    expr, alert, minute = (match["expr"] or "").replace('\\"', '"'), match["alert"], _minute(match["time"])
    names = [
        case.name
        for case in made
        if any((one.expr, _minute(one.eval_time)) == (expr, minute) for one in case.promql_expr_test)
        or any((one.alertname, _minute(one.eval_time)) == (alert, minute) for one in case.alert_rule_test)
    ]
    return f"{' / '.join(names)}: at {match['time']}: {expr or alert}"


def _minute(text: str) -> int:
    """Minutes in a moment as promtool writes it: 3d1h5m, or as tests do: 4385m."""
    sizes = {"w": 10_080, "d": 1440, "h": 60, "m": 1}
    return sum(int(number) * sizes.get(unit, 0) for number, unit in re.findall(r"([0-9]+)([a-z]+)", text))
