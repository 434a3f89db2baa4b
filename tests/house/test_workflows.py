"""The workflow of this repository and the action for others are valid, pinned, and speak of options that exist."""

import re
import stat
from pathlib import Path

import house_documents
import house_tree
import pytest
import yaml

CI = Path(".github/workflows/ci.yml")
ACTION = Path(".github/actions/gonogo/action.yml")
PREVIEW = Path(".github/workflows/preview.yml")
OFFICIAL = Path(".github/workflows/official.yml")
HOOKS = Path(".pre-commit-config.yaml")


def _load(path: Path) -> dict[str, object]:
    loaded = yaml.safe_load(house_tree.text(path))
    assert isinstance(loaded, dict), path
    return loaded


def _scripts() -> str:
    return "\n".join(step.get("run", "") for step in _load(ACTION)["runs"]["steps"])


def test_the_workflow_runs_the_script_that_ci_runs_everywhere() -> None:
    """One job, every supported Python, and `.ci/run` does the work."""
    job = _load(CI)["jobs"]["test"]
    classifiers = re.findall(r"Python :: (3\.\d+)", house_tree.text(Path("pyproject.toml")))
    assert job["strategy"]["matrix"]["python"] == classifiers
    assert any("bash .ci/run" in step.get("run", "") for step in job["steps"])
    assert (house_tree.ROOT / ".ci/run").stat().st_mode & stat.S_IXUSR


@pytest.mark.parametrize("path", [CI, ACTION, PREVIEW, OFFICIAL], ids=str)
def test_actions_of_others_are_pinned_by_major_version(path: Path) -> None:
    """Every `uses:` names a version, or is the action of this tree."""
    used = re.findall(r"uses: (\S+)", house_tree.text(path))
    assert used
    assert all(re.search(r"@v\d+$", name) or name == f"./{ACTION.parent}" for name in used), used


def test_the_action_is_a_composite_action_with_described_inputs() -> None:
    """Every input has a description and a default; every step that runs something names its shell."""
    action = _load(ACTION)
    assert action["runs"]["using"] == "composite"
    assert {"target", "profile", "fail-on"} <= set(action["inputs"])
    assert all(item["description"] and "default" in item for item in action["inputs"].values())
    assert all("shell" in step for step in action["runs"]["steps"] if "run" in step)


def test_every_input_of_the_action_is_used() -> None:
    """No input is declared and then forgotten, and no script pastes one into itself."""
    text = house_tree.text(ACTION)
    used = set(re.findall(r"inputs\.([a-z-]+)", text))
    assert used == set(_load(ACTION)["inputs"])
    assert "${{" not in _scripts(), "an input pasted into a script can run as code; hand it over as an environment variable"


def test_the_action_calls_commands_and_options_that_exist() -> None:
    """What the action's scripts pass to gonogo, gonogo takes."""
    known = dict(house_documents.commands())
    calls = re.findall(r"gonogo\" (review|\w+ \w+)((?: [^\n>|;]+)?)", _scripts())
    assert {words for words, _ in calls} == {"review", "scorecard show", "scorecard pack", "state restore", "freeze check"}
    collected = " ".join(re.findall(r"options(?:\+=|=)\(([^)]*)\)", _scripts()))
    assert collected.count("--") >= 9
    for words, rest in calls:
        command = known[f"gonogo {words}"]
        options = {option for param in command.params for option in param.opts}
        used = set(re.findall(r"--[a-z-]+", f"{rest} {collected}" if words == "review" else rest))
        assert used <= options, words
        formats = next((param.type.choices for param in command.params if "--format" in param.opts), ())
        assert set(re.findall(r"--format (\S+)", rest)) <= set(formats)


def test_what_is_cached_holds_no_key_and_no_review() -> None:
    """Every pull request can read the cache: log, evidence, acts and public keys alone; saved is what is restored."""
    cached = [step["with"]["path"] for step in _load(ACTION)["runs"]["steps"] if "actions/cache/" in step.get("uses", "")]
    assert len(cached) == 2
    assert cached[0] == cached[1]
    kept = {line.removeprefix("${{ inputs.state }}/") for line in cached[0].split("\n") if line}
    assert kept == {"state.json", "keys/evidence-trust.json", "evidence", "acts", "acts-waiting"}


def test_a_pull_request_gets_neither_secrets_nor_the_official_state() -> None:
    """Its workflow may only read, names no secret, and asks for nothing official."""
    text, workflow = house_tree.text(PREVIEW), _load(PREVIEW)
    assert "secrets." not in text
    assert "official" not in workflow["jobs"]["preview"]["steps"][-1]["with"]
    assert workflow["permissions"] == {"contents": "read"}
    assert "pull_request_target" not in text


def test_official_reviews_run_one_at_a_time_after_the_cut_off() -> None:
    """On a schedule, on the default branch, never cancelled, with the key from a secret."""
    workflow = _load(OFFICIAL)
    job = workflow["jobs"]["official"]
    assert workflow["concurrency"] == {"group": "gonogo-official", "cancel-in-progress": False}
    minute, hour, *_, day = workflow[True]["schedule"][0]["cron"].split()  # YAML 1.1 reads the key `on` so
    assert (int(hour) * 60 + int(minute) >= 12 * 60, day) == (True, "5")
    given = job["steps"][-1]["with"]
    assert (given["official"], given["signing-key"]) == ("true", "${{ secrets.GONOGO_SIGNING_KEY }}")
    assert "default_branch" in job["if"]
    assert set(given) <= set(_load(ACTION)["inputs"])


@pytest.mark.parametrize("path", [CI, PREVIEW, OFFICIAL], ids=str)
def test_a_workflow_pastes_nothing_into_a_script(path: Path) -> None:
    """Titles of pull requests and names of branches are data."""
    steps = [step for job in _load(path)["jobs"].values() for step in job["steps"]]
    assert all("${{" not in step.get("run", "") for step in steps)


def test_every_hook_is_local_and_its_program_exists() -> None:
    """pre-commit needs no network: each hook is a program of .venv, or make."""
    repos = _load(HOOKS)["repos"]
    assert [repo["repo"] for repo in repos] == ["local"]
    for hook in repos[0]["hooks"]:
        assert hook["language"] == "system"
        program = hook["entry"].split()[0]
        assert program == "make" or program.startswith(".venv/bin/"), program


def test_every_make_target_that_is_spoken_of_exists() -> None:
    """`make X` in a page, a hook, a workflow or an error message is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z][a-z-]*):", house_tree.text(Path("Makefile")), re.MULTILINE))
    pages = [path for path in house_tree.files() if path.suffix in (".md", ".yml", ".yaml") or path == Path(".ci/run")]
    spoken = {
        name
        for path in pages
        for name in re.findall(r"(?:`|entry: |^\s*(?:\$ )?|next: )make ([a-z-]+)", house_tree.text(path), re.MULTILINE)
    }
    assert spoken <= targets
