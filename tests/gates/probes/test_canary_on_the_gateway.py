"""The canary at the reference gateway with a real mail server: green while all is well, and right about whose outage it is."""

import msgspec
import pytest
from certified import authority
from gateway_process import WAIT_S, demo, running
from mail_server import mail_server
from prometheus_client.parser import text_string_to_metric_families
from waiting import eventually

from gates.probes.client import TargetClient
from gates.probes.conduct import conduct
from gates.probes.sign_in import canary
from gates.schema.outcome import ExitCode
from gates.schema.target import NamedTarget, SignIn, load_target
from gates.schema.time import system_clock


def metric(client, name):
    """The value of a metric without labels."""
    families = text_string_to_metric_families(client.send("GET", "/metrics").body.decode())
    return next(item.value for family in families for item in family.samples if item.name == name)


@pytest.mark.process
def test_the_canary_is_green_until_mail_is_down_and_then_blames_mail(tmp_path, workbench):
    """Six points hold and the code is mailed; once mail is down two fail, and no sign-in counts as the gateway's failure."""
    db = tmp_path / "gateway.db"
    seeded = {f"GONOGO_{name.upper()}": value for name, value in demo(db).items() if isinstance(value, str)}
    ca, tls = authority(tmp_path)
    with mail_server(starttls=tls) as server:
        smtp = ("--mail", "smtp", "--smtp", f"smtp://127.0.0.1:{server.port}", "--smtp-ca", str(ca))
        with running(db, *smtp, "--mail-from", "gateway@example.com") as process:
            target = msgspec.structs.replace(load_target("local").target, sign_in=SignIn("canary+{run}@example.com"))
            with TargetClient(NamedTarget("local", target), "test", environ={**seeded, "GONOGO_BASE_URL": process.url}) as client:

                def run():
                    probe = canary.make_probe(None, system_clock, lambda _target, _build: ())
                    kept = {"out": tmp_path / "out", "store": workbench.store, "signer": workbench.signer}
                    return conduct(probe, client, clock=system_clock, **kept)

                done = run()
                assert ([item.where for item in done.result.findings], done.detail) == ([], "")
                assert (done.result.measures["canary_failures"].samples, done.exit_code) == (6, ExitCode.GREEN)
                assert eventually(lambda: [to for _, [to], _ in server.mails if to.startswith("canary+probe-test-")], WAIT_S)
                server.says["MAIL"] = "451 4.3.0 try later"
                assert eventually(lambda: run() and metric(client, "gateway_mail_healthy") == 0, WAIT_S)
                done = run()
    assert [item.where for item in done.result.findings] == ["start", "mail"]
    assert done.result.measures["route_failure"].made_of["mail_outage"] == 1
