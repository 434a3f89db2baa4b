"""What a target takes from the environment: a value that cannot be sent is refused by its variable's name, and never shown."""

import pytest

from gates.probes.client import TargetClient
from gates.schema.errors import UsageProblem
from gates.schema.secret import redact
from gates.schema.target import (
    NamedTarget,
    Target,
    UnsetProblem,
    check_environment,
    resolve,
    resolve_base_url,
    resolve_credential,
)

SECRET = "k3y-of-" + "the-agent"
TARGET = Target("http://127.0.0.1:1", {"agent": "Token ${GONOGO_AGENT_KEY}"}, {"wallet_id": "${GONOGO_WALLET_ID}"}, {})
UNFIT = [
    "{}\n",
    "{}\r",
    "\n{}",
    "{}\r\nX-Other: 1",
    "{}\0",
    "{}\t",
    "a\x1b{}",
    "a\x7f{}",
    " {}",
    "{} ",
    "{}é",
    "{}\u2028",
    "{}\udcff",
]


@pytest.mark.parametrize("form", UNFIT)
def test_a_value_that_cannot_be_a_header_is_refused_by_the_name_of_its_variable(form):
    """Control characters, space at an end, and what is not ASCII: exit 2 names the variable, and the value nowhere."""
    with pytest.raises(UsageProblem) as refused:
        resolve_credential(TARGET, "agent", {"GONOGO_AGENT_KEY": form.format(SECRET)})
    assert "GONOGO_AGENT_KEY" in str(refused.value)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("name", ["GONOGO_AGENT_KEY", "GONOGO_WALLET_ID"])
def test_a_probe_does_not_begin_with_a_value_that_cannot_be_sent(name):
    """Neither a credential nor a variable is put aside as missing: the client itself is refused."""
    environ = {"GONOGO_AGENT_KEY": SECRET, "GONOGO_WALLET_ID": "wal_1", name: f"{SECRET}\n"}
    with pytest.raises(UsageProblem, match=name) as refused:
        TargetClient(NamedTarget("it", TARGET), "n", environ=environ)
    assert SECRET not in str(refused.value)


def test_what_is_not_set_is_no_fault_before_it_is_needed():
    """A check of the environment passes; the credential itself is then refused by the variable's name."""
    check_environment(TARGET, {})
    with pytest.raises(UnsetProblem, match="GONOGO_AGENT_KEY"):
        resolve_credential(TARGET, "agent", {})
    assert resolve("${A:-b}", {"A": ""}) == "b"


def test_a_credential_written_into_the_file_is_held_to_the_same():
    """A line end at the end of a YAML text: the role is named, the value is not."""
    with pytest.raises(UsageProblem, match="'agent' holds a control character") as refused:
        resolve_credential(Target("http://h", {"agent": f"Bearer {SECRET}\n"}, {}, {}), "agent", {})
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("url", ["", "127.0.0.1:8080", "ftp://h", "http://", "http://h:port", "http://[::1", "http://a b"])
def test_a_base_url_that_is_none_is_refused_before_anything_is_sent(url):
    """An argument that is wrong, not a defect of ours and not a service that is away."""
    with pytest.raises(UsageProblem, match="base_url is not a URL"):
        resolve_base_url(Target("${U:-}", {}, {}, {}), {"U": url})


def test_a_password_in_the_base_url_is_refused_and_not_shown():
    """The URL stands in messages and reports: a password has no place in it."""
    with pytest.raises(UsageProblem, match="user name or a password") as refused:
        resolve_base_url(Target("${U}", {}, {}, {}), {"U": f"https://gonogo:{SECRET}@pay.example"})
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("text", ["{}", "b'Token {}'", "Token {}", '{{"sent": "{}"}}'])
def test_a_credential_is_taken_out_of_a_text(text):
    """Whoever quotes it, with its scheme or without."""
    value = 'it"s-a\\' + SECRET
    for quoted in (value, value.replace("\\", "\\\\"), value.replace("\\", "\\\\").replace('"', '\\"')):
        assert SECRET not in redact(text.format(quoted), [f"Token {value}"])
