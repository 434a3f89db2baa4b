"""`gonogo freeze`: the answer by the clock, its exit code, and the acts that people sign."""

import datetime as dt
import json
import shlex
import subprocess

import pytest
from freezes import ALWAYS, BUILD, OTHER, put_drill, put_people, write_calendar
from signing import STRAY, act, document, first, signers

from gates.evidence.keys import load_signer
from gates.freeze.reading import read_acts
from gates.signers.document import Role

WHY = ("--reason", "settles fail for one wallet", "--author", "bob")
CHANGE = ("freeze", "change", "--build", BUILD, "--class", "P0", *WHY)
EXCEPTION = ("freeze", "exception", "--build", BUILD, *WHY)
CHECK = ("freeze", "check", "--build", BUILD)


@pytest.fixture
def home(tmp_path, monkeypatch, gonogo):
    """A state folder with Signers, and a working folder whose calendar freezes whenever a test runs."""
    monkeypatch.setenv("GONOGO_KEYS", str(tmp_path / "keys"))
    monkeypatch.chdir(tmp_path)
    load_signer(tmp_path / "home")
    put_people(tmp_path / "home", tmp_path / "keys")
    write_calendar(tmp_path / "freeze.yaml", ALWAYS)
    return tmp_path / "home"


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A Git repository of three commits as the working folder; gives their ids."""
    folder = tmp_path / "repository"
    folder.mkdir()
    write_calendar(folder / "freeze.yaml", ALWAYS)
    monkeypatch.chdir(folder)
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)

    def git(*words):
        author = ("-c", "user.name=Bob", "-c", "user.email=bob@example.org", "-c", "commit.gpgsign=false")
        return subprocess.run(("git", *author, *words), cwd=folder, check=True, capture_output=True, text=True).stdout

    git("init", "--quiet", "--initial-branch=main")
    for number in range(3):
        git("commit", "--quiet", "--allow-empty", "--message", f"change {number}", "--date", "2001-01-01T00:00:00Z")
    return git("rev-list", "--reverse", "HEAD").split()


def test_without_a_freeze_anything_may_be_deployed(gonogo, home, tmp_path):
    """Exit 0, with what was decided by."""
    write_calendar(tmp_path / "freeze.yaml", "{name: old, from: 2020-01-01T00:00, until: 2020-02-01T00:00}")
    code, out, _ = gonogo("freeze", "check")
    assert (code, out.startswith("allowed: no freeze is in force"), "local times by tzdata 2" in out) == (0, True, True)


def test_in_a_freeze_a_build_without_a_record_is_refused(gonogo, home):
    """Exit 5, with the window in UTC and in local time, and the next command."""
    code, out, _ = gonogo(*CHECK)
    assert (code, out.startswith("refused: a freeze is in force: release-stop (P0 and P1 with a change record)")) == (5, True)
    assert "UTC    2019-12-31T23:00:00.000Z until before" in out
    assert "local  2020-01-01T00:00:00+01:00 until before" in out
    assert "next: wait until 2998-12-31T23:00:00.000Z; or gonogo freeze change --build SHA256" in out


def test_a_change_record_lets_its_build_through_and_no_other(gonogo, home):
    """Signed by one person, with a rollback drill of this fortnight."""
    drill = put_drill(home)
    code, out, _ = gonogo(*CHANGE, "--as", "ada")
    assert (code, f"rollback rehearsed on shop: {drill}" in out) == (0, True)
    code, out, _ = gonogo(*CHECK, "--format", "json")
    found = json.loads(out)
    assert (code, found["allowed"], found["builds"], found["preview"]) == (0, True, [BUILD], False)
    assert found["permits"][0]["permit"]["signed_by"] == ["ada"]
    assert gonogo("freeze", "check", "--build", OTHER)[0] == 5
    assert gonogo("freeze", "check")[0] == 5


def test_a_preview_decides_nothing(gonogo, home):
    """What would be allowed ends with 3, never with 0; what would be refused with 5."""
    code, out, _ = gonogo("freeze", "check", "--now", "2019-06-01T00:00:00Z")
    assert (code, out.startswith("preview: it would be allowed; no freeze is in force")) == (3, True)
    assert "next: gonogo freeze check, without --now and outside of a rehearsal, decides" in out
    assert gonogo(*CHECK, "--now", "2026-01-01T00:00:00Z")[0] == 5


def test_a_rollback_plan_that_was_not_rehearsed_is_not_signed(gonogo, home):
    """No drill, one too old, one that failed, one by a key that nobody lists: exit 5, and nothing is kept."""
    step = "gonogo drill run rollback"
    for ago, verified, number, why in (
        (None, None, None, "no rollback drill is in the evidence store"),
        (dt.timedelta(days=15), "1", 4, "more than 14 days ago"),
        (dt.timedelta(days=1), "0", 4, "did not show a verified rollback"),
    ):
        if ago is not None:
            put_drill(home, ago, verified, number)
        code, _, err = gonogo(*CHANGE, "--as", "ada")
        assert (code, why in err, step in err) == (5, True, True), err
    assert read_acts(home, None).permits == ()


def test_a_drill_that_a_key_of_ones_own_signed_is_no_rehearsal(gonogo, home):
    """The Signers list the machines whose evidence counts: the state folder's own key is not among them."""
    import msgspec
    from freezes import rollback_drill
    from statements import hold

    from gates.evidence.keys import EVIDENCE
    from gates.evidence.store import EvidenceStore
    from gates.log.entry import EntryKind
    from gates.schema.time import system_clock

    said = rollback_drill(system_clock())
    own = load_signer(home)
    held = hold(own, said.statement.predicate_type, said.statement.subject[0], said.statement.predicate)
    EvidenceStore(home / EVIDENCE).append(own, EntryKind.STATEMENT, msgspec.json.encode(held.envelope))
    code, _, err = gonogo(*CHANGE, "--as", "ada")
    assert (code, "no rollback drill is in the evidence store" in err) == (5, True), err


