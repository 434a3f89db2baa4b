"""The history: one official verdict a week, for ever."""

import sqlite3
from pathlib import Path

import msgspec
import pytest

from gates.schema.errors import UnverifiedProblem
from scorecards.folder import scorecard_yaml
from scorecards.history import FILE, history_text, open_history
from scorecards.schema import Scorecard, Standing


@pytest.fixture
def home(tmp_path: Path, last_week: Scorecard, week: Scorecard) -> Path:
    """A state folder with two official weeks."""
    with open_history(tmp_path) as history:
        for card in (last_week, week):
            history.add(card, scorecard_yaml(card))
    return tmp_path


def test_the_official_weeks_come_back_with_their_bytes(home: Path, last_week: Scorecard) -> None:
    """Up to a week, of one target, oldest first."""
    with open_history(home) as history:
        assert [past.week for past, _ in history.official("local", "2026-W48")] == ["2026-W47", "2026-W48"]
        assert [data for _, data in history.official("local", "2026-W47")] == [scorecard_yaml(last_week)]
        assert history.official("elsewhere", "2026-W48") == []


@pytest.mark.parametrize("statement", ["UPDATE scorecards SET decision = 'GO'", "DELETE FROM scorecards"])
def test_an_official_row_can_be_neither_changed_nor_deleted(home: Path, statement: str) -> None:
    """The database itself refuses."""
    connection = sqlite3.connect(home / FILE)
    with pytest.raises(sqlite3.IntegrityError, match="an official scorecard cannot be"):
        connection.execute(statement)
    connection.close()


def test_a_second_official_verdict_of_a_week_is_refused(home: Path, week: Scorecard) -> None:
    """Whatever it says, and nothing of it is kept."""
    with pytest.raises(UnverifiedProblem, match="UNIQUE"), open_history(home) as history:
        history.add(week, scorecard_yaml(week))
    with open_history(home) as history:
        assert len(history.rows(None)) == 2


def test_previews_may_be_many_and_are_no_verdicts(home: Path, week: Scorecard) -> None:
    """They are listed, and do not enter the streak."""
    preview = msgspec.structs.replace(week, spec=msgspec.structs.replace(week.spec, standing=Standing.PREVIEW))
    with open_history(home) as history:
        history.add(preview, scorecard_yaml(preview))
        history.add(preview, scorecard_yaml(preview))
        assert len(history.official("local", "2026-W48")) == 2
        assert "preview" in history_text(history.rows("local"), "text")


def test_a_row_that_went_around_the_triggers_is_found(home: Path) -> None:
    """The stored bytes are held against their digest whenever they are read."""
    connection = sqlite3.connect(home / FILE)
    connection.execute("DROP TRIGGER official_is_not_updated")
    connection.execute("UPDATE scorecards SET yaml = CAST(replace(CAST(yaml AS TEXT), 'NO GO', 'GO') AS BLOB)")
    connection.commit()
    connection.close()
    with pytest.raises(UnverifiedProblem, match="has the sha256"), open_history(home) as history:
        history.official("local", "2026-W48")


def test_a_damaged_history_is_refused_with_a_next_step(tmp_path: Path) -> None:
    """A file that is no database is named, and nothing is written over it."""
    (tmp_path / FILE).write_bytes(b"this is not a database, it only has its name" * 40)
    with pytest.raises(UnverifiedProblem, match="not a database") as caught, open_history(tmp_path):
        pass
    assert "move it away" in caught.value.next_step
