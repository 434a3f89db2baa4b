"""`gonogo state`: made once, and taken over from version 1; never begun again in silence."""

import json
import shutil
from pathlib import Path

import msgspec
import pytest
from sqlite_utils import Database

from gates.evidence.dsse import jwks_bytes
from gates.evidence.keys import KEY_FILE, TRUST_FILE, load_signer, own_trust
from gates.evidence.store import EvidenceStore
from gates.log.entry import EntryKind
from gates.log.notes import LegacyWeek
from gates.schema.canonical import sha256_hex
from gates.schema.state import State, made_state_dir, read_state

KEY = bytes(range(32))


@pytest.fixture
def home(gonogo, tmp_path) -> Path:
    """The state folder of this test; nothing has made it yet."""
    return tmp_path / "home"


@pytest.fixture
def version_1(home, bench):
    """A state folder as release 0.1 left it: two statements, two weeks, a key, a trust file, an index."""
    (home / "keys").mkdir(parents=True, mode=0o700)
    (home / KEY_FILE).write_bytes(KEY)
    (home / "keys" / TRUST_FILE).write_bytes(jwks_bytes(bench.signer.jwk))
    kind = "urn:gonogo:evidence:load-run:v1"
    held = [bench.held(kind=kind), bench.held(bench.measure("1"), kind=kind)]
    for item in held:
        path = home / "evidence" / "objects" / item.digest[:2] / f"{item.digest}.intoto.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.encode(item.envelope))
    (home / "evidence" / "index.db").write_bytes(b"an index")
    with Database(home / "history.db") as database:
        for week, official in (("2026-W46", 1), ("2026-W47", 0)):
            yaml = f"week: {week}\n".encode()
            row = {"target": "local", "week": week, "official": official, "decision": "GO", "yaml_sha256": sha256_hex(yaml)}
            database.table("scorecards").insert(
                {"id": official + 1, **row, "evaluated_at": "2026-11-13T12:00:00.000Z", "yaml": yaml}, pk="id"
            )
    return held


def _store(home):
    return EvidenceStore(home / "evidence", own=own_trust(home))


def _listed(home):
    return [line.entry.kind.value for line in _store(home).contents(own_trust(home)).lines]


def test_init_makes_a_folder_of_version_2_with_a_key_once(gonogo, home):
    """Also by any command that needs the folder; made again it is the same."""
    code, out, _ = gonogo("state", "init")
    assert (code, out) == (0, f"{home}: version 2, evidence key {load_signer(home).keyid}\n")
    assert gonogo("state", "init")[:2] == (code, out)
    assert (home / "state.json").read_bytes() == b'{"rehearsal":false,"version":2}\n'
    assert home.stat().st_mode & 0o777 == 0o700
    assert (_listed(home), made_state_dir()) == (["key"], home)


def test_the_first_command_that_makes_the_folder_says_what_it_is(home, capsys):
    """In one line, once."""
    assert made_state_dir() == home
    assert capsys.readouterr().err == (
        f"{home}: the new state folder: keys, evidence and its log, reviews. "
        "Keep it: it holds the streak, and GONOGO_HOME names another\n"
    )
    made_state_dir()
    assert capsys.readouterr().err == ""


def test_init_for_rehearsals_marks_the_key_and_does_not_change_its_mind(gonogo, home):
    """A real folder does not become one for rehearsals, nor the other way round: exit 2."""
    code, out, _ = gonogo("state", "init", "--rehearsal")
    assert (code, "rehearsal key" in out) == (0, True)
    assert read_state(home) == State(2, rehearsal=True)
    assert json.loads((home / "keys" / TRUST_FILE).read_bytes())["keys"][0]["gonogo_rehearsal"] is True
    code, _, err = gonogo("state", "init")
    assert (code, "is a rehearsal folder, and does not become a real one" in err) == (2, True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"rehearsal":false,"version":3}', "version 3; this release reads version 2"),
        ("{}", "missing"),
        ("x", "malformed"),
        ("", ""),
    ],
)
def test_a_state_file_that_cannot_be_read_ends_with_2(gonogo, home, text, said):
    """Of a later release, or damaged: named, with the next step."""
    gonogo("state", "init")
    (home / "state.json").write_text(text, encoding="utf-8")
    for command in (("state", "init"), ("evidence", "list"), ("gate", "run", "--build", "b" * 64)):
        code, out, err = gonogo(*command)
        assert (code, out) == (2, "")
        assert f"{home / 'state.json'}: " in err
        assert said in err
        assert "next: " in err


@pytest.mark.parametrize(
    "command", [("evidence", "list"), ("evidence", "verify"), ("gate", "run", "--build", "b" * 64), ("state", "init")]
)
def test_a_folder_of_version_1_is_refused_with_the_command_that_takes_it_over(gonogo, home, version_1, command):
    """Exit 8, and nothing in it is changed."""
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    code, out, err = gonogo(*command)
    assert (code, out) == (8, "")
    assert f"{home}: a state folder of version 1: it has evidence/objects, history.db, {KEY_FILE} and no state.json" in err
    assert "gonogo state migrate" in err
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("left", ["evidence/objects", "history.db", KEY_FILE])
def test_each_part_of_version_1_is_enough(gonogo, home, version_1, left):
    """A folder in which only the history is left is not begun again either."""
    for path in list(home.rglob("*")):
        if path.is_file() and not str(path.relative_to(home)).startswith(left):
            path.unlink()
    assert gonogo("evidence", "list")[0] == 8