@pytest.mark.parametrize(
    ("words", "code", "fault"),
    [
        (("--as", "ada", "--author", "Ada"), 5, "ada cannot sign it: 'Ada' is the author of the change"),
        (("--as", "ada", "--author", "Ada Lovelace, ada"), 5, "ada cannot sign it"),
        (("--as", "mallory"), 5, "nobody with the id 'mallory' is in the Signers"),
        (("--as", "ci"), 5, "nobody with the id 'ci' is in the Signers"),
        (("--as", "ada", "--author", " "), 2, "author: is empty"),
        (("--as", "ada", "--reason", "x"), 2, "reason: 'x' is too short"),
        (("--as", "ada", "--build", "abc"), 2, "--build 'abc' is not a sha256"),
        (("--as", "ada", "--build", ""), 2, "nothing says what is deployed"),
        (("--as", "ada", "--class", "P3"), 2, "'P3' is not one of 'P0', 'P1', 'P2'"),
        (("--as", "ada", "--rollback", "f" * 64), 5, "no statement here has the sha256"),
        (("--as", "ada", "--rollback", "zz"), 2, "zz"),
    ],
)
def test_a_change_that_may_not_be_approved_is_refused(gonogo, home, words, code, fault):
    """By its documented exit code, and nothing is kept."""
    put_drill(home)
    found, _, err = gonogo(*CHANGE, *words)
    assert (found, fault in err) == (code, True), err
    assert read_acts(home, None).permits == ()


def test_a_rehearsal_whose_clock_can_be_set_decides_nothing(gonogo, home, tmp_path, monkeypatch):
    """Before the freeze by a stepped clock: exit 3, never 0."""
    (tmp_path / "clock").write_text("2019-06-01T00:00:00Z\n")
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "rehearsal"))
    assert gonogo("state", "init", "--rehearsal")[0] == 0
    monkeypatch.setenv("GONOGO_REHEARSAL_CLOCK", str(tmp_path / "clock"))
    code, out, _ = gonogo(*CHECK)
    assert (code, out.startswith("preview: it would be allowed; no freeze is in force")) == (3, True), out
    monkeypatch.setenv("GONOGO_HOME", str(home))
    assert gonogo(*CHECK)[0] == 2


def test_an_exception_prints_the_command_that_opens_its_finding(gonogo, home):
    """It runs as it is printed; another person closes the finding after the review."""
    out = gonogo(*EXCEPTION, "--as", "ada", "--as", "grace")[1]
    (step,) = [line for line in out.splitlines() if line.startswith("  next: gonogo finding open ")]
    assert gonogo(*shlex.split(step.removeprefix("  next: gonogo ")))[0] == 0
    (item,) = json.loads(gonogo("finding", "list", "--format", "json")[1])
    assert (item["severity"], item["owner"]) == ("P1", "bob")


