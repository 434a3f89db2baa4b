"""The sweep over routes and roles: clean on an honest service, and red for each thing that is open."""

import pytest
from fake_payments import READERS

from gates.evidence.statement import EvidenceKind
from gates.probes.authorization_sweep import PROBE
from gates.schema.outcome import ExitCode, UnknownReason
from gates.schema.target import Authorization

pytestmark = pytest.mark.process


def _values(done):
    return {name: measure.value for name, measure in done.result.measures.items()}


def test_an_honest_service_has_no_finding_and_keeps_no_hold(workbench):
    """Nothing is found, nothing is skipped, and the one hold that was made is given back."""
    done = workbench.run(PROBE)
    assert _values(done) == {"role_violations": "0", "isolation_violations": "0", "undocumented_routes": "0"}
    assert done.exit_code is ExitCode.GREEN
    assert done.result.skipped == ()
    assert done.result.facts["hold_released_again"] is True
    assert done.result.measures["role_violations"].samples > 100


@pytest.mark.parametrize(
    ("defect", "measure", "where"),
    [
        ("open-settle", "role_violations", "POST /v1/payments/{payment_id}/settle as finance"),
        ("prefix-token", "role_violations", "as a real one cut short"),
        ("open-head", "role_violations", "HEAD "),
        ("document-says-else", "role_violations", "POST /v1/payments/{payment_id}/settle"),
        ("leaking-list", "isolation_violations", "GET /v1/payments as other_agent"),
        ("lax-read", "isolation_violations", "GET /v1/payments/{payment_id} as other_agent"),
        ("lax-wallet", "isolation_violations", "POST /v1/payments as other_agent"),
        ("hidden-route", "undocumented_routes", "GET /v1/debug"),
    ],
)
def test_each_open_door_turns_its_measure_red(workbench, defect, measure, where):
    """The defect is counted where it belongs, and the finding says which route and which credential."""
    done = workbench.run(PROBE, defect)
    assert done.exit_code is ExitCode.RED
    assert int(done.result.measures[measure].value) > 0
    assert {item.measure for item in done.result.findings} == {measure}
    assert any(where in item.where for item in done.result.findings)


def test_without_another_tenant_isolation_is_unknown(workbench):
    """No credentials of another tenant: the measure is not run, and the exit code is not green."""
    with workbench.client() as client:
        client.credentials = {role: value for role, value in client.credentials.items() if not role.startswith("other_")}
        done = workbench.conduct(PROBE, client)
    assert done.result.measures["isolation_violations"].unknown is UnknownReason.NOT_RUN
    assert done.exit_code is ExitCode.UNKNOWN


def test_a_role_without_credential_is_skipped_and_counted(workbench):
    """A credential whose variable is not set leaves cells that nobody tried: skipped, never passed."""
    with workbench.client() as client:
        del client.credentials["finance"]
        client.missing["finance"] = "the target needs the environment variable FINANCE_KEY"
        done = workbench.conduct(PROBE, client)
    skipped = {item.where for item in done.result.skipped}
    assert "GET /v1/payments as finance" in skipped
    assert "GET /v1/payments as other_finance" in skipped
    assert any(item.measure == "isolation_violations" and "audit.payment" in item.why for item in done.result.skipped)
    assert done.exit_code is ExitCode.UNKNOWN


def test_a_target_without_authorization_leaves_evidence_that_says_not_run(workbench):
    """The statement exists, its measures are unknown, and the text says what to add."""
    done = workbench.run(PROBE, authorization=None)
    assert (done.status, done.exit_code) == ("not_run", ExitCode.UNKNOWN)
    assert "spec.authorization" in done.detail
    assert {measure.unknown for measure in done.result.measures.values()} == {UnknownReason.NOT_RUN}


def test_the_evidence_is_about_the_build_that_answered(workbench):
    """Subject and kind are those of the target; no credential is written anywhere."""
    done = workbench.run(PROBE)
    held = workbench.store.get(done.evidence, _trust(workbench))
    assert held.statement.subject[0].digest["build"] == "c" * 64
    assert held.statement.predicate_type == EvidenceKind.AUTHORIZATION_SWEEP
    observed = workbench.store.get(held.statement.predicate.build_observation, _trust(workbench))
    assert observed.statement.subject == held.statement.subject
    assert b"0123456789" not in (workbench.out / "authorization-sweep.json").read_bytes()


def test_a_service_that_is_not_there_leaves_adapter_error(workbench):
    """Nobody answers: the evidence says so, and nothing is zero."""
    with workbench.client() as client:
        client._http.base_url = "http://127.0.0.1:1"
        done = workbench.conduct(PROBE, client)
    assert (done.status, done.exit_code) == ("adapter_error", ExitCode.UNKNOWN)
    assert all(measure.value is None for measure in done.result.measures.values())


@pytest.mark.parametrize("defect", ["refuses-all", "hides-all", "documents-nothing"])
def test_a_service_that_answers_nobody_is_never_green(workbench, defect):
    """401 for all, 404 for all, an OpenAPI document without a route: nothing was let in, so no refusal says anything."""
    done = workbench.run(PROBE, defect)
    assert (done.status, done.exit_code) == ("adapter_error", ExitCode.UNKNOWN)
    assert {measure.unknown for measure in done.result.measures.values()} == {UnknownReason.ADAPTER_ERROR}
    assert "next:" in done.detail


def test_a_target_that_names_no_route_is_not_run(workbench):
    """A sweep over no route finds nothing."""
    done = workbench.run(PROBE, authorization=Authorization(openapi="/openapi.json", roles={}, public=("GET /readyz",)))
    assert (done.status, done.exit_code) == ("not_run", ExitCode.UNKNOWN)
    assert "spec.authorization.roles names no route" in done.detail


def test_what_is_hidden_from_everybody_is_not_isolation(workbench):
    """A 404 to another tenant counts only where our own credentials are let in."""
    done = workbench.run(PROBE, "hides-wallets")
    skipped = [item for item in done.result.skipped if item.measure == "isolation_violations"]
    assert [item.where for item in skipped] == [f"GET /v1/wallets/{{wallet_id}} as other_{role}" for role in READERS]
    assert {item.why for item in skipped} == {"our own credentials were not let in on this route either"}
    assert done.exit_code is ExitCode.RED


def test_samples_are_the_routes_and_callers_that_were_tried(workbench):
    """Each once, however often it was tried, and only where the answer was definite."""
    done = workbench.run(PROBE)
    for name in ("role_violations", "isolation_violations"):
        tried = {(cell["route"], cell["credential"]) for cell in done.result.cells if cell["measure"] == name}
        assert done.result.measures[name].samples == len(tried)


def _trust(workbench):
    from gates.evidence.dsse import TrustRoot, jwks_bytes

    return TrustRoot.from_jwks(jwks_bytes(workbench.signer.jwk), "the test's key")