def test_migrate_lists_everything_as_legacy_and_removes_nothing(gonogo, home, version_1):
    """Statements and weeks can be read; none of them is evidence, and none of the weeks is one of a streak."""
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file() and path.name != "index.db"}
    code, out, _ = gonogo("state", "migrate")
    assert (code, out) == (0, f"{home}: took over 2 statements and 2 weeks; it is of version 2 now\n")
    assert all(path.read_bytes() == data for path, data in before.items())
    assert _listed(home) == ["key", *["migration"] * 4]
    contents = _store(home).contents(own_trust(home))
    yaml = b"week: 2026-W46\n"
    expected = LegacyWeek("local", "2026-W46", True, "GO", "2026-11-13T12:00:00.000Z", sha256_hex(yaml))  # a row
    assert contents.legacy_weeks()[0] == expected
    assert [week.official for week in contents.legacy_weeks()] == [True, False]
    assert _store(home).artifact_path(sha256_hex(yaml)).read_bytes() == yaml
    assert contents.statements(own_trust(home)) == []
    assert list(contents.logged(EntryKind.CARD, own_trust(home))) == []
    assert gonogo("evidence", "list")[0] == 0
    code, out, _ = gonogo("state", "migrate")
    assert (code, out) == (0, f"{home}: is of version 2 already\n")
    assert load_signer(home).keyid == own_trust(home).keyids[0]


def test_a_folder_of_version_2_that_lost_its_log_is_not_taken_over(gonogo, home):
    """It would begin anew, without its red runs and its official weeks: exit 8, and how to restore it."""
    gonogo("state", "init")
    (home / "evidence" / "log.jsonl").unlink()
    (home / "state.json").unlink()
    code, _, err = gonogo("state", "migrate")
    assert (code, "is of version 2: it was in a log, which is lost" in err, "gonogo state restore" in err) == (8, True, True)


def test_an_interrupted_migration_can_be_run_again(gonogo, home, version_1):
    """Until state.json is there, which comes last, the folder is one of version 1; nothing is listed twice."""
    gonogo("state", "migrate")
    (home / "state.json").unlink()
    assert gonogo("evidence", "list")[0] == 8
    assert gonogo("state", "migrate")[0] == 0
    assert _listed(home).count("migration") == 4
    assert len(_store(home).contents(own_trust(home)).legacy_weeks()) == 2


def test_migrate_names_what_does_not_verify_and_changes_nothing(gonogo, home, version_1, bench, tmp_path):
    """A changed statement, one of another key, a week that does not match its digest: exit 8 before anything is written."""
    path = next((home / "evidence" / "objects").glob("*/*.json"))
    good = path.read_bytes()
    path.write_bytes(good + b"\n")
    code, _, err = gonogo("state", "migrate")
    assert (code, f"{path}: the content's sha256 is" in err) == (8, True)
    path.write_bytes(good)
    trust = home / "keys" / TRUST_FILE
    trust.rename(tmp_path / "old-trust.json")
    code, _, err = gonogo("state", "migrate")
    assert (code, "which the trust root does not hold" in err, "--trust" in err) == (8, True, True)
    with Database(home / "history.db") as database:
        database.table("scorecards").update(1, {"yaml": b"week: 2026-W52\n"})
    code, _, err = gonogo("state", "migrate", "--trust", tmp_path / "old-trust.json")
    assert (code, "history.db: the scorecard of 2026-W47 was changed" in err) == (8, True)
    assert not (home / "evidence" / "log.jsonl").exists()
    assert not (home / "state.json").exists()
    (home / "history.db").write_bytes(b"no database" * 100)
    code, _, err = gonogo("state", "migrate", "--trust", tmp_path / "old-trust.json")
    assert (code, "history.db: " in err, "move history.db away" in err) == (8, True, True)
    (home / "history.db").unlink()
    assert gonogo("state", "migrate", "--trust", tmp_path / "old-trust.json")[0] == 0


def test_migrate_takes_over_an_evidence_folder_of_its_own(gonogo, home, version_1, tmp_path):
    """As `--evidence` names one; without a log it is refused until then."""
    shutil.move(home / "evidence", tmp_path / "theirs")
    (home / "history.db").unlink()
    gonogo("state", "migrate")
    code, _, err = gonogo("evidence", "list", "--evidence", tmp_path / "theirs")
    assert (code, "lost: there are 2 envelopes" in err, "gonogo state migrate" in err) == (8, True, True)
    assert gonogo("state", "migrate", "--evidence", tmp_path / "theirs")[:2] == (
        0,
        f"{tmp_path / 'theirs'}: took over 2 statements\n",
    )
    assert gonogo("evidence", "list", "--evidence", tmp_path / "theirs")[0] == 0


def test_there_is_nothing_to_migrate_in_an_empty_folder(gonogo, home):
    """Exit 2."""
    code, _, err = gonogo("state", "migrate")
    assert (code, "there is no state folder of version 1" in err) == (2, True)


def test_a_rehearsals_clock_is_refused_everywhere_else(gonogo, home, tmp_path, monkeypatch):
    """Also where nothing is signed: old evidence would be judged as of a moment that somebody chose."""
    gonogo("state", "init")
    (tmp_path / "clock").write_text("2026-11-27T12:05:00Z", encoding="ascii")
    monkeypatch.setenv("GONOGO_REHEARSAL_CLOCK", str(tmp_path / "clock"))
    for command in (("gate", "run", "--build", "b" * 64), ("waiver", "list"), ("waiver", "check"), ("evidence", "list")):
        code, out, err = gonogo(*command)
        assert (code, out) == (2, ""), command
        assert f"GONOGO_REHEARSAL_CLOCK is set, and {home} is no rehearsal" in err
