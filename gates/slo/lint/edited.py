"""Do rule files hold what their documents make? Compared rule by rule, so that a layout of one's own is no difference. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gates.slo.document import Slo
from gates.slo.lint.finding import Finding
from gates.slo.lint.rule_files import LoadedRule, Placed, placed_rules
from gates.slo.rules import Links, rule_bytes, rule_files


def generated(slos: Sequence[Slo], links: Links) -> dict[str, tuple[Placed, ...]]:
    """The rules that documents make, by file name."""
    return {name: tuple(placed_rules(name, rule_bytes(file).decode())) for name, file in rule_files(slos, links).items()}


def edited(made: Mapping[str, Sequence[Placed]], found: Sequence[Placed], folder: Path) -> Iterator[Finding]:
    """Each generated rule that is changed or gone, and each rule that was added to a generated file."""
    for name, wanted in made.items():
        place = str(folder / name)
        here = {_key(placed): placed.rule for placed in found if placed.file == place}
        if not here:
            yield Finding(place, "edited", "the documents make this file, and it is not there")
            continue
        for placed in wanted:
            rule = here.pop(_key(placed), None)
            if rule is None:
                yield Finding(f"{place}: {placed.rule.name}", "edited", "the documents make this rule, and it is gone")
            elif members := _differences(placed.rule, rule):
                yield Finding(f"{place}: {placed.rule.name}", "edited", f"{', '.join(members)} changed by hand")
        for rule in here.values():
            yield Finding(f"{place}: {rule.name}", "edited", "the documents do not make this rule")


def _key(placed: Placed) -> tuple[str, str]:
    return placed.group, placed.rule.name


def _differences(wanted: LoadedRule, found: LoadedRule) -> list[str]:
    members = {"expr": "expr", "for": "for_", "labels": "labels", "annotations": "annotations"}
    return [name for name, member in members.items() if getattr(wanted, member) != getattr(found, member)]
