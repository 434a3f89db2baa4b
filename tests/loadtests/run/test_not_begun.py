"""A load run that its preflight ends: exit code, the member that is named, and the evidence that says why."""

import pytest
import shapes
from click.testing import CliRunner

from gates.evidence.keys import own_trust
from gates.evidence.statement import EvidenceKind
from gates.evidence.store import EvidenceStore
from gates.schema.errors import UnknownProblem, UsageProblem
from loadtests.cli import load

pytestmark = pytest.mark.process


@pytest.fixture
def begin(tmp_path, monkeypatch):
    """A function that begins a load run against a fake, and gives the problem that ended it and the statements of load runs."""
    home, out = tmp_path / "home", tmp_path / "run"
    monkeypatch.setenv("GONOGO_HOME", str(home))

    def of(*odd, changes=None, environ=None, options=()):
        target = shapes.described(tmp_path, "minimal", changes)
        with shapes.serving("minimal", *odd) as variables:
            for name, value in {**variables, **(environ or {})}.items():
                monkeypatch.setenv(name, value)
            argv = ["run", "smoke", "--target", str(target), "--out", str(out), *options]
            done = CliRunner().invoke(load, argv, standalone_mode=False)
        assert not out.exists(), "nothing looks like a run"
        trust = own_trust(home)
        held = EvidenceStore(home / "evidence").contents(trust).statements(trust) if (home / "evidence").exists() else []
        return done.exception, [item.statement for item in held if item.statement.predicate_type == EvidenceKind.LOAD_RUN]

    return of


@pytest.mark.parametrize(
    ("odd", "changes", "environ", "kind", "word"),
    [
        ([], {"id_pointer: /id ": "id_pointer: /idd "}, {}, UsageProblem, "spec.operations.reserve.id_pointer"),
        ([], shapes.NO_BALANCES, {"GONOGO_AGENT_KEY": "another-key-than-that"}, UsageProblem, "spec.credentials.agent"),
        (["settle404"], {}, {}, UsageProblem, "spec.operations.settle.path"),
        ([], {'body: {amount: "{amount}"}': "body: {amount: null}"}, {}, UsageProblem, "spec.operations.settle.body"),
        (["html"], {}, {}, UsageProblem, "spec.operations.reserve.path"),
        (["redirects"], {}, {}, UsageProblem, "spec.operations.reserve.path"),
        (["accepts"], {}, {}, UsageProblem, "spec.operations.reserve.success"),
        (["skewed"], {}, {}, UnknownProblem, "clock"),
        (["fails"], {}, {}, UnknownProblem, "500"),
        ([], {}, {"GONOGO_BASE_URL": "http://127.0.0.1:9"}, UnknownProblem, "not ready"),
    ],
    ids=[
        "wrong id pointer",
        "credential refused",
        "settle answers 404",
        "amount is null",
        "a web page",
        "a redirect",
        "unlisted 202",
        "clock skew",
        "5xx",
        "unreachable",
    ],
)
def test_a_preflight_that_fails_ends_the_run_and_leaves_the_reason_as_evidence(begin, odd, changes, environ, kind, word):
    """2 for a wrong file, 3 for the service; the statement has the status not_run, no measures, and names the same member."""
    problem, statements = begin(*odd, changes=changes, environ=environ)
    assert type(problem) in (kind, *kind.__subclasses__())
    assert word in str(problem)
    assert [(item.predicate.status, item.predicate.measures) for item in statements] == [("not_run", {})]
    assert word in statements[0].predicate.detail
    assert "another-key-than-that" not in str(problem) + statements[0].predicate.detail


def test_without_evidence_nothing_is_signed(begin):
    """As --no-evidence says."""
    problem, statements = begin("fails", options=["--no-evidence"])
    assert isinstance(problem, UnknownProblem)
    assert statements == []
