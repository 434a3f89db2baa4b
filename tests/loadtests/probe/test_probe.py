"""`gonogo load probe`: what it understands of a service, what it names in a file that is wrong, and what it never prints."""

import json
import re

import pytest
import shapes
import yaml
from click.testing import CliRunner

from gates.schema.build import build_sha256
from gates.schema.errors import UnknownProblem, UsageProblem
from loadtests.cli import load

pytestmark = pytest.mark.process

NO_CONTENT = {
    'body: {amount: "{amount}"}\n': 'body: {amount: "{amount}"}\n      success: [204]\n',
    "body: {}\n": "body: {}\n      success: [204]\n",
}

BUILD = "build: {path: /version, pointer: /sha256}"


class Probed:
    """What a probe printed, and how it ended."""

    def __init__(self, stdout, problem):
        self.stdout, self.problem = stdout, problem
        self.said = stdout + str(problem or "")


@pytest.fixture
def probe(tmp_path, monkeypatch):
    """A function that probes a fake, and gives what was printed and the Problem with which it ended."""

    def of(shape, *odd, changes=None, more="", options=(), fault="none", environ=None):
        target = shapes.described(tmp_path, shape, changes, more)
        with shapes.serving(shape, *odd, fault=fault) as variables:
            for name, value in {**variables, **(environ or {})}.items():
                monkeypatch.setenv(name, value)
            done = CliRunner().invoke(load, ["probe", "--target", str(target), *options], standalone_mode=False)
        assert done.exception is None or isinstance(done.exception, (UsageProblem, UnknownProblem)), done.exception
        return Probed(done.stdout, done.exception)

    return of


def test_a_service_that_is_described_is_understood_operation_by_operation(probe):
    """Sent what, answered what, which id, the same bytes again, what the balances show, and what nothing can be said of."""
    done = probe("minimal")
    assert done.problem is None
    lines = [re.sub(r", [0-9]+ ms$", "", line) for line in done.stdout.splitlines()]
    assert lines[0].endswith(": understood")
    assert lines[3:7] == [
        "  reserve  POST /holds, amount 100: 201 application/json, acknowledged, id h-1",
        "           again with the same key: the same answer (201 application/json)",
        "  settle   POST /holds/h-1/capture, amount 100: 200 application/json, acknowledged",
        "           again with the same key: the same answer (200 application/json)",
    ]
    assert "  payee/p1/payable: 0 before, 100 after (+100)" in lines
    assert f"  build: {'ab' * 32}" in lines
    assert "  12 measures of a load run: the target does not define where a ledger can be read" in lines
    assert "  crash drill: no spec.process, and no spec.commands.kill and restore" in lines
    assert "no-double-settle.storm_double_settles" in done.stdout


def test_every_format_has_the_same_content(probe):
    """JSON and YAML are one document; text has its problem on stderr."""
    found = json.loads(probe("minimal", options=["--format", "json", "--run-id", "one"]).stdout)
    again = yaml.safe_load(probe("minimal", options=["--format", "yaml", "--run-id", "one"]).stdout)
    for report in (found, again):
        report.pop("base_url")
        for request in report["requests"]:
            assert request.pop("took_ms") >= 0
    assert found == again
    assert (found["outcome"], found["problem"], len(found["requests"])) == ("understood", "", 8)


@pytest.mark.parametrize(
    ("odd", "changes", "more"),
    [
        ("integers", {}, ""),
        ("gzip", {}, ""),
        ("http10", {}, ""),
        ("slow", {}, ""),
        ("204", NO_CONTENT, ""),
        ("times", {}, "  replay: {ignore: [/at]}\n"),
    ],
)
def test_odd_services_that_are_correct_are_understood(probe, odd, changes, more):
    """Whole numbers as ids, compressed answers, connections that end, answers without a body, answers with a time."""
    done = probe("minimal", odd, changes=changes, more=more)
    assert done.problem is None, done.said


@pytest.mark.parametrize(
    ("shape", "changes", "found"),
    [
        ("listed", {}, "refunded settle of p-1: 100"),
        ("card-processor", {}, "settle of pi_1: 100"),
        ("card-processor", {'{user: "${GONOGO_AGENT_KEY}", password: ""}': "Bearer ${GONOGO_AGENT_KEY}"}, "settle of pi_1: 100"),
    ],
    ids=["listed", "card processor, basic", "card processor, bearer"],
)
def test_a_list_of_settlements_is_read_back(probe, shape, changes, found):
    """Decimals, form bodies, numbered pages and pages after an id: the settle is found, with its amount in minor units."""
    done = probe(shape, changes=changes)
    assert done.problem is None, done.said
    assert f"  settlements: {found}" in done.stdout
    assert "  refund   POST /" in done.stdout
    assert shapes.KEYS[shape] not in done.said


