"""An Alertmanager's routes are made from a roster, and its own tool finds them right."""

import re
import subprocess

import msgspec
import pytest
import yaml
from rosters import write_roster

from gates.cli import main
from gates.roster.reading import called_addresses, rehearsed_addresses
from gates.roster.routes import NOBODY, REHEARSED, Pace, alertmanager, alertmanager_bytes
from gates.schema.entry import run
from gates.schema.errors import UsageProblem
from gates.schema.roster import OnCall, load_roster

BY_LABELS = [
    ({"alertname": "Watchdog", "severity": "none"}, ["Watchdog"]),
    ({"alertname": "GatewayDown", "severity": "page"}, ["ada", "ben", "cleo"]),
    ({"alertname": "PaymentsApiDown", "severity": "page"}, ["ada", "ben", "cleo"]),
    ({"alertname": "Burn", "severity": "page", "slo": "availability"}, ["ben", "cleo"]),
    ({"alertname": "Burn", "severity": "ticket"}, ["ada"]),
    ({"alertname": "SomethingElse"}, ["ben", "cleo"]),
]


@pytest.fixture
def roster(tmp_path):
    """The roster of three people."""
    return load_roster(write_roster(tmp_path / "roster.yaml"))


@pytest.fixture
def config(roster, tmp_path):
    """Its routes at a rehearsal's pace, as a file."""
    path = tmp_path / "alertmanager.yml"
    path.write_bytes(alertmanager_bytes(roster, *rehearsed_addresses(roster, "http://127.0.0.1:9/"), REHEARSED))
    return path


