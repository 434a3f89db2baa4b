"""A certificate that a private authority signed: every client trusts it by `ca_file` or SSL_CERT_FILE, or says why not."""

import ssl

import msgspec
import pytest
from certified import authority
from loopback import serving

from drills.inquiry import read_instance, wait_answer
from gates.probes.client import ServiceProblem, TargetClient
from gates.schema.credential import Credential
from gates.schema.errors import UnknownProblem, UsageProblem
from gates.schema.target import Instance, NamedTarget, Operation, Target
from gates.schema.tls import CA_FILE, ca_environment, tls_for, tls_of
from loadtests.service import Service
from loadtests.storm.plan import Reply
from loadtests.storm.wire import Request, Wire

pytestmark = pytest.mark.process

GET = Operation("/x", method="GET")
UNTRUSTED = "the service's certificate is not trusted"


class Echo:
    """A service that answers every request with its path and its API key."""

    def answer(self, method, target, headers, _body):
        """One request in, (status, headers, body) out."""
        content = {"method": method, "path": target, "key": headers["X-Api-Key"], "start": 7}
        return 200, {"Content-Type": "application/json"}, msgspec.json.encode(content)


@pytest.fixture
def ca(tmp_path):
    """The authority's certificate and a server's settings."""
    return authority(tmp_path)


@pytest.fixture(params=["127.0.0.1", "::1"])
def secure(ca, request, tmp_path):
    """A target whose service runs over TLS, below a path, on IPv4 or IPv6; without its `ca_file` if asked."""
    with serving(Echo(), tls=ca[1], host=request.param) as url:

        def make(**members):
            target = Target(f"{url}/api/", {"agent": "Bearer t"}, {}, {}, instance=Instance("/i", pointer="/start"), **members)
            return NamedTarget("shop", target, tmp_path)

        yield make


def asked_by_all(named):
    """What each client reads of the service: the load run's, the storm's, the probes', and the drills'."""
    environ = ca_environment(named, {})
    with Service(named) as service:
        service.await_ready(0)
        read = service.get(GET, {}).json()["path"]
        wire = Wire(service.base_url, timeout_s=5, hurry_s=1, tls=tls_for(service.base_url, named.target, environ))
    answer = wire.send(Request("GET", "/x", {}, None), Reply.KEEP)
    wire.close()
    with TargetClient(named, "n", environ={}) as client:
        probed = client.perform(GET, {}).member("path")
    drilled = read_instance(named.target, environ), wait_answer(named.target, environ, 0.0, lambda _: None)
    return read, msgspec.json.decode(answer.body)["path"], probed, drilled


def test_every_client_trusts_the_ca_file(secure):
    """The base URL has a path and a trailing slash; the file is next to the target file."""
    assert asked_by_all(secure(ca_file="ca.pem")) == ("/api/x", "/api/x", "/api/x", ("7", True))


def test_every_client_trusts_what_the_environment_names(secure, ca, monkeypatch):
    """SSL_CERT_FILE, as for other programs."""
    monkeypatch.setenv("SSL_CERT_FILE", str(ca[0]))
    assert asked_by_all(secure()) == ("/api/x", "/api/x", "/api/x", ("7", True))


@pytest.mark.parametrize("members", [{}, {"ca_file": "other/ca.pem"}])
def test_a_certificate_that_is_not_trusted_is_said_to_be_the_reason(secure, tmp_path, members):
    """With the member that corrects it, by each client; nothing says that the gateway should be started."""
    (tmp_path / "other").mkdir()
    authority(tmp_path / "other")
    named = secure(**members)
    advice = "correct spec.ca_file" if members else "add spec.ca_file to the target file, or export SSL_CERT_FILE"
    with Service(named) as service:
        with pytest.raises(UnknownProblem, match=UNTRUSTED) as ready:
            service.await_ready(0)
        with pytest.raises(UnknownProblem, match=UNTRUSTED) as read:
            service.get(GET, {})
        wire = Wire(service.base_url, timeout_s=5, hurry_s=1, tls=service.tls)
        assert wire.send(Request("GET", "/x", {}, None), Reply.KEEP).error == "certificate"
    with TargetClient(named, "n", environ={}) as client, pytest.raises(ServiceProblem, match=UNTRUSTED) as probed:
        client.perform(GET, {})
    with pytest.raises(UnknownProblem) as drilled:
        read_instance(named.target, ca_environment(named, {}))
    for problem in (ready, read, probed, drilled):
        assert str(problem.value.next_step).startswith(advice)


def test_a_service_that_is_away_is_not_started_by_us():
    """Only the reference gateway is; another one's address is to be seen to."""
    named = NamedTarget("shop", Target("http://127.0.0.1:9", {"agent": "Bearer t"}, {}, {}))
    with Service(named) as service, pytest.raises(UnknownProblem) as refused:
        service.await_ready(0)
    assert "gonogo gateway serve" not in str(refused.value.next_step)
    assert "spec.base_url" in str(refused.value.next_step)


def test_a_ca_file_of_a_variable_is_read_where_it_is_needed(ca, tmp_path):
    """Its absolute path is handed to the processes that gonogo starts."""
    named = NamedTarget("shop", Target("https://h", {}, {}, {}, ca_file="${SHOP_CA}"), tmp_path)
    assert ca_environment(named, {"SHOP_CA": "ca.pem"}) == {CA_FILE: str(ca[0])}
    with pytest.raises(UsageProblem, match=r"spec\.ca_file: .*gone\.pem: cannot be read"):
        ca_environment(named, {"SHOP_CA": "gone.pem"})


def test_the_ready_path_is_asked_with_the_role_that_it_needs():
    """A key in a header of its own; without the role, no key is sent."""

    class Guarded(Echo):
        def answer(self, method, target, headers, body):
            status, extra, answer = super().answer(method, target, headers, body)
            return (status if headers["X-Api-Key"] == "key-1" else 401), extra, answer

    credentials = {"agent": Credential(header="X-Api-Key", value="key-1")}
    with serving(Guarded()) as url:
        target = Target(url, credentials, {}, {}, ready_role="agent")
        with Service(NamedTarget("shop", target)) as service:
            service.await_ready(0)
        assert wait_answer(target, {}, 0.0, lambda _: None)
        open_target = msgspec.structs.replace(target, ready_role=None)
        with Service(NamedTarget("shop", open_target)) as service, pytest.raises(UsageProblem, match="401"):
            service.await_ready(0)
        assert not wait_answer(open_target, {}, 0.0, lambda _: None)


def test_an_address_without_tls_needs_no_certificates_and_one_with_tls_checks_them():
    """Reading those of all authorities takes longer than a request, and what waits for a service asks it again and again."""
    assert tls_of("http://127.0.0.1:9") is False
    for url in ("https://127.0.0.1:9", "HTTPS://127.0.0.1:9"):
        context = tls_of(url)
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
