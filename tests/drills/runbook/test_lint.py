"""Lint finds what would fail a person at night; each finding was seen on a page with just that fault."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from runbook_pages import SOUND

from drills.runbook.blocks import Shell
from drills.runbook.cli import runbook
from drills.runbook.command_lines import command_faults, gonogo_calls
from drills.runbook.lint import lint
from drills.runbook.page import Step, read_page
from drills.runbook.places import shipped_pages
from drills.runbook.toothless import cannot_fail
from gates.schema.errors import UnknownProblem
from gates.schema.outcome import ExitCode


@pytest.fixture
def findings(tmp_path):
    """The findings on a text, as `line: text`."""

    def find(source):
        path = tmp_path / "a.md"
        path.write_text(source)
        return [f"{item.line}: {item.text}" for item in lint([read_page(path)])]

    return find


def test_a_sound_page_has_no_finding(findings):
    """So that each of the findings below comes from its fault alone."""
    assert findings(SOUND) == []


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("## Signal\n", "## Sign\n", "1: the section `## Signal` is missing"),
        ("## Wake up", "## Decide", "1: the section `## Decide` is there more than once"),
        ("Repair it.\n", "", "19: the section `## Decide` is empty"),
        ("The owner.\n", "", "40: the section `## Wake up` is empty"),
        (" verify=works", "", "25: step=repair is not verified"),
        ('```output of=look\n"mode":"broken"\n```\n', "", "11: step=look is not verified"),
        (" verify=exit", " verify=works", "36: verify=works: no later step"),
        ("test -f repaired", "if test -f repaired", "36: step=works: the shell cannot read it"),
        ("test -f repaired", "gonogo nosuch", "36: `gonogo nosuch`: no command is called gonogo nosuch"),
        ("test -f repaired", "gonogo drill nosuch", "no command is called gonogo drill nosuch"),
        ("test -f repaired", "gonogo drill run crash --nosuch", "No such option '--nosuch'"),
        ("test -f repaired", "gonogo drill list --format nosuch", "'nosuch' is not one of"),
        ("test -f repaired", "gonogo drill recover", "needs FOLDER"),
        ("test -f repaired", "gonogo gateway pause --all", "needs --reason"),
        ("test -f repaired", "gonogo drill", "needs a command"),
        ("test -f repaired", "gonogo drill list more", "takes no more"),
        ("The owner.", "```console\n$ gonogo nosuch --x\n```", "42: `gonogo nosuch --x`"),
        ("The owner.", "```sh\ntrue\n```", "42: a block `sh` without step=...: write `console`"),
        ("The owner.", "[there](nosuch.md)", "42: nosuch.md: no such file"),
        ("The owner.", "[there](#nosuch)", "42: #nosuch: no such heading"),
        ("The owner.", "[there](a.md#nosuch)", "42: a.md#nosuch: no such heading"),
        ("The owner.", "[there](ftp://example.org/x)", "42: ftp://example.org/x: a link is a relative path or an https address"),
        ("The owner.", "![there](nosuch.png)", "42: nosuch.png: no such file"),
        ("confirm\n", "confirm sudo\n", "25: 'sudo' is not known"),
        ("test -f repaired", "true", "36: step=works cannot fail"),
        ("test -f repaired", "gonogo drill list || :", "36: step=works cannot fail"),
        ("test -f repaired", "set +e; gonogo drill list; echo done", "36: step=works cannot fail"),
        ("test -f repaired", "if gonogo drill list; then echo yes; else echo no; fi", "36: step=works cannot fail"),
        (
            " verify=exit\ntest -f repaired\n```",
            "\necho repaired\n```\n```output of=works\nrepaired\n```",
            "36: step=works cannot fail",
        ),
        (
            " verify=exit\ntest -f repaired\n```",
            "\ntest -f repaired\n```\n```output of=works\n...\n```",
            "36: step=works cannot fail",
        ),
    ],
)
def test_each_fault_is_found_with_its_line(findings, old, new, finding):
    """One change to a sound page, one finding that names it."""
    assert SOUND.count(old) == 1
    found = findings(SOUND.replace(old, new))
    assert any(finding in text for text in found), found


@pytest.mark.parametrize(
    "text",
    [
        'curl -sf "$GONOGO_BASE_URL/readyz"',
        "! test -e broken",
        "if test -e broken; then exit 1; fi",
        "test -e broken && exit 1 || true",
        '[[ -z "$GONOGO_START" ]] || true',
        "while ! test -f repaired; do sleep 1; done",
        'touch "$HOME/gonogo-lint-was-here" || true; gonogo drill list',
        "kill -0 $$; gonogo drill list",
    ],
)
def test_a_check_that_can_fail_is_none_of_them(findings, text):
    """Whatever is not there makes it fail; a loop, and what looks at something, are not tried."""
    assert findings(SOUND.replace("test -f repaired", text)) == []


def test_what_only_looks_may_end_as_it_will(findings):
    """Before anything is done a command that fails is an observation."""
    looked = SOUND.replace('echo \'{"mode":"broken"}\'', 'echo \'"mode":"broken"\'; gonogo drill list || true')
    assert findings(looked) == []


def test_a_check_is_tried_where_it_can_do_nothing(tmp_path):
    """No file, no folder, no program, no other process: not even one that is named by its path."""
    made = tmp_path / "made"
    for text in (
        f"echo > {made}",
        f"/usr/bin/touch {made}",
        f"cd {tmp_path}; echo >> made",
        f"PATH=/usr/bin; touch {made}",
        "printf '%999999999d' 1",
    ):
        step = Step(Shell("one", 0, 10.0, "exit"), text, "Verify", "", 1)
        assert not cannot_fail(step), text
    assert not made.exists()


def test_sections_in_another_order_are_found(findings):
    """Whoever looks for `Verify` after `Act` finds it there."""
    begin, end = SOUND.index("## Decide"), SOUND.index("## Act")
    moved = SOUND[:begin] + SOUND[end:] + "\n" + SOUND[begin:end]
    assert any("in another order" in text for text in findings(moved))


def test_a_page_without_a_check_at_its_end_is_found(findings):
    """`Verify` has to show something."""
    moved = SOUND.replace("## Verify\n\n", "").replace("## Wake up", "## Verify\n\nLook.\n\n## Wake up")
    assert any("has no step that shows whether it worked" in text for text in findings(moved))


@pytest.mark.parametrize("link", ["a.md#signal", "#wake-up", "https://example.org/x", "mailto:me@example.org", "../"])
def test_links_that_lead_somewhere_are_no_finding(findings, link):
    """Addresses elsewhere are not looked up."""
    assert findings(SOUND.replace("The owner.", f"[there]({link})")) == []


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("gonogo drill list", [["drill", "list"]]),
        ("$ gonogo drill list\n$ gonogo --version", [["drill", "list"], ["--version"]]),
        ("gonogo a \\\n  b", [["a", "b"]]),
        ("true && gonogo a; gonogo b | gonogo c", [["a"], ["b"], ["c"]]),
        ("gonogo a > file 2>&1 < in", [["a", "2"]]),
        ('X="$(gonogo a)" gonogo b', [["b"]]),
        ("if gonogo a; then gonogo b; fi", [["a"], ["b"]]),
        ("! gonogo a || test $? -eq 8", [["a"]]),
        ("gonogo a \"one two\" '$X'", [["a", "one two", "$X"]]),
        ("echo gonogo a; ./gonogo b  # gonogo c", [["b"]]),
        ("X=$(gonogo a)", [["a"]]),
        ("kill PID            # drains", []),
    ],
)
def test_calls_are_found_where_a_shell_would_find_them(text, calls):
    """In pipes, lists and conditions; not in the words of other commands."""
    assert list(gonogo_calls(text)) == calls


def test_a_word_with_a_variable_stands_for_any_value():
    """What the page leaves to the reader is not held against a choice."""
    assert command_faults([["drill", "list", "--format", "$FORMAT"], ["drill", "list", "--format", "xml"], []])[0] == ""
    assert all(command_faults([["drill", "list", "--format", "xml"], []]))


def test_parsers_that_cannot_be_read_are_unknown(monkeypatch):
    """Exit 3, never a page without findings."""
    monkeypatch.setattr("drills.runbook.command_lines.room_argv", lambda *_: ["false"])
    with pytest.raises(UnknownProblem, match="the commands of gonogo cannot be read"):
        command_faults([["drill", "list"]])


def test_the_shipped_runbooks_have_no_finding():
    """`gonogo runbook lint` is part of `make lint`; here it is said once more, with each finding."""
    assert lint(shipped_pages()) == ()


def test_the_command_ends_with_one_for_a_finding(tmp_path):
    """0 without; both formats name the file and the line."""
    path = tmp_path / "a.md"
    path.write_text(SOUND)
    call = CliRunner().invoke
    assert call(runbook, ["lint", str(path)], standalone_mode=False).return_value == ExitCode.GREEN
    path.write_text(SOUND.replace("## Signal\n", "## Sign\n"))
    done = call(runbook, ["lint", str(path)], standalone_mode=False)
    assert done.return_value == ExitCode.RED
    assert f"{path}:1: the section `## Signal` is missing" in done.stdout
    assert '"line":1' in call(runbook, ["lint", str(path), "--format", "json"], standalone_mode=False).stdout


def test_a_folder_without_runbooks_is_unknown(tmp_path, monkeypatch):
    """Nothing was looked at, so nothing is said to be right."""
    monkeypatch.setattr("drills.runbook.places.shipped_folder", lambda: tmp_path)
    with pytest.raises(UnknownProblem, match="no runbook was found"):
        CliRunner().invoke(runbook, ["lint"], standalone_mode=False, catch_exceptions=False)


def test_lint_reads_the_make_target():
    """`make lint` runs it."""
    makefile = (Path(__file__).parents[3] / "Makefile").read_text()
    assert "runbook lint" in makefile
