"""A roster names somebody for every hour, or is refused with everything that is wrong; and it says whom to call, and when."""

import datetime as dt

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from rosters import PEOPLE, write_roster

from gates.roster.cli import roster as roster_commands
from gates.schema.errors import UsageProblem
from gates.schema.roster import Call, load_roster, on_duty, require_person, to_call
from gates.schema.roster_week import ALL_DAYS, WEEK_MIN, Span, gaps, overlaps, spans
from gates.schema.severity import CALLINGS, Duty, Severity, calling, round_the_clock, severity_of
from gates.schema.time import parse_utc

NOON = parse_utc("2026-11-25T11:00:00Z")  # Wednesday, 12:00 in Berlin
NIGHT = parse_utc("2026-11-25T22:00:00Z")


@pytest.fixture
def roster(tmp_path):
    """The roster of three people."""
    return load_roster(write_roster(tmp_path / "roster.yaml"))


def _problem(path):
    with pytest.raises(UsageProblem) as refused:
        load_roster(path)
    return refused.value.message


def test_the_people_on_duty_are_those_of_the_hour_in_the_rosters_zone(roster):
    """By day, over midnight, and outside of support's hours."""
    assert on_duty(roster, Duty.OPERATOR, NOON) == ("ben", "cleo", "ada")
    assert on_duty(roster, Duty.OPERATOR, NIGHT) == ("cleo", "ben")
    assert on_duty(roster, Duty.OPERATOR, parse_utc("2026-11-26T06:59:59Z")) == ("cleo", "ben")
    assert on_duty(roster, Duty.OPERATOR, parse_utc("2026-11-26T07:00:00Z")) == ("ben", "cleo", "ada")
    assert on_duty(roster, Duty.SUPPORT, NOON) == ("ben",)
    assert on_duty(roster, Duty.SUPPORT, NIGHT) == ()


def test_a_change_of_the_clocks_moves_the_shift_with_the_wall_time(roster):
    """08:00 in Berlin is 06:00 UTC in summer and 07:00 in winter."""
    assert on_duty(roster, Duty.OPERATOR, parse_utc("2026-10-24T06:30:00Z"))[0] == "ben"
    assert on_duty(roster, Duty.OPERATOR, parse_utc("2026-10-26T06:30:00Z"))[0] == "cleo"


@pytest.mark.parametrize(
    ("severity", "waited_s", "called"),
    [
        (Severity.S1, 0, [("commander", "ada"), ("operator", "ben"), ("finance", "cleo")]),
        (Severity.S2, 0, [("operator", "ben")]),
        (Severity.S2, 14 * 60 + 59, [("operator", "ben")]),
        (Severity.S2, 15 * 60, [("operator", "ben"), ("operator", "cleo")]),
        (Severity.S2, 30 * 60, [("operator", "ben"), ("operator", "cleo"), ("operator", "ada")]),
        (Severity.S3, 0, [("owner", "ada")]),
        (Severity.S3, 2 * 3600, [("owner", "ada"), ("owner", "cleo")]),
        (Severity.S4, 0, [("support", "ben")]),
    ],
)
def test_the_chain_is_called_one_by_one_as_the_time_to_acknowledge_passes(roster, severity, waited_s, called):
    """Somebody with two duties is called once."""
    assert to_call(roster, severity, NOON, waited_s) == tuple(Call(Duty(duty), person) for duty, person in called)


def test_after_three_times_without_an_acknowledgement_everybody_is_called(tmp_path):
    """Also those further down the chain, and the duties that are called later."""
    long = [{"chain": ["ben", "cleo", "ada", "dan", "eve"]}]
    people = {name: {"name": name.title(), "page": "https://example.org/p"} for name in ("ada", "ben", "cleo", "dan", "eve")}
    found = load_roster(write_roster(tmp_path / "r.yaml", people=people, duties={"operator": long}))
    assert [call.person for call in to_call(found, Severity.S2, NOON, 45 * 60 - 1)] == ["ben", "cleo", "ada"]
    assert [call.person for call in to_call(found, Severity.S2, NOON, 45 * 60)] == ["ben", "cleo", "ada", "dan", "eve"]


