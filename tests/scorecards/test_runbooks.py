"""Runbooks lie next to the page as HTML: sections can be opened, links lead on, and nothing in them runs."""

from pathlib import Path

import pytest

from gates.schema.gateset import load_gates
from scorecards.runbooks import slug, write_runbooks
from scorecards.words import href

RUNBOOK = """<!-- [[[cog generated() ]]] -->
# A settle is red

## 1. Stop the payouts

See [the rail](rail.md#2-wait), [nobody](nobody.md), [the key](../secret.md), [the wiki](https://wiki.example/x),
[bad](javascript:alert(1)) and ![a picture](images/one.png).

<script>alert(1)</script>

| when | do |
|---|---|
| red | stop |
"""


@pytest.fixture
def gates(tmp_path: Path) -> Path:
    """A folder of gates with runbooks of its own."""
    folder = tmp_path / "gates"
    (folder / "runbooks" / "images").mkdir(parents=True)
    (folder / "runbooks" / "settle.md").write_text(RUNBOOK)
    (folder / "runbooks" / "rail.md").write_text("# The rail\n\n## 2. Wait\n\n[back](settle.md)\n")
    (folder / "runbooks" / "images" / "one.png").write_bytes(b"a picture")
    (folder / "secret.md").write_text("# not for the review")
    (folder / "scorecard.md").write_text("# not over the page")
    return folder


@pytest.fixture
def out(tmp_path: Path, gates: Path) -> Path:
    """A review's folder with its page, to which the runbooks were written."""
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "scorecard.html").write_text("the page")
    names = ["runbooks/settle.md#1-stop-the-payouts", "scorecard.md", "https://wiki.example/x", "javascript:alert(1)"]
    write_runbooks(names, gates, folder)
    return folder


def test_a_runbook_brings_what_it_links_to_from_its_own_folder(out: Path) -> None:
    """Pages and pictures come along; nothing outside the runbooks, and nothing over a file of the review."""
    found = sorted(path.relative_to(out).as_posix() for path in out.rglob("*.*"))
    assert found == ["runbooks/images/one.png", "runbooks/rail.html", "runbooks/settle.html", "scorecard.html"]
    assert (out / "scorecard.html").read_text() == "the page"


def test_a_runbook_as_a_page_has_sections_links_and_nothing_that_runs(out: Path) -> None:
    """Headings have the ids that gates name; links to what did not come along are text, and so are HTML and `javascript:`."""
    page = (out / "runbooks" / "settle.html").read_text()
    assert '<h2 id="1-stop-the-payouts">' in page
    assert '<a href="rail.html#2-wait">' in page
    assert '<a href="https://wiki.example/x">' in page
    assert '<img src="images/one.png"' in page
    assert "<td>stop</td>" in page
    assert '<a href="../scorecard.html">Back to the scorecard</a>' in page
    for never in ("<script", 'javascript:alert(1)"', "nobody.md", 'secret.md"', "cog generated"):
        assert never not in page


def test_the_same_runbook_gives_the_same_bytes(out: Path, gates: Path, tmp_path: Path) -> None:
    """Written again into another folder it is the same page."""
    other = tmp_path / "other"
    other.mkdir()
    write_runbooks(["runbooks/settle.md"], gates, other)
    assert (other / "runbooks" / "settle.html").read_bytes() == (out / "runbooks" / "settle.html").read_bytes()


def test_each_shipped_gate_opens_its_runbook_at_a_section_that_is_there(tmp_path: Path) -> None:
    """The link on the page leads to a file, and to a heading in it."""
    for catalog in ("launch-plan", "service"):
        folder = Path(__file__).parents[2] / "gates" / "catalog" / catalog
        gates = load_gates(folder)
        out = tmp_path / catalog
        out.mkdir()
        write_runbooks([gate.runbook for gate in gates], folder, out)
        for gate in gates:
            path, _, section = href(gate.runbook).partition("#")
            page = (out / path).read_text()
            assert not section or f'id="{section}"' in page, gate.id


def test_a_section_has_the_usual_id() -> None:
    """Punctuation is left out, blanks are hyphens."""
    assert slug("1. Stop the payouts, now!") == "1-stop-the-payouts-now"
