"""The adapters that read files of another tool, or run a command: what they give, and everything that gives no value."""

import os

import pytest
from other_tools import BUILD, NOW, answered

from gates.adapters.answer import found_in
from gates.adapters.shape import LIMIT_BYTES, Fetched
from gates.schema.outcome import UnknownReason
from gates.schema.source import CommandSource, FileSource, JunitSource, Place, Request

SLO = f'{{"ratio": 0.0010, "total": 5000.0, "bad": 5, "sha": "{BUILD}", "at": "2026-11-30T09:00:00Z"}}'
AT = Place(pointer="/at")
JUNIT = f"""<testsuites><testsuite name="unit" tests="5" failures="1" errors="1" skipped="1"
 timestamp="2026-11-30T09:00:00+00:00">
<properties><property name="build" value="{BUILD}"/></properties>
<testcase name="a"/><testcase name="b"/><testcase name="c"><failure/></testcase><testcase name="d"><error/></testcase>
<testcase name="e"><skipped/></testcase></testsuite></testsuites>"""
MISSING, STALE, ERROR = UnknownReason.MISSING, UnknownReason.STALE, UnknownReason.ADAPTER_ERROR


def _file(**changes) -> FileSource:
    return FileSource(**{"path": "slo.json", "value": Place(pointer="/ratio"), "time": AT, **changes})


SUITE = '<testsuite name="u" timestamp="2026-11-30T09:00:00Z"><testcase name="a"/></testsuite>'


def _junit(**changes) -> JunitSource:
    return JunitSource(**{"paths": ("junit/*.xml",), **changes})


def _command(*argv: str, **changes) -> CommandSource:
    return CommandSource(argv=argv, **{"timeout": "5s", **changes})


def test_a_value_of_a_json_file_is_the_text_that_stands_there(tools):
    """0.0010 stays 0.0010, the counts come with it, and the file's own time and build are those of the evidence."""
    tools.write("slo.json", SLO)
    source = _file(samples=Place(pointer="/total"), failures=Place(pointer="/bad"), build=Place(pointer="/sha"))
    found = answered(source, "ratio").found
    assert (found.measure.value, found.measure.samples, found.measure.failures) == ("0.0010", 5000, 5)
    assert (found.build, found.time) == (BUILD, "2026-11-30T09:00:00.000Z")


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        ("slo.yaml", "slo:\n  ratio: 0.25\nat: 2026-11-30T09:00:00Z\n", Place(pointer="/slo/ratio")),
        ("slo.txt", "made at=2026-11-30T09:00:00Z\nratio: 0.25 of all\n", Place(pattern=r"^ratio: ([0-9.]+)")),
    ],
)
def test_yaml_and_text_files_are_read_as_well(tools, name, content, place):
    """By pointer, or by a pattern that matches once."""
    tools.write(name, content)
    time = Place(pattern=r"at[=:] ?(\S+)$")
    assert answered(_file(path=name, value=place, time=time), "ratio").found.measure.value == "0.25"


def test_a_member_of_yaml_that_is_given_twice_is_no_value(tools):
    """The last one would win, and nobody can say which was meant."""
    tools.write("slo.yaml", "errors: 5\nerrors: 0\n")
    source = FileSource(path="slo.yaml", value=Place(pointer="/errors"), run=("touch", "slo.yaml"))
    measure = answered(source).found.measure
    assert (measure.value, measure.unknown, measure.detail) == (None, ERROR, "slo.yaml is not YAML")


def test_junit_counts_skipped_cases_as_not_passed(tools):
    """2 of 5 passed: the ratio is over all five, whatever was skipped."""
    tools.write("junit/a.xml", JUNIT)
    ratio, count = answered(_junit(), "ratio").found.measure, answered(_junit(), "count").found.measure
    assert (ratio.value, ratio.samples, ratio.failures, ratio.skipped) == ("0.5", 4, 2, 1)
    assert (count.value, count.samples, count.skipped) == ("2", 4, 1)
    tools.write(
        "junit/b.xml", '<testsuite name="one" tests="1" timestamp="2026-11-29T09:00:00Z"><testcase name="z"/></testsuite>'
    )
    tools.write("junit/c.xml", SUITE.replace('name="a"', 'name="a" status="failed"'))
    assert answered(_junit(paths=("junit/c.xml",))).found.measure.value == "1"
    (tools.folder / "junit/c.xml").unlink()
    both = answered(_junit()).found
    assert (both.measure.samples, both.time) == (5, "2026-11-29T09:00:00.000Z")


