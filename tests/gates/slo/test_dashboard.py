"""Dashboards: stable JSON for Grafana, every query read by a parser, and the same panels as a page from a live Prometheus."""

import datetime as dt
import json
import os
import re
import subprocess
from decimal import Decimal
from pathlib import Path

import gateway_process
import httpx
import promql_parser
import pytest
from loopback import serving
from real_prometheus import running
from waiting import eventually

from gates.page.lines import HEIGHT, WIDTH, line_chart
from gates.schema.rooms import room_argv
from gates.slo.dashboard.board import Board, Panel, Query, boards
from gates.slo.dashboard.page import number_text, page_bytes
from gates.slo.dashboard.read import Line, Shown, Window
from gates.slo.document import CANARY, REFERENCE, load_slos

SLOS = load_slos(Path(REFERENCE), Path(CANARY))
(BOARD,) = boards(SLOS)
GOLDEN = Path(__file__).parent / "golden" / "gateway.json"


def panels(board: Board) -> list[Panel]:
    """All of them."""
    return [panel for row in board.rows for panel in row.panels]


def test_every_query_of_every_panel_is_promql():
    """By the parser that Prometheus' own is translated from; each has something to show it with."""
    assert len(panels(BOARD)) == 3 * len(SLOS) + 4 + 12
    for panel in panels(BOARD):
        assert panel.queries, panel.title
        for query in panel.queries:
            promql_parser.parse(query.expr)
            assert query.legend, panel.title


def test_the_burn_panel_shows_the_factors_at_which_alerts_fire():
    """Those of the document's own period."""
    burn = next(panel for panel in panels(BOARD) if panel.title.startswith("Burn rate"))
    assert burn.limits == ("14.4", "6", "3", "1")
    assert [query.legend for query in burn.queries] == ["1h", "6h", "1d", "3d"]


def test_grafana_gets_the_same_bytes_each_time(gonogo, tmp_path, capsys):
    """As committed: a stable uid that alerts link to, no id, keys in order, the data source as a variable."""
    for name in ("one", "two"):
        assert gonogo("dashboard", "reference", "canary", "--out", tmp_path / name) == 0
        assert capsys.readouterr().out == f"{tmp_path / name / 'gateway.json'}\n"
    first = (tmp_path / "one" / "gateway.json").read_bytes()
    assert first == (tmp_path / "two" / "gateway.json").read_bytes()
    if os.environ.get("GONOGO_UPDATE_GOLDEN"):
        GOLDEN.write_bytes(first)
    assert first == GOLDEN.read_bytes(), "GONOGO_UPDATE_GOLDEN=1 writes it again"
    document = json.loads(first)
    assert (document["uid"], "id" in document) == ("gonogo-gateway", False)
    assert list(document) == sorted(document)
    assert {one["datasource"]["uid"] for one in document["panels"] if one["type"] != "row"} == {"${datasource}"}
    places = [tuple(one["gridPos"].values()) for one in document["panels"]]
    assert len(set(places)) == len(places)


def test_a_service_of_ones_own_gets_its_slos_its_job_and_panels_of_its_own(gonogo, shop, tmp_path, capsys):
    """Nothing of the reference gateway; JOB in a query is its job."""
    more = tmp_path / "panels.yaml"
    more.write_text('- {title: Queue, panels: [{title: Waiting, queries: [{expr: "sum(queue{JOB})", legend: waiting}]}]}')
    assert gonogo("dashboard", shop.path, "--panels", more, "--out", tmp_path / "out") == 0
    document = json.loads((tmp_path / "out" / "shop.json").read_text())
    assert [one["title"] for one in document["panels"] if one["type"] == "row"] == ["Checkout: 99 % over 30d", "Scrapes", "Queue"]
    assert document["panels"][-1]["targets"][0]["expr"] == 'sum(queue{job="shop"})'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("- {title: A, panels: [{title: B, queries: [{expr: 'sum(', legend: x}]}]}", "B: 'sum(' is not PromQL"),
        ("- {title: A, panel: []}", "cannot be read"),
        ("not: [yaml", "cannot be read"),
    ],
)
def test_a_file_of_panels_that_is_wrong_is_named(gonogo, shop, tmp_path, capsys, text, why):
    """Exit 2, and nothing is written."""
    (tmp_path / "panels.yaml").write_text(text)
    assert gonogo("dashboard", shop.path, "--panels", tmp_path / "panels.yaml", "--out", tmp_path / "out") == 2
    assert why in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.process
