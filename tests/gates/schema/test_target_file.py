"""A target file that is wrong by itself: exit 2 names the file and the field, before anything is sent or started."""

import re

import msgspec
import pytest

from gates.schema.errors import UsageProblem
from gates.schema.target import UnsetProblem, load_target, require_operations, trust_file

PROCESS = {"start": ["./shop", "--port", "{port}"]}
SETTLE = {"path": "/settle"}
KEYS = '{"keys":[{"kty":"OKP","crv":"Ed25519","x":"abc"}]}'


@pytest.fixture
def load(tmp_path):
    """Load a target with these members; returns the named target."""

    def make(**members):
        spec = {"base_url": "${GONOGO_BASE_URL}", "credentials": {}, "variables": {}, "operations": {}, **members}
        path = tmp_path / "shop.yaml"
        document = {"apiVersion": "gonogo/v1", "kind": "Target", "metadata": {"name": "shop"}, "spec": spec}
        path.write_bytes(msgspec.yaml.encode(document))
        return load_target(str(path))

    return make


@pytest.mark.parametrize("url", ["${GONOGO_BASE_URL}", "${GONOGO_BASE_URL:-http://127.0.0.1:9000}", "${GONOGO_BASE_URL}/api"])
def test_a_process_is_loaded_where_gonogo_starts_it(load, url):
    """With a default for when nothing is started, or below a path."""
    assert load(base_url=url, process=PROCESS).target.base_url == url


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9000", "${SHOP_URL}", "${GONOGO_BASE_URL}.example.com", "${GONOGO_BASE_URL}@shop", "${GONOGO_BASE_URL}0"],
)
def test_a_process_with_another_address_is_refused(load, url):
    """What would be loaded is not what would be killed."""
    with pytest.raises(UsageProblem, match=r"shop\.yaml: spec\.base_url: .*write \$\{GONOGO_BASE_URL\}"):
        load(base_url=url, process=PROCESS)
    assert load(base_url=url).target.base_url == url, "without a process the address is anyone's"


LIST = {"path": "/list", "items": "/data", "id": "/id", "payment": "/payment", "amount": "/amount"}


def test_a_ledger_and_a_list_are_refused(load):
    """One of them would be left out without a word."""
    with pytest.raises(UsageProblem, match=r"shop\.yaml: spec\.audit: has `ledger` and `settlements`: keep one"):
        load(audit={"ledger": {"path": "/ledger"}, "settlements": LIST})
    assert load(audit={"settlements": LIST}).target.audit.settlements.paging is None


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"operations": {"settle": {"path": "settle"}}}, "operations.settle.path"),
        ({"audit": {"ledger": {"path": "http://elsewhere/ledger"}}}, "audit.ledger.path"),
        ({"audit": {"settlements": {**LIST, "path": "list"}}}, "audit.settlements.path"),
        ({"ready_path": "@elsewhere/"}, "ready_path"),
        ({"build": {"path": "${ANY}", "pointer": "/b"}}, "build.path"),
        ({"build": {"path": "version", "header": "X-Build"}}, "build.path"),
        ({"instance": {"path": "", "pointer": "/b"}}, "instance.path"),
        ({"commits": {"histogram": "h", "path": "metrics"}}, "commits.path"),
    ],
)
def test_a_path_without_its_slash_is_refused(load, members, field):
    """It would be another host."""
    with pytest.raises(UsageProblem, match=rf"spec\.{field}: .* does not begin with a slash"):
        load(**members)


OPERATION = {"path": "/x"}


def operations(**members):
    """A spec with one operation that has these members."""
    return {"operations": {"settle": {**OPERATION, **members}}}


