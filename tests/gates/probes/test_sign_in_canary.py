"""The canary of a hosted sign-in: each of its six points is seen when it is broken, and only proven outages are left out."""

import datetime as dt
import threading
from contextlib import contextmanager

import loopback
import msgspec
import pytest
from fake_sign_in import BUILD, FakeSignIn
from probe_bench import NOW, target_of

from gates.probes.client import TargetClient
from gates.probes.sign_in import canary, points
from gates.probes.sign_in.earlier import earlier_runs, reader
from gates.probes.sign_in.points import attempt_of, judge, route_failure
from gates.probes.sign_in.seen import Attempt, Document, Earlier, Mail, Reply, Seen
from gates.schema.outcome import ExitCode
from gates.schema.target import Build, SignIn
from gates.schema.time import fixed_clock, format_utc

process = pytest.mark.process

AT = format_utc(NOW)
SIGN_IN = SignIn("canary+{run}@example.com")
STARTED = Reply(202, "", is_problem=False, ms=5)
DOWN = {"mode": "smtp", "healthy": False, "since": "2026-11-23T09:58:00Z"}


def probe(build=None, earlier=lambda _target, _build: ()):
    """The probe at a fixed moment."""
    return canary.make_probe(build, fixed_clock(NOW), earlier)


@contextmanager
def served(folder, sign_in=SIGN_IN, **changes):
    """A client of a fake sign-in, and the fake."""
    fake = FakeSignIn(fixed_clock(NOW), **changes)
    with loopback.serving(fake) as url:
        fake.address = url
        named = target_of(url, folder, sign_in=sign_in, build=Build("/build", "/build"))
        with TargetClient(named, "test") as client:
            yield client, fake


def conducted(workbench, tmp_path, *, known=None, earlier=lambda _target, _build: (), **changes):
    """One run against a fake sign-in."""
    with served(tmp_path, **changes) as (client, _):
        return workbench.conduct(probe(known, earlier), client)


def places(done):
    """Which points failed."""
    return [item.where for item in done.result.findings]


@process
def test_a_sign_in_that_works_has_six_points_and_one_attempt(workbench, tmp_path):
    """All is green, the evidence is of the cohort canary, and the address is one of this run's own."""
    with served(tmp_path) as (client, fake):
        done = workbench.conduct(probe(), client)
    points_, route = done.result.measures["canary_failures"], done.result.measures["route_failure"]
    assert (points_.value, points_.samples, points_.skipped) == ("0", 6, 0)
    assert (route.value, route.samples, route.failures) == ("0.000000", 1, 0)
    assert done.exit_code is ExitCode.GREEN
    held = workbench.store.contents(workbench.trust).held(done.evidence, workbench.trust)
    assert held.statement.predicate.cohort == "canary"
    [address] = [msgspec.json.decode(body)["address"] for _, target, body in fake.received if target.endswith("/sign-ins")]
    assert address.startswith("canary+probe-test-")


@process
@pytest.mark.parametrize(
    ("changes", "failed"),
    [
        ({"base_url": "https://elsewhere.example.com"}, ["document"]),
        ({"trusts_host": True}, ["document"]),
        ({"build": "c" * 64}, ["build"]),
        ({"time": format_utc(NOW + dt.timedelta(seconds=61))}, ["clock"]),
        ({"time": format_utc(NOW - dt.timedelta(seconds=61))}, ["clock"]),
        ({"time": "yesterday"}, ["clock"]),
        ({"refuses": {"/sign-ins": (500, "internal")}}, ["start"]),
        ({"refuses": {"/sign-ins": (503, "login_unavailable")}}, ["start"]),
        ({"refuses": {"/verify": (200, "")}}, ["wrong code"]),
        ({"refuses": {"/verify": (401, "unauthenticated")}}, ["wrong code"]),
        ({"plain": True}, ["wrong code"]),
        ({"mail": DOWN}, ["mail"]),
        ({"mail": {"mode": "none", "healthy": False, "since": None}}, ["mail"]),
    ],
)
def test_each_broken_point_is_a_finding(workbench, tmp_path, changes, failed):
    """Exactly the point that is broken fails; where nothing was started the wrong code is not tried, and never a pass."""
    done = conducted(workbench, tmp_path, **changes)
    assert places(done) == failed
    assert done.exit_code is ExitCode.RED
    measure = done.result.measures["canary_failures"]
    assert (measure.samples, measure.skipped) == ((5, 1) if failed == ["start"] else (6, 0))


@process
def test_a_clock_that_is_a_minute_off_is_still_right(workbench, tmp_path):
    """Sixty seconds are allowed, on either side."""
    for seconds in (60, -60):
        done = conducted(workbench, tmp_path, time=format_utc(NOW + dt.timedelta(seconds=seconds)))
        assert places(done) == []


@process
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"refuses": {"gonogo-auth.json": (404, "not_found")}}, "no sign-in document"),
        ({"sign_in": None}, "spec.sign_in"),
    ],
)
def test_a_service_without_a_hosted_sign_in_is_unknown(workbench, tmp_path, changes, says):
    """Neither red nor green: nothing was measured, and the reason says what is missing."""
    done = conducted(workbench, tmp_path, **changes)
    assert (done.status, done.exit_code) == ("not_run", ExitCode.UNKNOWN)
    assert says in done.detail
    assert {measure.value for measure in done.result.measures.values()} == {None}


@process
@pytest.mark.parametrize("changes", [{"mail": "fine"}, {"base_url": 7}, {"refuses": {"gonogo-auth.json": (502, "bad_gateway")}}])
def test_an_answer_that_is_no_document_is_no_measurement(workbench, tmp_path, changes):
    """A proxy's page, or a document of another form, says nothing about the sign-in behind it."""
    done = conducted(workbench, tmp_path, **changes)
    assert (done.status, done.exit_code) == ("adapter_error", ExitCode.UNKNOWN)