def test_an_exception_needs_two_people_who_are_not_the_author(gonogo, home):
    """One waits for the second; then it lets its build through."""
    assert gonogo(*EXCEPTION, "--as", "ada", "--as", "grace", "--author", "grace")[0] == 5
    code, _, err = gonogo(*EXCEPTION, "--as", "ada")
    assert (code, f"it needs 1 more person with the role {Role.FREEZE_EXCEPTION}" in err) == (5, True)
    assert gonogo(*CHECK)[0] == 5
    (waiting,) = (home / "acts-waiting").iterdir()
    assert gonogo("signer", "sign", waiting, "--as", "grace")[0] == 0
    code, out, _ = gonogo(*CHECK)
    assert (code, "signed by ada, grace" in out, "; counts" in out) == (0, True, True)


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--expires", "5h"), "is more than 4 h after"),
        (("--expires", "14d"), "is more than 4 h after"),
        (("--expires", "2020-01-01T00:00:00Z"), "is not after"),
        (("--expires", "2027-01-01T00:00"), "names no time zone"),
        (("--build", "", "--commit", "abc"), "commits: 'abc' is not the full id of a commit"),
        (("--build", ""), "nothing says what is deployed"),
    ],
)
def test_an_exception_is_short_and_names_one_thing(gonogo, home, words, fault):
    """Exit 2, and nothing is kept."""
    code, _, err = gonogo(*EXCEPTION, "--as", "ada", "--as", "grace", *words)
    assert (code, fault in err) == (2, True), err
    assert read_acts(home, None).permits == ()


def test_a_range_needs_a_record_for_each_of_its_commits(gonogo, home, repository):
    """Whatever date the commits claim; the record is by the ids that Git gives."""
    put_drill(home)
    first, second, third = repository
    assert gonogo("freeze", "check", "--range", f"{first}..HEAD")[0] == 5
    assert gonogo("freeze", "change", "--range", f"{first}..{second}", "--class", "P1", *WHY, "--as", "ada")[0] == 0
    assert gonogo("freeze", "check", "--range", f"{first}..{second}")[0] == 0
    code, out, _ = gonogo("freeze", "check", "--range", f"{first}..HEAD")
    assert (code, f"names 1 of 2 commits, such as {third[:12]}" in out) == (5, True)
    assert gonogo("freeze", "exception", "--commit", third, *WHY, "--as", "ada", "--as", "grace")[0] == 0
    assert gonogo("freeze", "check", "--range", f"{first}..HEAD")[0] == 0


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("HEAD", "is not two commits with .. between them"),
        ("HEAD...HEAD", "is not two commits"),
        ("--all..HEAD", "is not two commits"),
        ("a b..HEAD", "is not two commits"),
        ("..", "is not two commits"),
        ("HEAD..HEAD", "no commit is in it"),
        ("absent..HEAD", "git: fatal: bad revision"),
        ("HEAD..\x1b[31m", "git: fatal: bad revision"),
    ],
)
def test_a_range_that_names_no_commit_is_refused(gonogo, home, repository, text, fault):
    """Exit 2: an empty range would pass whatever is deployed."""
    code, _, err = gonogo("freeze", "check", "--range", text)
    assert (code, fault in err, "\x1b" in err) == (2, True, False), err


