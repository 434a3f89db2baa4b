"""What a lint rule found, and the table of the rules with their reasons."""

import msgspec

from gates.page.words import counted

REASONS = {
    "cannot-fire": "no burn is above 1/(1 - target), so the alert never fires: 14.4 below 93.06 %, 6 below 83.3 %",
    "unknown-series": "an alert on a metric, label or value that the service never exposes stays silent for ever",
    "not-promql": "a rule that cannot be parsed is never evaluated",
    "no-comparison": "an expression without a comparison fires on every value, 0 included",
    "short-rate": "a rate over less than four scrapes has gaps as soon as one scrape is missed",
    "rate-of-gauge": "a rate is for counters: each fall of a gauge is taken for a restart",
    "sum-then-rate": "a restart is invisible in a sum of counters: take rates first, then the sum",
    "never-matches": "vector matching with other labels on either side gives nothing, so the alert is silent for ever",
    "absent-without-for": "a restart loses a scrape: absent() without `for` of two scrapes pages at each deploy",
    "no-runbook": "somebody who is woken needs to know what to do",
    "no-owner": "an alert without an owner is nobody's",
    "no-receiver": "an alert whose route ends in a receiver without a channel is sent to nobody",
    "low-traffic": "with less than one bad event expected in the long window a single error decides",
    "edited": "a rule that documents do not make is lost with the next generation, and its tests test another one",
}


class Finding(msgspec.Struct, frozen=True, forbid_unknown_fields=True, order=True):
    """One fault: the lint rule, the place (a file, and what in it), and what was found there."""

    where: str
    rule: str
    found: str


class NotChecked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A lint rule that could not be applied, and what it needs."""

    rule: str
    needs: str


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All findings, how many documents and rules were looked at, and what was not checked."""

    documents: int
    rules: int
    findings: tuple[Finding, ...]
    not_checked: tuple[NotChecked, ...]


def report_text(report: Report) -> str:
    """The report for people: each finding with the reason of its rule."""
    lines = []
    for finding in report.findings:
        lines += [f"{finding.where}: {finding.rule}: {finding.found}", f"  because {REASONS[finding.rule]}"]
    lines += [f"not checked: {one.rule}: {one.needs}" for one in report.not_checked]
    count, documents = counted(len(report.findings), "finding"), counted(report.documents, "document")
    lines.append(f"{count} in {documents} and {counted(report.rules, 'rule')}")
    return "".join(f"{line}\n" for line in lines)
