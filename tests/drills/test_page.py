"""The page of a drill: what happened, what was lost, what to do; the same bytes from the same files, and nothing but text."""

import shutil

import drill_folder
import msgspec
import pytest

from drills.cli import drill
from drills.journal import End, RolledBack
from drills.page.make import FILE, TEMPLATE, TEMPLATES, make_page, page_bytes, write_page
from drills.page.material import read_material
from drills.record import Evidence
from gates.page.template import environment
from gates.schema.catalogs import rules_path
from gates.schema.errors import UsageProblem
from gates.schema.gateset import load_gates
from gates.schema.outcome import UnknownReason


@pytest.fixture(scope="module")
def gates():
    """The shipped gates, whose limits the page shows."""
    return load_gates(rules_path(None))


@pytest.fixture
def folder(tmp_path):
    """Write a drill that ended in some way; returns its folder."""

    def make(**how):
        return drill_folder.write_drill(tmp_path / "drill", **how)

    return make


def _rendered(page):
    return environment(TEMPLATES).get_template(TEMPLATE).render(page=page)


def test_the_page_has_the_moments_of_the_fault_the_readings_and_the_audit(folder, gates):
    """Injected, seen, detected, taken back, served again; before and after; nothing lost, with the number that was looked at."""
    page = make_page(read_material(folder()), gates, {})
    assert (page.banner.word, page.banner.style) == ("PASSED", "pass")
    (fault,) = page.faults.rows
    assert fault.name == "kill-1"
    assert [cell.text for cell in fault.cells] == ["4.000 s", "4.400 s", "5.000 s", "6.500 s", "5.230 s", "it does not answer"]
    readings, clients = page.before_after
    assert [cell.text for cell in readings.rows[1].cells] == ["responds", "responds"]
    assert [(row.name, row.cells[0].text, row.cells[3].text) for row in clients.rows] == [
        ("Before the first fault", "20", "0"),
        ("Until the steady state held again", "25", "6"),
        ("After that", "15", "0"),
    ]
    assert page.lost.sentence.startswith("Nothing was lost: 600 payments were audited one by one")
    text = _rendered(page)
    for words in ("54 attempts acknowledged, 0 refused, 6 without a usable answer", "gate C", "gonogo drill report ."):
        assert words in text


def test_a_lost_payment_is_shown_with_its_attempts_and_the_lines_of_the_books(folder, gates):
    """The finding comes with its witness, the banner is red, and the next step names the check."""
    page = make_page(read_material(folder(lost=12)), gates, {})
    assert (page.banner.word, page.lost.style) == ("FAILED", "fail")
    assert "lost_settle" in page.banner.sentence
    assert [len(page.lost.found), page.lost.more] == [10, "and 2 more in storm/check.json"]
    witness = page.lost.found[0].witness
    assert [row.text for row in witness.attempts] == ["settle attempt 1 at 0.0 ms: acknowledged after 30.0 ms, 200"]
    assert witness.books == ("ledger 18: reserve e18: payee/p1/payable 500",)
    assert page.next[0].command == "gonogo load check storm"
    (row,) = [row for row in page.measures if row.name == "lost_settles"]
    assert (row.style, row.value) == ("fail", "12")


@pytest.mark.parametrize(
    ("how", "word", "next_words"),
    [
        ({"rolled_back": RolledBack.FAILED}, "ROLLBACK FAILED", "bring it back by hand"),
        ({"end": End.FAILED}, "UNKNOWN", "Remove the cause"),
        ({"end": End.ABORTED}, "ABORTED", "which guard"),
        ({"end": End.INTERRUPTED}, "INTERRUPTED", "run the drill again"),
        ({"end": None}, "KILLED", "take its fault back"),
    ],
    ids=["rollback failed", "failed", "aborted", "interrupted", "killed"],
)
def test_each_ending_has_its_word_and_its_next_step(folder, gates, how, word, next_words):
    """Nothing but a drill that came to its end and measured everything is PASSED."""
    page = make_page(read_material(folder(**how)), gates, {})
    assert page.banner.word == word
    assert page.banner.style != "pass"
    assert any(next_words in step.do for step in page.next)


def test_a_drill_that_passed_and_misses_a_limit_of_a_gate_did_not_pass(folder, gates):
    """The banner names the measure."""
    material = read_material(folder())
    slow = msgspec.structs.replace(material.report.measures["kills"], value="0")
    measures = {**material.report.measures, "kills": slow}
    report = msgspec.structs.replace(material.report, measures=measures)
    page = make_page(msgspec.structs.replace(material, report=report), gates, {})
    assert (page.banner.word, page.banner.style) == ("OVER A LIMIT", "fail")
    assert page.banner.sentence.endswith("misses a limit: kills.")


def test_what_was_not_audited_is_not_called_lost_or_kept(folder, gates):
    """Without a check nothing is known about the payments."""
    out = folder()
    (out / "storm" / "check.json").unlink()
    material = read_material(out)
    measures = material.report.measures
    gone = {name: msgspec.structs.replace(one, value=None, unknown=UnknownReason.NOT_RUN) for name, one in measures.items()}
    report = msgspec.structs.replace(material.report, measures=gone)
    page = make_page(msgspec.structs.replace(material, report=report), gates, {})
    assert page.lost.style == "unknown"
    assert page.lost.sentence.startswith("It is not known whether anything was lost")
    assert page.banner.word == "UNKNOWN"