def test_the_table_has_the_launch_plans_severities_duties_and_times():
    """S1 within five minutes, S2 within fifteen; the owner hears of S1 after fifteen, the commander of S2 after thirty."""
    assert [(row.severity, row.acknowledge_s) for row in CALLINGS] == [("S1", 300), ("S2", 900), ("S3", 7200), ("S4", 86_400)]
    assert calling(Severity.S1).at_once == ("commander", "operator", "finance", "security")
    assert calling(Severity.S1).later == ((900, "owner"),)
    assert calling(Severity.S2).later == ((1800, "commander"),)
    assert round_the_clock() == tuple(duty for duty in Duty if duty is not Duty.SUPPORT)


def test_an_alert_has_the_severity_of_its_labels_and_an_unforeseen_one_the_higher_in_doubt():
    """A gateway that is down is S1, another page S2, a ticket S3."""
    assert severity_of({"alertname": "GatewayDown", "severity": "page", "job": "gateway"}) is Severity.S1
    assert severity_of({"alertname": "PaymentsApiDown", "severity": "page"}) is Severity.S1
    assert severity_of({"alertname": "SLOBurn", "severity": "page"}) is Severity.S2
    assert severity_of({"severity": "ticket"}) is Severity.S3
    assert severity_of({"severity": "critical"}) is Severity.S2