@pytest.mark.parametrize("pace", [Pace(), REHEARSED])
def test_the_tool_of_the_alertmanager_accepts_the_routes(amtool, roster, tmp_path, pace):
    """Made for real use and for a rehearsal."""
    path = tmp_path / "alertmanager.yml"
    path.write_bytes(alertmanager_bytes(roster, *rehearsed_addresses(roster, "http://127.0.0.1:9"), pace))
    done = subprocess.run([amtool, "check-config", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "5 receivers" in done.stdout


@pytest.mark.parametrize(("labels", "receivers"), BY_LABELS)
def test_each_alert_reaches_the_people_of_its_severity_and_none_reaches_nobody(amtool, config, labels, receivers):
    """Whoever is first in a chain at some hour; the hours themselves mute the others."""
    given = [f"{name}={value}" for name, value in labels.items()]
    argv = [amtool, "config", "routes", "test", f"--config.file={config}", f"--verify.receivers={','.join(receivers)}", *given]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_route_that_calls_somebody_else_is_seen_by_the_tool(amtool, config):
    """So that the test above can fail."""
    config.write_text(config.read_text().replace("receiver: ben", "receiver: ada"))
    argv = [amtool, "config", "routes", "test", f"--config.file={config}", "--verify.receivers=ben,cleo", "severity=page"]
    assert subprocess.run(argv, capture_output=True, check=False).returncode == 1


def test_each_person_is_called_at_the_hours_of_their_shifts_alone(roster):
    """Ben by day and Cleo by night, in the roster's zone; the night is two intervals, since none goes beyond midnight."""
    found = alertmanager(roster, dict.fromkeys(roster.people, "http://127.0.0.1:9"), "http://127.0.0.1:9", Pace())
    (page,) = [route for route in found["route"]["routes"] if route["matchers"] == ['severity=~"page"']]
    assert {child["receiver"]: child["active_time_intervals"] for child in page["routes"]} == {
        "ben": ["operator-1"],
        "cleo": ["operator-2"],
    }
    hours = {item["name"]: item["time_intervals"] for item in found["time_intervals"]}
    assert {(at["start_time"], at["end_time"]) for item in hours["operator-2"] for at in item["times"]} == {
        ("20:00", "24:00"),
        ("00:00", "08:00"),
    }
    assert {item["location"] for items in hours.values() for item in items} == {"Europe/Berlin"}
    assert set(hours) == set(re.findall(r"\b[a-z]+-[0-9]\b", str(found["route"])))


def test_nothing_reaches_the_root_receiver(roster):
    """The last route matches every alert."""
    found = alertmanager(roster, dict.fromkeys(roster.people, "http://127.0.0.1:9"), "http://127.0.0.1:9", Pace())
    assert found["route"]["receiver"] == NOBODY
    assert found["route"]["routes"][-1]["matchers"] == []
    assert all(route["receiver"] == "Watchdog" or route["routes"] for route in found["route"]["routes"])


def test_the_addresses_of_people_come_from_the_environment_and_are_never_repeated(roster):
    """A variable that is not set, and one whose value is no address, are named with the person."""
    with pytest.raises(UsageProblem, match=r"spec.people.ada.page: \$\{GONOGO_PAGE_ADA\} is not set"):
        called_addresses(roster, {})
    with pytest.raises(
        UsageProblem, match=r"spec.people.ada.page: the value of \$\{GONOGO_PAGE_ADA\} has a user name"
    ) as refused:
        called_addresses(roster, {"GONOGO_PAGE_ADA": "https://a:hidden@example.org"})
    assert "hidden" not in str(refused.value)
    people, watchdog = called_addresses(roster, {"GONOGO_PAGE_ADA": "https://example.org/ada"})
    assert people["ada"] == "https://example.org/ada"
    assert watchdog == "https://example.org/watchdog"


def test_every_address_that_is_missing_is_named_at_once(roster):
    """A roster of seven people needs no eight attempts; the next step sets all."""
    people = {**roster.people, "bob": OnCall("Bob", "${GONOGO_PAGE_BOB}")}
    with pytest.raises(UsageProblem) as refused:
        called_addresses(msgspec.structs.replace(roster, people=people), {})
    assert refused.value.message.splitlines() == [
        "spec.people.ada.page: ${GONOGO_PAGE_ADA} is not set",
        "spec.people.bob.page: ${GONOGO_PAGE_BOB} is not set",
    ]
    assert refused.value.next_step == "export GONOGO_PAGE_ADA=...; export GONOGO_PAGE_BOB=..."


@pytest.mark.parametrize("url", ["https://example.org", "127.0.0.1:9", "http://10.0.0.1:9", "http://a:b@127.0.0.1:9"])
def test_a_rehearsal_calls_nobody_elsewhere(roster, url):
    """Its pages stay on this machine."""
    with pytest.raises(UsageProblem, match="is no http address of this machine"):
        rehearsed_addresses(roster, url)


def test_the_command_prints_routes_checks_a_roster_and_names_who_is_called(capsys, tmp_path, monkeypatch):
    """With the roster of an option, of gonogo.yaml, or of the working folder."""
    monkeypatch.chdir(tmp_path)

    def shown(*argv):
        code = run(main, ["roster", *argv])
        found = capsys.readouterr()
        return code, found.out, found.err

    assert shown("check")[0] == 2
    write_roster(tmp_path / "on-call" / "ours.yaml")
    (tmp_path / "gonogo.yaml").write_text(
        "apiVersion: gonogo/v1\nkind: Project\nmetadata: {name: p}\nspec: {roster: on-call/ours.yaml}\n"
    )
    code, out, _ = shown("check", "--at", "2026-11-25T11:00:00Z")
    assert (code, "operator  Ben Ito, then Cleo Sanz, then Ada Okafor" in out, "ok: 3 people" in out) == (0, True, True)
    code, out, _ = shown("who", "s2", "--at", "2026-11-25T11:00:00Z", "--waited", "20m", "--format", "json")
    assert (code, [call["person"] for call in yaml.safe_load(out)]) == (0, ["ben", "cleo"])
    assert "it waits for the next working day" in shown("who", "S4", "--at", "2026-11-28T11:00:00Z")[1]
    assert shown("who", "S2", "--waited", "long")[0] == 2
    code, out, _ = shown("routes", "--rehearse", "http://127.0.0.1:9")
    assert (code, yaml.safe_load(out)["receivers"][1]["name"]) == (0, "Watchdog")
    assert shown("routes")[0] == 2
