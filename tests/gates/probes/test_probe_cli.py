"""`gonogo gate probe` against the real gateway: every probe is green, and every option is where it belongs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from artifacts import make_artifacts
from click.testing import CliRunner
from kept import artifact_of, signed_again

from gates.evidence.keys import load_signer, own_trust
from gates.evidence.statement import Measure
from gates.evidence.store import EvidenceStore
from gates.probes.cli import NAMES, probe
from gates.probes.conduct import reported_build
from gates.probes.secret_scan import make_probe
from gates.schema.errors import UnknownProblem, UnverifiedProblem, UsageProblem
from gates.schema.target import Build
from scorecards.deep import require_following

pytestmark = pytest.mark.each_python


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    """The reference gateway as its own process, and the environment that the target `local` asks for."""
    folder = tmp_path_factory.mktemp("gateway")
    argv = [sys.executable, "-m", "gateway"]
    seeds = []
    for name in ("ours", "other"):
        seed = [*argv, "demo-data", "--db", folder / "gateway.db", "--format", "json", "--house", "--tenant-name", name]
        seeds.append(json.loads(subprocess.run(seed, capture_output=True, check=True).stdout))
    serve = [*argv, "serve", "--port", "0", "--db", folder / "gateway.db", "--rail", "practice"]
    with (folder / "access.log").open("wb") as log, subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=log) as running:
        environ = {"GONOGO_BASE_URL": json.loads(running.stdout.readline())["url"], "GONOGO_HOME": str(folder / "home")}
        for prefix, seed in zip(("GONOGO_", "GONOGO_OTHER_"), seeds, strict=True):
            for name, value in seed.items():
                environ[prefix + name.upper()] = ",".join(value) if isinstance(value, list) else value
        try:
            yield folder, environ
        finally:
            running.terminate()


def _probe(gateway, name, *arguments):
    folder, environ = gateway
    argv = [sys.executable, "-m", "gates", "gate", "probe", name, "--out", folder / "out", "--format", "json", *arguments]
    done = subprocess.run(argv, capture_output=True, check=False, env={**os.environ, **environ})
    assert done.stdout, done.stderr.decode()
    report = json.loads(done.stdout)
    assert (folder / "out" / f"{name}.json").exists()
    return done.returncode, report


@pytest.fixture(scope="module")
def used(gateway):
    """The gateway with payments that the fail-closed probe has made: without any, no probe could find something."""
    _probe(gateway, "fail-closed")
    return gateway


ABOUT_USERS = ("host-matrix", "setup-journal", "onboarding-funnel", "runbook-resolution", "sign-in-canary")
"""Their own tests have a service with users, or hosts; the target `local` has none of both, and sends no mail."""


@pytest.mark.process
@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("secret-scan", *ABOUT_USERS)])
def test_the_reference_gateway_is_clean(used, name):
    """Each probe ends with 0: nothing found, nothing skipped, and something looked at."""
    code, report = _probe(used, name)
    result = report["result"]
    assert (result.get("findings", []), result.get("skipped", [])) == ([], [])
    assert code == 0
    assert all(measure["samples"] for measure in result["measures"].values())


@pytest.mark.process
def test_the_gateways_log_and_the_probes_reports_hold_no_secret(used):
    """The access log, the database and everything that the probes wrote, against each credential that was shown."""
    folder, _ = used
    rest = make_artifacts(folder / "rest", without=("server_log", "probe_report", "evidence_statement"))
    objects = folder / "home" / "evidence" / "objects"
    paths = (folder / "gateway.db", folder / "out", objects, rest, "--server-log", folder / "access.log")
    code, report = _probe(used, "secret-scan", *paths)
    assert (report["result"].get("findings", []), report["result"].get("skipped", [])) == ([], [])
    assert code == 0
    assert len(report["result"]["facts"]["known_credentials"]) == 22


@pytest.mark.process
def test_the_keys_of_the_reference_gateway_are_pinned_by_its_seed(used, monkeypatch):
    """The target `local` takes them from a file that demo-data wrote; without it, nothing that verifies is a pass."""
    folder, environ = used
    code, report = _probe(used, "receipt-verification")
    assert (code, report["result"]["facts"]["trust"]) == (0, "spec.audit.trust_file of the target")
    pinned = Path(environ["GONOGO_RECEIPT_TRUST"])
    assert (folder / "out" / "trust.json").read_bytes() == pinned.read_bytes()
    monkeypatch.delenv("GONOGO_RECEIPT_TRUST", raising=False)
    bare = {name: value for name, value in environ.items() if name != "GONOGO_RECEIPT_TRUST"}
    code, report = _probe((folder, bare), "receipt-verification")
    details = [measure["detail"] for measure in report["result"]["measures"].values()]
    assert (code, all("the service's own word" in detail for detail in details)) == (3, True)


@pytest.mark.process
def test_the_exported_receipts_verify_offline(used):
    """`gonogo receipt verify` on the probe's export, with the pinned keys and nothing else."""
    folder, environ = used
    _probe(used, "receipt-verification")
    argv = [sys.executable, "-m", "gates", "receipt", "verify", folder / "out" / "receipts.jsonl"]
    offline = {**os.environ, **environ, "GONOGO_BASE_URL": "http://127.0.0.1:1"}
    done = subprocess.run([*argv, "--trust", folder / "out" / "trust.json"], capture_output=True, check=False, env=offline)
    assert done.returncode == 0
    assert b"verified: " in done.stdout


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("policy-binding", ["some-folder"]),
        ("fail-closed", ["--trust", "trust.json"]),
        ("secret-scan", ["--table", "table.yaml"]),
        ("authorization-sweep", ["--review", "folder"]),
        ("determinism", ["--server-log", "app.log"]),
    ],
)
def test_an_option_that_would_be_ignored_is_refused(tmp_path, monkeypatch, name, arguments):
    """Exit 2 names the probe that the option is for."""
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path))
    done = CliRunner().invoke(probe, [name, "--out", str(tmp_path), *arguments], standalone_mode=False)
    assert isinstance(done.exception, UsageProblem)
    assert f"not for {name}" in str(done.exception)


