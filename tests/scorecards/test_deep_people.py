"""`scorecard verify --deep` of what people state: who signed an attestation, and which document has the measures of one's own."""

import json
from pathlib import Path

import msgspec
import pytest
import yaml
from kept import artifact_of, signed_again
from other_tools import Tools
from signing import GRACE, STRAY, act, document, first, put_signers, signers

from gates.acts.act import ActKind
from gates.evidence.dsse import decode_envelope
from gates.evidence.keys import load_signer, own_trust
from gates.evidence.statement import Measure
from gates.evidence.store import EvidenceStore, Held
from gates.schema.canonical import sha256_hex
from gates.schema.errors import UnverifiedProblem
from gates.schema.source import ACT, DOCUMENT
from gates.schema.time import format_utc, system_clock
from scorecards.deep import require_following

pytestmark = pytest.mark.process
LONG_AGO = "2020-01-01T00:00:00Z"
SOURCE = {"adapter": "attestation", "about": "quality/one"}
OWN = {"adapter": "evidence", "predicate_type": "urn:gonogo:evidence:reconciliation:v2", "measure": "open_breaks"}


@pytest.fixture
def home(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder with Signers, among them Ada, whose private key is here."""
    monkeypatch.setenv("GONOGO_KEYS", str(tmp_path / "keys"))
    load_signer(tmp_path / "home")
    put_signers(tmp_path / "home", first(document(at=LONG_AGO)), keys=tmp_path / "keys")
    return tmp_path / "home"


def _only(home: Path, kind: str) -> tuple[EvidenceStore, Held]:
    store = EvidenceStore(home / "evidence")
    (held,) = [item for item in store.load(own_trust(home)) if item.statement.predicate.kind == kind]
    return store, held


def _with_file(store: EvidenceStore, held: Held, home: Path, name: str, data: bytes) -> Held:
    """The statement with another file of this name, signed under the true key."""
    folder = store.folder / "artifacts" / sha256_hex(data)[:2]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / sha256_hex(data)).write_bytes(data)
    changed = [
        msgspec.structs.replace(item, sha256=sha256_hex(data), size=len(data)) if item.name == name else item
        for item in held.statement.predicate.artifacts
    ]
    return signed_again(load_signer(home), held, artifacts=tuple(changed))


def _deep(tools: Tools) -> tuple[int, str]:
    argv = ("scorecard", "verify", tools.folder / "review", "--deep", "--format", "json")
    code, out, _ = tools.run(*argv)
    level = next(item for item in json.loads(out)["levels"] if "raw files" in item["claim"])
    return code, f"{level['checked']}: {level['detail']}"


def _review(tools: Tools) -> None:
    argv = ["review", "--target", tools.folder / "shop.yaml", "--gates", tools.gates, "--out", tools.folder / "review"]
    code, _, err = tools.run(*argv, "--preview", "--steps", "collect")
    assert code in (0, 1, 3), err


def test_an_attestation_is_held_against_the_people_who_may_sign_one(tools, home):
    """The act lies with the raw files: without a signature, by a stranger, or by a person without the role it proves nothing."""
    tools.gate(SOURCE, priority="P1", operator="gte", threshold="1")
    argv = ("evidence", "attest", "quality/one", "--reason", "I have read it", "--as", "ada", "--gates", tools.gates)
    assert tools.run(*argv, "--expires", "30d")[0] == 0
    _review(tools)
    assert _deep(tools)[1].startswith("pass: 1 statements computed again from 4 files")

    store, held = _only(home, "adapter")
    good = signers(first(document(at=LONG_AGO)))
    require_following(held, [store.folder], good)
    with pytest.raises(UnverifiedProblem, match=r"no signers\.json says who may sign acts"):
        require_following(held, [store.folder])
    genuine = decode_envelope(artifact_of(store, held, ACT).read_bytes(), ACT)
    unsigned = msgspec.structs.replace(genuine, signatures=())
    broken = msgspec.structs.replace(genuine.signatures[0], sig=genuine.signatures[0].sig[::-1])
    stranger = act(ActKind.ATTESTATION, STRAY, name="quality/one", signers=good.digest)
    for envelope, words in (
        (unsigned, "signed by nobody"),
        (msgspec.structs.replace(genuine, signatures=(broken,)), "signature"),
        (stranger, "which the trust root does not hold"),
        (act(ActKind.ATTESTATION, GRACE, name="quality/one", signers=good.digest), "ada has not signed it"),
    ):
        forged = _with_file(store, held, home, ACT, msgspec.json.encode(envelope))
        with pytest.raises(UnverifiedProblem) as raised:
            require_following(forged, [store.folder], good)
        assert ACT in raised.value.message
        assert words in raised.value.message


def test_measures_of_ones_own_are_those_of_the_document(tools, home):
    """Value, kind, time and cohort come from it, and it comes with the statement: --deep passes, and names what differs."""
    spec = {
        "finished_at": format_utc(system_clock()),
        "measures": {"open_breaks": {"value": "0", "unit": "count", "samples": 412}},
        "artifacts": ["breaks.csv"],
    }
    whole = {"apiVersion": "gonogo/v1", "kind": "Measures", "metadata": {"name": "reconciliation"}, "spec": spec}
    tools.write("breaks.csv", "id\n")
    path = tools.write("own.yaml", yaml.safe_dump(whole))
    assert tools.run("evidence", "sign", path, "--target", tools.folder / "shop.yaml")[0] == 0
    tools.gate(OWN, priority="P1")
    _review(tools)
    assert _deep(tools)[1].startswith("pass: 1 statements computed again from 2 files, ")

    store, held = _only(home, "reconciliation")
    said = held.statement.predicate
    better = {"open_breaks": Measure("0", "count", samples=9000)}
    for changes, words in (
        ({"measures": better}, "open_breaks is 0 count, samples 9000, and its raw files give 0 count, samples 412"),
        ({"finished_at": "2099-01-01T00:00:00.000Z"}, f"and its raw files give {said.finished_at}"),
        ({"cohort": "external"}, "cohort is external, and its raw files give none"),
    ):
        changed = signed_again(load_signer(home), held, **changes)
        with pytest.raises(UnverifiedProblem) as raised:
            require_following(changed, [store.folder])
        assert words in raised.value.message
    other = _with_file(store, held, home, DOCUMENT, artifact_of(store, held, DOCUMENT).read_bytes().replace(b"412", b"413"))
    with pytest.raises(UnverifiedProblem, match=r"measures\.yaml is not the source that the statement names"):
        require_following(other, [store.folder])
    artifact_of(store, held, "breaks.csv").unlink()
    code, said_again = _deep(tools)
    assert (code, "breaks.csv is missing" in said_again) == (8, True)
