"""Which command collects what a criterion lacks, and what has to be put right before it? Pure."""

from gates.schema.outcome import UnknownReason
from gates.schema.verdict import CriterionVerdict

SKIPPED = "skipped with --"
"""How the reason of a step begins that was left out on the command line."""
NOT_HERE = "not possible with this target: "
"""How the reason of a step begins that needs another member of the target file."""


def command_of(item: CriterionVerdict) -> str:
    """The command that collects its evidence; "" if none does, or if the target file lacks what the command needs."""
    return "" if _not_run(item).startswith(NOT_HERE) else item.criterion.source.produced_by


def stopped_by(item: CriterionVerdict) -> str:
    """What kept the evidence from being collected, where that has to be put right first; "" where the command is enough."""
    why = _not_run(item)
    return "" if why.startswith((SKIPPED, NOT_HERE)) else why.removeprefix("not run: ")


def _not_run(item: CriterionVerdict) -> str:
    return item.detail if item.unknown is UnknownReason.NOT_RUN else ""