@pytest.mark.parametrize(
    ("shape", "changes", "word"),
    [
        ("listed", {"items: /settlements": "items: /items"}, "spec.audit.settlements.items"),
        ("listed", {"payment: /payment_id": "payment: /id"}, "spec.audit.settlements.payment"),
        ("listed", {"refunded: [refunded]": "refunded: [given_back]"}, "spec.audit.settlements.states"),
        ("listed", {"amount: /amount\n": "amount: /amount\n      amount_format: integer\n"}, "spec.audit.settlements.amount"),
        ("card-processor", {"body_format: form\n      body:\n": "body:\n"}, "spec.operations.reserve.body"),
        ("card-processor", {"done: [requires_capture]": "done: [held]"}, "spec.operations.reserve.state"),
    ],
)
def test_a_list_or_a_form_that_is_described_wrongly_is_named(probe, shape, changes, word):
    """Exit 2 with the member."""
    done = probe(shape, changes=changes)
    assert isinstance(done.problem, UsageProblem), done.said
    assert word in str(done.problem), done.said


@pytest.mark.parametrize(
    ("odd", "changes", "words"),
    [
        ([], {"id_pointer: /id ": "id_pointer: /idd "}, ("spec.operations.reserve.id_pointer /idd", "/id (h-1)")),
        (["settle404"], {}, ("answered with 404", "spec.operations.settle.path")),
        (
            [],
            {'reference}"}': 'reference}"}', 'amount: "{amount}", ref': "amount: null, ref"},
            ("/amount is null", "reserve.body"),
        ),
        ([], {'body: {amount: "{amount}"}': "body: {amount: null}"}, ("/amount is null", "spec.operations.settle.body")),
        ([], {'amount: "{amount}", ref': "amount: {amount: null}, ref"}, ("/amount/amount is null", "quoted")),
        ([], {'amount: "{amount}", ref': "ref"}, ("no part of the request is {amount}",)),
        (["html"], {}, ("a web page", "spec.base_url or spec.operations.reserve.path")),
        (["redirects"], {}, ("308", "a redirect to /v2/holds", "spec.operations.reserve.path")),
        (["accepts"], {}, ("202", "spec.operations.reserve.success does not list")),
        ([], {"idempotency_header: Idempotency-Key": "idempotency_header: X-Key"}, ("no_key", "spec.idempotency_header (X-Key)")),
        ([], {"path: /holds\n": "path: /hold\n"}, ("404", "spec.operations.reserve.path")),
        ([], {'"/payees/{payee_id}"': '"/payee/{payee_id}"'}, ("returned 404", "spec.audit.payee.path")),
        ([], {'"/payees/{payee_id}"': '"/version"'}, ("payable", "spec.audit.wallet and spec.audit.payee")),
        (
            [],
            {"ready_path: /ready": "ready_path: /readiness\n  ready_role: agent"},
            ("/readiness: returned 404", "correct spec.ready_path, or the path in spec.base_url"),
        ),
        (
            [],
            {"ready_path: /ready": "ready_path: /wallets/w1"},
            ("/wallets/w1: returned 401", "correct spec.ready_path, or spec.ready_role"),
        ),
        ([], {BUILD: "build: {path: /version, pointer: /build}"}, ("has nothing at '/build'", "correct spec.build.pointer")),
        ([], {BUILD: "build: {path: /version, header: X-Build}"}, ("without the header X-Build", "correct spec.build.header")),
        ([], {BUILD: "build: {command: [./no-such]}"}, ("no-such cannot be started", "correct spec.build.command")),
    ],
    ids=[
        "wrong id pointer",
        "settle answers 404",
        "amount of a reserve is null",
        "amount of a settle is null",
        "amount as a mapping",
        "no amount",
        "a web page",
        "a redirect",
        "unlisted 202",
        "wrong key header",
        "wrong path",
        "wrong audit path",
        "audit of another shape",
        "wrong ready path",
        "ready path that needs a credential",
        "no build there",
        "no such header",
        "no such command",
    ],
)
def test_a_file_that_describes_the_service_wrongly_is_named_by_its_member(probe, odd, changes, words):
    """Exit 2, and nothing that reads as a finding."""
    done = probe("minimal", *odd, changes=changes)
    assert isinstance(done.problem, UsageProblem), done.said
    assert all(word in str(done.problem) for word in words), done.said
    assert done.stdout.splitlines()[0].endswith("the target file does not describe the service")


