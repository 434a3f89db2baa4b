"""The command line of the drills."""

import json
from pathlib import Path

import pytest

import drills
from drills.export import KINDS, schema_bytes
from gates.schema.errors import UnverifiedProblem, UsageProblem
from gates.schema.outcome import ExitCode


def test_the_drills_are_listed_with_what_they_do(cli):
    """As text and as JSON."""
    names = [item["name"] for item in json.loads(cli("list", "--format", "json").stdout)]
    assert names == sorted(names)
    assert {"crash", "incident-kill", "power", "rollback"} <= set(names)
    assert {"crash", "power", "rollback", "rail-outage", "network", "clock", "pause"} <= set(names)
    assert "retry storm" in cli("list").stdout


def test_a_dry_run_plans_reports_and_leaves_no_evidence(cli, tmp_path):
    """Unknown, exit 3; the report can be read again, and recover has nothing to do."""
    out = str(tmp_path / "out")
    done = cli("run", "rollback", "--dry-run", "--out", out)
    assert done.return_value == ExitCode.UNKNOWN
    assert "dry_run" in done.stdout
    assert not (tmp_path / "home" / "evidence").exists()
    assert cli("report", out).stdout == done.stdout
    assert json.loads(cli("report", out, "--format", "json").stdout)["status"] == "dry_run"
    assert "nothing to do" in cli("recover", out).stdout


def test_a_credential_that_cannot_be_sent_is_refused_before_the_drill(cli, tmp_path, monkeypatch):
    """Exit 2 names the variable, never the value, and leaves no folder of a drill."""
    monkeypatch.setenv("GONOGO_OPERATOR_KEY", "key-of-the-operator\n")
    with pytest.raises(UsageProblem, match="GONOGO_OPERATOR_KEY") as refused:
        cli("run", "crash", "--dry-run", "--out", str(tmp_path / "out"))
    assert "key-of-the-operator" not in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_folders_in_the_state_folder_are_numbered(cli, tmp_path):
    """Without --out every drill gets a new one."""
    for _ in range(2):
        cli("run", "crash", "--dry-run")
    assert sorted(path.name for path in (tmp_path / "home" / "drills").iterdir()) == ["crash-1", "crash-2"]


def test_a_report_beside_a_changed_journal_is_refused(cli, tmp_path):
    """Exit 8: the journal is the evidence."""
    cli("run", "crash", "--dry-run", "--out", str(tmp_path / "out"))
    journal = tmp_path / "out" / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b"planned", b"skipped", 1))
    with pytest.raises(UnverifiedProblem, match=r"journal\.jsonl was changed"):
        cli("report", str(tmp_path / "out"))


@pytest.mark.parametrize(
    ("name", "change", "word"),
    [
        ("journal.jsonl", lambda path: path.write_bytes(b""), "was changed"),
        ("plan.json", lambda path: path.write_bytes(path.read_bytes() + b" "), "was changed"),
        ("plan.json", lambda path: path.unlink(), "is missing"),
        ("storm/check.json", lambda path: (path.parent.mkdir(), path.write_bytes(b"{}")), "was added"),
    ],
    ids=["empty journal", "changed plan", "no plan", "a check that was not there"],
)
def test_a_report_beside_other_files_is_refused(cli, tmp_path, name, change, word):
    """Exit 8 names the file: the report was made from another one, or without it."""
    cli("run", "crash", "--dry-run", "--out", str(tmp_path / "out"))
    change(tmp_path / "out" / name)
    with pytest.raises(UnverifiedProblem, match=f"{name} {word} after .*report.json was written"):
        cli("report", str(tmp_path / "out"))


def test_a_drill_that_has_a_report_is_not_recovered_from_another_journal(cli, tmp_path):
    """An emptied journal would give a second report, and the first would be gone."""
    cli("run", "crash", "--dry-run", "--out", str(tmp_path / "out"))
    report = (tmp_path / "out" / "report.json").read_bytes()
    (tmp_path / "out" / "journal.jsonl").write_bytes(b"")
    with pytest.raises(UnverifiedProblem, match=r"journal\.jsonl was changed"):
        cli("recover", str(tmp_path / "out"))
    assert (tmp_path / "out" / "report.json").read_bytes() == report


def test_a_build_that_is_no_digest_is_refused(cli):
    """Evidence is about a sha256."""
    with pytest.raises(UsageProblem, match="--build 'latest' is not a sha256"):
        cli("run", "crash", "--dry-run", "--build", "latest")


def test_a_drill_that_does_not_exist_is_answered_with_those_that_do(cli):
    """Exit 2, and what to type instead."""
    with pytest.raises(UsageProblem, match=r"use one of .*crash, .*power, .*rollback"):
        cli("run", "earthquake")


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_files_are_what_the_types_say(kind):
    """Editors complete from them; `python -m drills schema KIND` writes them anew."""
    path = Path(drills.__file__).with_name("schemas") / f"{kind.lower()}.schema.json"
    assert path.read_bytes() == schema_bytes(kind)


@pytest.mark.parametrize("folder", ["catalog", "releases"])
def test_every_shipped_document_names_its_schema(folder):
    """The first line is for editors."""
    for path in (Path(drills.__file__).parent / folder).glob("*.yaml"):
        first = path.read_text().splitlines()[0]
        assert first.startswith("# yaml-language-server: $schema=../schemas/")
        assert (path.parent / first.partition("=")[2]).resolve().exists()