def test_an_incident_shows_the_moments_of_its_page_by_monitoring(folder, gates):
    """Injected, first bad, firing, received, acknowledged, mitigated, resolved."""
    page = make_page(msgspec.structs.replace(read_material(folder()), case=drill_folder.case()), gates, {})
    assert [(row.name, row.cells[0].text) for row in page.incident.rows] == [
        ("Injected", "4.000 s"),
        ("First bad", "5.000 s"),
        ("Firing", "6.000 s"),
        ("Received", "7.000 s"),
        ("Acknowledged", "8.000 s"),
        ("Mitigated", "9.000 s"),
        ("Resolved", "not seen"),
    ]
    assert "route: injected 4.000 s, first bad 5.000 s" in _rendered(page)


def test_a_release_drill_shows_the_builds_in_their_order_and_the_replacement_apart(folder, gates):
    """The record is sorted by name, so `candidate` stands first; attempts during the replacement are no attempts before it."""
    material = read_material(folder())
    stable, candidate = "cd" * 32, "ab" * 32
    record = msgspec.structs.replace(
        material.record, builds={"candidate": candidate, "stable": stable}, deploy_s=drill_folder.BEGAN_S + 3
    )
    readings, clients = make_page(msgspec.structs.replace(material, record=record), gates, {}).before_after
    (builds,) = [row for row in readings.rows if row.name == "build of the service"]
    assert [cell.text for cell in builds.cells] == [stable[:12], f"in between: {candidate[:12]}"]
    rows = {row.name: row.cells[0].text for row in clients.rows}
    assert list(rows)[:2] == ["Before the first fault", "While the release was replaced"]
    assert int(rows["Before the first fault"]) + int(rows["While the release was replaced"]) == 20
    assert int(rows["While the release was replaced"]) > 0


def test_the_gates_are_asked_about_the_build_since_its_service_has_ended(folder, gates):
    """The command works as printed; of an own drill, which no shipped gate reads, it lists the statement."""
    material = read_material(folder())
    shipped = msgspec.structs.replace(material.plan, evidence=Evidence("evidence", "ab" * 32))
    own = msgspec.structs.replace(shipped, drill=msgspec.structs.replace(shipped.drill, evidence="own-drill"))
    commands = [make_page(msgspec.structs.replace(material, plan=plan), gates, {}).next[0].command for plan in (shipped, own)]
    assert commands == [f"gonogo gate run --target local --build {'cd' * 32}", "gonogo evidence list"]


def test_the_page_of_a_drill_of_ones_own_has_the_title_of_its_document(folder, gates):
    """Without a title it says whose it is."""
    material = read_material(folder())
    titled = msgspec.structs.replace(material, plan=msgspec.structs.replace(material.plan, title="Answers are lost"))
    assert make_page(titled, gates, {}).banner.meta == "Answers are lost"
    assert make_page(material, gates, {}).banner.meta == "A drill of one's own"


def test_a_dry_run_shows_what_a_run_would_do(cli, tmp_path):
    """Each planned step with its action and its name, in the text, in the JSON's timeline and on the page."""
    out = tmp_path / "dry"
    done = cli("run", "crash", "--dry-run", "--out", str(out))
    assert "planned   sigkill (kill-1)" in done.stdout
    page = (out / FILE).read_text()
    assert "<summary>What a run would do</summary>" in page
    assert "sigkill (kill-1) <b>(planned)</b>" in page
    assert "Read the steps below, then run the drill." in page


def test_the_same_files_give_the_same_bytes_in_any_folder(folder, tmp_path):
    """The page holds no path, no time of its making and no random order."""
    out = folder()
    shutil.copytree(out, tmp_path / "elsewhere")
    data = page_bytes(out)
    assert data == page_bytes(tmp_path / "elsewhere")
    assert str(tmp_path).encode() not in data


def test_the_page_is_one_file_without_scripts_or_addresses(folder):
    """Nothing is loaded: no script, no link to a sheet, no picture, no address of another host."""
    text = page_bytes(folder(lost=1)).decode()
    assert not [word for word in ("<script", "<link", "<img", "http://", "https://", "@import", "url(") if word in text]


def test_texts_of_the_service_are_text_and_not_markup(folder, gates):
    """What a service, a check or a document wrote cannot become part of the page."""
    bad = "<script>alert(1)</script>"
    material = read_material(folder(lost=1))
    report = msgspec.structs.replace(material.report, deviations=(bad,), target=bad, drill=bad, detail=bad)
    lives = msgspec.structs.replace(
        material.lives, faults=tuple(msgspec.structs.replace(one, name=bad, seen=bad) for one in material.lives.faults)
    )
    found = tuple(msgspec.structs.replace(one, rule=bad, detail=bad, payment_id=bad) for one in material.found)
    plan = msgspec.structs.replace(material.plan, target_argument=bad)
    hostile = msgspec.structs.replace(material, report=report, lives=lives, found=found, plan=plan)
    text = _rendered(make_page(hostile, gates, {bad: bad}))
    assert "<script" not in text
    assert text.count("&lt;script") >= 8


def test_report_leaves_the_page_again_and_prints_it(folder, cli):
    """`drill report --format html` is the page that lies next to the JSON; a page that was changed is written again."""
    out = folder()
    write_page(out)
    (out / FILE).write_text("changed by hand")
    assert cli("report", str(out), "--format", "html").stdout == page_bytes(out).decode()
    assert (out / FILE).read_bytes() == page_bytes(out)


def test_a_folder_without_a_record_is_refused_with_its_name(folder):
    """Exit 2 names the file."""
    out = folder()
    (out / "record.json").unlink()
    with pytest.raises(UsageProblem, match=r"record\.json: no such file"):
        page_bytes(out)


def test_the_command_describes_the_page():
    """The help names the file."""
    assert "report.html" in drill.commands["report"].help
