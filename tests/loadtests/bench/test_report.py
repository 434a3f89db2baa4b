"""The document of a run, and what people read of it."""

import msgspec
import pytest

from gates.schema.outcome import ExitCode
from loadtests.bench.command import json_text
from loadtests.bench.machine import Machine
from loadtests.bench.render import markdown, text
from loadtests.bench.report import Books, Facts, exit_code, make_report
from loadtests.bench.rows import ROWS, chosen

MACHINE = Machine(
    cpu="a processor",
    cores=2,
    pinned=True,
    memory_mb=1024,
    system="Linux",
    file_system="ext4",
    sync_ms={"p50": "0.2", "p99": "1.5"},
    python="3.11",
    sqlite="3.40",
    packages={"litestar": "2.25"},
    generator="wrk 4",
    postgres=None,
)
FACTS = Facts("2026-11-23T10:00:00.000Z", "ab" * 32, 1, 5, 2, MACHINE)
ABSENT = {"postgres": "not run: there is no PostgreSQL"}


@pytest.fixture
def report(pair):
    """A function that makes the report of two rows, one of which could not run."""

    def make(rate=600, facts=FACTS, troubles=ABSENT, books=()):
        pairs = {"settle-64": [pair("settle-64", number, 1000, rate, 1000, slow=0) for number in (1, 2, 3)], "postgres": []}
        return make_report(facts, chosen(("settle-64", "postgres")), pairs, troubles, books)

    return make


def test_a_row_that_did_not_run_says_why_and_has_no_figure(report):
    """Its cells are empty, in the text, the page and the document alike."""
    made = report()
    row = next(row for row in made.rows if row.name == "postgres")
    assert (row.figures, row.ratio, row.unknown) == (None, None, ABSENT["postgres"])
    line = next(line for line in markdown(made).splitlines() if line.startswith("| Litestar + asyncpg"))
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[1:] == ["64", ABSENT["postgres"], *[""] * 8]
    assert ABSENT["postgres"] in text(made)


def test_the_document_holds_no_float_and_every_pair(report):
    """Figures are decimal strings; whoever doubts a median can take it again."""
    document = msgspec.json.decode(json_text(report()))
    assert len(document["pairs"]) == 3
    assert document["rows"][0]["figures"]["rate"] == "600"
    assert document["rows"][0]["ratio"] == {"median": "0.60", "least": "0.60", "most": "0.60"}


def test_every_table_of_the_page_has_as_many_cells_as_its_head(report):
    """Nothing in a title or a reason breaks the Markdown."""
    for line in markdown(report(troubles={"postgres": "not run: a | in the reason"})).splitlines():
        if line.startswith("|"):
            assert len(line.replace("\\|", "").split("|")) in (8, 13)


@pytest.mark.parametrize(("rate", "troubles", "code"), [
    (500, {}, ExitCode.RED), (500, ABSENT, ExitCode.RED), (700, ABSENT, ExitCode.UNKNOWN),
])  # fmt: skip
def test_a_check_ends_red_for_a_miss_and_unknown_for_what_was_not_measured(report, rate, troubles, code):
    """A missed aim outweighs an unknown one; neither is a pass."""
    assert exit_code(report(rate, troubles=troubles)) is code


def test_a_check_is_green_only_where_every_aim_is_met(pair):
    """All that was asked for was measured and reached."""
    pairs = {"replay-64": [pair("replay-64", 1, 1000, 1300, 1000)]}
    assert exit_code(make_report(FACTS, chosen(("replay-64",)), pairs, {}, ())) is ExitCode.GREEN


def test_nothing_is_judged_where_nothing_was_durable(report):
    """On a file system in memory a commit costs nothing, so that the figures say nothing."""
    machine = msgspec.structs.replace(MACHINE, file_system="tmpfs")
    made = report(2000, facts=msgspec.structs.replace(FACTS, machine=machine))
    assert {goal.verdict for goal in made.goals} == {"unknown"}


def test_settles_that_are_not_in_the_books_are_a_miss(report):
    """A service that acknowledges what it does not keep has no speed; one that keeps more was cut off in the middle."""
    assert report(2000, books=(Books("gateway", 100, 99),)).missed
    assert not report(2000, books=(Books("gateway", 100, 164),)).missed
    assert "INCOMPLETE" in text(report(2000, books=(Books("gateway", 100, 99),)))


def test_the_whole_table_without_a_single_measurement_is_a_table_of_reasons():
    """A run in which nothing could be measured is still a document."""
    made = make_report(FACTS, ROWS, {row.name: [] for row in ROWS}, {row.name: "not run: no reason" for row in ROWS}, ())
    assert {row.unknown for row in made.rows} == {"not run: no reason"}
    assert text(made)
