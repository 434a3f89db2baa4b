"""A target file that is wrong by itself: exit 2 names the file and the field, before anything is sent or started."""

import msgspec
import pytest

from gates.schema.errors import UsageProblem
from gates.schema.target import UnsetProblem, load_target, trust_file

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


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"operations": {"settle": {"path": "settle"}}}, "operations.settle.path"),
        ({"audit": {"ledger": {"path": "http://elsewhere/ledger"}}}, "audit.ledger.path"),
        ({"ready_path": "@elsewhere/"}, "ready_path"),
        ({"build": {"path": "${ANY}", "pointer": "/b"}}, "build.path"),
        ({"instance": {"path": "", "pointer": "/b"}}, "instance.path"),
        ({"commits": {"histogram": "h", "path": "metrics"}}, "commits.path"),
    ],
)
def test_a_path_without_its_slash_is_refused(load, members, field):
    """It would be another host."""
    with pytest.raises(UsageProblem, match=rf"spec\.{field}: .* does not begin with a slash"):
        load(**members)


@pytest.mark.parametrize("ways", [{}, {"pointer": "/id", "header": "X-Id"}, {"pointer": ""}])
def test_an_instance_is_read_in_one_way(load, ways):
    """Not in none, and not in two that may differ."""
    with pytest.raises(UsageProblem, match=r"spec\.instance: needs exactly one of pointer, header, metric"):
        load(instance={"path": "/status", **ways})


@pytest.mark.parametrize("ways", [{"pointer": "/id"}, {"header": "X-Id"}, {"metric": "process_start_time_seconds"}])
def test_each_way_to_read_an_instance_is_accepted(load, ways):
    """A place in JSON, a header, or a metric."""
    assert load(instance={"path": "/status", **ways}).target.instance is not None


def test_every_fault_is_named_at_once(load):
    """Two faults, two fields."""
    with pytest.raises(UsageProblem, match=r"spec\.base_url: .*spec\.operations\.settle\.path: "):
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
