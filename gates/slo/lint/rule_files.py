"""The rule files that are linted: those of a folder, as Prometheus reads them, with the place of each rule."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import promql_parser

from gates.schema.documents import read_yaml
from gates.schema.errors import UsageProblem
from gates.schema.written import LARGEST_OUTPUT, read_written

_SUFFIXES = (".yaml", ".yml")
_TESTS = (".test.yaml", ".test.yml")


class LoadedRule(msgspec.Struct, frozen=True, rename={"for_": "for"}):
    """A rule as it stands in a file; members that are not judged are left out."""

    expr: str
    record: str = ""
    alert: str = ""
    for_: str = "0s"
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}

    @property
    def name(self) -> str:
        """What it is called: the alert with the labels that its siblings have other values of, or the recorded metric."""
        kept = (self.labels[key] for key in ("slo", "long") if key in self.labels)
        return " ".join((self.alert or self.record, *kept))


class LoadedGroup(msgspec.Struct, frozen=True):
    """A group of rules."""

    name: str
    rules: tuple[LoadedRule, ...] = ()


class LoadedFile(msgspec.Struct, frozen=True):
    """A rule file."""

    groups: tuple[LoadedGroup, ...] = ()


class Placed(msgspec.Struct, frozen=True):
    """A rule, the file that it stands in, and its expression as a tree, None where it is no PromQL."""

    file: str
    group: str
    rule: LoadedRule
    tree: object
    fault: str = ""

    @property
    def where(self) -> str:
        """Its place for people."""
        return f"{self.file}: {self.rule.name}"


def load_rules(folder: Path) -> tuple[Placed, ...]:
    """Every rule of the rule files in a folder; raises UsageProblem for a file that is none, and for a folder without any."""
    if not folder.is_dir():
        raise UsageProblem(f"{folder}: no such folder", next_step="give the folder of the rule files with --rules")
    paths = [path for path in sorted(folder.iterdir()) if path.suffix in _SUFFIXES and not path.name.endswith(_TESTS)]
    if not paths:
        raise UsageProblem(f"{folder}: holds no rule file (*.yaml)", next_step="write them with: gonogo slo generate")
    return tuple(placed for path in paths for placed in placed_rules(str(path), _text(path)))


def placed_rules(file: str, text: str) -> Iterator[Placed]:
    """The rules in the text of one file."""
    try:
        loaded = msgspec.convert(read_yaml(text, file), LoadedFile)
    except msgspec.ValidationError as error:
        raise UsageProblem(f"{file}: not a rule file of Prometheus: {error}") from None
    if not loaded.groups:
        raise UsageProblem(f"{file}: $.groups: no group, so it holds no rule")
    for group in loaded.groups:
        for rule in group.rules:
            try:
                yield Placed(file, group.name, rule, promql_parser.parse(rule.expr))
            except ValueError as error:
                yield Placed(file, group.name, rule, None, f"{rule.expr!r}: {error}")


def recorded(rules: Sequence[Placed]) -> Mapping[str, tuple[Placed, ...]]:
    """The recording rules by the metric that they record."""
    found: dict[str, tuple[Placed, ...]] = {}
    for placed in rules:
        if placed.rule.record:
            found[placed.rule.record] = (*found.get(placed.rule.record, ()), placed)
    return found


def _text(path: Path) -> str:
    return read_written(path, LARGEST_OUTPUT)