def test_a_range_outside_of_a_repository_or_without_git_is_no_answer(gonogo, home, tmp_path, monkeypatch):
    """Exit 2 with what Git says, 3 where there is no Git."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert gonogo("freeze", "check", "--range", "A..B")[0] == 2
    monkeypatch.setenv("PATH", str(tmp_path))
    code, _, err = gonogo("freeze", "check", "--range", "A..B")
    assert (code, "git cannot be started" in err) == (3, True), err


@pytest.mark.parametrize("name", ["absent.yaml", "two", "broken.yaml"])
def test_without_a_readable_calendar_nothing_may_be_deployed(gonogo, home, tmp_path, name):
    """`check` refuses, exit 5; `explain` names what is wrong, exit 2."""
    (tmp_path / "two").mkdir()
    for path in ("two/a.yaml", "two/b.yaml", "broken.yaml"):
        write_calendar(tmp_path / path, ALWAYS)
    (tmp_path / "broken.yaml").write_text("kind: FreezeCalendar\n")
    code, _, err = gonogo("freeze", "check", "--calendar", name)
    assert (code, "without a readable calendar nothing may be deployed" in err) == (5, True), err
    assert gonogo("freeze", "explain", "--calendar", name)[0] == 2


def test_without_any_calendar_nothing_may_be_deployed(gonogo, home, tmp_path):
    """A calendar that was removed freezes everything; the next step says how to give one."""
    (tmp_path / "freeze.yaml").unlink()
    code, _, err = gonogo("freeze", "check")
    assert (code, "there is no freeze.yaml here" in err, "--calendar" in err) == (5, True, True)
    (tmp_path / "gonogo.yaml").write_text(
        "apiVersion: gonogo/v1\nkind: Project\nmetadata: {name: shop}\nspec: {freeze: stop.yaml}\n"
    )
    write_calendar(tmp_path / "stop.yaml")
    assert gonogo("freeze", "check")[0] == 0


@pytest.mark.parametrize(
    "option", [("--now", "2026-12-01T09:00"), ("--now", "soon"), ("--build", "x"), ("--build", BUILD.upper())]
)
def test_an_option_that_cannot_be_read_is_refused(gonogo, home, option):
    """A moment without a zone, a build that is no sha256: exit 2."""
    assert gonogo("freeze", "check", *option)[0] == 2


def test_explain_shows_rules_windows_acts_and_the_next_command(gonogo, home):
    """For people; as JSON the same values."""
    put_drill(home)
    gonogo(*CHANGE, "--as", "ada")
    code, out, _ = gonogo("freeze", "explain")
    assert code == 0
    for text in (
        "a launch freezes from 72 elapsed hours",
        "release-stop: in force, allows P0 and P1",
        "change record ",
        "at most 4 hours",
    ):
        assert text in out
    assert "  next: gonogo freeze check --build SHA256, or --range A..B, says what is deployed" in out
    found = json.loads(gonogo("freeze", "explain", "--format", "json")[1])
    assert found["calendar"]["spans"][0]["name"] == "release-stop"
    assert found["now"]["permits"][0]["fault"] == ""


def test_signed_files_from_another_machine_count_as_kept_ones_do(gonogo, home, tmp_path, monkeypatch):
    """A record and the statement of its drill, copied into a folder; one alone shows no rehearsal."""
    put_drill(home)
    out = gonogo(*CHANGE, "--as", "ada")[1]
    files = [line.removeprefix("file: ") for line in out.splitlines() if line.startswith("file: ")]
    brought = tmp_path / "changes"
    brought.mkdir()
    other = tmp_path / "other"
    put_people(other)
    for number, name in enumerate(files):
        (brought / f"{number}.json").write_bytes((tmp_path / name).read_bytes())
    monkeypatch.setenv("GONOGO_HOME", str(other))
    assert gonogo(*CHECK)[0] == 5
    assert gonogo(*CHECK, "--changes", brought)[0] == 0
    (brought / "1.json").unlink()
    assert gonogo(*CHECK, "--changes", brought)[0] == 5
    changed = json.loads((brought / "0.json").read_bytes())
    (brought / "0.json").write_text(json.dumps({**changed, "payload": changed["payload"][:-8] + "AAAAAAA="}))
    assert gonogo(*CHECK, "--changes", brought)[0] == 8


def test_a_record_by_a_key_that_nobody_lists_is_refused(gonogo, home, tmp_path):
    """Exit 8, naming the file."""
    import msgspec

    from gates.acts.act import ActKind, Deployed

    brought = tmp_path / "changes"
    brought.mkdir()
    deployed = Deployed(author="bob", change_class="P0", rollback="a" * 64)
    people = signers(first(document(at="2020-01-01T00:00:00Z"))).digest
    envelope = act(ActKind.CHANGE, STRAY, name="build", sha256=BUILD, signers=people, deployed=deployed)
    (brought / "a.json").write_bytes(msgspec.json.encode(envelope))
    code, _, err = gonogo(*CHECK, "--changes", brought)
    assert (code, "a.json" in err) == (8, True), err
