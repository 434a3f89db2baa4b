"""Moments and durations mean the same everywhere, and what could mean two things is refused."""

import datetime as dt
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.schema.errors import UsageProblem
from gates.schema.time import fixed_clock, format_utc, iso_week, parse_duration_s, parse_utc, system_clock


def test_moments_are_written_in_utc_with_milliseconds():
    """Whatever zone they come in."""
    moment = dt.datetime(2026, 11, 23, 12, 0, 0, 5999, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    assert format_utc(moment) == "2026-11-23T10:00:00.005Z"


@given(st.integers(0, 200_000_000_000_000))
def test_text_order_is_time_order_and_reading_gives_the_moment_back(milliseconds):
    """To the millisecond, the finest step any artifact writes."""
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=milliseconds)
    later = moment + dt.timedelta(milliseconds=1)
    assert parse_utc(format_utc(moment)) == moment
    assert format_utc(moment) < format_utc(later)


@pytest.mark.parametrize("text", ["2026-11-23T10:00:00", "2026-11-23"])
def test_a_moment_without_a_zone_is_refused(text):
    """It would be another instant elsewhere."""
    with pytest.raises(UsageProblem, match="names no time zone"):
        parse_utc(text)


@pytest.mark.parametrize("text", ["", "today", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+10:00"])
def test_what_is_no_moment_is_refused(text):
    """Also one that falls off the calendar when it is put into UTC."""
    with pytest.raises(UsageProblem, match="is not a moment"):
        parse_utc(text)


@pytest.mark.parametrize(("text", "seconds"), [("250ms", 0.25), ("30s", 30), ("15m", 900), ("72h", 259_200), ("2w", 1_209_600)])
def test_durations_are_read(text, seconds):
    """One number and one unit."""
    assert parse_duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "15", "m", "-1h", "1.5h", "1h30m", "1 h", "1y"])
def test_what_is_no_duration_is_refused(text):
    """No sign, no fraction, no sum."""
    with pytest.raises(UsageProblem, match="is not a duration"):
        parse_duration_s(text)


@pytest.mark.parametrize(
    ("moment", "week"),
    [("2026-11-23T00:00:00Z", "2026-W48"), ("2027-01-01T00:00:00Z", "2026-W53"), ("2026-11-23T00:30:00+01:00", "2026-W47")],
)
def test_weeks_are_iso_weeks_in_utc(moment, week):
    """A year's first days may belong to the last year's last week."""
    assert iso_week(parse_utc(moment)) == week


def test_clocks_say_utc():
    """The system's to the millisecond, and a fixed one stands still."""
    now = system_clock()
    assert (now.tzinfo, now.microsecond % 1000) == (dt.UTC, 0)
    assert fixed_clock(now)() == now


def test_a_rehearsals_clock_stands_at_a_moment_or_runs_on_from_it(tmp_path, monkeypatch):
    """A run takes time by the monotonic clock too: one that stands still would date it wrongly."""
    file = tmp_path / "clock"
    monkeypatch.setenv("GONOGO_REHEARSAL_CLOCK", str(file))
    file.write_text("2026-11-27T12:05:00Z\n")
    assert format_utc(system_clock()) == "2026-11-27T12:05:00.000Z"
    file.write_text("2026-11-27T12:05:00Z running\n")
    written = file.stat().st_mtime - 90
    os.utime(file, (written, written))
    assert "2026-11-27T12:06:30.000Z" <= format_utc(system_clock()) < "2026-11-27T12:07:00.000Z"


@pytest.mark.parametrize("text", ["", "2026-11-27T12:05:00", "running", "Friday running"])
def test_a_rehearsals_clock_that_cannot_be_read_names_its_file(tmp_path, monkeypatch, text):
    """Exit 2, and nothing is dated by another clock instead."""
    monkeypatch.setenv("GONOGO_REHEARSAL_CLOCK", str(tmp_path / "clock"))
    with pytest.raises(UsageProblem, match=str(tmp_path / "clock")):
        system_clock()
    (tmp_path / "clock").write_text(text)
    with pytest.raises(UsageProblem, match=str(tmp_path / "clock")):
        system_clock()
