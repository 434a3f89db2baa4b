"""The machines as a document, for programs that check a life without importing the gateway."""

import json

import pytest
from click.testing import CliRunner

from gateway.cli import gateway
from gateway.command_line.machine_export import names
from gateway.errors import Code
from gateway.machines.onboarding import NEEDS, ONBOARDING
from gateway.setup.failures import SetupCode
from gateway.setup.server_codes import SERVER_ROWS


def run(*argv):
    """`gonogo gateway machines ...`: exit code and output."""
    done = CliRunner().invoke(gateway, ["machines", *argv])
    return done.exit_code, done.output


def test_every_row_of_every_machine_is_exported():
    """The document holds each edge once, in the order of the table."""
    code, text = run("--format", "json")
    documents = {one["machine"]: one for one in json.loads(text)}
    assert (code, sorted(documents)) == (0, sorted(names()))
    edges = [(row["state"], row["event"], row["next"], row["effect"]) for row in documents["onboarding"]["rows"]]
    assert edges == [(row.state, row.event, row.next, row.effect) for row in ONBOARDING.rows]


def test_the_onboarding_names_its_needs_its_ends_and_the_way_on_from_each():
    """Every end but the completed one has a command, and every outage is on the rows that it stops."""
    document = json.loads(run("onboarding", "--format", "json")[1])
    ends = {one["state"]: one["next"] for one in document["ends"]}
    assert ends == {
        "completed": "",
        "trust_only": "gonogo setup resume",
        "paused": "gonogo setup resume",
        "blocked": ends["paused"],
    }
    for row in document["rows"]:
        assert row["needs"] == sorted(NEEDS.get(row["event"], ()))


def test_every_code_that_a_setup_can_meet_is_exported_once_with_its_next_step():
    """The client's codes and the service's, with a next step and a page each."""
    failures = json.loads(run("onboarding", "--format", "json")[1])["failures"]
    assert sorted(one["code"] for one in failures) == sorted({*map(str, SetupCode), *SERVER_ROWS, *map(str, Code)})
    assert all(one["next_step"] and one["command"] and one["runbook"] for one in failures)
    pages = {one["code"]: one["runbook"] for one in failures}
    assert (pages["rail_unavailable"], pages["otp_invalid"], pages["no_terminal"]) == (
        "rail-outage.md",
        "setup-failures.md",
        "setup-failures.md",
    )


@pytest.mark.parametrize("name", ["machine", "no-such"])
def test_a_machine_that_does_not_exist_is_refused_with_the_names_there_are(name):
    """Exit 2, and the names."""
    code, text = run(name)
    assert (code, f"use one of {', '.join(names())}" in text) == (2, True)


def test_the_text_has_one_line_a_row():
    """For people: state, event, next state, effect."""
    lines = run("onboarding")[1].splitlines()
    assert (len(lines), lines[1].split()[1:4]) == (len(ONBOARDING.rows), ["started", "probe_ok", "service_ok"])
