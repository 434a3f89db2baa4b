"""`gonogo slo measure` against a real Prometheus with a week of history: what is met, what is not, and what nobody knows."""

import json
from pathlib import Path

import pytest
from loopback import serving
from other_tools import Service
from promised import Promised
from real_prometheus import DAY_S, HOUR_S, STEP_S, Past
from watched_slos import WatchedShop, flow, this_week, up, watched_shop, write_document

from gates.evidence.keys import own_trust
from gates.evidence.store import EvidenceStore
from gates.schema.entry import run
from gates.slo.measure import recompute
from scorecards.cli import gonogo
from scorecards.deep import require_following

SPAN = this_week()
BEGIN, END = SPAN
FLOWS = ("steady", "failing", "busy", "restarted", "gap", "young", "idle", "absent")


def _is_busy(at: int) -> bool:
    """One hour of each day has nearly all of the traffic, and all of the failures."""
    return at % DAY_S < HOUR_S


def _week() -> list[Past]:
    """Flows that differ in one thing each."""
    hole = range(END - 3 * DAY_S, END - 3 * DAY_S + 3 * HOUR_S, STEP_S)
    restart = END - 2 * DAY_S
    found = [
        up(BEGIN, END),
        *flow("steady", lambda _: 99.5, lambda _: 0.5, BEGIN, END),
        *flow("failing", lambda _: 98.0, lambda _: 2.0, BEGIN, END),
        *flow("busy", lambda at: 950.0 if _is_busy(at) else 1.0, lambda at: 50.0 if _is_busy(at) else 0.0, BEGIN, END),
        *flow("young", lambda _: 100.0, lambda _: 0.0, END - 2 * DAY_S, END),
        *flow("idle", lambda _: 0.0, lambda _: 0.0, BEGIN, END),
    ]
    found += [
        Past(one.series, lambda at, one=one: None if at in hole else one.at(at))
        for one in flow("gap", lambda _: 100.0, lambda _: 0.0, BEGIN, END)
    ]
    found += [
        Past(one.series, lambda at, one=one: one.at(at) - (one.at(restart) if at > restart else 0.0))
        for one in flow("restarted", lambda _: 99.5, lambda _: 0.5, BEGIN, END)
    ]
    return found


@pytest.fixture(scope="module")
def shop(prometheus, promtool, tmp_path_factory):
    """A shop with such a week."""
    folder = tmp_path_factory.mktemp("shop")
    for name in FLOWS:
        write_document(folder, name)
    with watched_shop(folder, _week(), SPAN) as watched:
        yield watched


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A state folder of this test."""
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.mark.process
@pytest.mark.usefixtures("home")
class TestOverAWeek:
    """Each flow by itself."""

    def test_an_slo_that_is_met_gives_its_share_its_counts_and_its_coverage(self, shop, capsys):
        """99.5 % of a week's events; nearly every slot of the week was seen."""
        code, found = shop.measured(capsys, "steady")
        measure = found["steady_7d"]
        assert (code, measure["unit"]) == (0, "ratio")
        assert float(measure["value"]) == pytest.approx(0.995, abs=0.0001)
        assert measure["samples"] == pytest.approx(7 * DAY_S / STEP_S * 100, rel=0.01)
        assert measure["made_of"]["slots_expected"] == 7 * DAY_S // 601
        assert measure["made_of"]["slots_seen"] >= 0.99 * measure["made_of"]["slots_expected"]

    def test_a_breach_ends_with_1(self, shop, capsys):
        """98 % where 99 % is the target."""
        code, found = shop.measured(capsys, "failing", "steady", "idle")
        assert (code, float(found["failing_7d"]["value"])) == (1, pytest.approx(0.98, abs=0.0001))

    def test_a_busy_hour_weighs_more_than_a_quiet_one(self, shop, capsys):
        """The average of all hours is 99.8 %, the share of all events 95 %."""
        code, found = shop.measured(capsys, "busy")
        assert (code, float(found["busy_7d"]["value"])) == (1, pytest.approx(0.951, abs=0.002))

    def test_a_restart_loses_no_event(self, shop, capsys):
        """Counters that begin again at 0 are the same week."""
        code, found = shop.measured(capsys, "restarted")
        assert (code, float(found["restarted_7d"]["value"])) == (0, pytest.approx(0.995, abs=0.0001))

    @pytest.mark.parametrize(
        ("name", "why"),
        [
            ("gap", "the counters were seen in 98."),
            ("young", "the counters were seen in 28."),
            ("idle", "no event was counted in 7d"),
            ("absent", "no counter of this SLO was seen in 7d: orders_total"),
        ],
    )
    def test_what_nobody_knows_is_unknown(self, shop, capsys, name, why):
        """A gap of three hours, counters of two days, no events, no counters: neither met nor a breach."""
        code, found = shop.measured(capsys, name)
        measure = found[f"{name}_7d"]
        assert (code, measure["value"], measure["unknown"]) == (3, None, "missing")
        assert why in measure["detail"]

    def test_text_has_a_line_for_each_slo(self, shop, capsys):
        """Met, not met and unknown, with what they are made of."""
        assert run(gonogo, shop.measure("steady", "failing", "idle")) == 1
        steady, failing, idle, evidence, *rest = capsys.readouterr().out.splitlines()
        assert steady.startswith("met      steady_7d: 99.")
        assert "good, target 99 %; " in steady
        assert failing.startswith(("NOT MET  failing_7d: 97.9", "NOT MET  failing_7d: 98"))
        assert idle == "unknown  idle_7d: no event was counted in 7d"
        assert (evidence.split()[0], rest) == ("evidence", [])


