"""The adapter `attestation`: a named person's signed word, while it is in force, for what no program can measure."""

import datetime as dt
import json
from pathlib import Path

import pytest
from signing import document, first, put_signers

from gates.adapters.answer import found_in
from gates.adapters.attestation import ABOUT
from gates.adapters.shape import Fetched, Notes
from gates.evidence.keys import load_signer, own_trust
from gates.evidence.store import EvidenceStore
from gates.schema.source import ACT, AttestationSource, Request
from gates.schema.time import format_utc, system_clock

pytestmark = pytest.mark.process
SOURCE = {"adapter": "attestation", "about": "quality/one"}
JUDGED = {"priority": "P1", "operator": "gte", "threshold": "1"}
ATTEST = ("evidence", "attest", "quality/one", "--reason", "I have read the contract", "--as", "ada")
LONG_AGO = "2020-01-01T00:00:00Z"


@pytest.fixture
def people(tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Signers, among them Ada, whose private key is here."""
    monkeypatch.setenv("GONOGO_KEYS", str(tmp_path / "keys"))
    load_signer(tmp_path / "home")
    put_signers(tmp_path / "home", first(document(at=LONG_AGO)), keys=tmp_path / "keys")
    tools.gate(SOURCE, **JUDGED)
    return tools


def _attest(people, *more: str) -> tuple[int, str, str]:
    return people.run(*ATTEST, "--gates", people.gates, *(more or ("--expires", "30d")))


def test_what_nobody_has_attested_is_missing(people):
    """Collecting says so, and the criterion is unknown."""
    assert "unknown (missing): nobody has attested quality/one" in people.collect()[1]
    assert people.verdict()["unknown"] == "missing"


def test_an_attestation_in_force_passes_a_p1_criterion(people):
    """It is shown as what it is: by whom, why and until when are in the evidence, and the build is given."""
    assert _attest(people)[0] == 0
    code, out, err = people.collect()
    assert code == 0, err
    assert "attestation: quality/one" in out
    assert "1 count of 1" in out
    assert people.verdict()["outcome"] == "pass"
    digest = people.verdict()["evidence"]
    facts = json.loads(people.run("evidence", "show", digest, "--format", "json")[1])["predicate"]["facts"]
    assert (facts["attested_by"], facts["reason"]) == ("ada", "I have read the contract")


def test_an_attestation_ends(people):
    """Also when it was collected while it was in force."""
    assert _attest(people, "--expires", "2h")[0] == 0
    people.collect()
    assert people.verdict()["outcome"] == "pass"
    later = people.verdict("--now", format_utc(system_clock() + dt.timedelta(hours=3)))
    assert (later["unknown"], "it was valid until" in later["detail"]) == ("stale", True)


def test_a_changed_criterion_needs_a_new_attestation(people):
    """What was signed is the criterion as it was written then."""
    assert _attest(people)[0] == 0
    people.collect()
    people.gate({**SOURCE, "produced_by": "gonogo review --target T"}, **JUDGED)
    assert people.verdict()["outcome"] == "pass", "the command that collects is not what was attested"
    people.gate(SOURCE, **JUDGED, title="Another promise")
    text = "the criterion quality/one is another text than was attested: attest and collect it again"
    assert (people.verdict()["unknown"], people.verdict()["detail"]) == ("stale", text)
    assert "unknown (stale): what was attested about quality/one was another text" in people.collect()[1]


def test_an_attested_document_is_the_one_that_lies_there(people):
    """A changed document is another one, and a missing one is named."""
    people.gate({**SOURCE, "document": "audit.txt"}, **JUDGED)
    paper = people.write("audit.txt", "all is well")
    assert _attest(people, "--expires", "30d", "--file", str(paper))[0] == 0
    people.collect()
    assert people.verdict()["outcome"] == "pass"
    paper.write_text("nothing is well")
    assert people.verdict()["detail"] == "audit.txt is another text than was attested: attest and collect it again"
    paper.unlink()
    assert (people.verdict()["unknown"], "audit.txt is not there" in people.verdict()["detail"]) == ("stale", True)
    paper.write_text("all is well")
    assert people.verdict()["outcome"] == "pass"
    paper.write_text("nothing is well")
    assert "unknown (stale)" in people.collect()[1]
    paper.unlink()
    assert "audit.txt: No such file or directory" in people.collect()[1]


def test_a_p0_gate_cannot_be_attested(people):
    """Refused before anything is judged; and so is an operator with which nothing attested would pass."""
    people.gate(SOURCE, operator="gte", threshold="1")
    code, _, err = people.run("gate", "validate", people.gates)
    assert (code, "an attestation is what a person states, and decides no P0 gate" in err) == (2, True)
    people.gate(SOURCE, priority="P1")
    assert "write operator gte and threshold" in people.run("gate", "validate", people.gates)[2]


def test_an_attestation_about_something_else_is_stale(people, tmp_path):
    """The raw files are held against the source: an act about another criterion says nothing."""
    assert _attest(people)[0] == 0
    people.collect()
    home = tmp_path / "home"
    store = EvidenceStore(home / "evidence")
    kept = {item.name: item.sha256 for held in store.load(own_trust(home)) for item in held.statement.predicate.artifacts}
    files = {name: store.artifact_path(kept[name]).read_bytes() for name in (ACT, ABOUT)}
    for source, changed in (
        (AttestationSource(about="quality/two"), files),
        (AttestationSource(about="quality/one"), {**files, ABOUT: b"x"}),
    ):
        found = found_in(Request(source, "count"), Fetched(Notes("2026-11-30T10:00:00.000Z"), changed))
        assert found.measure.unknown == "stale"
