"""A freeze calendar is spans of UTC, or is refused with everything that is wrong; clock changes move wall times, not hours."""

import datetime as dt

import pytest
from freezes import calendar, write_calendar
from hypothesis import given
from hypothesis import strategies as st

from gates.schema.errors import UsageProblem
from gates.schema.freeze import load_calendar
from gates.schema.time import parse_utc
from gates.schema.zone import load_zone, local_text, read_instant, zone_data

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC", "Africa/Casablanca")
BEGIN = dt.datetime(2000, 1, 1, tzinfo=dt.UTC).replace(tzinfo=None)  # wall times
MOMENTS = st.integers(0, 100 * 365 * 86_400).map(lambda seconds: BEGIN + dt.timedelta(seconds=seconds))
WINTER = "{name: stop, from: 2026-12-23T18:00, until: 2027-01-04T08:00, allow: [P0]}"


def _problem(tmp_path, *windows, zone="Europe/Berlin"):
    with pytest.raises(UsageProblem) as refused:
        calendar(tmp_path, *windows, zone=zone)
    return refused.value.message


def test_a_launch_freezes_from_72_elapsed_hours_before_until_7_days_after(tmp_path):
    """Over a clock change that begins at another wall time, and the calendar shows both."""
    (span,) = calendar(tmp_path, "{name: launch, launch: 2026-03-30T09:00}").spans
    assert (span.begins_at, span.ends_at) == ("2026-03-27T07:00:00.000Z", "2026-04-06T07:00:00.000Z")
    assert (span.begins_local, span.launch_local) == ("2026-03-27T08:00:00+01:00", "2026-03-30T09:00:00+02:00")
    assert span.clock_change == "the clocks change within it: 72 elapsed hours before 09:00 is 08:00"
    assert span.allow == ("P0", "P1")


def test_a_clock_change_after_the_launch_moves_the_end(tmp_path):
    """168 elapsed hours, and in autumn the wall time is earlier."""
    (span,) = calendar(tmp_path, "{name: launch, launch: 2026-10-24T09:00}").spans
    assert (span.ends_local, "168 elapsed hours after 09:00 is 08:00" in span.clock_change) == ("2026-10-31T08:00:00+01:00", True)


def test_a_window_is_half_open_and_both_times_are_wall_times_of_the_zone(tmp_path):
    """The first moment is in it, the last is not; a window that spans a clock change shows both offsets."""
    spans = calendar(tmp_path, WINTER)
    held = [bool(spans.in_force(parse_utc(at))) for at in ("2026-12-23T16:59:59.999Z", "2026-12-23T17:00:00Z")]
    assert held == [False, True]
    ends = [bool(spans.in_force(parse_utc(at))) for at in ("2027-01-04T06:59:59.999Z", "2027-01-04T07:00:00Z")]
    assert ends == [True, False]
    (span,) = calendar(tmp_path, "{name: summer, from: 2026-10-01T00:00, until: 2026-11-01T00:00}").spans
    assert span.clock_change == "the clocks change within it: +02:00 at its beginning, +01:00 at its end"


def test_windows_are_ordered_and_the_next_one_is_known(tmp_path):
    """Whatever their order in the file; a calendar without windows freezes nothing."""
    spans = calendar(tmp_path, WINTER, "{name: launch, launch: 2026-06-01T09:00Z}")
    assert [span.name for span in spans.spans] == ["launch", "stop"]
    assert spans.upcoming(parse_utc("2026-05-29T08:59:59Z")).name == "launch"
    assert spans.upcoming(parse_utc("2026-05-29T09:00:00Z")).name == "stop"
    assert spans.upcoming(parse_utc("2027-01-01T00:00:00Z")) is None
    assert calendar(tmp_path).spans == ()


@pytest.mark.parametrize(
    ("window", "fault"),
    [
        (
            "{name: a, from: 2026-12-02T09:00, until: 2026-12-01T09:00}",
            "[0].until: 2026-12-01T09:00 is not after 2026-12-02T09:00",
        ),
        ("{name: a, from: 2026-12-02T09:00, until: 2026-12-02T09:00}", "[0].until: 2026-12-02T09:00 is not after"),
        ("{name: a, from: 2026-12-02T09:00}", "[0].until: '' is not a time such as 2026-12-01T09:00"),
        ("{name: a, until: 2026-12-02T09:00}", "[0].from: '' is not a time"),
        ("{name: a}", "[0]: has either `from` and `until`, or `launch`"),
        ("{name: a, launch: 2026-12-02T09:00, until: 2026-12-03T09:00}", "[0]: has either `from` and `until`, or `launch`"),
        ("{name: a, launch: 2026-12-02}", "[0].launch: '2026-12-02' is not a time such as"),
        ("{name: a, launch: next Friday}", "[0].launch: 'next Friday' is not a time"),
        ("{name: a, launch: 2026-02-30T09:00}", "[0].launch: '2026-02-30T09:00' is not a time"),
        ("{name: a, launch: 0001-01-01T09:00Z}", "from 1970 to 2999"),
        ("{name: a, launch: \uff12026-12-02T09:00}", "is not a time"),
        ("{name: a, launch: 20261202}", "Expected `str`, got `int`"),
        ("{name: a, launch: 2026-12-02T09:00, allow: [P3]}", "[0].allow[0]: Invalid enum value 'P3'; one of P0, P1, P2"),
        ("{name: a, launch: 2026-12-02T09:00, allow: [P0, P2]}", "[0].allow: the freeze of a launch allows P0 and P1 at most"),
        ("{name: a, launch: 2026-12-02T09:00, allow: [P0, P0]}", "[0].allow: names a class twice"),
        ("{name: A B, launch: 2026-12-02T09:00}", "[0].name: 'A B' is not lower-case words"),
        ("{name: a, launch: 2026-12-02T09:00, zone: UTC}", "unknown key 'zone'"),
        ("{name: a, launch: 2026-03-29T02:30}", "does not exist in Europe/Berlin: the clocks are set forward over it"),
        (
            "{name: a, launch: 2026-10-25T02:30}",
            "write 2026-10-25T02:30:00+02:00, or 2026-10-25T02:30:00+01:00 for the second one",
        ),
    ],
)
def test_a_window_that_cannot_be_read_is_refused(tmp_path, window, fault):
    """With its place in the file, and what to write instead."""
    found = _problem(tmp_path, window)
    assert fault in found, found
    assert str(tmp_path / "freeze.yaml") in found


