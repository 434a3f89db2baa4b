"""The probe policy-binding: settlements joined to the decision that allowed them, and ledger to receipts both ways."""

import pytest

from gates.probes.policy_binding import PROBE
from gates.schema.outcome import ExitCode, UnknownReason
from gates.schema.target import Audit

pytestmark = pytest.mark.process


def _run(workbench, pay, *defects):
    with workbench.client(*defects) as client:
        pay(client)
        return workbench.conduct(PROBE, client)


def test_money_that_moved_by_policy_leaves_no_finding(workbench, pay):
    """Two settled and one released payment: three decisions, two settlements, every link whole."""
    done = _run(workbench, pay)
    samples = {name: (measure.value, measure.samples) for name, measure in done.result.measures.items()}
    assert samples == {
        "decisions_outside_set": ("0", 3),
        "settlements_without_policy": ("0", 2),
        "broken_links": ("0", 12),
        "counters_out_of_step": ("0", 3),
    }
    assert done.result.facts["outcomes"] == {"allow": 3}
    assert done.exit_code is ExitCode.GREEN


@pytest.mark.parametrize(
    ("defect", "measures"),
    [
        ("outcome-maybe", {"decisions_outside_set", "settlements_without_policy"}),
        ("unbound-settle", {"settlements_without_policy"}),
        ("unlinked-line", {"settlements_without_policy", "broken_links"}),
        ("lost-receipt", {"settlements_without_policy", "broken_links", "counters_out_of_step"}),
        ("other-postings", {"broken_links"}),
    ],
)
def test_each_missing_link_turns_its_measures_red(workbench, pay, defect, measures):
    """The defect shows in exactly the measures that it concerns, with the ledger line or receipt named."""
    done = _run(workbench, pay, defect)
    assert done.exit_code is ExitCode.RED
    assert {name for name, measure in done.result.measures.items() if measure.value != "0"} == measures
    assert all(item.where.startswith(("ledger ", "rcp_")) for item in done.result.findings)


def test_a_target_whose_ledger_cannot_be_read_is_not_run(workbench):
    """The evidence says what to add to the target file."""
    done = workbench.run(PROBE, audit=Audit())
    assert (done.status, done.exit_code) == ("not_run", ExitCode.UNKNOWN)
    assert "spec.audit.ledger" in done.detail


@pytest.mark.parametrize("defects", [(), ("forgets-all",)])
def test_without_anything_that_could_be_unbound_all_is_unknown(workbench, pay, defects):
    """A service without payments, or one that shows none of them: too few samples, and what to do."""
    with workbench.client(*defects) as client:
        if defects:
            pay(client)
        done = workbench.conduct(PROBE, client)
    assert {(measure.value, measure.unknown) for measure in done.result.measures.values()} == {
        (None, UnknownReason.TOO_FEW_SAMPLES)
    }
    assert "settle payments first" in done.result.measures["broken_links"].detail
    assert done.exit_code is ExitCode.UNKNOWN


def test_a_service_that_refuses_everything_is_never_green(workbench):
    """401 to whoever asks: nothing was read."""
    done = workbench.run(PROBE, "refuses-all")
    assert (done.status, done.exit_code) == ("adapter_error", ExitCode.UNKNOWN)
