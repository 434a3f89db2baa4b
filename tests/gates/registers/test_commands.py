"""`gonogo finding` and `gonogo incident`: what a person does is signed and kept, or refused with its code and the next step."""

import pytest
from registered import LOOKED_AT, OPEN
from signing import ADA, document, first, person, public, put_signers

from gates.schema.paging import Paged, acknowledgements, write_page
from gates.signers.document import Role

INCIDENT = ("incident", "open", "settles fail in one region", "--severity", "P0", "--owner", "sre")


def test_a_finding_is_opened_acknowledged_closed_and_listed(kept):
    """By two people; whoever reads the list sees owner, age, state, and what closed it."""
    name = kept.opened()
    (row,) = kept.rows()
    assert (row["id"], row["severity"], row["state"], row["owner"], row["opened_by"]) == (name, "P0", "open", "backend", "ada")
    assert kept.gonogo("finding", "ack", name, "--note", "Bob has it", "--as", "ada").code == 0
    assert kept.rows()[0]["state"] == "acknowledged"
    ending = kept.close(name)
    assert (ending.code, "which passes money/double_settles" in ending.out) == (0, True), ending.text
    (row,) = kept.rows()
    assert (row["state"], row["closed_by"], len(row["shown_by"])) == ("closed", "grace", 64)


def test_the_list_shows_open_items_the_worst_first_and_the_last_review(kept):
    """A closed one only with --all; the age is that of the clock."""
    kept.opened("--severity", "P2")
    closed, worst = kept.opened(), kept.opened("--owner", "payments")
    kept.close(closed)
    kept.later(days=2)
    ending = kept.gonogo("finding", "list")
    lines = ending.out.splitlines()
    assert [line.split()[1] for line in lines[1:]] == ["P0", "P2"]
    assert (worst in lines[1], "payments" in lines[1], "2 d" in lines[1]) == (True, True, True)
    assert "security: 2 of 3 open, never reviewed" in ending.err
    kept.review()
    assert "reviewed at 2026-11-25" in kept.gonogo("finding", "list").err


def test_each_register_is_its_own(kept):
    """An id of one register is unknown in another."""
    name = kept.opened("--register", "onboarding")
    incident = kept.opened(words=INCIDENT)
    assert (name[:2], incident[:2]) == ("F-", "I-")
    assert kept.rows() == []
    assert [row["id"] for row in kept.rows("--register", "onboarding")] == [name]
    ending = kept.gonogo("finding", "ack", name, "--as", "ada")
    assert (ending.code, f"no security finding has the id '{name}'" in ending.err) == (2, True)
    assert kept.gonogo("incident", "ack", incident, "--as", "ada").code == 0
    assert kept.close(incident, group="incident").code == 0


PAGE = Paged("2026-11-25T09:00:00.000Z", "S2", "settles fail", "runbooks/rollback.md", ("commander",), {"commander": "Grace"})


def test_a_page_is_acknowledged_by_its_folder_and_an_incident_by_its_id(kept):
    """One command for both: of a page the first acknowledgement counts, and the register has no entry of it."""
    page = kept.folder / "drill"
    page.mkdir()
    write_page(page, PAGE)
    ending = kept.gonogo("incident", "ack", str(page), "--as", "commander")
    assert (ending.code, "S2: settles fail" in ending.out, "acknowledged by Grace" in ending.out) == (0, True, True), ending.text
    assert [one.person for one in acknowledgements(page)] == ["commander"]
    assert len(kept.registers().entries) == 0
    incident = kept.opened(words=INCIDENT)
    assert kept.gonogo("incident", "ack", incident, "--note", "rolled back", "--as", "ada").code == 0


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("drill",), "no page has arrived there"),
        (("no/such/folder",), "no page has arrived there"),
        (("drill", "I-0000000000"), "a page is acknowledged alone and without --note"),
        (("drill", "--note", "rolled back"), "a page is acknowledged alone and without --note"),
    ],
)
def test_a_folder_that_has_no_page_or_that_is_not_alone_is_refused(kept, monkeypatch, words, complaint):
    """A folder is one whether it is named with a slash or not."""
    (kept.folder / "drill").mkdir()
    monkeypatch.chdir(kept.folder)
    ending = kept.gonogo("incident", "ack", *words, "--as", "ada")
    assert (ending.code, complaint in ending.err, "next:" in ending.err) == (2, True, True), ending.text


RAISE = ("--severity", "P0", "--reason", "it was guessed in a test")


def test_a_finding_is_raised_by_anybody_and_lowered_by_nobody(kept):
    """By an entry more: the first one stays as it was reported. Closing it needs what its new severity needs."""
    name = kept.opened("--severity", "P2")
    assert kept.gonogo("finding", "raise", name, *RAISE, "--as", "grace").code == 0
    (row,) = kept.rows()
    assert (row["severity"], row["opened_by"], row["state"]) == ("P0", "ada", "open")
    opened, raised = kept.registers().entries
    assert (opened.spec.event.items[0].severity, raised.spec.event.severity, raised.spec.by) == ("P2", "P0", "grace")
    for severity in ("P0", "P1", "P3"):
        ending = kept.gonogo("finding", "raise", name, *RAISE, "--severity", severity, "--as", "grace")
        assert (ending.code, "a severity is only raised" in ending.err) == (5, True), ending.text
    assert kept.close(name).code == 0
    assert kept.registers().entries[-1].spec.event.severity == "P0"
    ending = kept.gonogo("finding", "raise", name, *RAISE, "--as", "grace")
    assert (ending.code, "is closed already" in ending.err) == (2, True), ending.text


