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


@pytest.mark.parametrize("path", [CI, ACTION], ids=str)
def test_actions_of_others_are_pinned_by_major_version(path: Path) -> None:
    """Every `uses:` names a version."""
    used = re.findall(r"uses: (\S+)", house_tree.text(path))
    assert used
    assert all(re.search(r"@v\d+$", name) for name in used), used


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
    calls = re.findall(r"bin/gonogo\" (\w+(?: show| verify)?)((?: [^\n>|;]+)?)", _scripts())
    assert calls
    for words, rest in calls:
        command = known[f"gonogo {words}"]
        options = {option for param in command.params for option in param.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= options, words


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
