"""The known defects: how each is brought out, and which gates must then fail, by which criterion at least. No other gate may."""

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import pytest
from toolkit import PROBES, Judged, Toolkit

from drills.releases import load_release, make_release
from gateway import package_dir

FOLDER = Path(__file__).parents[1] / "defects"
FAIL_CLOSED, SWEEP, BINDING, RECEIPTS = PROBES


class Trial(msgspec.Struct, frozen=True):
    """The cheapest pieces of the toolkit that bring a defect out, in their order; `fault` is one of the hostile rail's."""

    caught: Mapping[str, str]
    storm: bool = False
    probes: tuple[str, ...] = ()
    crash: bool = False
    power: bool = False
    fault: str = ""
    seed: int | None = 3


DEFECTS: dict[str, Trial] = {
    # The key
    "no_unique_key": Trial({"B": "unexpected_answers", "C": "storm_double_reserves"}, storm=True, probes=(FAIL_CLOSED,)),
    "check_then_act": Trial({"C": "storm_double_reserves"}, storm=True),
    "claim_committed_apart": Trial({"C": "crash_replay_changes"}, crash=True),
    "answer_before_commit": Trial({"C": "crash_lost_settles"}, crash=True, seed=None),
    "unsynced_commit": Trial({"C": "power_lost_settles"}, power=True, seed=None),
    "replay_reserialised": Trial({"B": "unexpected_answers", "C": "storm_replay_changes"}, storm=True, probes=(FAIL_CLOSED,)),
    "fingerprint_ignores_body": Trial({"B": "unexpected_answers"}, probes=(FAIL_CLOSED,)),
    # The money
    "refund_not_capped": Trial({"B": "unexpected_answers", "D": "unverified_receipts"}, probes=(FAIL_CLOSED, RECEIPTS)),
    "double_release": Trial({"B": "unexpected_answers", "D": "unverified_receipts"}, probes=(FAIL_CLOSED, RECEIPTS)),
    "credit_stuck": Trial({"C": "storm_stuck_credits", "D": "broken_links"}, storm=True, probes=(BINDING,)),
    "remainder_stays_held": Trial({"C": "storm_amount_mismatches"}, storm=True),
    "release_keeps_the_hold": Trial({"C": "storm_lost_reversals", "D": "broken_links"}, storm=True, probes=(BINDING,)),
    # The policy and the clock
    "stale_counters": Trial({"B": "counters_out_of_step"}, storm=True, probes=(BINDING,)),
    "budget_not_given_back": Trial({"B": "counters_out_of_step"}, storm=True, probes=(BINDING,)),
    "denied_payment_settles": Trial(
        {"B": "decisions_outside_set", "D": "unverified_receipts"}, probes=(FAIL_CLOSED, BINDING, RECEIPTS)
    ),
    "expiry_only_by_sweeper": Trial({"B": "unexpected_answers", "D": "unverified_receipts"}, probes=(FAIL_CLOSED, RECEIPTS)),
    # Tenants and receipts
    "cross_tenant_read": Trial({"E": "isolation_violations"}, probes=(SWEEP,), seed=None),
    "receipts_not_chained": Trial({"D": "broken_chains"}, probes=(FAIL_CLOSED, RECEIPTS)),
    # The rail
    "lost_reply_is_failure": Trial({"C": "rail_extra_charges"}, fault="lost_after", seed=None),
    "rail_inside_the_transaction": Trial({"C": "rail_extra_charges"}, fault="forgets", seed=None),
    "lease_without_epoch": Trial({"C": "rail_late_writes"}, fault="overtaken"),
}
"""By the file's name. `seed` is one with which the simulation finds it, None for what lies outside of the simulation."""


DAILY = ("check_then_act", "credit_stuck", "denied_payment_settles", "receipts_not_chained")
"""Defects that go through storm and probes in every run, besides those that the simulation cannot find."""


def on_trial(wanted: Callable[[Trial], bool]) -> list[object]:
    """The names of the defects whose gates a test is about. By day the simulation finds the others; the gates do by night."""
    return [
        pytest.param(name, marks=[] if trial.seed is None or name in DAILY else [pytest.mark.nightly])
        for name, trial in DEFECTS.items()
        if wanted(trial)
    ]


def defective(name: str, folder: Path) -> Path:
    """The folder with the defective copy of the gateway."""
    return make_release(package_dir(), load_release(name, FOLDER), folder / "sources")


def put_on_trial(trial: Trial, folder: Path, sources: Path | None) -> Judged:
    """Storm and probes against one gateway, and the judgement on what they left."""
    toolkit = Toolkit(folder, sources)
    with toolkit.serving():
        if trial.storm:
            toolkit.press()
        toolkit.probe(*trial.probes)
        return toolkit.judge()


def hold_against(trial: Trial, judged: Judged) -> None:
    """Exactly the gates that should fail do, each by the criterion that should."""
    assert judged.gates == trial.caught.keys(), judged.details
    for letter, criterion in trial.caught.items():
        assert criterion in judged.failing[letter], judged.details