@pytest.mark.process
def test_scrapes_that_failed_are_a_gap(prometheus, promtool, home, tmp_path, capsys):
    """The service was down for three hours: it counted nothing, and nothing is not good."""
    down = range(END - 2 * DAY_S, END - 2 * DAY_S + 3 * HOUR_S, STEP_S)
    past = [up(BEGIN, END, down=down), *flow("steady", lambda _: 100.0, lambda _: 0.0, BEGIN, END)]
    folder = tmp_path / "shop"
    with watched_shop(folder, past, SPAN) as shop:
        write_document(folder, "steady")
        code, found = shop.measured(capsys, "steady")
    assert (code, found["steady_7d"]["unknown"]) == (3, "missing")
    assert "seen in 98." in found["steady_7d"]["detail"]


@pytest.mark.process
def test_a_window_beyond_what_prometheus_keeps_is_unknown(prometheus, promtool, home, tmp_path, capsys):
    """Whatever it still holds of it; the message names the option of Prometheus."""
    span = (END - DAY_S, END)
    past = [up(*span), *flow("steady", lambda _: 100.0, lambda _: 0.0, *span)]
    folder = tmp_path / "shop"
    with watched_shop(folder, past, span, kept="5d12h") as shop:
        write_document(folder, "steady")
        code, found = shop.measured(capsys, "steady")
    assert code == 3
    assert "Prometheus keeps 5.5d, and the window is 7d" in found["steady_7d"]["detail"]


@pytest.mark.process
def test_a_gate_is_judged_by_what_was_signed_and_the_raw_answers_give_it_again(shop, home, capsys, tmp_path):
    """Pass, fail and unknown; every measure follows from the artifacts, and does not once an answer was changed."""
    assert run(gonogo, shop.measure("steady", "failing", "gap")) == 1
    for name, code in (("steady", 0), ("failing", 1), ("gap", 3)):
        gates = shop.gate(f"{name}_7d")
        assert run(gonogo, ["gate", "run", "--gates", str(gates), "--target", str(shop.target)]) == code, name
    (held,) = [one for one in EvidenceStore(home / "evidence").load(own_trust(home)) if one.statement.predicate.measures]
    places = [home / "evidence" / "artifacts"]
    require_following(held, places)
    raw = tmp_path / "raw"
    raw.mkdir()
    for artifact in held.statement.predicate.artifacts:
        found = next(path for path in (home / "evidence").rglob("*") if path.is_file() and artifact.sha256 in path.name)
        (raw / artifact.name).write_bytes(found.read_bytes())
    before = recompute(raw).measures
    assert before == held.statement.predicate.measures
    answer = raw / "failing_7d.bad.json"
    answer.write_bytes(answer.read_bytes().replace(_value(answer), b'"0"'))
    assert recompute(raw).measures["failing_7d"].failures == 0
    assert "http://" not in (raw / "source.json").read_text()


def _value(path: Path) -> bytes:
    """The number of an answer, as it is written."""
    return f'"{json.loads(path.read_bytes())["data"]["result"][0]["value"][1]}"'.encode()


