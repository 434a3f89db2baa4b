"""The probe receipt-verification: pin the keys, export, verify the export offline, and miss nothing that was paid."""

import msgspec
import pytest
from probe_bench import target_of

from gates.evidence.dsse import jwks_bytes
from gates.probes.receipt_verification import make_probe
from gates.schema.errors import UsageProblem
from gates.schema.outcome import ExitCode, UnknownReason

pytestmark = pytest.mark.process


def _run(workbench, pay, *defects, trust=None, audit=None):
    with workbench.client(*defects, **({"audit": audit} if audit else {})) as client:
        pay(client)
        return workbench.conduct(make_probe(workbench.out, trust), client)


def _values(done):
    return {name: measure.value for name, measure in done.result.measures.items()}


def test_an_honest_run_verifies_offline_from_its_export(workbench, pay):
    """Every receipt passes with the keys that were pinned, which lie next to the export."""
    done = _run(workbench, pay, trust=workbench.pin())
    assert _values(done) == {"unverified_receipts": "0", "paid_runs_without_receipt": "0", "broken_chains": "0"}
    assert (done.result.facts["trust_on_first_use"], done.result.facts["trust"]) == (False, "--trust")
    assert list(done.result.facts["not_checked"]) == ["policy re-run"]
    assert len((workbench.out / "receipts.jsonl").read_text().splitlines()) == 6
    assert (workbench.out / "trust.json").read_bytes() == workbench.pin().read_bytes()
    assert done.exit_code is ExitCode.GREEN


def test_keys_that_the_service_itself_gave_prove_nothing(workbench, pay):
    """Everything verifies, and nothing is a pass: the evidence says whose word it is and how to pin the keys."""
    done = _run(workbench, pay)
    assert {(measure.value, measure.unknown) for measure in done.result.measures.values()} == {(None, UnknownReason.NOT_RUN)}
    assert all("the service's own word" in measure.detail for measure in done.result.measures.values())
    assert "spec.audit.trust_file" in done.result.measures["broken_chains"].detail
    assert (done.result.facts["trust_on_first_use"], done.exit_code) == (True, ExitCode.UNKNOWN)


def test_what_contradicts_the_services_own_keys_is_found_all_the_same(workbench, pay):
    """Trust on first use hides no finding."""
    done = _run(workbench, pay, "strange-signer")
    assert (done.result.measures["unverified_receipts"].value, done.exit_code) == ("2", ExitCode.RED)


def test_the_target_file_may_pin_the_keys(workbench, pay, monkeypatch):
    """`audit.trust_file` names them, relative to the target file or by a variable; an unset variable pins nothing."""
    audit = target_of("http://127.0.0.1:1").target.audit
    workbench.pin()
    beside = _run(workbench, pay, audit=msgspec.structs.replace(audit, trust_file="pinned.json"))
    assert (beside.exit_code, beside.result.facts["trust"]) == (ExitCode.GREEN, "spec.audit.trust_file of the target")
    by_variable = msgspec.structs.replace(audit, trust_file="${GONOGO_TEST_TRUST}")
    unset = _run(workbench, pay, audit=by_variable)
    assert "needs the environment variable GONOGO_TEST_TRUST" in unset.result.measures["broken_chains"].detail
    monkeypatch.setenv("GONOGO_TEST_TRUST", str(workbench.pin()))
    assert _run(workbench, pay, audit=by_variable).exit_code is ExitCode.GREEN


def test_a_pinned_file_that_is_not_there_is_refused(workbench, pay):
    """Exit 2 names the field and the path: the service's own keys do not take its place."""
    audit = msgspec.structs.replace(target_of("http://127.0.0.1:1").target.audit, trust_file="absent.json")
    with pytest.raises(UsageProblem, match=r"spec\.audit\.trust_file: .*absent\.json: cannot be read"):
        _run(workbench, pay, audit=audit)
    with pytest.raises(UsageProblem, match="absent"):
        _run(workbench, pay, trust=workbench.out / "absent.json")


@pytest.mark.parametrize(
    ("defect", "measures"),
    [
        ("strange-signer", {"unverified_receipts", "broken_chains"}),
        ("broken-chain", {"unverified_receipts", "broken_chains"}),
        ("lost-receipt", {"paid_runs_without_receipt", "broken_chains"}),
        ("unlinked-line", {"unverified_receipts", "paid_runs_without_receipt"}),
        ("unbound-settle", {"unverified_receipts", "broken_chains"}),
        ("other-postings", {"unverified_receipts"}),
        ("other-line", {"unverified_receipts", "paid_runs_without_receipt"}),
        ("other-position", {"unverified_receipts"}),
        ("other-operation", {"unverified_receipts"}),
    ],
)
def test_what_does_not_verify_turns_red(workbench, pay, defect, measures):
    """Each defect shows in the measures that it concerns: the signature, the chain, and what the ledger says otherwise."""
    done = _run(workbench, pay, defect, trust=workbench.pin())
    assert {name for name, value in _values(done).items() if value != "0"} == measures
    assert done.exit_code is ExitCode.RED


def test_a_trust_file_pinned_beforehand_is_the_only_trust(workbench, pay, tmp_path):
    """With the key of somebody else pinned nothing verifies, whatever keys the service serves."""
    pinned = tmp_path / "another.json"
    pinned.write_bytes(jwks_bytes(workbench.signer.jwk))
    done = _run(workbench, pay, trust=pinned)
    assert done.result.measures["unverified_receipts"].value == "6"
    assert done.result.facts["trust_on_first_use"] is False


@pytest.mark.parametrize("defects", [(), ("forgets-all",)])
def test_without_a_receipt_that_could_fail_all_is_unknown(workbench, pay, defects):
    """No payment, or a service that shows none: too few samples, and what to do."""
    done = _run(workbench, pay if defects else lambda _client: None, *defects, trust=workbench.pin())
    assert {(measure.value, measure.unknown) for measure in done.result.measures.values()} == {
        (None, UnknownReason.TOO_FEW_SAMPLES)
    }
    assert "make payments first" in done.result.measures["unverified_receipts"].detail
    assert done.exit_code is ExitCode.UNKNOWN


def test_a_service_that_refuses_everything_is_never_green(workbench):
    """401 to whoever asks: nothing was read."""
    done = _run(workbench, lambda _client: None, "refuses-all", trust=workbench.pin())
    assert (done.status, done.exit_code) == ("adapter_error", ExitCode.UNKNOWN)
