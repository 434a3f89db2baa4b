"""A change record and a freeze exception name what they let through, and whose work it is; nothing is left open."""

import msgspec
import pytest
from signing import ADA, GRACE, act, signers

from gates.acts.act import ActKind, Deployed
from gates.acts.check import check_act
from gates.acts.deployed import commits_sha256
from gates.schema.errors import UnverifiedProblem

COMMITS = ("1" * 40, "2" * 40)
RECORD = Deployed("bob", change_class="P1", rollback="a" * 64)
EXPIRES = "2026-11-23T04:00:00Z"


def _fault(kind, *numbers, **changes):
    with pytest.raises(UnverifiedProblem) as refused:
        check_act(act(kind, *numbers, **{"name": "build", **changes}), signers(), "the act")
    return refused.value.message


def test_a_complete_record_and_a_complete_exception_count():
    """The record by one person, the exception by two, within four hours."""
    assert check_act(act(ActKind.CHANGE, ADA, name="build", deployed=RECORD), signers(), "x").missing == 0
    exception = act(ActKind.FREEZE_EXCEPTION, ADA, name="build", deployed=Deployed("bob"), expires_at=EXPIRES)
    assert check_act(exception, signers(), "x").missing == 1
    named = msgspec.structs.replace(RECORD, commits=COMMITS)
    by_commits = act(ActKind.CHANGE, ADA, name="commits", sha256=commits_sha256(COMMITS), deployed=named)
    assert check_act(by_commits, signers(), "x").statement.predicate.deployed == named


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"deployed": None}, "deployed: is missing"),
        ({"name": "tag"}, "subject: 'tag' is neither 'build' nor 'commits'"),
        ({"deployed": Deployed(" ", change_class="P1", rollback="a" * 64)}, "author: is empty"),
        ({"deployed": Deployed("bob", ("main",), "P1", "a" * 64)}, "commits: 'main' is not the full id of a commit"),
        ({"deployed": Deployed("bob", (), "P3", "a" * 64)}, "class: 'P3' is not one of P0, P1, P2"),
        ({"deployed": Deployed("bob", (), "P1", "")}, "rollback: is not the sha256 of the statement"),
        ({"name": "commits", "deployed": RECORD}, "subject: its digest is not that of the commits"),
        ({"deployed": Deployed("ada", change_class="P1", rollback="a" * 64)}, "ada cannot sign it: 'ada' is the author"),
        ({"expires_at": EXPIRES}, "expires_at: the act change has no end"),
        ({"owner": "bob"}, "owner: only a waiver has one"),
    ],
)
def test_a_record_that_leaves_something_open_is_no_record(changes, fault):
    """Whoever signed it."""
    assert fault in _fault(ActKind.CHANGE, ADA, **{"deployed": RECORD, **changes})


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"deployed": Deployed("bob", COMMITS)}, "commits: 2 are named; a freeze exception is for one commit"),
        ({"deployed": RECORD}, "change_class: only a change record has one"),
        ({"deployed": Deployed("grace")}, "grace cannot sign it: 'grace' is the author"),
        ({"expires_at": ""}, "expires_at: is missing; the act freeze_exception ends at most 4 h after it was signed"),
        ({"expires_at": "2026-11-23T04:00:00.001Z"}, "is more than 4 h after"),
    ],
)
def test_an_exception_that_is_too_wide_is_no_exception(changes, fault):
    """Two commits, five hours, or by its author."""
    assert fault in _fault(
        ActKind.FREEZE_EXCEPTION, ADA, GRACE, **{"deployed": Deployed("bob"), "expires_at": EXPIRES, **changes}
    )


def test_other_acts_let_nothing_through():
    """A waiver with the part `deployed` is refused."""
    assert "deployed: only a change record and a freeze exception have one" in _fault(ActKind.WAIVER, ADA, deployed=RECORD)
