"""Credentials: in each form that services want, refused by name if they cannot be sent, and out of every text."""

import base64

import pytest

from gates.probes.credentials import known_credentials
from gates.probes.patterns import exact_patterns
from gates.probes.scan import scan
from gates.schema.credential import Credential, SentHeader, resolve_credential, secrets_of
from gates.schema.errors import UsageProblem
from gates.schema.operation import Operation
from gates.schema.secret import redact
from gates.schema.target import Target

PASSWORD = "pass-of-" + "the-shop-1"
BASIC = Credential(user="${SHOP_USER}", password="${SHOP_PASSWORD}")  # noqa: S106  # a variable's name
HEADER = Credential(header="X-Api-Key", value="${SHOP_KEY}")
ENVIRON = {"SHOP_USER": "shop", "SHOP_PASSWORD": PASSWORD, "SHOP_KEY": f"key-{PASSWORD}"}
ENCODED = base64.b64encode(f"shop:{PASSWORD}".encode()).decode()


def sent(credential, environ=ENVIRON):
    """The header of a role with this credential."""
    return resolve_credential(Target("http://h", {"agent": credential}, {}, {}), "agent", environ)


def test_each_form_is_sent_as_its_header():
    """A text is the Authorization header; a user with a password is Basic; any other header has its name."""
    assert sent("Token ${SHOP_KEY}") == SentHeader(f"Token key-{PASSWORD}", "Authorization")
    assert sent(BASIC) == SentHeader(f"Basic {ENCODED}", "Authorization")
    assert sent(HEADER) == SentHeader(f"key-{PASSWORD}", "X-Api-Key")


def test_a_password_may_be_empty():
    """Some services take the key as the user's name."""
    key = sent(Credential(user="${SHOP_KEY}", password=""))
    assert base64.b64decode(key.value.partition(" ")[2]).decode() == f"key-{PASSWORD}:"


@pytest.mark.parametrize("credential", [BASIC, HEADER, "Bearer ${SHOP_KEY}"])
@pytest.mark.parametrize("form", ["{}\n", "{}\r\nX: 1", " {}", "{} ", "{}\t", "{}é"])
def test_what_cannot_be_sent_is_refused_by_its_variable(credential, form):
    """Control characters, space at an end, and what is not ASCII; the value is nowhere."""
    environ = {name: form.format(value) for name, value in ENVIRON.items()}
    with pytest.raises(UsageProblem, match="environment variable SHOP_") as refused:
        sent(credential, environ)
    assert PASSWORD not in str(refused.value)


def test_a_colon_in_a_user_is_refused():
    """It would end the user's name in the middle."""
    with pytest.raises(UsageProblem, match="has a colon in its user"):
        sent(BASIC, {**ENVIRON, "SHOP_USER": "a:b"})


@pytest.mark.parametrize(
    "quoted", [f"Basic {ENCODED}", ENCODED, f"shop:{PASSWORD}", PASSWORD, f"https://shop:{PASSWORD}@pay.example/x"]
)
def test_basic_credentials_are_taken_out_of_a_text_in_every_form(quoted):
    """As they are sent, decoded, and in a URL."""
    text = redact(f"said {quoted}!", [sent(BASIC).value])
    assert PASSWORD not in text
    assert ENCODED not in text


def test_a_password_in_anybodys_url_is_taken_out():
    """A redirect may name one that is not ours; a path with an at sign is none."""
    assert redact("see https://a:b@h/x and http://h/@user:1", []) == "see https://[redacted]@h/x and http://h/@user:1"


def test_what_headers_of_operations_take_from_the_environment_is_secret_too():
    """It may be a credential, and nothing says that it is not."""
    target = Target("http://h", {"agent": HEADER}, {}, {"reserve": Operation("/x", headers={"X-Sign": "${SIGN}"})})
    assert secrets_of(target, {**ENVIRON, "SIGN": "s3cret"}) == (f"key-{PASSWORD}", "s3cret")
    assert secrets_of(target, {}) == ()


@pytest.mark.parametrize("form", ["as base64", "the password"])
def test_the_secret_scan_searches_basic_credentials_as_they_are_sent(tmp_path, form):
    """The base64 in an access log, and the password in another one."""
    (tmp_path / "access.log").write_text({"as base64": f"auth={ENCODED}", "the password": f"p={PASSWORD}"}[form])
    sought = known_credentials({}, {"agent": sent(BASIC).value})
    assert [hit.kind for hit in scan([tmp_path], exact_patterns(sought.texts)).hits] == ["the value of credential agent"]
    assert not sought.unsearchable