def test_every_fault_of_a_calendar_is_named_at_once(tmp_path):
    """Zone, names and times."""
    found = _problem(tmp_path, "{name: a, launch: x}", "{name: a, launch: 2026-12-02T09:00}", zone="Europe/Atlantis")
    assert "$.spec.zone: 'Europe/Atlantis' is no IANA time zone such as Europe/Berlin or UTC" in found
    assert "$.spec.windows[0].launch: 'x'" in found
    assert "$.spec.windows: two of them are called 'a'" in found


@pytest.mark.parametrize("zone", ["", "../etc/passwd", "/usr/share/zoneinfo/UTC", "europe/berlin", "+02:00", "posixrules"])
def test_a_zone_is_one_of_the_iana_names(tmp_path, zone):
    """No path, no offset, no other case: a file system would decide about those."""
    assert "is no IANA time zone" in _problem(tmp_path, zone=f"'{zone}'")


def test_a_calendar_without_a_zone_is_refused(tmp_path):
    """Its wall times would mean another instant elsewhere."""
    path = write_calendar(tmp_path / "freeze.yaml", WINTER)
    path.write_text(path.read_text().replace("  zone: Europe/Berlin\n", ""))
    with pytest.raises(UsageProblem, match="missing required field `zone`"):
        load_calendar(path)


def test_windows_that_overlap_are_refused_and_a_launch_may_fall_into_one(tmp_path):
    """Of two windows one is a mistake; two launches close together are not, and then both have to allow a change."""
    late = "{name: late, from: 2027-01-01T00:00, until: 2027-02-01T00:00}"
    assert "'stop' and 'late' overlap, from 2027-01-01T00:00:00+01:00 on" in _problem(tmp_path, late, WINTER)
    touching = "{name: late, from: 2027-01-04T08:00, until: 2027-02-01T00:00}"
    assert len(calendar(tmp_path, WINTER, touching).spans) == 2
    launches = ("{name: one, launch: 2026-12-27T09:00}", "{name: two, launch: 2026-12-29T09:00}")
    assert len(calendar(tmp_path, WINTER, *launches).in_force(parse_utc("2026-12-28T00:00:00Z"))) == 3


@pytest.mark.parametrize(
    ("names", "fault"), [((), "holds no freeze calendar"), (("a.yaml", "b.yaml"), "holds 2 freeze calendars")]
)
def test_a_folder_holds_exactly_one_calendar(tmp_path, names, fault):
    """Of two nobody could say which decides."""
    folder = tmp_path / "calendars"
    folder.mkdir()
    for name in names:
        write_calendar(folder / name, WINTER)
    with pytest.raises(UsageProblem, match=fault):
        load_calendar(folder)
    write_calendar(folder / "a.yaml", WINTER)
    if not names:
        assert load_calendar(folder).spans[0].name == "stop"


def test_the_release_of_the_zone_data_is_named(tmp_path):
    """It decides about local times in the future, which governments change."""
    assert calendar(tmp_path, WINTER).zone_data == zone_data()
    assert zone_data().startswith("tzdata 2")


@given(st.sampled_from(ZONES), MOMENTS)
def test_a_wall_time_is_one_instant_or_is_refused_with_instants_that_are_read(name, wall):
    """What is read back shows the same wall time; a refusal names times with an offset, each of which is accepted."""
    zone = load_zone(name)
    try:
        found = read_instant(wall.isoformat(), zone)
    except UsageProblem as problem:
        named = [word.strip(",") for word in problem.message.split("; write ")[1].split() if "T" in word]
        assert len({read_instant(text, zone) for text in named}) == 2
        return
    assert found.astimezone(zone).replace(tzinfo=None) == wall
    assert read_instant(local_text(found, zone), zone) == found


@given(st.sampled_from(ZONES), MOMENTS)
def test_every_instant_can_be_written_with_its_offset(name, utc):
    """In whatever zone, also in the hour that exists twice."""
    zone, moment = load_zone(name), utc.replace(tzinfo=dt.UTC)
    assert read_instant(local_text(moment, zone), zone) == moment


@given(st.sampled_from(ZONES), MOMENTS)
def test_a_launch_freezes_the_same_hours_in_every_zone_and_season(tmp_path_factory, name, utc):
    """240 hours around the instant of the launch."""
    folder = tmp_path_factory.mktemp("calendar")
    (span,) = calendar(folder, f"{{name: launch, launch: {utc.isoformat()}Z}}", zone=name).spans
    launch = utc.replace(tzinfo=dt.UTC)
    assert parse_utc(span.begins_at) == launch - dt.timedelta(hours=72)
    assert parse_utc(span.ends_at) == launch + dt.timedelta(hours=168)
    assert parse_utc(span.begins_local) == parse_utc(span.begins_at)