@pytest.mark.parametrize(
    ("members", "named"),
    [
        (operations(path="settle"), r"operations\.settle\.path: 'settle' does not begin with a slash"),
        (operations(path="/a b"), r"operations\.settle\.path: '/a b' holds a space"),
        (operations(path="/a\n"), r"operations\.settle\.path: '/a\\\\n' holds"),
        (operations(path="/a#b"), r"operations\.settle\.path: .* a fragment"),
        (operations(method="PO\r\nST"), r"operations\.settle\.method: .* is not a method"),
        (operations(method=""), r"operations\.settle\.method"),
        (operations(success=[]), r"operations\.settle\.success: is empty"),
        (operations(success=[99999]), r"operations\.settle\.success: 99999 is not a status"),
        (operations(success=[0]), r"operations\.settle\.success: 0 is not a status"),
        (operations(headers={"X Y": "1"}), r"operations\.settle\.headers: 'X Y' is not a name"),
        (operations(headers={"authorization": "1"}), r"operations\.settle\.headers: authorization is set by gonogo"),
        (operations(headers={"idempotency-key": "1"}), r"operations\.settle\.headers: .* is idempotency_header"),
        (
            operations(body={"a": "{amout}"}),
            r"operations\.settle: \{amout\} is filled in by nothing: .* did you mean \{amount\}\?",
        ),
        (operations(body={"a": "{{amount}}"}), r'operations\.settle\.body: .*\{\{amount\}\}.* write "\{amount\}"'),
        (operations(body={"a": ["{Amount}"]}), r'operations\.settle\.body: .*\{Amount\}.* write "\{amount\}"'),
        (operations(body={"a": "{ amount }"}), r'operations\.settle\.body: .* write "\{amount\}"'),
        (operations(body={"a": "$KEY"}), r"operations\.settle\.body: '\$KEY'.* write \$\{KEY\}"),
        (operations(headers={"X": "${key}"}), r"operations\.settle\.headers: '\$\{key\}'.* write \$\{KEY\}"),
        (operations(path="/a/$(id)/${}"), r"operations\.settle\.path: '\$\{\}'"),
        (operations(state={"pointer": "status", "done": ["x"]}), r"operations\.settle\.state\.pointer"),
        (operations(state={"pointer": "/status", "done": []}), r"operations\.settle\.state\.done"),
        (operations(body_format="xml"), r"operations\.settle\.body_format: .*one of form, json"),
        ({"operations": {"setle": OPERATION}}, r"operations, the key 'setle'"),
        ({"idempotency_header": ""}, "idempotency_header: '' is not a name of a header"),
        ({"idempotency_header": "X: 1\r\nY"}, "idempotency_header: .* is not a name of a header"),
        ({"idempotency_field": ""}, "idempotency_field: is empty"),
        ({"amount_format": "float"}, "amount_format: .*decimal, decimal_number, integer, string"),
        ({"ready_path": "readyz"}, "ready_path: 'readyz' does not begin with a slash"),
        ({"ready_role": "nobody"}, "ready_role: 'nobody' is not one of credentials"),
        ({"base_url": "http://h\n"}, "base_url: is not a URL"),
        ({"base_url": "http://h?x"}, "base_url: holds a query"),
        ({"base_url": "http://h/#f"}, "base_url: holds a query or a fragment"),
        ({"base_url": "http://user:pw-0001@h"}, "base_url: holds a user name or a password"),
        ({"rail": {"url": "http://user:pw-0001@h/x"}}, r"rail\.url: holds a user name or a password"),
        ({"prometheus": "https://user:pw-0001@h"}, "prometheus: holds a user name or a password"),
        ({"base_url": "http://$HOST"}, r"base_url: '\$HOST' is not filled in"),
        ({"credentials": {"agent": "Bearer $KEY"}}, r"credentials\.agent: only \$\{NAME\}"),
        ({"credentials": {"agent": {"user": "a"}, "b": {}}}, r"credentials\.b: needs user and password, or header and value"),
        ({"credentials": {"agent": {"password": "a"}}}, r"credentials\.agent: needs the user"),
        ({"credentials": {"agent": {"header": "X Y", "value": "a"}}}, r"credentials\.agent: has a header that is no name"),
        ({"credentials": {"agent": {"header": "Host", "value": "a"}}}, r"credentials\.agent: has the header Host"),
        (
            {"credentials": {"agent": {"header": "X", "user": "a", "value": "b"}}},
            r"credentials\.agent: needs user and password, or",
        ),
        ({"ca_file": "absent.pem"}, r"ca_file: .*absent\.pem: cannot be read"),
    ],
)
def test_what_cannot_be_sent_is_refused_by_its_field(load, members, named):
    """A usage error before anything is sent; no password is shown."""
    with pytest.raises(UsageProblem, match=named) as refused:
        load(**members)
    assert "pw-0001" not in str(refused.value)


def test_a_ca_file_that_holds_no_certificate_is_refused(load, tmp_path):
    """Before the first connection."""
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(UsageProblem, match=r"spec\.ca_file: .*ca\.pem: holds no certificate"):
        load(ca_file="ca.pem")


@pytest.mark.parametrize("missing", ["reserve", "settle"])
def test_a_run_needs_to_reserve_and_to_settle(load, missing):
    """Every other operation is optional; the one that is missing is named by its field."""
    named = load(operations={name: OPERATION for name in ("reserve", "settle") if name != missing})
    with pytest.raises(UsageProblem, match=rf"the target has no spec\.operations\.{missing}"):
        require_operations(named.target)


def test_braces_that_are_no_gap_are_text(load):
    """JSON within a text, a price, and whatever a service wants."""
    body = {"a": '{"x": 1}', "b": "costs $5 or {1}", "c": "${GONOGO_X:-d}", "d": "{wallet_id}"}
    assert load(**operations(body=body)).target.operations["settle"].body == body


@pytest.mark.parametrize("ways", [{}, {"pointer": "/id", "header": "X-Id"}, {"pointer": ""}])
def test_an_instance_is_read_in_one_way(load, ways):
    """Not in none, and not in two that may differ."""
    with pytest.raises(UsageProblem, match=r"spec\.instance: needs exactly one of pointer, header, metric"):
        load(instance={"path": "/status", **ways})


@pytest.mark.parametrize("ways", [{"pointer": "/id"}, {"header": "X-Id"}, {"metric": "process_start_time_seconds"}])
def test_each_way_to_read_an_instance_is_accepted(load, ways):
    """A place in JSON, a header, or a metric."""
    assert load(instance={"path": "/status", **ways}).target.instance is not None


