"""What points at runbooks points at pages that run: error codes, `gonogo explain`, gates."""

import re

import pytest
from click.testing import CliRunner

from drills.runbook.blocks import Human
from drills.runbook.faults.failed_setups import FAILED_SETUPS
from drills.runbook.faults.table import FAULTS
from drills.runbook.links import headings
from drills.runbook.measures import SHIPPED
from drills.runbook.places import find_page
from gates.schema.catalogs import catalog
from gates.schema.gateset import load_gates
from gates.schema.runbook import INSTALLATION, find_runbook, shipped_folder, slug
from gates.schema.severity import Severity
from gateway.command_line.explain import explain
from gateway.command_line.machine_export import exported
from gateway.errors import CATALOGUE, Code
from gateway.setup.failures import SetupCode
from gateway.setup.server_codes import SERVER_ROWS

FOR_READING = ("errors.md",)
"""The page of a code that is the caller's to correct."""


@pytest.mark.parametrize("code", Code)
def test_a_code_points_at_a_runbook_that_is_rehearsed(code):
    """The severity is one of the table, the page can be walked, and its fault is made in rehearsals."""
    row = CATALOGUE[code]
    assert row.severity in set(Severity)
    assert code in headings(shipped_folder() / "errors.md")
    if row.runbook not in FOR_READING:
        assert find_page(row.runbook.removesuffix(".md")).name in FAULTS


def test_each_failure_of_a_setup_points_at_a_runbook_that_is_rehearsed():
    """Every code that can be raised, of the client and of the gateway, has a page with steps to walk, and is explained there."""
    failures = exported("onboarding").failures
    assert {one.code for one in failures} >= {*map(str, SetupCode), *SERVER_ROWS, *map(str, Code)}
    for one in failures:
        assert find_page(one.runbook.removesuffix(".md")).name in FAULTS, one.code


def test_a_setup_that_is_rehearsed_fails_with_a_code_of_that_runbook():
    """What a rehearsal of the page resolves are codes that lead to it."""
    pages = {one.code: one.runbook for one in exported("onboarding").failures}
    assert {code: pages.get(code) for code in FAILED_SETUPS} == dict.fromkeys(FAILED_SETUPS, "setup-failures.md")


def test_what_is_worse_than_a_question_has_a_runbook():
    """S1 and S2 call people at night: they have a page to walk."""
    assert not [row.code for row in CATALOGUE.values() if row.severity in ("S1", "S2") and row.runbook in FOR_READING]


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        (
            Code.STORAGE_FULL,
            [
                "severity     S1; whom to call: gonogo roster who S1",
                "runbook      runbooks/disk-full.md: gonogo runbook run disk-full",
            ],
        ),
        (Code.NOT_FOUND, ["severity     S4; whom to call: gonogo roster who S4", "runbook      runbooks/errors.md"]),
    ],
)
def test_explain_says_how_bad_it_is_whom_to_call_and_what_to_walk(code, lines):
    """And what to get from the caller: never an API key."""
    shown = [line.strip() for line in CliRunner().invoke(explain, [code]).output.splitlines()]
    assert [line for line in lines if line not in shown] == []
    assert any(line.startswith("ask for") and "never an API key" in line for line in shown)


@pytest.mark.parametrize("name", ["launch-plan", "service"])
def test_a_gate_points_at_a_page_that_is_shipped(name):
    """With its section, from a checkout and from a wheel alike."""
    for gate in load_gates(catalog(name)):
        found = find_runbook(gate.runbook, catalog(name))
        assert found is not None, gate.runbook
        section = gate.runbook.partition("#")[2]
        assert not section or section in headings(found)


def test_gate_f_requires_a_rehearsal_of_every_runbook():
    """One more runbook is one more sample: a page that nobody rehearses would leave the gate green."""
    found = {item.id: item for gate in load_gates() for item in gate.criteria}
    assert found["runbooks_failed"].min_samples == len(FAULTS)


def test_gate_g_requires_the_steps_of_persons_on_the_page_that_it_names():
    """As many as the page has, so that a step that was left out leaves it unknown."""
    found = {item.id: item for gate in load_gates() for item in gate.criteria}["runbook_human_steps_late"]
    name = found.source.produced_by.removeprefix("gonogo runbook rehearse ").partition(" ")[0]
    assert found.min_samples == sum(isinstance(step.info, Human) for step in find_page(name).steps)
    assert found.needs == {SHIPPED: found.min_samples}


def test_an_slo_alert_leads_to_a_runbook_that_is_rehearsed():
    """Each document's section exists, and names at least one page that can be walked."""
    documents = sorted((INSTALLATION / "gates" / "slo" / "documents").rglob("*.yaml"))
    assert documents
    for path in documents:
        runbook = re.search(r"gonogo/runbook: (\S+)", path.read_text())[1]
        page, _, section = runbook.partition("#")
        text = find_runbook(page, path.parent).read_text()
        titles = {
            slug(title): body for title, body in re.findall(r"^### ([^\n]+)\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
        }
        assert any(f"]({name}.md)" in titles[section] for name in FAULTS), runbook
