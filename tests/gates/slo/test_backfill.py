"""`gonogo slo backfill`: a new rule gets its past from a real Prometheus, and a new Prometheus the past of a file."""

import httpx
import pytest
from loopback import serving
from real_prometheus import DAY_S, HOUR_S, NOBODY, running, write_past
from watched_slos import flow, this_week, up, write_document

from gates.schema.time import system_clock

BEGIN, END = this_week()


def at(url: str, query: str, moment: int) -> float:
    """The one value of a query at a moment."""
    params = {"query": query, "time": str(moment)}
    (one,) = httpx.get(f"{url}/api/v1/query", params=params, trust_env=False, timeout=60).json()["data"]["result"]
    return float(one["value"][1])


@pytest.mark.process
def test_a_new_rule_gets_the_windows_that_it_would_have_recorded(prometheus, promtool, tmp_path, gonogo, capsys):
    """A failing hour two days ago: the ratio of that hour, the period's share, and the budget that is left, all in the past."""
    bad_hour = range(END - 2 * DAY_S, END - 2 * DAY_S + HOUR_S)
    past = [up(BEGIN, END), *flow("steady", lambda _: 100.0, lambda one: 100.0 * (one in bad_hour), BEGIN, END)]
    write_past(tmp_path, past, BEGIN, END)
    document = write_document(tmp_path, "steady")
    with running(tmp_path, {"shop": NOBODY}) as url:
        argv = ("backfill", document, "--prometheus", url, "--out", tmp_path / "tsdb", "--last", "50h", "--every", "10m")
        assert gonogo(*argv) == 0
        blocks = capsys.readouterr().out.split()
    assert blocks
    with running(tmp_path, {"shop": NOBODY}) as url:
        labels = '{service="shop",slo="steady"}'
        hour = at(url, f"max_over_time(slo:sli_error:ratio_rate1h{labels}[1h])", bad_hour.stop + 600)
        assert hour == pytest.approx(0.5, abs=0.05)
        later = END - 6 * HOUR_S
        share = at(url, f"last_over_time(slo:sli_error:ratio_period{labels}[20m])", later)
        assert share == pytest.approx(HOUR_S / (7 * DAY_S), rel=0.1)
        left = at(url, f"last_over_time(slo:period_error_budget_remaining:ratio{labels}[20m])", later)
        assert left == pytest.approx(1 - share / 0.01, abs=0.01)


@pytest.mark.process
def test_a_new_prometheus_gets_the_past_of_a_file(prometheus, promtool, tmp_path, gonogo, capsys):
    """OpenMetrics with times, from wherever it was measured."""
    now = int(system_clock().timestamp())
    lines = [f"shop_total {number * 10} {now - 4 * HOUR_S + number * 60}\n" for number in range(60)]
    (tmp_path / "past.om").write_text("# TYPE shop counter\n" + "".join(lines) + "# EOF\n")
    assert gonogo("backfill", "--openmetrics", tmp_path / "past.om", "--out", tmp_path / "tsdb") == 0
    assert capsys.readouterr().out.split()
    with running(tmp_path, {"shop": NOBODY}) as url:
        assert at(url, "increase(shop_total[30m])", now - 3 * HOUR_S - 120) == pytest.approx(300, rel=0.1)


@pytest.mark.process
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("shop_total 1 1\n", "data does not end with # EOF"),
        ("shop total\n# EOF\n", "promtool wrote no blocks"),
        (None, "no such file"),
    ],
)
def test_a_file_that_is_no_openmetrics_is_refused(promtool, tmp_path, gonogo, capsys, text, why):
    """Exit 2, with promtool's words."""
    if text is not None:
        (tmp_path / "past.om").write_text(text)
    assert gonogo("backfill", "--openmetrics", tmp_path / "past.om", "--out", tmp_path / "tsdb") == 2
    assert why in capsys.readouterr().err


@pytest.mark.process
def test_a_prometheus_that_does_not_answer_or_holds_nothing_is_named(prometheus, promtool, tmp_path, gonogo, capsys):
    """Exit 3: nothing was written that could be taken for a past without events."""

    class Nonsense:
        def answer(self, *_request):
            """Not an answer of Prometheus."""
            return 200, {}, b"<html>"

    document = write_document(tmp_path, "steady")
    with serving(Nonsense()) as url:
        assert gonogo("backfill", document, "--prometheus", url, "--out", tmp_path / "none", "--last", "1d") == 3
    assert "/api/v1/query: not an answer of Prometheus" in capsys.readouterr().err
    assert gonogo("backfill", document, "--prometheus", "http://127.0.0.1:9", "--out", tmp_path / "none", "--last", "1d") == 3
    assert "no answer: ConnectError" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
    with running(tmp_path, {"shop": NOBODY}) as url:
        assert gonogo("backfill", document, "--prometheus", url, "--out", tmp_path / "none", "--last", "1d") == 3
    assert "Prometheus has none of the counters" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ([], "exactly one of --prometheus URL and --openmetrics FILE"),
        (["--prometheus", "http://127.0.0.1:9", "--last", "2h"], "--last has to be longer than 3h"),
        (["--prometheus", "http://127.0.0.1:9", "--every", "10ms"], "--every at least 1s"),
        (["--prometheus", "http://127.0.0.1:9", "--last", "month"], "'month' is not a duration"),
        (["--prometheus", "http://127.0.0.1:9", "--last", "99999999d"], "'99999999d' is not a time from 1s to 3660d"),
    ],
)
def test_options_that_make_no_sense_are_refused(tmp_path, gonogo, capsys, options, why):
    """Exit 2."""
    assert gonogo("backfill", "--out", tmp_path / "out", *options) == 2
    assert why in capsys.readouterr().err