def test_a_time_without_a_zone_is_taken_for_the_oldest_that_it_can_be(tools):
    """Unless the source names the offset."""
    tools.write("junit/a.xml", JUNIT.replace("+00:00", ""))
    assert answered(_junit()).found.time == "2026-11-29T19:00:00.000Z"
    assert answered(_junit(utc_offset="-05:00")).found.time == "2026-11-30T14:00:00.000Z"


def test_a_command_gives_a_value_or_its_exit_code(tools):
    """On stdout by pointer or pattern; without a place the exit code, if it is one of those that count."""
    assert answered(_command("echo", '{"n": 3}', value=Place(pointer="/n"))).found.measure.value == "3"
    assert answered(_command("sh", "-c", "exit 1", exit_codes=(0, 1))).found.measure.value == "1"
    assert answered(_command("true")).found.measure.value == "0"
    assert answered(_command("echo", "7", value=Place(pattern="(.*)"))).found.measure.value == "7", "an empty match is none"


def test_files_that_a_command_makes_now_are_about_now(tools):
    """With `run` they need no time and no build of their own; one that the command did not write is stale."""
    tools.write("slo.json", '{"ratio": 1}')
    made = answered(_file(time=None, run=("sh", "-c", "echo '{\"ratio\": 0.5}' > slo.json")), "ratio")
    assert (made.found.measure.value, made.found.time, made.fetched.notes.is_live) == ("0.5", None, True)
    kept = answered(_file(time=None, run=("true",)), "ratio").found.measure
    assert (kept.unknown, kept.detail) == (STALE, "slo.json was there before, and the command did not write it")


def test_a_report_that_a_command_copied_is_as_old_as_it_says(tools):
    """A time before the command was started is of another run, in whatever zone it is meant; each suite's counts."""

    def made(time, offset=None, suites=""):
        tools.write("old.xml", f"<testsuites>{SUITE.replace('2026-11-30T09:00:00Z', time)}{suites}</testsuites>")
        return answered(_junit(run=("sh", "-c", "mkdir -p junit; cat old.xml > junit/a.xml"), utc_offset=offset), "ratio").found

    for time, offset in (
        ("2026-11-29T12:00:00Z", None),
        ("2026-11-20T12:00:00", None),
        ("2026-11-30T09:00:00", "+00:00"),
        ("noon", None),
    ):
        assert made(time, offset).measure.unknown is STALE, time
    assert "names the time '2026-11-20T12:00:00': it is from before the command was started" in (
        made("2026-11-20T12:00:00").measure.detail
    )
    assert made(NOW, suites=SUITE.replace("2026-11-30", "2026-11-01")).measure.unknown is STALE
    assert made(NOW, suites=SUITE.replace('timestamp="2026-11-30T09:00:00Z"', "")).measure.value == "1"
    assert (made(NOW).measure.value, made(NOW).time) == ("1", None)
    assert made(NOW.replace("Z", "-11:00")).measure.value == "1"
    assert made(NOW.partition(".")[0].replace("Z", "")).measure.value == "1"


@pytest.mark.parametrize("stated", ["+0", "-1", "1.0", "", " 1", "\u0661", "one", "9" * 40])
@pytest.mark.parametrize("where", ["<testsuites ", '<testsuite name="unit" '])
@pytest.mark.parametrize("name", ["tests", "failures", "errors", "skipped", "disabled"])
def test_a_count_of_junit_is_digits_and_nothing_else(tools, where, name, stated):
    """Whatever a reader might take for a smaller one is none."""
    report = f'<testsuites><testsuite name="unit" timestamp="{NOW}"><testcase name="a"/></testsuite></testsuites>'
    tools.write("junit/a.xml", report.replace("<testsuites>", "<testsuites >").replace(where, f'{where}{name}="{stated}" ', 1))
    measure = answered(_junit(), "ratio").found.measure
    assert (measure.value, measure.unknown) == (None, ERROR)
    assert f"states {name}={stated[:20]!r}, which is no count" in measure.detail


