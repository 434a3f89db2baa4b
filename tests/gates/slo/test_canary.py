"""The canary: each round's outcome on a small service with a defect, and the whole command against the real gateway."""

import json
import os
import signal
import subprocess

import gateway_process
import httpx
import msgspec
import pytest
from fake_payments import FakeService
from loopback import serving
from probe_bench import target_of
from prometheus_client.parser import text_string_to_metric_families
from waiting import eventually

from gates.evidence.dsse import jwks_bytes
from gates.probes.client import TargetClient
from gates.schema.entry import run
from gates.schema.rooms import room_argv
from gates.schema.target import Audit, Mode, Operation
from gates.slo.canary.loop import run_rounds
from gates.slo.canary.round import Canary, Step, play
from gates.slo.canary.serve import Counts, exposed
from gates.slo.cli import slo

RECEIPTS = Audit(payment_receipts=Operation("/v1/receipts?payment_id={payment_id}&cursor={cursor}", "GET", role="finance"))
GONE = "http://127.0.0.1:9"


class Refunding(FakeService):
    """It gives a settled payment back, as a service does that takes `reverse` for a refund."""

    def _reverse(self, payment):
        if payment["state"] != "settled":
            return super()._reverse(payment)
        amount = payment["settled"]
        payment.update(refunded=amount, state="refunded")
        return self._record(payment, "reverse", "refund", amount, (amount, 0))


class Paused(Refunding):
    """An operator paused it: it refuses what is new, and says so."""

    def _route(self, method, path, query, headers, body):
        if path == "/mode":
            return 200, {}, b'{"mode": "paused"}'
        if method == "POST" and path == "/v1/payments":
            return 503, {}, b'{"code": "paused"}'
        return super()._route(method, path, query, headers, body)


def pinned(folder, service):
    """The file with the keys of a service."""
    path = folder / "keys.json"
    path.write_bytes(jwks_bytes(service.signer.jwk))
    return path


def values(text: str) -> dict[tuple[str, ...], float]:
    """The samples of an exposition by name and label values, an SLO before its outcome."""
    families = text_string_to_metric_families(text)
    return {
        (one.name, *(one.labels[label] for label in sorted(one.labels, reverse=True))): one.value
        for family in families
        for one in family.samples
    }


@pytest.mark.process
class TestARound:
    """On a small service in this process."""

    @pytest.fixture
    def round_of(self, tmp_path):
        """One round on a service; `changes` are members of its target."""

        def played(service, trust=True, **changes):
            with serving(service) as url:
                named = target_of(url, **{"audit": RECEIPTS, **changes})
                with TargetClient(named, "canary", timeout_s=30) as client:
                    return play(Canary(client, "100", pinned(tmp_path, service) if trust else None))

        return played

    def test_a_round_pays_verifies_and_takes_its_money_back(self, round_of):
        """Good in both counts, and the wallet has what it had."""
        service = Refunding()
        before = dict(service.balances["ours"])
        one = round_of(service)
        assert (one.failed, one.receipts, one.counted) == (None, True, True)
        assert service.balances["ours"] == before
        assert [line["kind"] for _, line in service.ledger] == ["reserve", "settle", "refund"]

    @pytest.mark.parametrize(
        ("defect", "step", "receipts", "why"),
        [
            ("refuses-all", Step.RESERVE, None, "POST /v1/payments answered 401"),
            ("strange-signer", Step.VERIFY, False, "signature: FAIL"),
            ("broken-chain", Step.VERIFY, False, "chain: FAIL"),
            ("lost-receipt", Step.VERIFY, False, "the settled payment has no receipt"),
            ("forgets-all", Step.VERIFY, False, "the settled payment has no receipt"),
        ],
    )
    def test_a_defect_is_a_bad_round_and_names_its_step(self, round_of, defect, step, receipts, why):
        """A receipt that does not verify is bad in its own count, too."""
        one = round_of(Refunding(defect))
        assert (one.failed, one.receipts, one.counted) == (step, receipts, True)
        assert why in one.why

    def test_a_failed_round_leaves_nothing_on_hold(self, round_of):
        """The receipt is wrong, and the money comes back all the same."""
        service = Refunding("lost-receipt")
        round_of(service)
        assert service.balances["ours"]["held"] == 0
        assert [payment["state"] for payment in service.payments.values()] == ["refunded"]

    def test_a_refusal_by_rate_or_by_a_pause_is_not_counted(self, round_of):
        """Neither is a failure of the service; the hold of the limited round is released."""
        limited = Refunding("limits-settles")
        one = round_of(limited)
        assert (one.failed, one.counted) == (Step.SETTLE, False)
        assert limited.balances["ours"]["held"] == 0
        one = round_of(Paused(), mode=Mode("/mode", "/mode"))
        assert (one.failed, one.counted) == (Step.RESERVE, False)
        one = round_of(Paused())
        assert (one.failed, one.counted) == (Step.RESERVE, True), "nothing says that it is paused"

    def test_without_pinned_keys_or_a_place_to_read_no_receipt_is_counted(self, round_of):
        """Not run is neither good nor bad; the round itself is good."""
        for one in (round_of(Refunding(), trust=False), round_of(Refunding(), audit=Audit())):
            assert (one.failed, one.receipts) == (None, None)

    def test_a_service_that_does_not_answer_is_a_bad_round(self):
        """That is what the canary is for."""
        with TargetClient(target_of(GONE, audit=RECEIPTS), "canary") as client:
            one = play(Canary(client, "100", None))
        assert (one.failed, one.receipts, one.counted) == (Step.RESERVE, None, True)
        assert "no answer" in one.why