def test_an_unknown_probe_is_refused(tmp_path):
    """The refusal names the six that there are."""
    done = CliRunner().invoke(probe, ["everything", "--out", str(tmp_path)])
    assert done.exit_code == 2
    assert "authorization-sweep" in done.output


@pytest.mark.parametrize("name", NAMES)
def test_a_credential_that_cannot_be_sent_is_refused_before_the_probe(name, tmp_path, monkeypatch):
    """Exit 2 names the variable, never the value, and no evidence says that it was not run."""
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GONOGO_AGENT_KEY", "key-of-the-agent\n")
    with pytest.raises(UsageProblem, match="GONOGO_AGENT_KEY") as refused:
        CliRunner().invoke(probe, [name, "--out", str(tmp_path / "out")], standalone_mode=False, catch_exceptions=False)
    assert "key-of-the-agent" not in str(refused.value)
    assert not list((tmp_path / "home").rglob("*.intoto.json"))


@pytest.mark.process
def test_evidence_about_another_build_than_the_service_reports_is_refused(workbench):
    """--build X against a service that reports Y: exit 2, and nothing is stored. Its own build is no contradiction."""
    chosen = make_probe((Path(__file__),), {})
    with workbench.client() as client:
        own = reported_build(client, None)
        with pytest.raises(UsageProblem, match=f"the service reports the build {own}, not {'0' * 64}"):
            workbench.conduct(chosen, client, build="0" * 64)
        assert not list(workbench.store.objects.glob("*/*"))
        assert reported_build(client, own) == own


@pytest.mark.process
def test_a_build_is_taken_as_given_where_no_service_can_contradict(workbench):
    """A service that does not answer, whose credential is not set, that reports no build, or whose target does not name where."""
    given = "0" * 64
    silent = {"base_url": "http://127.0.0.1:9"}
    unset = {"credentials": {"agent": "${GONOGO_NOT_SET}"}}
    for changes in (silent, unset, {"build": None}, {"build": Build("/v1/status", "/absent")}):
        with workbench.client(**changes) as client:
            assert reported_build(client, given) is None


def test_evidence_is_dated_by_the_clock_alone(tmp_path):
    """A probe takes no --now: evidence dated ahead would stay fresh for days."""
    argv = ["secret-scan", str(tmp_path), "--out", str(tmp_path / "out"), "--now", "2036-01-01T00:00:00Z"]
    done = CliRunner().invoke(probe, argv, env={"GONOGO_HOME": str(tmp_path / "home")})
    assert done.exit_code == 2
    assert "--now" in done.output


@pytest.mark.process
def test_what_a_child_process_computes_from_the_store_is_what_the_probes_stated(used):
    """Each probe of the gateway: its run is listed and ended, and an edited measure or a raw file that was changed is named."""
    folder, _ = used
    home = folder / "home"
    store, trust = EvidenceStore(home / "evidence"), own_trust(home)
    stated = {run.note.step for run in store.contents(trust).runs()}  # by the tests before this one, on the same gateway
    for name in NAMES:
        paths = (make_artifacts(folder / "scanned"),) if name == "secret-scan" else ()
        if name not in stated:
            _probe(used, name, *paths)
    contents = store.contents(trust)
    latest = {item.statement.predicate.kind: item for item in contents.statements(trust) if item.statement.predicate.measures}
    assert latest.keys() == set(NAMES)
    for held in latest.values():
        require_following(held, [store.folder])
    assert {run.note.step for run in contents.runs()} == set(NAMES)
    assert all(run.statement for run in contents.runs())

    held = latest["policy-binding"]
    measures = {**held.statement.predicate.measures, "broken_links": Measure("0", "count", 10_000)}
    with pytest.raises(UnverifiedProblem, match="broken_links is 0 count, samples 10000, and its raw files give 0 count"):
        require_following(signed_again(load_signer(home), held, measures=measures), [store.folder])
    other = msgspec.structs.replace(held, statement=msgspec.structs.replace(held.statement, predicate_type="urn:gonogo:other:v2"))
    with pytest.raises(UnknownProblem, match="no command computes policy-binding again"):
        require_following(other, [store.folder])
    receipts = artifact_of(store, latest["receipt-verification"], "receipts.jsonl")
    receipts.write_bytes(receipts.read_bytes().replace(b'"sig":"', b'"sig":"A', 1))
    with pytest.raises(UnverifiedProblem, match=r"receipts\.jsonl: .* was changed"):
        require_following(latest["receipt-verification"], [store.folder])