FILES = [
    ("no such file", {}, _file(), MISSING, "no such file: slo.json"),
    ("no file of a pattern", {}, _junit(), MISSING, "no such file: junit/*.xml"),
    ("an empty file", {"slo.json": " \n"}, _file(), MISSING, "slo.json is empty"),
    ("an empty report", {"junit/a.xml": ""}, _junit(), MISSING, "junit/a.xml is empty"),
    ("garbage", {"slo.json": "\x00{"}, _file(), ERROR, "slo.json is not JSON"),
    ("a web page", {"slo.json": "<html>"}, _file(), ERROR, "slo.json is not JSON: it begins with '<html>'"),
    ("a web page for a report", {"junit/a.xml": "<html><body/></html>"}, _junit(), ERROR, "junit/a.xml is not JUnit XML"),
    ("no UTF-8", {"slo.json": b"\xff\xfe1"}, _file(), ERROR, "slo.json is not text in UTF-8"),
    ("a file cut short", {"slo.json": SLO[:30]}, _file(), ERROR, "slo.json is not JSON"),
    ("a report cut short", {"junit/a.xml": JUNIT[:300]}, _junit(), ERROR, "junit/a.xml is not JUnit XML"),
    ("a member twice", {"slo.json": '{"ratio": 1, "ratio": 0}'}, _file(), ERROR, "slo.json is not JSON"),
    ("nested without end", {"slo.json": "[" * 100_000}, _file(), ERROR, "slo.json is not JSON"),
    ("no value there", {"slo.json": '{"at": "2026-11-30T09:00:00Z"}'}, _file(), MISSING, "has no value at the pointer '/ratio'"),
    ("not a number", {"slo.json": '{"ratio": NaN}'}, _file(build=None, time=None, run=("touch", "slo.json")), MISSING, "'NaN'"),
    (
        "a boolean",
        {"slo.json": '{"ratio": true}'},
        _file(time=None, run=("touch", "slo.json")),
        MISSING,
        "'true' is not a finite",
    ),
    (
        "a pattern twice",
        {"slo.json": "r 1\nr 2"},
        _file(value=Place(pattern="r ([0-9])"), time=None, build=Place(pattern="(r) 1")),
        ERROR,
        "more than once",
    ),
    ("no test cases", {"junit/a.xml": "<testsuites/>"}, _junit(), MISSING, "no test cases"),
    ("fewer cases than stated", {"junit/a.xml": JUNIT.replace('tests="5"', 'tests="9"')}, _junit(), ERROR, "it is not whole"),
    (
        "fewer cases than the root states",
        {"junit/a.xml": f'<testsuites tests="9">{SUITE}</testsuites>'},
        _junit(),
        ERROR,
        "not whole",
    ),
    (
        "fewer failures than the root states",
        {"junit/a.xml": f'<testsuites failures="1">{SUITE}</testsuites>'},
        _junit(),
        ERROR,
        "states 1 failures and holds 0",
    ),
    (
        "a suite that could not be collected",
        {"junit/a.xml": SUITE.replace("</testsuite>", "<error/></testsuite>")},
        _junit(),
        ERROR,
        "has a failure or an error outside of a test case",
    ),
    (
        "a case outside of a suite",
        {"junit/a.xml": f"<testsuites>{SUITE}<testcase><failure/></testcase></testsuites>"},
        _junit(),
        ERROR,
        "has a test case outside of a suite",
    ),
    (
        "a failure of another namespace",
        {"junit/a.xml": SUITE.replace('<testcase name="a"/>', '<testcase xmlns:x="urn:x"><x:Failure/></testcase>')},
        _junit(),
        ERROR,
        "has a failure or an error outside of a test case",
    ),
    (
        "fewer skipped cases than stated",
        {"junit/a.xml": JUNIT.replace('skipped="1"', 'skipped="2"')},
        _junit(),
        ERROR,
        "states 2 skipped and holds 1",
    ),
    ("a document type", {"junit/a.xml": "<!DOCTYPE x [<!ENTITY a 'b'>]>" + JUNIT}, _junit(), ERROR, "it has a document type"),
    (
        "all were skipped",
        {"junit/a.xml": '<testsuite timestamp="2026-11-30T09:00:00Z"><testcase><skipped/></testcase></testsuite>'},
        _junit(),
        UnknownReason.NOT_RUN,
        "all 1 test cases were skipped",
    ),
    (
        "neither time nor build",
        {"slo.json": '{"ratio": 0}'},
        _file(),
        STALE,
        "slo.json names neither the time nor the build that it is about",
    ),
    (
        "a report without a time",
        {"junit/a.xml": JUNIT.replace("timestamp", "t")},
        _junit(),
        STALE,
        "names neither the time nor the build",
    ),
    ("the time is no moment", {"slo.json": '{"ratio": 0, "at": "noon"}'}, _file(), STALE, "the time 'noon' is not a moment"),
    (
        "the build is not named",
        {"slo.json": SLO},
        _file(build=Place(pointer="/commit")),
        STALE,
        "no build is named at the pointer '/commit'",
    ),
    (
        "a report without the property",
        {"junit/a.xml": JUNIT},
        _junit(build_property="sha"),
        STALE,
        "no build is named at the property 'sha'",
    ),
    ("a folder", {"slo.json/x": ""}, _file(), ERROR, "slo.json"),
]