def test_a_prometheus_that_answers_nonsense_is_named(gonogo, shop, tmp_path, capsys):
    """Exit 3, and neither file is written: half of a dashboard would be taken for a whole one."""

    class Nonsense:
        def answer(self, *_request):
            """Not an answer of Prometheus."""
            return 200, {}, b"<html>"

    with serving(Nonsense()) as url:
        assert gonogo("dashboard", shop.path, "--out", tmp_path / "out", "--prometheus", url) == 3
    assert "not an answer of Prometheus" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_chart_has_whole_numbers_gaps_and_limits_within_its_scale():
    """The largest value is at the top, 0 at the bottom; a single value is still seen."""
    values = [Decimal(0), Decimal(5), None, Decimal(10), None, Decimal(3)]
    drawn = line_chart([values], [Decimal(4), Decimal(99)], "A <chart>")
    lines = re.findall(r'points="([^"]*)"', drawn)
    assert lines == [f"0,{HEIGHT} {WIDTH // 5},60", "286,0 290,0", f"{WIDTH - 2},84 {WIDTH},84"]
    assert drawn.count('class="limit"') == 1
    assert 'aria-label="A &lt;chart&gt;"' in drawn
    assert not re.search(r'(?:points|x1|x2|y1|y2)="[^"]*\.', drawn)


def test_a_panel_has_its_scale_its_times_and_which_limits_are_lines():
    """A chart without them is read wrong: a factor that is not drawn looks like one that is not reached."""
    window = Window(dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC), dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC))
    panel = Panel(title="Burn rate", unit="factor", queries=(Query(expr="up", legend="1h"),), limits=("14.4", "3"))
    shown = Shown(panel, (Line("1h", (Decimal(1), Decimal("4.5"), None)),), 0)
    text = page_bytes(BOARD, {"Availability": [shown]}, window).decode()
    assert '<div class="up"><span>4.5</span><span>0</span></div>' in text
    assert '<div class="along"><span>30 Nov, 12:00 UTC</span><span>1 Dec, 12:00 UTC</span></div>' in text
    assert "Limits, dashed: 3; outside of this chart: 14.4" in text
    flat = page_bytes(BOARD, {"Availability": [Shown(panel, (Line("1h", (Decimal(0),)),), 0)]}, window).decode()
    assert '<div class="up"><span></span><span>0</span></div>' in flat


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "count", "-"),
        ("0.99951", "ratio", "99.95 %"),
        ("0.0123", "ratio", "1.23 %"),
        ("0.00123", "seconds", "0.00123 s"),
        ("1234.5", "count", "1234"),
        ("0", "per_second", "0 /s"),
        ("-0.5", "ratio", "-50 %"),
        ("14.4", "factor", "14.4"),
    ],
)
def test_numbers_have_the_digits_that_count_and_their_unit(value, unit, text):
    """Short enough for a table."""
    assert number_text(None if value is None else Decimal(value), unit) == text


@pytest.mark.process
def test_every_panel_has_a_value_on_a_live_service_unless_it_is_marked(prometheus, tmp_path, monkeypatch):
    """The gateway, its canary and a Prometheus with the generated rules: only marked panels are empty, and the page shows all."""
    db = tmp_path / "gateway.db"
    members = gateway_process.demo(db, "canary")
    environ = {
        **os.environ,
        "GONOGO_HOME": str(tmp_path / "home"),
        **{
            f"GONOGO_{name.upper()}": ",".join(value) if isinstance(value, list) else str(value)
            for name, value in members.items()
        },
    }
    subprocess.run(
        room_argv("gates", "slo", "generate", "reference", "canary", "--out", str(tmp_path / "rules")),
        check=True,
        capture_output=True,
        env=environ,
    )
    with gateway_process.running(db) as gateway:
        environ["GONOGO_BASE_URL"] = gateway.url
        argv = room_argv("gates", "slo", "canary", "--target", "local", "--every", "200ms", "--port", "0", "--timeout", "30s")
        with subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as canary:
            try:
                jobs = {"gateway": gateway.url, "canary": json.loads(canary.stdout.readline())["url"]}
                where = {job: url.removeprefix("http://") for job, url in jobs.items()}
                with running(tmp_path, where, rules=tmp_path / "rules", scrape="1s") as url:
                    empty = {query.expr for panel in panels(BOARD) if not panel.may_be_empty for query in panel.queries}
                    assert eventually(lambda: not {one for one in empty if not has_value(url, one)}, within_s=240)
                    budget = 'slo:period_error_budget_remaining:ratio{service="gateway",slo="availability"}'
                    assert eventually(lambda: has_value(url, budget))
                    page = [
                        "dashboard",
                        "reference",
                        "canary",
                        "--out",
                        str(tmp_path / "out"),
                        "--prometheus",
                        url,
                        "--last",
                        "2m",
                    ]
                    done = subprocess.run(room_argv("gates", "slo", *page), env=environ, capture_output=True, check=False)
            finally:
                canary.kill()
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "out" / "gateway.html").read_text()
    assert text.count('<svg class="lines"') == len(panels(BOARD))
    assert "the metric is absent, or not recorded" not in text
    assert text.count("<polyline") > 20
    assert not re.search(r"<script|https?://|<link|url\(|@import", text)


def has_value(url: str, expr: str) -> bool:
    """Whether Prometheus has a series for it now."""
    answer = httpx.get(f"{url}/api/v1/query", params={"query": expr}, trust_env=False, timeout=60).json()
    return bool(answer["data"]["result"])
