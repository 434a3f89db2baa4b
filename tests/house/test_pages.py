"""The pages people read are in step with the code: generated parts, links, commands, runbooks that others point to."""

import io
import re
import shlex
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import click
import house_documents
import house_tree
import pytest
from cogapp import Cog

PAGES = (Path("README.md"), Path("CHANGELOG.md"), *house_tree.files("runbooks", suffix=".md"))
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^ *```(?:sh|bash|console)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


def _anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_generated_parts_are_in_step(page: Path) -> None:
    """Running the page's generators again changes nothing; `make docs` writes it again."""
    said = io.StringIO()
    arguments = ["cog", "-I", str(house_tree.ROOT / "tests/house"), "-p", "import house_documents as page", "--check", "--diff"]
    with redirect_stdout(said), redirect_stderr(said):
        code = Cog().main([*arguments, str(house_tree.ROOT / page)])
    assert code == 0, f"{page}: make docs\n{said.getvalue()}"


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_relative_links_lead_somewhere(page: Path) -> None:
    """Every link to a file of this tree, and to a heading in it, has a target."""
    for link in LINK.findall(house_tree.text(page)):
        if re.match(r"[a-z]+:", link):
            continue
        place, _, anchor = link.partition("#")
        end = (house_tree.ROOT / page).parent / place if place else house_tree.ROOT / page
        assert end.exists(), f"{page}: {link}"
        if anchor and end.suffix == ".md":
            assert anchor in _anchors(end.read_text(encoding="utf-8")), f"{page}: no heading for {link}"


RECORD_LINES = 40


@pytest.mark.parametrize("record", [page for page in PAGES if "decisions" in page.parts], ids=lambda page: page.stem)
def test_a_decision_record_is_short(record: Path) -> None:
    """A record has context, decision and consequences in at most 40 lines; trials belong on the speed page."""
    lines = house_tree.text(record).splitlines()
    assert len(lines) <= RECORD_LINES
    headings = [line for line in lines if line.startswith("## ")]
    assert (headings[0], headings[1], headings[-1]) == ("## Context", "## Decision", "## Consequences")


def test_every_page_is_in_the_index() -> None:
    """Nobody has to know a runbook's name: runbooks/README.md links to each of them."""
    linked = {link.partition("#")[0] for link in LINK.findall(house_tree.text(Path("runbooks/README.md")))}
    pages = {str(page.relative_to("runbooks")) for page in PAGES if page.is_relative_to("runbooks")}
    assert pages - linked == {"README.md"}


CALL = re.compile(r"(?:^|[|&;(] *|^[A-Z_]+=\S+ +)(?:\.venv/bin/)?gonogo ((?:\"[^\"]*\"|'[^']*'|[^|&;)#>\"])*)")


def _commands_in(page: Path) -> list[list[str]]:
    """The words after `gonogo` of each call in the page's shell blocks."""
    lines = [line for block in BLOCK.findall(house_tree.text(page)) for line in block.replace("\\\n", " ").splitlines()]
    return [shlex.split(call) for line in lines for call in CALL.findall(line.strip().removeprefix("$ "))]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_the_commands_on_a_page_exist(page: Path) -> None:
    """Each `gonogo ...` line in a shell block names a command, options and as many arguments as it takes."""
    known = dict(house_documents.commands())
    for words in _commands_in(page):
        if words[:1] in (["--help"], ["--version"]):
            continue
        name = max((name for name in known if " ".join(("gonogo", *words, "")).startswith(f"{name} ")), key=len, default="")
        assert name, f"{page}: no such command: gonogo {' '.join(words)}"
        command, rest = known[name], words[len(name.split()) - 1 :]
        if rest == ["--help"]:
            continue
        assert not isinstance(command, click.Group), f"{page}: {name} is a group"
        # A placeholder cannot be converted (PATH need not exist), so the parser alone is asked.
        context = click.Context(command, info_name=name)
        _, leftover, _ = command.make_parser(context).parse_args(list(rest))
        assert not leftover, f"{page}: too much for {name}: {leftover}"


def test_the_pages_that_errors_point_to_exist() -> None:
    """Every row of the error catalogue has a next step, and a runbook that is there."""
    from gateway.errors import CATALOGUE, Code

    assert set(CATALOGUE) == set(Code)
    for row in CATALOGUE.values():
        assert row.next_step.endswith("."), row.code
        assert (house_tree.ROOT / "runbooks" / row.runbook).exists(), f"{row.code}: {row.runbook}"


def test_the_pages_and_commands_that_gates_point_to_exist() -> None:
    """Every gate's runbook is there, and what should leave its evidence is a command."""
    from gates.schema.gateset import load_gates

    known = {name for name, command in house_documents.commands() if not isinstance(command, click.Group)} | {"gonogo gate probe"}
    for gate in load_gates():
        path, _, section = gate.runbook.partition("#")
        assert (house_tree.ROOT / path).exists(), f"{gate.id}: {gate.runbook}"
        assert not section or section in _anchors(house_tree.text(Path(path))), f"{gate.id}: no heading for {gate.runbook}"
        for criterion in gate.criteria:
            command = criterion.source.produced_by
            assert not command or any(command.startswith(f"{name} ") for name in known), f"{gate.id}: {criterion.id}: {command}"


def test_the_readmes_target_can_be_loaded(tmp_path: Path) -> None:
    """The target file that the README shows is one, to the last key."""
    from gates.schema.target import load_target

    blocks = re.findall(r"^```yaml\n(.*?)^```", house_tree.text(Path("README.md")), re.MULTILINE | re.DOTALL)
    shown = next(block for block in blocks if "kind: Target" in block)
    path = tmp_path / "my-service.yaml"
    path.write_text(shown, encoding="utf-8")
    named = load_target(str(path))
    assert named.name == "my-service"
    assert set(named.target.operations) == {"reserve", "settle", "reverse"}


def test_the_changelog_has_a_place_for_what_comes_next() -> None:
    """An Unreleased section is first, and it is not empty."""
    first = re.search(r"^## ([^\n]*)\n(.*?)(?=^## |\Z)", house_tree.text(Path("CHANGELOG.md")), re.MULTILINE | re.DOTALL)
    assert first is not None
    assert first[1] == "[Unreleased]"
    assert re.search(r"^- \S", first[2], re.MULTILINE)


def test_the_readme_lists_every_exit_code() -> None:
    """The README has a row for each exit code."""
    from gates.schema.outcome import EXIT_MEANING, ExitCode

    assert set(EXIT_MEANING) == set(ExitCode)
    readme = house_tree.text(Path("README.md"))
    assert all(f"| {int(code)} | {meaning} |" in readme for code, meaning in EXIT_MEANING.items())