@pytest.mark.parametrize(("files", "source", "reason", "text"), [row[1:] for row in FILES], ids=[row[0] for row in FILES])
def test_a_file_that_cannot_be_judged_is_unknown(tools, files, source, reason, text):
    """The fail-closed table of the adapters that read files: no row is a value, and each says what is wrong."""
    for name, content in files.items():
        tools.write(name, content)
    unit = "count" if isinstance(source, FileSource) else "ratio"
    measure = answered(source, unit).found.measure
    assert (measure.value, measure.unknown) == (None, reason)
    assert text in measure.detail


def test_a_file_that_is_too_big_or_a_pipe_is_unknown(tools):
    """Neither is read to an end."""
    with tools.write("slo.json", "{").open("ab") as file:
        file.truncate(LIMIT_BYTES + 1)
    assert answered(_file()).found.measure.detail == f"slo.json holds more than {LIMIT_BYTES} bytes"
    (tools.folder / "slo.json").unlink()
    os.mkfifo(tools.folder / "slo.json")
    assert answered(_file()).found.measure.detail == "slo.json is not a file"


COMMANDS = [
    ("not there", _command("no-such-program"), ERROR, "no-such-program cannot be started: No such file or directory"),
    ("exit code 1", _command("sh", "-c", "echo broken >&2; exit 1"), ERROR, "sh ended with exit code 1: broken"),
    ("ended by a signal", _command("sh", "-c", "kill -9 $$"), ERROR, "sh was ended by signal 9"),
    ("no output", _command("true", value=Place(pointer="/n")), MISSING, "the output is empty"),
    ("garbage", _command("echo", "all is well", value=Place(pointer="/n")), ERROR, "the output is not JSON"),
    ("nothing there", _command("echo", "{}", value=Place(pointer="/n")), MISSING, "no value at the pointer '/n'"),
    ("not a number", _command("echo", "n inf", value=Place(pattern="n (.*)")), MISSING, "'inf' is not a finite decimal number"),
    ("too slow", _command("sleep", "60", timeout="200ms"), ERROR, "sleep took longer than 0.2 s"),
    ("too much", _command("cat", "/dev/zero"), ERROR, f"cat wrote more than {LIMIT_BYTES} bytes"),
    (
        "a count below 0",
        _command("echo", "n -1", value=Place(pattern="(n)"), samples=Place(pattern="n (.*)")),
        ERROR,
        "not a possible count",
    ),
]


@pytest.mark.parametrize(("source", "reason", "text"), [row[1:] for row in COMMANDS], ids=[row[0] for row in COMMANDS])
def test_a_command_that_gives_no_value_is_unknown(tools, source, reason, text):
    """The fail-closed table of the adapter `command`."""
    measure = answered(source).found.measure
    assert (measure.value, measure.unknown) == (None, reason)
    assert text in measure.detail


def test_the_same_raw_files_say_the_same_again(tools):
    """Reading is a function of the raw files alone: without the folder they give the same."""
    tools.write("junit/a.xml", JUNIT)
    got = answered(_junit(), "ratio")
    (tools.folder / "junit/a.xml").unlink()
    assert found_in(Request(_junit(), "ratio"), Fetched(got.fetched.notes, got.fetched.files)) == got.found
    assert got.fetched.notes.at == NOW
