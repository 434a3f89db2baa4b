"""Whose behaviour does a tenant stand for? Its labels, in the order in which the house set them. Pure."""

from collections.abc import Sequence
from typing import Literal

from gateway.commands.house import CohortName
from gateway.store.house_rows import LabelRow

NO_COHORT: Literal["none"] = "none"
"""What is shown of a tenant that the house has not labelled: it counts nowhere."""


def cohort_now(labels: Sequence[LabelRow]) -> str:
    """The label in force: the newest."""
    return labels[-1].cohort if labels else NO_COHORT


def label_at(labels: Sequence[LabelRow], at: str) -> LabelRow | None:
    """The label of what began at a moment: the one in force then, or the first one that came later; None without any.

    A later label never moves what began before it. Its time is shown with it: a user who failed, and whom the house
    then calls its own, is still a user.
    """
    before = [label for label in labels if label.at <= at]
    return (before[-1] if before else labels[0]) if labels else None


def label_fault(labels: Sequence[LabelRow], wanted: CohortName) -> str | None:
    """Why a tenant cannot get this label; None if it can."""
    if labels and labels[-1].cohort == wanted:
        return f"the tenant is {wanted} already, since {labels[-1].at}"
    if any(label.cohort == "simulated" for label in labels):
        return "the tenant is simulated for good: its wallets may hold demo money, so it never counts as real"
    return None
