"""The build that a service reports: by a pointer, by a header or by a command; any text stands for a build by its sha256."""

import hashlib
import os

import msgspec
import pytest
from loopback import serving

from gates.evidence.reported import WrongBuild, read_build
from gates.schema.build import Build, build_sha256
from gates.schema.errors import UnknownProblem
from gates.schema.target import Target, UnsetProblem

HEX = "ab" * 32
VERSION = hashlib.sha256(b"1.4.2").hexdigest()
pytestmark = pytest.mark.process

POINTER, HEADER = Build("/version", "/build"), Build("/version", header="X-Build")


class Versioned:
    """Answers every request in one way, and remembers the credentials that it was sent."""

    def __init__(self, status=200, headers=None, body=b"{}"):
        self._given, self.seen = (status, headers or {}, body), []

    def answer(self, _method, _path, headers, _body):
        self.seen.append(headers.get("Authorization"))
        return self._given


def read(build, service=None, credentials=None, environ=None):
    """The build of a target that says so, at this service."""
    with serving(service or Versioned()) as url:
        target = Target(base_url=url, credentials=credentials or {}, variables={}, operations={}, build=build)
        return read_build(target, {"PATH": os.environ["PATH"], **(environ or {})})


def by_python(code, **changes):
    """A build that this Python program writes."""
    return Build(command=("{python}", "-c", code, "{base_url}"), **changes)


def test_a_target_without_a_build_has_none():
    """Nothing is asked."""
    service = Versioned()
    assert read(None, service) is None
    assert service.seen == []


@pytest.mark.parametrize(
    ("build", "service"),
    [
        (POINTER, Versioned(body=b'{"build":"1.4.2"}')),
        (Build("/version", ""), Versioned(body=b'"1.4.2"')),
        (HEADER, Versioned(headers={"x-build": " 1.4.2 "}, body=b"not JSON")),
        (by_python("print(' 1.4.2')"), None),
    ],
    ids=["pointer", "pointer to all", "header", "command"],
)
def test_the_same_text_is_the_same_build_however_it_is_read(build, service):
    """White space around it does not count; the answer's body does not matter where a header has it."""
    assert read(build, service) == VERSION


def test_a_sha256_stands_for_itself():
    """So that a build given with --build, or named by a file of another tool, is the one that the service reports."""
    assert read(POINTER, Versioned(body=msgspec.json.encode({"build": HEX}))) == HEX
    assert build_sha256(HEX) == HEX
    assert build_sha256(HEX.upper()) != HEX.upper(), "only in lower case"


def test_a_command_finds_the_service_and_its_variables():
    """It gets the address in its words, and the environment of the credentials."""
    code = "import os, sys, urllib.request as u; print(u.urlopen(sys.argv[1] + '/v').headers['X-Build'] + os.environ['MORE'])"
    found = read(by_python(code), Versioned(headers={"X-Build": "1.4"}), environ={"MORE": ".2"})
    assert found == VERSION


def test_the_operator_asks_or_else_whoever_has_a_credential():
    """A role whose variable is not set is passed over; where none is set, the variable is named."""
    service = Versioned(headers={"X-Build": "1"})
    roles = {"other_agent": "Bearer other", "agent": "Bearer agent", "operator": "Bearer ${GONOGO_OPERATOR_KEY}"}
    read(HEADER, service, roles, {"GONOGO_OPERATOR_KEY": "op-key"})
    read(HEADER, service, roles)
    assert service.seen == ["Bearer op-key", "Bearer agent"]
    with pytest.raises(UnsetProblem, match="GONOGO_OPERATOR_KEY"):
        read(HEADER, service, {"operator": roles["operator"]})


@pytest.mark.parametrize(
    ("build", "service", "words"),
    [
        (POINTER, Versioned(404), "spec.build.path: GET /version answered 404"),
        (HEADER, Versioned(401), "spec.build.path: GET /version answered 401"),
        (HEADER, Versioned(302, {"Location": "/login"}), "spec.build.path: GET /version answered 302"),
        (POINTER, Versioned(body=b'{"version":"1"}'), "spec.build.pointer: GET /version has nothing at '/build'"),
        (POINTER, Versioned(body=b'{"build":7}'), "spec.build.pointer: GET /version has 7 at '/build', but a build is a text"),
        (POINTER, Versioned(body=b'{"build":" "}'), "spec.build.pointer: GET /version has ' ' at '/build'"),
        (POINTER, Versioned(body=b"<html>"), "spec.build.pointer: GET /version answered 200 with a body that is not JSON"),
        (HEADER, Versioned(), "spec.build.header: GET /version answered 200 without the header X-Build"),
        (HEADER, Versioned(headers={"X-Build": ""}), "spec.build.header: GET /version answered 200 without the header"),
        (Build(command=("./no-such-program",)), None, "spec.build.command: no-such-program cannot be started: No such file"),
        (by_python("pass"), None, "ended with exit code 0 and wrote nothing"),
    ],
)
def test_what_the_file_describes_wrongly_is_named_by_its_member(build, service, words):
    """Exit 2: nobody but whoever wrote the file can correct it."""
    with pytest.raises(WrongBuild) as refused:
        read(build, service)
    assert words in str(refused.value)
    assert "correct spec.build." in refused.value.next_step
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(
    ("build", "service", "words"),
    [
        (POINTER, Versioned(500), "GET /version answered 500, so the build is not known"),
        (HEADER, Versioned(429), "GET /version answered 429, so the build is not known"),
        (HEADER, Versioned(headers={"X-Build": "1", "Age": "9"}), "a cache answered, 9 s old"),
        (by_python("import sys; sys.exit('no such pod')"), None, "ended with exit code 1: no such pod"),
        (by_python("import os; os.kill(os.getpid(), 9)"), None, "was ended by signal 9"),
        (by_python("import time; print(1, flush=True); time.sleep(600)", timeout_s=1), None, "took longer than 1 s"),
        (by_python("print('x' * 100000)"), None, "wrote more than 65536 bytes"),
    ],
)
def test_what_may_be_otherwise_later_is_unknown(build, service, words):
    """Exit 3: the service, or what the command asks, does not answer as it should."""
    with pytest.raises(UnknownProblem) as refused:
        read(build, service)
    assert words in str(refused.value)
    assert refused.value.next_step
    assert refused.value.exit_code == 3


def test_a_service_that_is_not_there_is_unknown():
    """And the address is what to look at."""
    target = Target(base_url="http://127.0.0.1:9", credentials={}, variables={}, operations={}, build=HEADER)
    with pytest.raises(UnknownProblem, match="GET /version was not answered") as refused:
        read_build(target, {})
    assert "spec.base_url" in refused.value.next_step


def test_no_credential_is_printed():
    """A command that fails may repeat what it was given."""
    build = by_python("import os, sys; sys.exit('refused: ' + os.environ['GONOGO_AGENT_KEY'])")
    with pytest.raises(UnknownProblem) as refused:
        read(build, None, {"agent": "Bearer ${GONOGO_AGENT_KEY}"}, {"GONOGO_AGENT_KEY": "key-of-the-agent"})
    assert "key-of-the-agent" not in str(refused.value)
    assert "[redacted]" in str(refused.value)