class Nonsense:
    """Something at the address of Prometheus that is none."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def answer(self, *_request):
        """The same to everything; the build, so that it can be the service as well."""
        return 200, {"Content-Type": "application/json"}, self.body


def _with_value(value: str) -> bytes:
    """An answer to every question, with this value."""
    known = '"activeTargets":[{"labels":{"job":"shop"},"scrapeInterval":"15s"}],"storageRetention":"60d"'
    result = f'"resultType":"vector","result":[{{"metric":{{}},"value":[1.5,{value}]}}]'
    return f'{{"status":"success","data":{{{known},{result}}}}}'.encode()


@pytest.mark.process
@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"<html>welcome</html>", "not an answer of Prometheus"),
        (b'{"status":"error","error":"query timed out"}', "Prometheus answered query timed out"),
        (b'{"status":"success","data":{"activeTargets":[]}}', "Prometheus scrapes no job shop"),
        (b'{"status":"success","warnings":["partial"],"data":{}}', "the answer has a warning: partial"),
        (_with_value('"abc"'), "no number is 'abc'"),
        (_with_value('"1_000"'), "no number is '1_000'"),
        (_with_value('"1e999999999"'), "no number is '1e999999999'"),
    ],
)
def test_an_answer_that_is_nonsense_is_unknown_and_signed_as_that(home, tmp_path, capsys, body, why):
    """Exit 3 with the address and the reason; the gate is unknown for it, and no older answer takes its place."""
    with serving(Service()) as service, serving(Nonsense(body)) as url:
        write_document(tmp_path, "steady")
        shop = WatchedShop(tmp_path, service, url)
        assert run(gonogo, shop.measure("steady")) == 3
        assert why in capsys.readouterr().err
        gates = shop.gate("steady_7d")
        assert run(gonogo, ["gate", "run", "--gates", str(gates), "--target", str(shop.target)]) == 3
    assert "adapter_error" in capsys.readouterr().out


@pytest.mark.process
@pytest.mark.parametrize("counts", [{"bad": "-1000"}, {"total": "-5"}, {"total": "1e30"}])
def test_a_count_that_no_counter_has_is_unknown(home, tmp_path, capsys, counts):
    """Fewer than no bad events are not more than 100 % good ones."""
    with serving(Service()) as service, serving(Promised(**counts)) as url:
        write_document(tmp_path, "steady")
        shop = WatchedShop(tmp_path, service, url)
        code, measures = shop.measured(capsys, "steady")
    assert (code, measures["steady_7d"]["unknown"]) == (3, "adapter_error")
    assert "is not a possible count" in measures["steady_7d"]["detail"]


@pytest.mark.process
def test_a_prometheus_that_is_not_there_is_named(home, tmp_path, capsys):
    """Nothing listens at its address."""
    with serving(Service()) as service:
        shop = WatchedShop(tmp_path, service, "http://127.0.0.1:9")
        write_document(tmp_path, "steady")
        assert run(gonogo, shop.measure("steady")) == 3
    shown = capsys.readouterr().err
    assert "GET http://127.0.0.1:9/api/v1/targets: no answer" in shown
    assert "next: give the address of a Prometheus server" in shown


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (["--target", "local"], "names no SLO documents"),
        (["reference", "--target", "local"], "the target local names no Prometheus"),
        (["reference", "--target", "local", "--prometheus", "http://me:secret@host"], "holds a user name or a password"),
        (["no-such-file.yaml", "--target", "local"], "no such file or folder"),
    ],
)
def test_what_is_not_named_is_a_usage_error(home, capsys, argv, why):
    """Exit 2, before anything is asked."""
    assert run(gonogo, ["slo", "measure", *argv]) == 2
    shown = capsys.readouterr().err
    assert why in shown
    assert "secret" not in shown


def test_two_slos_of_one_name_are_refused(home, tmp_path, capsys):
    """Of two services: one measure would hide the other."""
    one, two = write_document(tmp_path, "steady"), write_document(tmp_path, "other")
    two.write_text(one.read_text().replace("service: shop", "service: till"))
    assert run(gonogo, ["slo", "measure", str(one), str(two), "--target", "local"]) == 2
    assert "two SLOs would be the measure steady_7d" in capsys.readouterr().err
