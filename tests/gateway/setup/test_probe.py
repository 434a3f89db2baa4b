"""Is this the gateway that was dialled? Wrong services, other addresses, clocks that differ, redirects, proxies, certificates."""

import json

import pytest
from certified import authority
from click.testing import CliRunner
from fake_gateway import URL, FakeGateway, Refuse
from loopback import serving
from setup_stage import QUICK, RUN, Stage
from ticking import Ticking

from gateway.clock import format_utc, system_clock
from gateway.setup.local import LocalState
from gateway.setup.setup_cli import setup

pytestmark = pytest.mark.process


class Answers:
    """A service that answers each request with the same bytes."""

    def __init__(self, status, body, **headers):
        self.status, self.body = status, body
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.targets = []

    def answer(self, _method, target, _headers, _body):
        """The same, whatever is requested."""
        self.targets.append(target)
        return self.status, self.headers, self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def document(base_url, **members):
    """What a gateway publishes."""
    mail = {"mode": "smtp", "healthy": True, "since": None}
    base = {"version": "1", "mode": "public_signup", "login": ["email_code"], "mail": mail, "build": "b"}
    return {**base, "base_url": base_url, "time": format_utc(system_clock()), **members}


@pytest.fixture
def probe(tmp_path, monkeypatch):
    """Run `gonogo setup probe`; its exit code and its JSON."""
    monkeypatch.setenv("GONOGO_SETUP_STATE", str(tmp_path / "state"))
    monkeypatch.delenv("GONOGO_BASE_URL", raising=False)

    def run(url):
        done = CliRunner().invoke(setup, ["probe", "--base-url", url, "--format", "json"])
        return done.exit_code, json.loads(done.stdout)

    return run


@pytest.mark.parametrize(
    ("service", "said"),
    [
        (Answers(200, b"<html>welcome</html>", content_type="text/html"), "no document of a sign-in"),
        (Answers(200, [1]), "no document of a sign-in"),
        (Answers(200, {"version": "1"}), "no document of a sign-in"),
        (Answers(302, b"", location="http://127.0.0.1:9/"), "not followed"),
        (Answers(404, b"no"), "no problem document"),
        (Answers(404, {"code": "not_found", "title": "", "detail": "", "money_moved": "no", "next_step": ""}), "not_found"),
        (Answers(500, b""), "no problem document"),
        (Answers(200, b" " * 5_000_000), "more than 4194304 bytes"),
    ],
    ids=["html", "list", "another document", "redirect", "404", "no sign-in", "500", "endless"],
)
def test_a_service_that_is_no_gateway_is_named_as_such(probe, service, said):
    """service_unreachable, with what answered; nothing is sent on anywhere."""
    with serving(service) as url:
        code, probed = probe(url)
    assert (code, probed["outcome"], probed["code"]) == (1, "failed", "service_unreachable")
    assert said in probed["detail"]
    assert len(service.targets) == 1


def test_where_nobody_listens_the_address_is_named(probe):
    """service_unreachable, after a few tries."""
    code, probed = probe("http://127.0.0.1:9")
    assert (code, probed["code"], probed["dialled"]) == (1, "service_unreachable", "http://127.0.0.1:9")


@pytest.mark.parametrize("claimed", ["http://evil.example", "http://127.0.0.1:1", "https://127.0.0.1"])
def test_a_document_of_another_address_is_refused(probe, claimed):
    """A forged Host header, or another gateway: base_url_mismatch names both addresses."""
    with serving(Answers(200, document(claimed))) as url:
        code, probed = probe(url)
        assert (code, probed["code"]) == (1, "base_url_mismatch")
        assert url in probed["detail"]
        assert claimed in probed["detail"]


@pytest.mark.parametrize(
    ("time", "outcome"),
    [("2020-01-01T00:00:00.000Z", "clock_skew"), ("2099-01-01T00:00:00Z", "clock_skew"), ("now", "service_unreachable")],
)
def test_a_clock_that_differs_by_more_than_a_minute_is_refused(probe, time, outcome):
    """clock_skew; a time that is none is no document."""
    service = Answers(200, {})
    with serving(service) as url:
        service.body = document(url, time=time)
        assert probe(url)[1]["code"] == outcome


@pytest.mark.parametrize(
    ("members", "code", "found"),
    [
        ({}, 0, None),
        ({"mail": {"mode": "smtp", "healthy": False, "since": "2026-12-01T00:00:00.000Z"}}, 3, "mail_unavailable"),
        ({"mail": {"mode": "none", "healthy": True}}, 3, "login_unavailable"),
        ({"login": []}, 3, "login_unavailable"),
        ({"more": "of a newer gateway"}, 0, None),
    ],
)
def test_what_a_gateway_says_of_its_sign_in_is_shown(probe, tmp_path, members, code, found):
    """0 where people can sign in, 3 where they cannot now, with the command that helps."""
    service = Answers(200, {})
    with serving(service) as url:
        service.body = document(url, **members)
        ended, probed = probe(f"{url}/")
        assert (ended, probed["code"]) == (code, found)
        assert found is None or probed["command"] == f"gonogo setup run --bootstrap-key - --base-url {url}"
        local = LocalState(tmp_path / "state")
        with local.locked():
            local.begin(RUN, url)
        assert found is None or probe(url)[1]["command"] == "gonogo setup resume --bootstrap-key -"


def test_proxies_of_the_environment_are_not_used(probe, monkeypatch):
    """The address that was dialled is the one that is connected to."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    service = Answers(200, {})
    with serving(service) as url:
        service.body = document(url)
        assert probe(url)[0] == 0


@pytest.mark.parametrize("trusted", [True, False])
def test_a_certificate_is_verified_by_the_authorities_of_ssl_cert_file(probe, monkeypatch, tmp_path, trusted):
    """The gateway's authority has to be in it: tls_untrusted, and nothing is sent."""
    ca, context = authority(tmp_path)
    (tmp_path / "other").mkdir()
    monkeypatch.setenv("SSL_CERT_FILE", str(ca if trusted else authority(tmp_path / "other")[0]))
    service = Answers(200, {})
    with serving(service, tls=context) as url:
        service.body = document(url)
        code, probed = probe(url)
    assert (code, probed["code"]) == ((0, None) if trusted else (1, "tls_untrusted"))
    assert len(service.targets) == int(trusted)


@pytest.mark.parametrize("url", ["ftp://x", "http://", "http://u:hunter22@x", "x"])
def test_an_address_that_is_none_is_refused_at_once(tmp_path, monkeypatch, url):
    """With 2, and without its credentials."""
    monkeypatch.setenv("GONOGO_SETUP_STATE", str(tmp_path))
    done = CliRunner().invoke(setup, ["probe", "--base-url", url])
    assert done.exit_code == 2
    assert "--base-url" in done.output
    assert "hunter22@" not in done.output or "no http" in done.output


def test_a_setup_is_blocked_by_what_a_probe_finds(tmp_path):
    """It leaves a report with code, command, runbook and ticket, and nobody has been asked anything."""
    stage = Stage(tmp_path, FakeGateway(Ticking()))
    stage.gateway.base_url = "http://evil.example"
    report = stage.walk()
    assert (report.outcome, report.failure.code) == ("blocked", "base_url_mismatch")
    assert stage.gateway.calls == ["GET /.well-known/gonogo-auth.json"]
    stage.gateway.base_url = URL.upper() + "/"
    stage.gateway.faults["POST /v1/access/runs"] = [Refuse(429, "rate_limited")]
    assert stage.walk(QUICK).outcome == "trust_only"