def test_several_findings_are_closed_by_one_statement(kept):
    """One entry names them all."""
    names = [kept.opened("--owner", owner) for owner in ("backend", "payments")]
    assert kept.close(*names).code == 0
    assert {row["state"] for row in kept.rows()} == {"closed"}
    assert len(kept.registers().entries) == 3


def test_the_person_who_opened_it_does_not_close_it(kept):
    """Exit 5: persons count, not keys, and not the way in which a name is written."""
    name = kept.opened()
    for by in ("ada", "ADA"):
        ending = kept.close(name, by=by)
        assert (ending.code, f"ada opened {name}: another person has to close it" in ending.err) == (5, True), ending.text


def test_somebody_without_the_role_keeps_no_register(kept):
    """Exit 5, naming the people who can; a machine and a stranger are nobody."""
    people = (person("Ada", public(ADA), roles=[Role.WAIVER]), *document().people[1:])
    put_signers(kept.home, first(document(at="2020-01-01T00:00:00.000Z", people=people)))
    for by, why in (("ada", "ada does not hold the role finding"), ("ci", "nobody with the id 'ci'"), ("eve", "id 'eve'")):
        ending = kept.gonogo(*OPEN, "--as", by)
        assert (ending.code, why in ending.err, "grace, ines" in ending.err) == (5, True, True), ending.text
    assert kept.gonogo(*OPEN, "--as", "ines").code == 5  # her private key is elsewhere


def test_without_signers_nothing_is_kept(kept):
    """Exit 5, with the command that begins them."""
    for name in ("signers.json", "signers.pin"):
        (kept.home / name).unlink()
    for words in (OPEN, ("finding", "review", *LOOKED_AT)):
        ending = kept.gonogo(*words, "--as", "ada")
        assert (ending.code, "needs Signers" in ending.err, "gonogo signer init" in ending.err) == (5, True, True)


def test_an_unknown_a_closed_and_an_acknowledged_finding_are_refused(kept):
    """Exit 2 with the command that lists them; nothing is kept."""
    name = kept.opened()
    kept.gonogo("finding", "ack", name, "--as", "grace")
    ending = kept.gonogo("finding", "ack", name, "--as", "ada")
    assert (ending.code, f"{name} is acknowledged already: grace" in ending.err) == (2, True)
    assert kept.close(name).code == 0
    before = len(kept.registers().entries)
    closed = f"{name} is closed already: grace closed it at "
    for other, why in ((name, closed), ("F-0000000000", "no security finding has the id")):
        ending = kept.close(other)
        assert (ending.code, why in ending.err, "gonogo finding list --all" in ending.err) == (2, True, True), ending.text
    assert kept.gonogo("finding", "ack", name, "--as", "ada").code == 2
    assert len(kept.registers().entries) == before


def test_an_id_can_be_shortened_as_long_as_it_is_one(kept):
    """The beginning of two ids is refused."""
    name = kept.opened()
    assert kept.gonogo("finding", "ack", name[:6], "--as", "ada").code == 0
    assert kept.gonogo("finding", "ack", "F-", "--as", "ada").code == 2


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("finding", "open", "x", "--severity", "P0", "--owner", "b"), "title: 'x' is too short: at least 10 characters"),
        (("finding", "open", "y" * 401, "--severity", "P0", "--owner", "b"), "title: has more than 400 characters"),
        (("finding", "open", "a line\nand another", "--severity", "P0", "--owner", "b"), "or one that cannot be printed"),
        (("finding", "open", "a token in the log", "--severity", "P0", "--owner", " "), "owner: is empty"),
        (("finding", "open", "a token in the log", "--severity", "S1", "--owner", "b"), "'S1' is not one of"),
        (("finding", "review", "--looked-at", "all"), "looked_at: 'all' is too short"),
        (("finding", "review", *LOOKED_AT, *LOOKED_AT), "looked_at: a source is there twice"),
        (("finding", "review"), "Missing option '--looked-at'"),
        (("incident", "review", "--looked-at", ""), "looked_at: '' is too short"),
    ],
)
def test_an_entry_that_says_nothing_is_refused(kept, words, fault):
    """Exit 2, naming the field; nothing is kept."""
    ending = kept.gonogo(*words, "--as", "ada")
    assert (ending.code, fault in ending.text) == (2, True), ending.text
    assert kept.registers().entries == ()


def test_a_clock_that_was_set_back_writes_nothing(kept):
    """Exit 3: entries count in the order of their dates."""
    kept.opened()
    kept.later(hours=-2)
    ending = kept.gonogo(*OPEN, "--as", "grace")
    assert (ending.code, "it was set back" in ending.err, "set the clock right" in ending.err) == (3, True, True)