@pytest.mark.process
def test_rounds_are_counted_from_0_spaced_and_reported():
    """Each counter is there before the first round; the pause is what the round left of the interval."""
    counts, waited, notes = Counts(), [], []
    with exposed(counts, 0) as url:
        born = values(httpx.get(f"{url}/metrics", trust_env=False, timeout=30).text)
        with TargetClient(target_of(GONE), "canary") as client:
            code = run_rounds(Canary(client, "100", None), counts, 1000.0, 3, waited.append, notes.append)
        after = values(httpx.get(f"{url}/metrics", trust_env=False, timeout=30).text)
    events = [("gateway_slo_events_total", name, kind) for name in ("canary", "receipt_verification") for kind in ("good", "bad")]
    failures = [("gateway_canary_failures_total", step) for step in ("reserve", "settle", "verify", "reverse")]
    assert {name: born[name] for name in (*events, *failures)} == dict.fromkeys((*events, *failures), 0.0)
    assert (after[events[1]], after[failures[0]], code) == (3.0, 3.0, 1)
    assert (len(waited), all(0 < one <= 1000 for one in waited)) == (2, True)
    assert [line.partition(":")[0] for line in notes] == [f"round {number} failed" for number in (1, 2, 3)]


@pytest.mark.process
def test_the_canary_of_the_real_gateway_counts_good_then_paused_then_down(tmp_path):
    """Receipts verify with the pinned keys; a pause is not counted; a gateway that is gone is bad in each round."""
    db = tmp_path / "gateway.db"
    members = gateway_process.demo(db, "canary")
    environ = {
        **os.environ,
        "GONOGO_HOME": str(tmp_path / "home"),
        **{
            f"GONOGO_{name.upper()}": ",".join(value) if isinstance(value, list) else str(value)
            for name, value in members.items()
        },
    }
    with gateway_process.running(db) as gateway:
        environ["GONOGO_BASE_URL"] = gateway.url
        argv = room_argv("gates", "slo", "canary", "--target", "local", "--every", "100ms", "--port", "0", "--timeout", "30s")
        errors = (tmp_path / "canary.log").open("wb")
        with errors, subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE, stderr=errors) as process:
            try:
                url = json.loads(process.stdout.readline())["url"]

                def seen(*name: str) -> float:
                    return values(httpx.get(f"{url}/metrics", trust_env=False, timeout=30).text)[name]

                def events(slo: str, outcome: str) -> float:
                    return seen("gateway_slo_events_total", slo, outcome)

                assert eventually(lambda: min(events("canary", "good"), events("receipt_verification", "good")) >= 2)
                assert (events("canary", "bad"), events("receipt_verification", "bad")) == (0, 0), errors.name
                done = gateway_process.run("pause", "--db", str(db), "--all", "--reason", "test")
                assert done.returncode == 0, done.stderr
                assert eventually(lambda: seen("gateway_canary_not_counted_total") >= 2)
                assert events("canary", "bad") == 0
                gateway.process.kill()
                assert eventually(lambda: events("canary", "bad") >= 2)
                assert events("receipt_verification", "bad") == 0
                lint = ["lint", "canary", "--metrics", f"{url}/metrics", "--format", "json"]
                found = subprocess.run(
                    room_argv("gates", "slo", *lint), env=environ, capture_output=True, check=False, timeout=300
                )
                assert (found.returncode, json.loads(found.stdout)["findings"]) == (0, [])
                process.send_signal(signal.SIGTERM)
                assert process.wait(60) == 143
            finally:
                process.kill()
    assert members["agent_key"] not in (tmp_path / "canary.log").read_text()


@pytest.mark.process
class TestBadInput:
    """Each ends before the first round, and says what to do: with 2, for keys with 8."""

    @pytest.fixture
    def target(self, tmp_path):
        """A target file of a service that is not there; changes are members of its `spec`."""

        def written(**changes):
            spec = msgspec.to_builtins(target_of(GONE).target) | changes
            document = {"apiVersion": "gonogo/v1", "kind": "Target", "metadata": {"name": "fake"}, "spec": spec}
            path = tmp_path / "target.yaml"
            path.write_bytes(msgspec.yaml.encode(document))
            return str(path)

        return written

    def refused(self, capsys, *argv, code=2) -> str:
        """What it says."""
        assert run(slo, ["canary", *argv]) == code
        return capsys.readouterr().err

    def test_a_port_in_use_is_named(self, target, capsys):
        """By another canary, or by anything else."""
        with exposed(Counts(), 0) as url:
            port = url.rpartition(":")[2]
            shown = self.refused(capsys, "--target", target(), "--port", port)
        assert f"port {port} of 127.0.0.1 is in use" in shown
        assert "next: end that program, or choose another port with --port" in shown

    def test_a_service_that_gives_nothing_back_is_refused(self, target, capsys):
        """Each round would cost money."""
        operations = {"reserve": {"path": "/r", "id_pointer": "/id"}, "settle": {"path": "/s"}}
        assert "has no operation `reverse`" in self.refused(capsys, "--target", target(operations=operations))

    def test_keys_that_cannot_be_read_are_refused(self, target, tmp_path, capsys):
        """Rather than verified with nothing."""
        (tmp_path / "keys.json").write_text("{}")
        shown = self.refused(capsys, "--target", target(), "--trust", str(tmp_path / "keys.json"), code=8)
        assert "keys.json" in shown

    def test_no_interval_is_refused(self, target, capsys):
        """It would be a load test."""
        assert "'0s' is no time between" in self.refused(capsys, "--target", target(), "--every", "0s")