FAULTS = {
    "unknown person": (
        {"duties": {"finance": [{"chain": ["cleo", "dan"]}]}},
        "$.spec.duties.finance[0].chain[1]: 'dan' is unknown",
    ),
    "gap": (
        {"duties": {"owner": [{"days": ["mon", "tue", "wed", "thu", "fri"], "chain": ["ada"]}]}},
        "$.spec.duties.owner: nobody is on duty Sat 00:00 to Mon 00:00",
    ),
    "no shift": ({"duties": {"owner": []}}, "$.spec.duties.owner: nobody is on duty Mon 00:00 to Mon 00:00"),
    "two shifts": (
        {"duties": {"owner": [{"chain": ["ada"]}, {"days": ["tue"], "from": "08:00", "until": "12:00", "chain": ["ben"]}]}},
        "$.spec.duties.owner: two shifts at one time, Tue 08:00 to Tue 12:00",
    ),
    "nobody": ({"duties": {"owner": [{"chain": []}]}}, "$.spec.duties.owner[0].chain: is empty"),
    "twice": ({"duties": {"owner": [{"chain": ["ada", "ada"]}]}}, "$.spec.duties.owner[0].chain: names somebody twice"),
    "no day": ({"duties": {"owner": [{"days": [], "chain": ["ada"]}]}}, "$.spec.duties.owner[0].days: is empty"),
    "odd time": (
        {"duties": {"owner": [{"from": "8:00", "chain": ["ada"]}]}},
        "$.spec.duties.owner[0].from: '8:00' is not a time",
    ),
    "24:00": ({"duties": {"owner": [{"from": "24:00", "chain": ["ada"]}]}}, "$.spec.duties.owner[0].from: '24:00' is not a time"),
    "line end": ({"duties": {"owner": [{"until": "20:00\n", "chain": ["ada"]}]}}, "$.spec.duties.owner[0].until: '20:00\\n' is"),
    "other digits": (
        {"duties": {"owner": [{"until": "2\u0660:00", "chain": ["ada"]}]}},
        "$.spec.duties.owner[0].until: '2\u0660:00' is",
    ),
    "zone": ({"zone": "Europe/Atlantis"}, "$.spec.zone: 'Europe/Atlantis' is no IANA time zone"),
    "zone of the machine": ({"zone": "localtime"}, "$.spec.zone: 'localtime' is no IANA time zone"),
    "path as zone": ({"zone": "../../etc/passwd"}, "$.spec.zone: '../../etc/passwd' is no IANA time zone"),
    "expiry": ({"expires": "2026-12-14"}, "$.spec.expires: '2026-12-14' is not a moment"),
    "id": ({"people": {**PEOPLE, "Dan D": {"name": "Dan", "page": "${PAGE}"}}}, "$.spec.people.Dan D: an id has"),
    "no name": ({"people": {**PEOPLE, "dan": {"name": " ", "page": "${PAGE}"}}}, "$.spec.people.dan.name: is empty"),
    "address": ({"people": {**PEOPLE, "dan": {"name": "Dan", "page": "dan@example.org"}}}, "$.spec.people.dan.page: is neither"),
    "password": ({"watchdog": "https://me:secret@example.org/"}, "$.spec.watchdog: has a user name or a password"),
    "missing": ({"watchdog": None}, "missing required field `watchdog`"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_of_a_roster_is_named_with_its_path(tmp_path, name):
    """And a password in an address is not repeated."""
    changes, expected = FAULTS[name]
    path = write_roster(tmp_path / "roster.yaml", **changes)
    message = _problem(path)
    assert message.startswith(f"{path}: ")
    assert expected in message
    assert "secret" not in message


def test_every_fault_is_named_in_one_go(tmp_path):
    """Not only the first."""
    path = write_roster(tmp_path / "r.yaml", zone="X", duties={"finance": [{"chain": ["dan"]}], "owner": []})
    assert len(_problem(path).splitlines()) == 3


def test_a_folder_has_to_hold_exactly_one_roster(tmp_path):
    """With two of them nobody knows who is called."""
    folder = tmp_path / "on-call"
    folder.mkdir()
    assert "holds no roster" in _problem(folder)
    write_roster(folder / "a.yaml")
    assert load_roster(folder).zone == "Europe/Berlin"
    write_roster(folder / "b.yml")
    assert "holds 2 rosters, and only one can say who is called: a.yaml, b.yml" in _problem(folder)


def test_two_rosters_on_the_command_line_or_in_the_working_folder_are_refused(tmp_path, monkeypatch):
    """The last one does not win in silence; each of them alone is taken."""
    monkeypatch.chdir(tmp_path)
    for name in ("roster.yaml", "other.yaml"):
        write_roster(tmp_path / name)
    for words in (("check",), ("who", "S1")):
        with pytest.raises(UsageProblem, match=r"--roster is given 2 times: roster\.yaml and other\.yaml"):
            _run(*words, "--roster", "roster.yaml", "--roster", "other.yaml")
        assert _run(*words, "--roster", "other.yaml").exit_code == _run(*words).exit_code == 0
    write_roster(tmp_path / "roster.yml")
    with pytest.raises(UsageProblem, match=r"holds roster\.yaml and roster\.yml, and only one can say who is called"):
        _run("check")


def _run(*argv):
    return CliRunner().invoke(roster_commands, argv, standalone_mode=False, catch_exceptions=False)


def test_a_file_of_another_kind_and_one_that_is_not_there_are_named(tmp_path):
    """Nothing is read as a roster that is none."""
    other = tmp_path / "target.yaml"
    other.write_text("apiVersion: gonogo/v1\nkind: Target\nmetadata: {name: a}\nspec: {}\n")
    assert "$.kind: expected 'Roster', found 'Target'" in _problem(other)
    assert "no such file" in _problem(tmp_path / "none.yaml")


def test_a_roster_calls_nobody_once_it_has_expired(tmp_path):
    """Those on it may not be there any more."""
    found = load_roster(write_roster(tmp_path / "r.yaml", expires="2026-11-26T00:00:00+01:00"))
    assert to_call(found, Severity.S2, NOON)
    with pytest.raises(UsageProblem, match="the roster expired at 2026-11-26"):
        to_call(found, Severity.S2, NOON + dt.timedelta(hours=12))


def test_somebody_who_is_not_on_the_roster_is_refused_by_name(roster):
    """With those who are."""
    assert require_person(roster, "ada") == "ada"
    with pytest.raises(UsageProblem, match="nobody with the id 'dan'") as refused:
        require_person(roster, "dan")
    assert refused.value.next_step == "use one of ada, ben, cleo"


@settings(max_examples=25)
@given(
    shifts=st.lists(
        st.tuples(st.lists(st.sampled_from(ALL_DAYS), min_size=1, unique=True), st.integers(0, 1439), st.integers(1, 1440)),
        max_size=6,
    )
)
def test_gaps_and_overlaps_are_those_that_counting_each_minute_finds(shifts):
    """Every minute of the week is covered never, once or more often."""
    covered = [
        span
        for days, begin, until in shifts
        for span in spans(days, f"{begin // 60:02d}:{begin % 60:02d}", f"{until // 60:02d}:{until % 60:02d}")
    ]
    counts = [0] * WEEK_MIN
    for span in covered:
        for minute in range(span.begin, span.end):
            counts[minute] += 1
    assert _minutes(gaps(covered)) == {minute for minute, count in enumerate(counts) if count == 0}
    assert _minutes(overlaps(covered)) == {minute for minute, count in enumerate(counts) if count > 1}


def _minutes(found):
    return {minute for begin, end in found for minute in range(begin, end)}


def test_a_shift_over_the_end_of_the_week_goes_on_on_monday():
    """Sunday night is Monday morning."""
    assert spans([ALL_DAYS[6]], "20:00", "08:00") == (Span(0, 480), Span(WEEK_MIN - 240, WEEK_MIN))
