"""The shell steps of the action, run as a runner runs them, with hostile inputs and a gonogo that only notes its calls."""

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from ci_runner import ACTION, SHELL, filled, wanted

KEY = base64.b64encode(b"k" * 32).decode() + "\n"

# A gonogo that notes its arguments and what it found in its environment, and behaves as its exit code is set.
FAKE = """#!{python}
import json, os, pathlib, sys
keys = os.environ.get("GONOGO_KEYS")
key = (pathlib.Path(keys) / "machine.key").read_bytes().hex() if keys else None
with open(os.environ["CALLS"], "a") as calls:
    calls.write(json.dumps([sys.argv[1:], os.environ.get("GONOGO_HOME"), key]) + "\\n")
out = next((word.partition("=")[2] for word in sys.argv if word.startswith("--out=")), None)
print("::set-output name=forged::1" if sys.argv[1] == "review" else "printed by " + " ".join(sys.argv[1:3]))
if sys.argv[1] == "review":
    if os.environ["ENDS_WITH"] in ("0", "1", "3", "9"):
        pathlib.Path(out).mkdir(parents=True)
        (pathlib.Path(out) / "scorecard.yaml").write_text("kind: Scorecard\\n")
    sys.exit(int(os.environ["ENDS_WITH"]))
sys.exit(8 if "vsa" in sys.argv else 0)
"""