@process
def test_a_sign_in_that_stalls_fails_within_the_limit(workbench, tmp_path, monkeypatch):
    """The requests share one limit: a start that does not answer is cut off and is a failure of the route."""
    monkeypatch.setattr(canary, "LIMIT_MS", 1500)
    released = threading.Event()
    with served(tmp_path, before=lambda target: target.endswith("/sign-ins") and released.wait(20)) as (client, _):
        done = workbench.conduct(probe(), client)
        released.set()
    assert places(done) == ["start"]
    assert done.result.measures["route_failure"].failures == 1


@process
def test_mail_that_is_down_is_left_out_only_where_the_document_proves_it(workbench, tmp_path):
    """The same refusal is an outage of mail where the document says so, then or afterwards, and the service's fault otherwise."""
    refused = {"/sign-ins": (503, "mail_unavailable")}
    before = conducted(workbench, tmp_path, mail=DOWN, refuses=refused)
    later = conducted(workbench, tmp_path, mail_later=DOWN, refuses=refused)
    for done in (before, later):
        route = done.result.measures["route_failure"]
        assert (route.value, route.made_of["mail_outage"]) == (None, 1)
        assert "start" in places(done)
    claimed = conducted(workbench, tmp_path, refuses=refused)
    assert claimed.result.measures["route_failure"].value == "1.000000"


@process
def test_earlier_runs_on_the_same_build_count(workbench, tmp_path):
    """Two runs before, one of which failed: the third has three sign-ins, each with the statement that it stands in."""
    conducted(workbench, tmp_path)
    conducted(workbench, tmp_path, refuses={"/sign-ins": (500, "internal")})
    done = conducted(workbench, tmp_path, earlier=reader(workbench.store, workbench.trust))
    route = done.result.measures["route_failure"]
    assert (route.value, route.samples, route.failures) == ("0.333333", 3, 1)
    assert earlier_runs(workbench.store, workbench.trust, "fake", "c" * 64) == ()
    assert earlier_runs(workbench.store, workbench.trust, "another", BUILD) == ()


@process
def test_an_altered_raw_file_is_left_out_and_named(workbench, tmp_path, capsys):
    """A sign-in counts by what was signed, not by what lies in the folder now."""
    done = conducted(workbench, tmp_path)
    held = workbench.store.contents(workbench.trust).held(done.evidence, workbench.trust)
    [artifact] = [item for item in held.statement.predicate.artifacts if item.name == "sign-in.json"]
    path = workbench.store.artifact_path(artifact.sha256)
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b"202", b"200"))
    assert earlier_runs(workbench.store, workbench.trust, "fake", BUILD) == ()
    assert "an earlier run is left out" in capsys.readouterr().err


def attempt(ending="answered", hours=0, **changes):
    """An attempt so many hours ago."""
    return Attempt(format_utc(NOW - dt.timedelta(hours=hours)), ending, 202, "", **changes)


def seen(*earlier, start=STARTED, mail=DOWN, after=None, total_ms=50):
    """One run."""
    document = Document("http://t", BUILD, AT, Mail(**mail), AT)
    wrong = Reply(401, "otp_invalid", is_problem=True, ms=5)
    return Seen("http://t", BUILD, document, "", start, wrong, after, AT, total_ms, earlier)


def test_only_a_day_of_earlier_runs_counts():
    """Older sign-ins, those of the future and those without a date do not."""
    old = [Earlier("e", attempt(hours=hours)) for hours in (1, 24, 25, -1)]
    undated = Earlier("e", Attempt("once", "failed", 500, ""))
    assert judge(seen(*old, undated)).measures["route_failure"].samples == 3


def test_a_ratio_counts_what_was_answered_and_what_failed():
    """Throttled ones and proven outages are neither; nothing counted is unknown and never a pass."""
    some = [attempt(), attempt(), attempt("failed"), attempt("mail_outage"), attempt("throttled"), attempt("throttled")]
    measure = route_failure(some)
    assert (measure.value, measure.samples, measure.failures) == ("0.333333", 3, 1)
    assert measure.made_of == {"mail_outage": 1, "throttled": 2}
    assert route_failure([attempt("mail_outage")]).unknown == "too_few_samples"


@pytest.mark.parametrize(
    ("changes", "ending"),
    [
        ({}, "answered"),
        ({"total_ms": points.LIMIT_MS + 1}, "failed"),
        ({"start": Reply(0, "", is_problem=False, ms=5, fault="no answer")}, "failed"),
        ({"start": Reply(429, "otp_throttled", is_problem=True, ms=5)}, "throttled"),
        ({"start": Reply(429, "rate_limited", is_problem=True, ms=5)}, "failed"),
        ({"start": Reply(503, "mail_unavailable", is_problem=True, ms=5)}, "mail_outage"),
        ({"start": Reply(503, "login_unavailable", is_problem=True, ms=5)}, "failed"),
        ({"start": Reply(503, "mail_unavailable", is_problem=True, ms=5), "mail": {**DOWN, "mode": "none"}}, "failed"),
        ({"start": Reply(503, "mail_unavailable", is_problem=True, ms=5), "mail": {**DOWN, "since": ""}}, "failed"),
        ({"start": Reply(503, "mail_unavailable", is_problem=True, ms=5), "mail": {**DOWN, "healthy": True}}, "failed"),
    ],
)
def test_what_came_of_a_sign_in(changes, ending):
    """A slow one has failed; a limit of the canary's own is no failure of the service; a claim without a date proves nothing."""
    assert attempt_of(seen(**changes)).ending == ending
