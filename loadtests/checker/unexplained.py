"""Rule: nothing happens on the plan's accounts that no plan explains."""

from collections.abc import Iterator

from loadtests.books.entries import journal_sha256
from loadtests.checker.case import Case
from loadtests.checker.findings import Finding, Rule, Ruling, finding


def unexplained_entries(case: Case) -> Ruling:
    """Entries since the run began on its wallet or payees that belong to no planned payment, and a changed journal before it.

    Opportunities are all entries on these accounts since the run began. Where the target's file declares `other_writers`,
    such entries may be theirs: whether a planned payment happened once more cannot be decided then.
    """
    since = case.since
    outside = [
        finding(
            Rule.UNEXPLAINED_ENTRY,
            entry.payment_id,
            f"entry {entry.entry_id} ({entry.kind}) is on an account of this run, and no planned payment explains it",
            [entry],
        )
        for entry in since.unexplained
    ]
    if outside and case.shared:
        open_ = f"the target declares other_writers, and {len(outside)} entries on the plan's accounts may be theirs"
        return Ruling(len(since.touching), (), open=f"{open_}; run against accounts that nobody else uses")
    findings = [*_rewritten(case), *outside]
    return Ruling(max(len(since.touching), len(findings)), tuple(findings))


def _rewritten(case: Case) -> Iterator[Finding]:
    assert isinstance(case.opening.seq, int), "the rule's row lists the opening"
    before = [entry for entry in case.entries if entry.seq <= case.opening.seq]
    if journal_sha256(before) != case.opening.sha256:
        detail = f"the journal up to seq {case.opening.seq} is not the one before the run: it had {case.opening.entries} entries"
        yield finding(Rule.UNEXPLAINED_ENTRY, None, f"{detail}, now {len(before)}, or others", before[-1:])
