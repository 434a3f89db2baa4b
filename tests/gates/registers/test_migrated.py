"""Registers in a state folder that was taken over from version 1: they are kept from then on, next to what was taken over."""

import msgspec
import pytest
from called import caller
from honest_state import BUILD, CLEAN, State, gate
from registered import LOOKED_AT, OPEN
from signing import document, first, key, put_signers, signer
from statements import hold, predicate, subject

from gates.evidence.dsse import jwks_bytes
from gates.evidence.keys import KEY_FILE, TRUST_FILE, own_trust
from gates.schema.time import format_utc, system_clock

EVIDENCE_KEY = 7
OLD = "urn:gonogo:evidence:load-run:v1"


@pytest.fixture
def migrated(tmp_path, monkeypatch):
    """A folder of version 1 with a statement, taken over; then Ada, Grace and Ines became its Signers."""
    home, gonogo = tmp_path / "home", caller(tmp_path, monkeypatch)
    (home / "keys").mkdir(parents=True, mode=0o700)
    (home / KEY_FILE).write_bytes(key(EVIDENCE_KEY).private_bytes_raw())
    (home / "keys" / TRUST_FILE).write_bytes(jwks_bytes(signer(EVIDENCE_KEY).jwk))
    held = hold(signer(EVIDENCE_KEY), OLD, subject(BUILD), predicate(OLD, "2026-11-13T12:00:00.000Z", {"double_settles": CLEAN}))
    path = home / "evidence" / "objects" / held.digest[:2] / f"{held.digest}.intoto.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(msgspec.json.encode(held.envelope))
    assert gonogo("state", "migrate").code == 0
    put_signers(home, first(document(at="2020-01-01T00:00:00.000Z")), keys=tmp_path / "keys")
    state = State(home, tmp_path, gonogo)
    return gonogo, state, held.digest


def _closing(name, state):
    words = ("finding", "close", name, "--reason", "the logger masks tokens now", "--as", "grace")
    return (*words, "--gates", state.gate_file(gate()))


def _rows(gonogo):
    return msgspec.json.decode(gonogo("finding", "list", "--all", "--format", "json").out)


def test_a_finding_is_opened_closed_and_reviewed_in_a_folder_that_was_taken_over(migrated):
    """Entries follow those of the migration in the log, and what was taken over is still there."""
    gonogo, state, old = migrated
    name = gonogo(*OPEN, "--as", "ada").out.partition("opened: ")[2].partition(",")[0]
    green = state.record({"double_settles": CLEAN}, at=format_utc(system_clock()), about=state.subject()).digest
    words = (
        "finding",
        "close",
        name,
        "--reason",
        "the logger masks tokens now",
        "--gates",
        state.gate_file(gate()),
        "--as",
        "grace",
    )
    closed = gonogo(*words, "--shown-by", green[:12])
    assert closed.code == 0, closed.text
    assert gonogo("finding", "review", *LOOKED_AT, "--as", "ada").code == 0
    (row,) = _rows(gonogo)
    assert (row["state"], row["opened_by"], row["closed_by"], row["shown_by"]) == ("closed", "ada", "grace", green)
    kinds = [line.entry.kind.value for line in state.store.contents(own_trust(state.home)).lines]
    assert kinds == ["key", "migration", "register", "statement", "statement", "register", "register"]
    assert state.path_of(old).is_file()


def test_a_statement_that_was_taken_over_closes_nothing(migrated):
    """It is legacy: no log listed it when it was made, so it is no evidence of this folder."""
    gonogo, state, old = migrated
    name = gonogo(*OPEN, "--as", "ada").out.partition("opened: ")[2].partition(",")[0]
    words = (
        "finding",
        "close",
        name,
        "--reason",
        "the logger masks tokens now",
        "--gates",
        state.gate_file(gate()),
        "--as",
        "grace",
    )
    refused = gonogo(*words, "--shown-by", old[:12])
    assert (refused.code, "0 pieces of evidence have a digest that starts with" in refused.text) == (2, True), refused.text
    assert [row["state"] for row in _rows(gonogo)] == ["open"]


def test_entries_outlive_a_migration_that_is_run_again(migrated):
    """It is of version 2 already, and nothing in it changes."""
    gonogo, state, _ = migrated
    gonogo(*OPEN, "--as", "ada")
    before = (state.store.folder / "log.jsonl").read_bytes()
    again = gonogo("state", "migrate")
    assert (again.code, "is of version 2 already" in again.out) == (0, True)
    assert (state.store.folder / "log.jsonl").read_bytes() == before
    assert [row["state"] for row in _rows(gonogo)] == ["open"]
