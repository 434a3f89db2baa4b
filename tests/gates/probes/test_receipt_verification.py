"""The probe receipt-verification: pin the keys, export, verify the export offline, and miss nothing that was paid."""

import json

import pytest

from gates.evidence.dsse import jwks_bytes
from gates.probes.receipt_verification import make_probe
from gates.schema.outcome import ExitCode

pytestmark = pytest.mark.process


def _run(workbench, pay, *defects, trust=None):
    with workbench.client(*defects) as client:
        pay(client)
        return workbench.conduct(make_probe(workbench.out, trust), client)


def _values(done):
    return {name: measure.value for name, measure in done.result.measures.items()}


def test_an_honest_run_verifies_offline_from_its_export(workbench, pay):
    """Every receipt passes, and the facts say that the keys were trusted on first use."""
    done = _run(workbench, pay)
    assert _values(done) == {"unverified_receipts": "0", "paid_runs_without_receipt": "0", "broken_chains": "0"}
    assert done.result.facts["trust_on_first_use"] is True
    assert list(done.result.facts["not_checked"]) == ["policy re-run"]
    assert len((workbench.out / "receipts.jsonl").read_text().splitlines()) == 6
    assert json.loads((workbench.out / "trust.json").read_text())["keys"]
    assert done.exit_code is ExitCode.GREEN


@pytest.mark.parametrize(
    ("defect", "measures"),
    [
        ("strange-signer", {"unverified_receipts", "broken_chains"}),
        ("broken-chain", {"unverified_receipts", "broken_chains"}),
        ("lost-receipt", {"paid_runs_without_receipt", "broken_chains"}),
        ("unlinked-line", {"paid_runs_without_receipt"}),
        ("unbound-settle", {"unverified_receipts", "broken_chains"}),
    ],
)
def test_what_does_not_verify_turns_red(workbench, pay, defect, measures):
    """Each defect shows in the measures that it concerns."""
    done = _run(workbench, pay, defect)
    assert {name for name, value in _values(done).items() if value != "0"} == measures
    assert done.exit_code is ExitCode.RED


def test_a_trust_file_pinned_beforehand_is_the_only_trust(workbench, pay, tmp_path):
    """With a stranger's key pinned nothing verifies, whatever keys the service serves."""
    pinned = tmp_path / "pinned.json"
    pinned.write_bytes(jwks_bytes(workbench.signer.jwk))
    done = _run(workbench, pay, trust=pinned)
    assert done.result.measures["unverified_receipts"].value == "6"
    assert done.result.facts["trust_on_first_use"] is False
    assert not (workbench.out / "trust.json").exists()