class Ran(NamedTuple):
    """How the steps ended: the exit code, what was printed, and each call of gonogo."""

    code: int
    text: str
    calls: list[tuple[list[str], str | None, str | None]]
    summary: str
    outputs: str
    ran: list[str]


Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run every shell step but the installation, in a workspace of its own."""
    workspace, temp = tmp_path / "work space", tmp_path / "runner temp"
    fake = temp / "gonogo/bin/gonogo"
    fake.parent.mkdir(parents=True)
    workspace.mkdir()
    fake.write_text(FAKE.format(python=sys.executable))
    fake.chmod(0o755)
    files = {name: tmp_path / name for name in ("CALLS", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}

    def call(ends_with: int = 3, **inputs: str) -> Ran:
        given = {name: item["default"] for name, item in ACTION["inputs"].items()} | {
            name.replace("_", "-"): value for name, value in inputs.items()
        }
        for path in files.values():
            path.write_text("")
        base = {"PATH": os.environ["PATH"], "RUNNER_TEMP": str(temp), "ENDS_WITH": str(ends_with)}
        base |= {name: str(path) for name, path in files.items()}
        code, text, ran = 0, "", []
        for step in ACTION["runs"]["steps"]:
            if "run" not in step or step["name"] == "Install gonogo" or not wanted(step, given, failed=bool(code)):
                continue
            environ = base | {name: filled(value, given, files["GITHUB_OUTPUT"]) for name, value in step["env"].items()}
            script = tmp_path / "script.sh"
            script.write_text(step["run"])
            done = subprocess.run([*SHELL, str(script)], cwd=workspace, env=environ, capture_output=True, text=True, check=False)
            text += done.stdout + done.stderr
            code = code or done.returncode
            ran.append(step["name"])
        calls = [json.loads(line) for line in files["CALLS"].read_text().splitlines()]
        return Ran(code, text, calls, files["GITHUB_STEP_SUMMARY"].read_text(), files["GITHUB_OUTPUT"].read_text(), ran)

    return call


OPTIONS = ("target", "profile", "gates", "waivers", "steps", "skip", "fail_on", "accept")
HOSTILE = (
    "$(touch pwned)",
    '"; touch pwned; "',
    "'; touch pwned; '",
    "`touch pwned`",
    "x && touch pwned",
    "--help",
    "* ? [a]",
    "${{ secrets.KEY }}",
    "::stop-commands::x",
    "a b  c",
    "$SIGNING_KEY",
)


@pytest.mark.parametrize("value", HOSTILE)
def test_every_input_reaches_gonogo_as_one_value_and_nothing_else(run: Run, tmp_path: Path, value: str) -> None:
    """No word of it is run, split, expanded or read as an option of its own."""
    ran = run(**dict.fromkeys(OPTIONS, value))
    options = {f"--{name.replace('_', '-')}={value}" for name in OPTIONS}
    assert ran.code == 3
    assert set(ran.calls[0][0]) == {"review", "--preview", "--out=./gonogo-review", *options}
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize("value", HOSTILE)
def test_a_folder_for_the_review_can_have_any_name(run: Run, tmp_path: Path, value: str) -> None:
    """All later steps find it again."""
    ran = run(out=value)
    assert f"--out=./{value}" in ran.calls[0][0]
    assert all(f"./{value}" in call[0] for call in ran.calls[1:])
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize(
    "name", ["target", "profile", "gates", "waivers", "steps", "skip", "fail_on", "accept", "state", "signers", "freeze", "out"]
)
@pytest.mark.parametrize("end", ["\n", "\r", "\x1b"])
def test_an_input_with_a_line_end_is_refused_by_its_name(run: Run, name: str, end: str) -> None:
    """It could add a path to what is cached or uploaded: 2, before anything is run."""
    ran = run(**{name: f"x{end}/etc"})
    assert ran.calls == []
    assert ran.code == 2
    assert f"::error title=gonogo::the input of {name.upper()} holds" in ran.text


def test_a_preview_has_a_throwaway_state_and_no_key(run: Run, tmp_path: Path) -> None:
    """Also where a key is given by mistake."""
    ran = run(signing_key=KEY)
    assert {home for _, home, _ in ran.calls} == {str(tmp_path / "runner temp" / "gonogo-state")}
    assert {key for _, _, key in ran.calls} == {None}
    assert "Prepare the official state" not in ran.ran


def test_an_official_review_signs_with_the_key_and_removes_it(run: Run, tmp_path: Path) -> None:
    """In the state folder that was restored, with the Signers of the repository."""
    workspace = tmp_path / "work space"
    for name in (".gonogo/state.json", "who/signers.json", "who/signers.pin"):
        (workspace / name).parent.mkdir(exist_ok=True)
        (workspace / name).write_text("{}")
    ran = run(official="true", signing_key=KEY, signers="who")
    assert (ran.code, ran.outputs) == (3, "exit-code=3\n")
    assert {home for _, home, _ in ran.calls} == {"./.gonogo"}
    assert {key for _, _, key in ran.calls} == {(b"k" * 32).hex()}
    assert "--preview" not in ran.calls[0][0]
    assert (workspace / ".gonogo/signers.pin").exists()
    assert not list(tmp_path.rglob("*.key"))


@pytest.mark.parametrize("has_state", [False, True])
def test_a_lost_state_folder_is_rebuilt_from_every_review_that_is_given(run: Run, tmp_path: Path, has_state: bool) -> None:
    """And one that the cache still had is left as it is."""
    workspace = tmp_path / "work space"
    for name in (
        "who/signers.json",
        "who/signers.pin",
        "kept/one $(touch pwned)/scorecard.intoto.json",
        "kept/b/scorecard.intoto.json",
    ):
        (workspace / name).parent.mkdir(parents=True, exist_ok=True)
        (workspace / name).write_text("{}")
    if has_state:
        (workspace / ".gonogo").mkdir()
        (workspace / ".gonogo/state.json").write_text("{}")
    ran = run(official="true", signing_key=KEY, signers="who", restore="kept")
    restores = [call[0] for call in ran.calls if call[0][0] == "state"]
    if has_state:
        assert restores == []
    else:
        assert restores[0][:4] == ["state", "restore", "--trust", "./who/trust.json"]
        assert set(restores[0][4:]) == {"./kept/one $(touch pwned)", "./kept/b"}
    assert ran.calls[len(restores)][0][0] == "review"
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize(
    ("inputs", "code", "says"),
    [
        ({"official": "true"}, 5, "needs signing-key"),
        ({"official": "true", "signing_key": KEY}, 3, "no state folder was restored"),
        ({"official": "true", "signing_key": "AAAA", "begin": "true"}, 2, "not a key of 32 bytes"),
        ({"official": "true", "signing_key": "%%%", "begin": "true"}, 2, "not base64"),
        ({"official": "true", "signing_key": KEY, "begin": "true", "signers": "who"}, 2, "no signers.json"),
        ({"official": "true", "signing_key": KEY, "restore": "nowhere"}, 2, "restore: no review is in that folder"),
        ({"official": "yes"}, 2, "official: give true or false"),
        ({"begin": "1"}, 2, "begin: give true or false"),
    ],
)
def test_what_an_official_review_lacks_ends_the_job_before_it_begins(
    run: Run, tmp_path: Path, inputs: dict[str, str], code: int, says: str
) -> None:
    """A lost state folder is an error, not a new streak; no key is left behind or printed."""
    ran = run(**inputs)
    assert (ran.code, ran.calls) == (code, [])
    assert says in ran.text
    assert "signing_key" not in inputs or inputs["signing_key"].strip() not in ran.text
    assert not list(tmp_path.rglob("*.key"))


def test_the_text_of_a_review_gives_the_runner_no_command(run: Run) -> None:
    """Commands are stopped around it by a word that nobody can guess, another one in each run."""
    words = set()
    for number in range(2):
        lines = run(out=f"out-{number}").text.splitlines()
        stop = next(line for line in lines if line.startswith("::stop-commands::"))
        word = stop.removeprefix("::stop-commands::")
        assert re.fullmatch(r"[0-9a-f]{32}", word)
        assert lines.index(stop) < lines.index("::set-output name=forged::1") < lines.index(f"::{word}::")
        words.add(word)
    assert len(words) == 2


def test_summary_annotations_and_files_are_written(run: Run, tmp_path: Path) -> None:
    """A statement that cannot be made leaves no empty file; the pack is made too."""
    ran = run(ends_with=1)
    assert ran.summary == "printed by scorecard show\n"
    formats = tmp_path / "runner temp" / "gonogo-upload" / "formats"
    assert {path.name for path in formats.iterdir()} == {"summary.md", "junit.xml", "verdict.sarif", "verdict.prom"}
    assert [call[0][1] for call in ran.calls[1:]] == ["show"] * 6 + ["pack"]
    assert ran.code == 1


def test_a_review_without_a_scorecard_says_so_and_keeps_its_code(run: Run) -> None:
    """A usage error is no verdict."""
    ran = run(ends_with=2)
    assert "ended before it could write a scorecard" in ran.summary
    assert (ran.code, len(ran.calls)) == (2, 1)
