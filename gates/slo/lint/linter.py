"""`gonogo slo lint`: every lint rule over documents and rules, and what could not be checked."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from gates.slo.document import Slo
from gates.slo.lint.document_checks import Ask, low_traffic, unreachable
from gates.slo.lint.edited import edited, generated
from gates.slo.lint.exposition import Exposed
from gates.slo.lint.finding import Finding, NotChecked, Report
from gates.slo.lint.routes import without_receiver
from gates.slo.lint.rule_checks import check_rule, make_scene
from gates.slo.lint.rule_files import Placed, load_rules
from gates.slo.rules import Links


class Given(msgspec.Struct, frozen=True):
    """What there is to judge by; None for what was not given. `rules` is a folder, `alertmanager` its configuration."""

    rules: Path | None
    exposed: Exposed | None
    ask: Ask | None
    alertmanager: Path | None
    scrape_s: float
    links: Links


def lint(slos: Sequence[Slo], given: Given) -> Report:
    """Judge the documents, and the rules in the folder that is given, or else those that the documents make."""
    made = generated(slos, given.links)
    rules = load_rules(given.rules) if given.rules else tuple(placed for file in made.values() for placed in file)
    of_documents = list(_of_documents(slos, given))
    found = [one for one in of_documents if isinstance(one, Finding)] + list(_of_rules(rules, given))
    if given.rules:
        found += edited(made, rules, given.rules)
    not_checked = [*_not_checked(given), *(one for one in of_documents if isinstance(one, NotChecked))]
    return Report(len(slos), len(rules), tuple(sorted(set(found))), tuple(not_checked))


def _of_documents(slos: Sequence[Slo], given: Given) -> Iterator[Finding | NotChecked]:
    for slo in slos:
        yield from unreachable(slo)
        if given.ask is not None:
            yield from low_traffic(slo, given.ask)


def _of_rules(rules: Sequence[Placed], given: Given) -> Iterator[Finding]:
    scene = make_scene(rules, given.exposed, given.scrape_s)
    for placed in rules:
        yield from check_rule(placed, scene)
    if given.alertmanager is not None:
        yield from without_receiver(rules, given.alertmanager)


def _not_checked(given: Given) -> Iterator[NotChecked]:
    if given.exposed is None:
        yield NotChecked("unknown-series, rate-of-gauge", "give the service's metrics with --metrics URL")
    if given.ask is None:
        yield NotChecked("low-traffic", "give a server with --prometheus URL")
    if given.alertmanager is None:
        yield NotChecked("no-receiver", "give Alertmanager's configuration with --alertmanager FILE")
    if given.rules is None:
        yield NotChecked("edited", "give the folder of the rule files with --rules DIR")
