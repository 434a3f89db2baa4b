"""A secret scan proves that it finds what it looks for: planted secrets, in each format."""

import base64
import re

import pytest
from artifacts import make_artifacts
from planted import VALUE

from gates.probes import canaries
from gates.probes import scan as scan_module
from gates.probes.credentials import known_credentials
from gates.probes.patterns import SHAPES, Pattern, exact_patterns
from gates.probes.secret_scan import make_probe
from gates.schema.outcome import ExitCode, UnknownReason


def test_every_shape_has_a_planted_secret():
    """A shape without one would never be proven."""
    assert canaries.CANARIES.keys() == {shape.kind for shape in SHAPES}


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer " + "opens-the-till-01",
        'Token quo"ted\\key-0001',
        "Token it's" + "-the-till-01",
        "ApiKey id=7&x=<1>" + " opens the till",
        "Basic " + base64.b64encode(b"gonogo:a-long-password").decode(),
        "opens/the+till==0001",
        "Bearer " + "x" * 3000,
    ],
)
def test_each_form_of_a_credential_is_found_in_each_format(authorization):
    """Planted in text, JSON, JSON in JSON, YAML, HTML and envelopes, all of it is found."""
    sought = known_credentials({"GONOGO_AGENT_KEY": VALUE}, {"agent": authorization})
    assert canaries.unproven(exact_patterns(sought.texts), sought.texts) == []


@pytest.mark.process
def test_a_scan_that_does_not_find_what_was_planted_is_unknown(workbench, tmp_path, monkeypatch):
    """A pattern that matches nothing: adapter error, which names it and no secret."""
    blind = tuple(Pattern(shape.kind, re.compile(rb"(?P<secret>never)")) if "AWS" in shape.kind else shape for shape in SHAPES)
    monkeypatch.setattr(scan_module, "SHAPES", blind)
    done = workbench.run(make_probe([make_artifacts(tmp_path / "review")], {}))
    measure = done.result.measures["findings"]
    assert (measure.value, measure.unknown) == (None, UnknownReason.ADAPTER_ERROR)
    assert "AWS access key id in text.log" in measure.detail
    assert "AKIA" not in measure.detail
    assert done.exit_code is ExitCode.UNKNOWN


@pytest.mark.process
def test_a_credential_that_is_not_found_when_planted_makes_the_scan_unknown(workbench, tmp_path, monkeypatch):
    """Here the patterns of the credentials are lost on their way."""
    monkeypatch.setattr("gates.probes.secret_scan.exact_patterns", lambda _texts: ())
    done = workbench.run(make_probe([make_artifacts(tmp_path / "review")], {}))
    assert "the value of credential agent in text.log" in done.result.measures["findings"].detail
    assert done.result.measures["findings"].unknown is UnknownReason.ADAPTER_ERROR


def test_no_planted_secret_is_left_behind(tmp_path, monkeypatch):
    """The files are gone when the scan begins."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    sought = known_credentials({"GONOGO_AGENT_KEY": VALUE}, {})
    assert canaries.unproven(exact_patterns(sought.texts), sought.texts) == []
    assert list(tmp_path.iterdir()) == []
