"""Evidence of other tools in a review: a step if the gates need it, shown on the scorecard, and computed again by `--deep`."""

import json
import shutil

import pytest
from other_tools import Tools
from signing import CI, document, first, key, put_signers

from gates.schema.target import load_target
from gates.signers.private import keep_key
from scorecards.plan import STEPS, applying, why_not

pytestmark = pytest.mark.process
SOURCE = {"adapter": "command", "argv": ["cat", "open.txt"], "value": {"pattern": "open: ([0-9]+)"}}


def _review(tools: Tools, *options: str) -> tuple[int, str, str]:
    target, out = tools.folder / "shop.yaml", tools.folder / "review"
    shutil.rmtree(out, ignore_errors=True)
    return tools.run(
        "review", "--target", target, "--gates", tools.gates, "--out", out, "--preview", "--steps", "collect", *options
    )


def test_a_review_queries_other_tools_if_its_gates_need_them(tools):
    """One step, in the working folder, about the build that the review observed; text and page show the source."""
    tools.write("open.txt", "open: 3")
    tools.gate(SOURCE)
    code, out, err = _review(tools)
    assert code == 1, err
    assert "other tools: clean" in err
    assert "from command: cat open.txt matching open: ([0-9]+)" in " ".join(out.split())
    page = (tools.folder / "review" / "scorecard.html").read_text()
    assert "command: cat open.txt matching open: ([0-9]+)" in page
    assert "other tools" not in [step.title for step in applying(STEPS, (), {})]
    assert why_not(next(step for step in STEPS if step.needs == "sources"), load_target("local").target) == ""


def test_a_given_build_is_shown_where_it_counts(tools):
    """On the page of a P1 gate that passes by a file that names its time alone."""
    tools.write("slo.json", json.dumps({"n": 0, "at": "2026-11-30T00:00:00Z"}))
    source = {"adapter": "file", "path": "slo.json", "value": {"pointer": "/n"}, "time": {"pointer": "/at"}}
    tools.gate(source, priority="P1", max_age="366d")
    _review(tools)
    page = (tools.folder / "review" / "scorecard.html").read_text()
    assert "the build was given, not read from the service or from the answer" in page


def test_an_edited_source_stays_red_and_verifies_with_its_raw_files(tools):
    """The card has the answer of the source as it was, which is computed again as well."""
    tools.write("open.txt", "open: 3")
    tools.gate(SOURCE, automatic_no_go=True)
    assert _review(tools)[0] == 1
    (red,) = [item for item in json.loads(tools.run("evidence", "list", "--format", "json")[1]) if item["kind"] == "adapter"]
    tools.write("shut.txt", "open: 0")
    tools.gate({**SOURCE, "argv": ["cat", "shut.txt"]}, automatic_no_go=True)
    assert _review(tools, "--now", red["finished_at"])[0] == 1
    page = " ".join((tools.folder / "review" / "scorecard.yaml").read_text().split())
    assert "source was edited since), which a later run does not undo" in page
    assert _deep(tools)[1].startswith("pass: ")


def test_an_attested_document_is_held_against_the_one_of_that_moment(tools, tmp_path, monkeypatch):
    """The folder names its sha256, so that it verifies where the document is another one, or is not there."""
    monkeypatch.setenv("GONOGO_KEYS", str(tmp_path / "keys"))
    put_signers(tmp_path / "home", first(document(at="2020-01-01T00:00:00Z")), keys=tmp_path / "keys")
    keep_key("ci", key(CI))
    paper = tools.write("audit.txt", "all is well")
    source = {"adapter": "attestation", "about": "quality/one", "document": "audit.txt"}
    tools.gate(source, priority="P1", operator="gte", threshold="1")
    attest = ("evidence", "attest", "quality/one", "--reason", "I have read the audit", "--as", "ada", "--expires", "30d")
    assert tools.run(*attest, "--gates", tools.gates, "--file", paper)[0] == 0
    assert "1 of 1 P1 gates pass" in _review(tools)[1]
    paper.write_text("nothing is well")
    assert _deep(tools)[1].startswith("pass")
    assert tools.run("scorecard", "verify", tools.folder / "review")[0] == 0
    judge = ("scorecard", "build", "--target", tools.folder / "shop.yaml", "--gates", tools.gates)
    code, out, _ = tools.run(*judge, "--out", tools.folder / "again")
    assert (code, "audit.txt is another text than was attested" in " ".join(out.split())) == (3, True), out


def _deep(tools: Tools) -> tuple[int, str]:
    argv = ("scorecard", "verify", tools.folder / "review", "--deep", "--format", "json")
    code, out, _ = tools.run(*argv)
    level = next(item for item in json.loads(out)["levels"] if "raw files" in item["claim"])
    return code, f"{level['checked']}: {level['detail']}"


def test_deep_verification_computes_the_answers_again(tools, tmp_path):
    """From the raw files; a byte of one that was changed, cut off or removed is named."""
    tools.write("open.txt", "open: 0")
    tools.gate(SOURCE)
    assert _review(tools)[0] == 0
    assert _deep(tools)[1].startswith("pass: 1 statements computed again from 3 files")
    kept = next(
        path
        for path in (tmp_path / "home" / "evidence" / "artifacts").rglob("*")
        if path.is_file() and path.read_bytes() == b"open: 0"
    )
    for changed in (b"open: 1", b"open: "):
        kept.write_bytes(changed)
        code, said = _deep(tools)
        assert (code, "stdout.txt" in said, "it was changed" in said) == (8, True, True)
    kept.unlink()
    code, said = _deep(tools)
    assert (code, "stdout.txt is missing: no place has" in said) == (8, True)
