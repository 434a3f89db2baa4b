"""`gonogo scorecard`: build, show, verify, diff, history, on a state folder of its own."""

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from gates.schema.entry import ENDING
from gates.schema.entry import run as enter
from gates.schema.errors import RefusedProblem, UnknownProblem, UsageProblem
from gates.schema.gateset import CATALOG
from gates.schema.state import make_state
from gates.schema.time import parse_utc
from scorecards.cli import gonogo
from scorecards.evaluate import new_folder, point_latest
from scorecards.order import Options, warning

BUILD = "5f" * 32
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh state folder that the commands find in the environment."""
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `gonogo scorecard ...`; gives the exit code and what was printed."""

    def call(*arguments: str) -> tuple[int, str]:
        code = gonogo.main(["scorecard", *arguments], standalone_mode=False)
        return (code or 0), capsys.readouterr().out

    return call


@pytest.fixture
def build(run: Run) -> Run:
    return lambda *arguments: run("build", "--build", BUILD, *arguments)


READERS = (
    ["scorecard", "verify", "REVIEW", "--trust", "BROUGHT.json"],
    ["scorecard", "show", "REVIEW"],
    ["scorecard", "diff", "REVIEW", "REVIEW"],
    ["scorecard", "history"],
    ["evidence", "list"],
    ["evidence", "verify"],
    ["gate", "list"],
    ["gate", "run", "--build", BUILD],
    ["drill", "list"],
    ["load", "profiles"],
)