@pytest.mark.parametrize(
    ("build", "named"),
    [
        ({}, "build: needs exactly one of pointer, header, command, and has none"),
        ({"path": "/v"}, "build: needs exactly one of pointer, header, command, and has none"),
        ({"path": "/v", "pointer": "/b", "header": "X"}, "build: needs exactly one of .*, and has pointer and header"),
        ({"header": "X", "command": ["./b"]}, "build: needs exactly one of .*, and has header and command"),
        ({"pointer": "/b"}, "build: needs the path whose answer has the pointer"),
        ({"header": "X-Build"}, "build: needs the path whose answer has the header"),
        ({"path": "/v", "command": ["./b"]}, r"build\.path: is for a pointer or a header"),
        ({"path": "/v", "pointer": "b"}, r"build\.pointer"),
        ({"path": "/v", "header": "X Build:"}, r"build\.header: 'X Build:' is not a name of a header"),
        ({"command": [""]}, r"build\.command: begins with an empty word"),
        ({"command": ["./b", "{port}"]}, r"build\.command: \{port\} is filled in by nothing: it is none of base_url, python"),
        ({"command": "./b"}, r"build\.command"),
        ({"command": ["./b"], "timeout_s": 0}, r"build\.timeout_s"),
        ({"command": ["./b"], "timeout": "9s"}, r"build: unknown key 'timeout'"),
    ],
)
def test_a_build_is_read_in_one_way(load, build, named):
    """What is missing, or too much, is named before anything is asked."""
    with pytest.raises(UsageProblem, match=rf"spec\.{named}"):
        load(build=build)


@pytest.mark.parametrize(
    "build",
    [
        {"path": "/v", "pointer": "/b"},
        {"path": "/v", "pointer": ""},
        {"path": "/v", "header": "X-Build"},
        {"command": ("./build", "--of", "{base_url}", "{python}", "$HOME", "{.status}"), "timeout_s": 60},
    ],
)
def test_each_way_to_read_a_build_is_accepted(load, build):
    """A place in JSON, a header, or a command."""
    assert msgspec.to_builtins(load(build=build).target.build) == build


def test_every_fault_is_named_at_once(load):
    """Two faults, two fields."""
    with pytest.raises(UsageProblem, match=r"(?s)spec\.base_url: .*spec\.operations\.settle\.path: "):
        load(base_url="http://h", process=PROCESS, operations={"settle": {"path": "settle"}})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "cannot be read: No such file"),
        ("", "is not a JWKS"),
        ("[]", "is not a JWKS"),
        ('{"keys":[{}]}', "is not a JWKS"),
        ('{"keys":[]}', "is a JWKS without a key"),
        ("[" * 100_000, "is not a JWKS"),
    ],
    ids=["absent", "empty", "a list", "a key without a type", "no key", "deep"],
)
def test_a_trust_file_that_holds_no_key_is_refused(load, tmp_path, text, why):
    """The field and the file are named; what is not pinned verifies nothing."""
    if text is not None:
        (tmp_path / "keys.json").write_text(text)
    with pytest.raises(UsageProblem, match=rf"spec\.audit\.trust_file: .*keys\.json: {why}"):
        load(audit={"trust_file": "keys.json"})


def test_a_trust_file_stands_next_to_its_target_file(load, tmp_path):
    """Wherever the command is run."""
    (tmp_path / "keys.json").write_text(KEYS)
    named = load(audit={"trust_file": "keys.json"})
    assert trust_file(named) == tmp_path / "keys.json"
    assert trust_file(load()) is None


def test_a_trust_file_of_a_variable_is_read_where_it_is_needed(load, tmp_path):
    """The seed command may name it, after the target file was read."""
    named = load(audit={"trust_file": "${GONOGO_TRUST_FILE}"})
    with pytest.raises(UnsetProblem, match="GONOGO_TRUST_FILE"):
        trust_file(named, {})
    with pytest.raises(UsageProblem, match=r"spec\.audit\.trust_file"):
        trust_file(named, {"GONOGO_TRUST_FILE": "/absent/keys.json"})
    path = tmp_path / "made" / "keys.json"
    path.parent.mkdir()
    path.write_text(KEYS)
    assert trust_file(named, {"GONOGO_TRUST_FILE": str(path)}) == path


def test_the_shipped_targets_are_sound():
    """Each is loaded by its name."""
    names = sorted(path.stem for path in load_target("local").folder.glob("*.yaml"))
    assert [load_target(name).name for name in names] == names


@pytest.mark.parametrize(("name", "field"), [("revoke_key", "{keyid}"), ("copy_key", "{key_file}")])
def test_a_command_about_one_key_has_to_say_which(load, name, field):
    """Both fields are filled in by gonogo; without one the command would act on some other key, or on none."""
    assert getattr(load(commands={name: ["keys", field]}).target.commands, name) == ("keys", field)
    with pytest.raises(UsageProblem, match=rf"spec\.commands\.{name}: has no {re.escape(field)}"):
        load(commands={name: ["keys"]})
