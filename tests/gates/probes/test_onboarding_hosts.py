"""The hosts of setups held against the matrix, and the matrix held against the hosts that are installed."""

import msgspec
import pytest
from setup_files import COMPLETED, HOST, RESUME, Setup, completed, machine, run_id

from gates.probes.conduct import Result
from gates.probes.onboarding import host_matrix
from gates.probes.onboarding.host_matrix import LOOKED, NOT_AS_CERTIFIED
from gates.probes.onboarding.hosts import UNCERTIFIED
from gates.probes.onboarding.walked import Known, judge, sort_out
from gates.schema.errors import UsageProblem
from gates.schema.gateset import load_gates
from gateway.setup.hosts.matrix import certified

CURSOR = {"host": "cursor", "version": None, "tier": "written", "diff_sha256": None}


def on(number: int, *met: dict[str, object]) -> Setup:
    """A setup that came to its end with these hosts."""
    setup = Setup(run_id(number)).walk(*COMPLETED[:10])
    setup.texts.pop()
    setup.state = "host_planned"
    setup.line(state="host_planned", event="applied", next="host_written", found={"hosts": list(met)})
    setup.state = "host_written"
    return setup.walk(*COMPLETED[10:])


def judged(*setups: Setup) -> Result:
    """The result of these journals, which the gateway knows."""
    runs = {setup.run: "simulated" for setup in setups}
    files = [(setup.run, setup.data) for setup in setups]
    return judge(machine(), sort_out(files, Known(runs, frozenset(runs), frozenset()), "completed", ""))


def test_a_host_of_a_version_that_nobody_certified_is_counted():
    """A newer release, a host that prints no version, and one that the matrix does not have; the others have their tier."""
    newer, silent, strange = {**HOST, "version": "99.0.0"}, {**HOST, "version": None}, {**HOST, "host": "another"}
    found = judged(on(1, HOST, CURSOR), on(2, newer), on(3, silent, strange))
    measure = found.measures[UNCERTIFIED]
    assert (measure.value, measure.samples) == ("3", 5)
    assert measure.made_of == {"ran": 1, "read": 0, "written": 1, "unknown": 3}
    assert "claude-code 99.0.0" in measure.detail
    assert "claude-code of no known version" in measure.detail
    assert {"host": "claude-code", "version": "99.0.0", "tier": "unknown", "setups": 1} in found.facts["hosts"]


def test_the_tier_that_a_journal_claims_is_not_read():
    """The matrix decides, for the version that the host printed."""
    found = judged(on(1, {**HOST, "version": "99.0.0", "tier": "ran"}))
    assert found.measures[UNCERTIFIED].value == "1"


def test_without_a_setup_that_came_to_a_host_nothing_is_known():
    """Too few samples, and not zero; a journal that cannot count is skipped."""
    setup = Setup(run_id(1)).walk("begin", "probe_ok", "quit", next_command=RESUME, code="setup_quit")
    measure = judged(setup).measures[UNCERTIFIED]
    assert (measure.value, measure.unknown, measure.samples) == (None, "too_few_samples", 0)
    assert judged(completed(1)).measures[UNCERTIFIED].value == "0"


def looked(tmp_path, **results: str) -> Result:
    """What the probe computes from hosts that ended so; every other one is as certified."""
    rows = []
    for row in machine().hosts:
        version = row.certified.version if row.certified else None
        result = results.get(row.host.replace("-", "_"), "confirmed" if version else "written")
        rows.append({"host": row.host, "tier": row.tier, "certified": version, "found": version, "result": result, "detail": "x"})
    (tmp_path / LOOKED).write_bytes(msgspec.json.encode(rows))
    return host_matrix.again(tmp_path)


def test_hosts_that_are_as_certified_are_the_samples(tmp_path):
    """Those that were run; a host whose format alone is followed cannot fail."""
    measure = looked(tmp_path).measures[NOT_AS_CERTIFIED]
    assert (measure.value, measure.samples, measure.skipped) == ("0", len(certified()), 0)
    assert measure.made_of == {"ran": 3, "read": 2, "written": 3}


def test_a_stale_host_is_a_finding_and_one_that_was_not_run_is_skipped(tmp_path):
    """The first fails; the others are never a pass."""
    found = looked(tmp_path, gemini="stale", codex="not_run", copilot="other_version")
    measure = found.measures[NOT_AS_CERTIFIED]
    assert (measure.value, measure.samples, measure.skipped) == ("1", 3, 2)
    assert found.findings[0].where.startswith("gemini ")
    assert {item.where for item in found.skipped} == {"codex", "copilot"}


def test_where_no_host_is_installed_nothing_is_known(tmp_path, monkeypatch):
    """The real command, on a machine without any of them."""
    monkeypatch.setenv("PATH", str(tmp_path))
    found = host_matrix.PROBE.run(None)
    measure = found.measures[NOT_AS_CERTIFIED]
    assert (measure.value, measure.unknown, measure.skipped) == (None, "too_few_samples", len(certified()))
    (tmp_path / LOOKED).write_text(found.raw[LOOKED])
    assert host_matrix.again(tmp_path).measures == found.measures
    with pytest.raises(UsageProblem, match="no such file"):
        host_matrix.again(tmp_path / "empty")


def test_the_gate_requires_every_certified_host():
    """One more certified host is one more sample."""
    found = {item.id: item for gate in load_gates() for item in gate.criteria}[NOT_AS_CERTIFIED]
    assert (found.min_samples, found.exhaustive) == (len(certified()), True)