@pytest.mark.parametrize("command", READERS, ids=" ".join)
def test_a_command_that_only_reads_makes_no_folder(
    build: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    """Also where none could be made: its state folder is below a file, and the command does not need it."""
    build("--out", str(tmp_path / "review"), "--draft")
    (tmp_path / "file").touch()
    shutil.copy(tmp_path / "review" / "trust.json", tmp_path / "brought.json")
    before = sorted(tmp_path.rglob("*"))
    for home in ("absent", "file/home"):
        monkeypatch.setenv("GONOGO_HOME", str(tmp_path / home))
        places = {"REVIEW": str(tmp_path / "review"), "BROUGHT.json": str(tmp_path / "brought.json")}
        code = entry([places.get(word, word) for word in command])
        assert code == (3 if command[:2] in (["evidence", "verify"], ["gate", "run"]) else 0)
    assert sorted(tmp_path.rglob("*")) == before


WRITERS = (
    ["scorecard", "build", "--build", BUILD],
    ["review"],
    ["gate", "probe", "secret-scan", "file", "--out", "out"],
    ["drill", "run", "crash", "--dry-run"],
    ["drill", "run", "crash", "--dry-run", "--out", "file/out"],
    ["load", "run", "smoke"],
    ["load", "hostile-rail"],
)


@pytest.mark.parametrize("command", WRITERS, ids=" ".join)
def test_a_command_that_cannot_write_names_the_path_and_ends_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    """The state folder, or the one that was asked for, is below a file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "file" / "home"))
    assert entry(command) == 2
    assert f"error: {tmp_path / 'file'}" in capsys.readouterr().err.replace("error: file", f"error: {tmp_path / 'file'}")


def entry(command: list[str]) -> int:
    """The whole program, with the signal handlers given back."""
    before = {number: signal.getsignal(number) for number in ENDING}
    try:
        return enter(gonogo, command)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_a_week_in_the_life_of_the_history(run: Run, build: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a rehearsal, whose clock is stepped: preview, official, preview again; the next week compares with the official one."""
    make_state(home, rehearsal=True)
    clock = home.parent / "clock"
    monkeypatch.setenv("GONOGO_REHEARSAL_CLOCK", str(clock))
    moments = [("2026-11-25T09:00:00Z", "preview"), ("2026-11-27T12:00:00Z", "official"), ("2026-11-27T18:00:00Z", "preview")]
    for moment, standing in [*moments, ("2026-12-04T13:00:00Z", "official")]:
        clock.write_text(moment)
        code, text = build()
        assert (code, f", {standing} (" in text, "REHEARSAL" in text) == (3, True, True)
        assert run("verify")[0] == 0
    assert "Since 2026-W48: still unknown: A, B, C, D, E, F, G, H, I, J; the bar is the same." in text
    rows = json.loads(run("history", "--format", "json")[1])
    assert [(row["week"], row["standing"]) for row in rows] == [
        ("2026-W49", "official"),
        ("2026-W48", "preview"),
        ("2026-W48", "official"),
        ("2026-W48", "preview"),
    ]


def test_a_stepped_clock_is_refused_outside_a_rehearsal(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would date evidence and weeks: exit 2, and how to make a rehearsal."""
    clock = home.parent / "clock"
    clock.write_text("2026-11-27T12:00:00Z")
    monkeypatch.setenv("GONOGO_REHEARSAL_CLOCK", str(clock))
    assert entry(["scorecard", "build", "--build", BUILD]) == 2


def test_a_moment_given_by_hand_does_not_become_official_unasked(build: Run) -> None:
    """Looking ahead to Friday with --now must not use up Friday's verdict."""
    assert "preview (judged as of a given moment (--now), not by the clock)" in build("--now", "2026-11-27T12:00:00Z")[1]


def test_a_draft_leaves_no_trace_in_the_history(run: Run, build: Run, tmp_path: Path) -> None:
    """Neither a row nor a new `latest`."""
    build("--draft", "--out", str(tmp_path / "draft"), "--now", "2026-11-27T12:00:00Z")
    spec = yaml.safe_load((tmp_path / "draft" / "scorecard.yaml").read_text())["spec"]
    assert spec["standing_reason"] == "a draft (--draft)"
    assert (tmp_path / "draft" / "scorecard.html").exists()
    assert run("history")[1] == "no scorecard was built yet\n"
    with pytest.raises(UsageProblem, match="there is no review yet"):
        run("show")


def test_a_build_from_another_evidence_store_leaves_the_state_folder_as_it_was(run: Run, build: Run, tmp_path: Path) -> None:
    """Its log is another one: held against the state folder's it would look like a fork."""
    build("--out", str(tmp_path / "own"))
    other = tmp_path / "other"
    other.mkdir()
    for name in ("first", "second"):
        build("--evidence", str(other), "--out", str(tmp_path / name))
    assert build("--out", str(tmp_path / "again"))[0] == 3
    assert run("show")[0] == 0


def test_diff_names_a_lowered_bar_and_a_removed_gate(run: Run, build: Run, home: Path, tmp_path: Path) -> None:
    """The same evidence under other gates is told as what it is: a change of the gates."""
    lowered = tmp_path / "gates"
    lowered.mkdir()
    for path in CATALOG.glob("*.yaml"):
        (lowered / path.name).write_text(path.read_text().replace("min_samples: 200", "min_samples: 2"))
    (lowered / "h-compliance-audit.yaml").unlink()
    build("--now", "2026-11-25T09:00:00Z")
    build("--now", "2026-11-25T10:00:00Z", "--gates", str(lowered))
    _, text = run("diff", str(home / "reviews" / "2026-W48-1"), str(home / "reviews" / "2026-W48-2"))
    assert "compliance-audit: removed" in text
    assert "financial-integrity storm_double_settles: loosened, min_samples 200 -> 2" in text


@pytest.mark.parametrize("output_format", ["text", "yaml", "json"])
def test_show_prints_the_latest_scorecard_in_each_format(run: Run, build: Run, home: Path, output_format: str) -> None:
    """YAML is the file itself; JSON and text say the same decision."""
    build("--now", "2026-11-25T09:00:00Z")
    _, text = run("show", "--format", output_format)
    assert "NO GO" in text
    if output_format == "yaml":
        assert text.encode() == (home / "reviews" / "latest" / "scorecard.yaml").read_bytes()


def test_build_again_from_a_folder_writes_the_same_two_files(run: Run, build: Run, home: Path, tmp_path: Path) -> None:
    """And leaves the history alone."""
    build("--now", "2026-11-25T09:00:00Z")
    run("build", str(home / "reviews" / "latest"), "--out", str(tmp_path / "again"))
    for name in ("scorecard.yaml", "scorecard.html"):
        assert (tmp_path / "again" / name).read_bytes() == (home / "reviews" / "latest" / name).read_bytes()
    assert run("history")[1].count("2026-W48") == 1


def test_build_again_says_that_no_key_of_the_reader_was_used(build: Run, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It ends with the verdict, and whose signatures those are it does not know."""
    build("--now", "2026-11-25T09:00:00Z")
    review = home / "reviews" / "latest"
    assert entry(["scorecard", "build", str(review)]) == 3
    said = capsys.readouterr().err
    assert f"{review}: computed again, not verified: the signatures hold under the keys in that folder" in said
    assert f"scorecard verify {review} --trust FILE" in said


def test_without_a_service_and_without_build_there_is_nothing_to_judge(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The problem names the way out."""
    monkeypatch.setenv("GONOGO_BASE_URL", "http://127.0.0.1:9")
    with pytest.raises(UnknownProblem) as caught:
        run("build")
    assert "--build SHA256" in caught.value.next_step


def test_folders_are_numbered_within_their_week_and_latest_leads_to_the_last(tmp_path: Path) -> None:
    """A number is never used twice."""
    folders = [new_folder(tmp_path, "2026-W48", None) for _ in range(3)]
    assert [folder.name for folder in folders] == ["2026-W48-1", "2026-W48-2", "2026-W48-3"]
    for folder in (folders[0], folders[2]):
        point_latest(tmp_path, folder)
    assert (tmp_path / "reviews" / "latest").resolve() == folders[2]


def test_judging_as_of_the_past_is_warned_about_before_minutes_are_spent() -> None:
    """What is measured now is no evidence for a moment before it; judging as of later is fine."""
    options = Options("local", "smoke", 1, None, None, parse_utc("2026-11-20T12:00:00Z"), False, None, None)
    assert "does not count" in warning(options, parse_utc("2026-11-23T12:00:00Z"))
    assert warning(options, parse_utc("2026-11-19T12:00:00Z")) == ""


def test_a_folder_of_waivers_that_is_not_there_ends_a_build_with_2(build: Run, home: Path) -> None:
    """If it is named; the state folder need not hold one."""
    with pytest.raises(UsageProblem, match="waviers: no such folder"):
        build("--waivers", str(home / "waviers"))


def test_a_waiver_that_nobody_has_signed_ends_a_build_with_5(build: Run, home: Path) -> None:
    """By the name of its file in the state folder, where earlier releases read it."""
    (home / "waivers").mkdir(parents=True)
    (home / "waivers" / "one.yaml").write_text("apiVersion: gonogo/v1\nkind: Waiver\n")
    with pytest.raises(RefusedProblem, match=r"one\.yaml: a waiver that nobody has signed counts for nothing"):
        build()


NOT_REVIEWS = (
    (["verify", "nothing"], "nothing: no such folder"),
    (["verify", "empty"], "empty: no review is in this folder"),
    (["show", "nothing"], "nothing: no such folder"),
    (["show", "empty"], "empty: no review is in this folder"),
    (["build", "nothing"], "nothing: no such folder"),
    (["diff", "nothing", "empty"], "nothing: no such file or folder"),
    (["diff", "empty", "nothing"], "empty: no review is in this folder"),
)


@pytest.mark.parametrize(("command", "says"), NOT_REVIEWS, ids=lambda item: " ".join(item) if isinstance(item, list) else "")
def test_a_path_that_is_no_reviews_folder_ends_with_2(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str], says: str
) -> None:
    """A mistake in the path is not a finding about a scorecard."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    assert entry(["scorecard", *command]) == 2
    err = capsys.readouterr().err
    assert f"error: {says}" in err
    assert "next: give the folder of a finished review" in err