@pytest.mark.parametrize("output_format", ["text", "json", "yaml"])
@pytest.mark.parametrize("changes", [{}, shapes.NO_BALANCES], ids=["in a read", "in a reserve"])
def test_a_credential_that_is_refused_is_named_by_its_role_and_never_shown(probe, changes, output_format):
    """Exit 2; the service repeats the credential in its answer, and no format shows it."""
    wrong = "another-key-than-that"
    done = probe("minimal", changes=changes, environ={"GONOGO_AGENT_KEY": wrong}, options=["--format", output_format])
    assert isinstance(done.problem, UsageProblem)
    assert "401" in str(done.problem)
    assert "spec.credentials.agent" in str(done.problem)
    assert wrong not in done.said


@pytest.mark.parametrize(
    "build",
    [
        "build: {path: /version, header: X-Release}",
        """build: {command: ["{python}", -c, "print('shop 1.4.2')"]}""",
    ],
    ids=["header", "command"],
)
def test_a_build_of_any_text_is_shown_by_its_sha256(probe, build):
    """However it is read."""
    done = probe("minimal", changes={BUILD: build})
    assert done.problem is None, done.said
    assert f"  build: {build_sha256('shop 1.4.2')}" in done.stdout.splitlines()


def test_a_command_that_fails_leaves_the_build_unknown(probe):
    """Exit 3, for it may pass; the credential that it repeats is not shown."""
    failing = """build: {command: ["{python}", -c, "import os, sys; sys.exit(os.environ['GONOGO_AGENT_KEY'])"]}"""
    done = probe("minimal", changes={BUILD: failing})
    assert isinstance(done.problem, UnknownProblem), done.said
    assert "spec.build.command: " in str(done.problem)
    assert "ended with exit code 1: [redacted]" in str(done.problem)
    assert shapes.KEYS["minimal"] not in done.said


def test_a_credential_that_the_service_repeats_is_taken_out(probe):
    """In the message and in every format of the report."""
    for output_format in ("text", "json", "yaml"):
        done = probe("minimal", "settle404", options=["--format", output_format])
        assert "[redacted]" in str(done.problem)
        assert shapes.KEYS["minimal"] not in done.said


def test_a_file_without_a_place_to_read_back_says_so(probe):
    """Nothing is shown, and what cannot be judged names both books."""
    done = probe("minimal", changes=shapes.NO_BALANCES)
    assert done.problem is None
    assert "  nothing: spec.audit names no place where it could be read back" in done.stdout.splitlines()
    assert "conservation_breaks of a load run: the target does not define where balances can be read" in done.stdout


def test_a_clock_that_is_an_hour_ahead_is_unknown(probe):
    """Exit 3 with both directions of what to do; nothing is wrong with the file."""
    done = probe("minimal", "skewed")
    assert isinstance(done.problem, UnknownProblem)
    assert re.search(r"clock of the service is 3[56][0-9]{2} s ahead of this machine's", str(done.problem))


def test_a_service_that_fails_is_unknown(probe):
    """5xx says nothing about the file: exit 3."""
    done = probe("minimal", "fails")
    assert isinstance(done.problem, UnknownProblem)
    assert "answered with 500" in str(done.problem)


def test_a_service_that_is_not_there_is_unknown(probe):
    """Exit 3."""
    done = probe("minimal", environ={"GONOGO_BASE_URL": "http://127.0.0.1:9"})
    assert isinstance(done.problem, UnknownProblem)
    assert "is not ready" in str(done.problem)


def test_a_time_in_the_answers_is_named_with_how_to_declare_it(probe):
    """Exit 3: a repeat with another answer is either a place to leave out, or a fault; a load run tells them apart."""
    done = probe("minimal", "times")
    assert isinstance(done.problem, UnknownProblem)
    assert "replay: {ignore: [/at]}" in str(done.problem)


def test_a_refused_payment_is_not_understood(probe):
    """A service that refuses the plainest payment has shown nothing: exit 3."""
    done = probe("minimal", changes={'amount: "{amount}", ref': 'amount: "99{amount}0", ref'})
    assert isinstance(done.problem, UnknownProblem)
    assert "reserve was not acknowledged: 403 application/json" in str(done.problem)


def test_a_file_that_is_wrong_by_itself_is_refused_before_anything_is_sent(probe):
    """Exit 2 names the key."""
    done = probe("minimal", more="  colour: blue\n")
    assert isinstance(done.problem, UsageProblem)
    assert "colour" in str(done.problem)
    assert done.stdout == ""
