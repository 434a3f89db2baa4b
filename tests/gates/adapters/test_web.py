"""The adapters `http` and `prometheus`: over real HTTP, with every answer that is no value, and with the real Prometheus."""

import json
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from dripping import dripping
from other_tools import NOW, answered
from waiting import eventually

from gates.adapters.shape import LIMIT_BYTES, Unanswered
from gates.adapters.web import get
from gates.schema.outcome import UnknownReason
from gates.schema.source import HttpSource, Place, PrometheusSource, Range
from gates.schema.time import format_utc, parse_utc, system_clock

pytestmark = pytest.mark.process
MISSING, STALE, ERROR = UnknownReason.MISSING, UnknownReason.STALE, UnknownReason.ADAPTER_ERROR
HTTP = HttpSource(url="/status", value=Place(pointer="/ratio"), timeout="5s")
JSON = {"Content-Type": "application/json"}
AT_S = int(parse_utc(NOW).timestamp())


def _http(tools, status: int, body: bytes, **headers: str):
    tools.service.pages["/status"] = (status, {**JSON, **headers}, body)
    return answered(HTTP, "ratio", url=tools.url + "/status").found.measure


def test_a_value_of_an_answer(tools):
    """By pointer, exactly as it stands there."""
    assert _http(tools, 200, b'{"ratio": 0.0010}').value == "0.0010"


@pytest.mark.parametrize(
    ("status", "body", "reason", "text"),
    [
        (200, b"<html>ok</html>", ERROR, "the answer of /status is not JSON: it begins with '<html>ok</html>'"),
        (200, b"", MISSING, "the answer of /status is empty"),
        (200, b"{}", MISSING, "no value at the pointer '/ratio'"),
        (200, b'{"ratio": NaN}', MISSING, "'NaN' is not a finite decimal number"),
        (200, b'{"ratio": "0,5"}', MISSING, "'0,5' is not a finite decimal number"),
        (200, b'{"ratio": 0.5', ERROR, "is not JSON"),
        (204, b"", ERROR, "answered 204, not 200"),
        (302, b"", ERROR, "answered 302, not 200"),
        (500, b'{"ratio": 0}', ERROR, "answered 500, not 200"),
        (200, b"[" + b" " * LIMIT_BYTES, ERROR, f"answered more than {LIMIT_BYTES} bytes"),
    ],
)
def test_an_answer_that_is_no_value_is_unknown(tools, status, body, reason, text):
    """The fail-closed table of the adapter `http`."""
    measure = _http(tools, status, body)
    assert (measure.value, measure.unknown) == (None, reason)
    assert text in measure.detail


def test_an_answer_that_drips_is_given_up_as_a_whole():
    """Each byte comes in time."""
    with dripping(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", b" " * 1000) as url:
        measure = answered(msgspec.structs.replace(HTTP, timeout="500ms"), "ratio", url=url).found.measure
        assert (measure.value, measure.unknown) == (None, ERROR)
        with pytest.raises(Unanswered, match=r"no whole answer within 0\.5 s"):
            get(url, {}, 0.5)


def test_what_a_cache_has_kept_is_stale(tools):
    """The query is now, the answer is of last week; one of a few seconds is what a status page is."""
    measure = _http(tools, 200, b'{"ratio": 0}', Age="864000")
    assert (measure.value, measure.unknown) == (None, STALE)
    assert "a cache answered, 864000 s old" in measure.detail
    assert _http(tools, 200, b'{"ratio": 0}', Age="30").value == "0"
    for header in (
        {"Age": "-1"},
        {"Age": "a day"},
        {"Age": "30, 864000"},
        {"Warning": '110 - "Response is Stale"'},
        {"Warning": '214 x "y", 111 - "Revalidation Failed"'},
        {"X-Cache": "HIT from edge-7"},
        {"Cache-Status": "edge; fwd=miss, shield; hit"},
        {"CF-Cache-Status": "HIT"},
    ):
        assert _http(tools, 200, b'{"ratio": 0}', **header).unknown is STALE, header
    for header in ({"X-Cache": "MISS from edge-7"}, {"X-Cache": "HIT", "Age": "3"}, {"Cache-Status": "edge; fwd=miss"}):
        assert _http(tools, 200, b'{"ratio": 0}', **header).value == "0", header


@pytest.mark.parametrize("header", [{"Age": "1"}, {"X-Cache": "HIT"}, {"Warning": '110 - "stale"'}])
def test_a_build_that_a_cache_answered_is_not_known(tools, header):
    """Evidence would be about the release that was there when the cache asked."""
    tools.gate({"adapter": "http", "url": "/status", "value": {"pointer": "/ratio"}}, unit="ratio")
    tools.service.headers = header
    code, _out, err = tools.collect()
    assert code == 3
    assert "it does not show which build runs now" in err
    tools.service.headers = {"Age": "0", "X-Cache": "MISS"}
    assert "which build" not in tools.collect()[2]


def test_nobody_who_answers_is_unknown(tools):
    """A closed port, and a service that accepts and stays silent."""
    refused = answered(HTTP, "ratio", url="http://127.0.0.1:1/status").found.measure
    assert (refused.unknown, "no answer: ConnectError" in refused.detail) == (ERROR, True)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/status"
        source = HttpSource(url="/status", value=Place(pointer="/ratio"), timeout="200ms")
        assert "no answer within 0.2 s" in answered(source, "ratio", url=url).found.measure.detail


def test_a_credential_is_sent_and_kept_nowhere(tools, monkeypatch):
    """Also where the service repeats it: statement, raw files and output are without it."""
    monkeypatch.setenv("SHOP_KEY", "very-secret-key")
    tools.service.pages["/status"] = (200, JSON, b'{"n": 0, "you_sent": "Bearer very-secret-key"}')
    source = {"adapter": "http", "url": "/status", "value": {"pointer": "/n"}, "headers": {"Authorization": "Bearer ${SHOP_KEY}"}}
    tools.gate(source)
    code, out, err = tools.collect()
    assert code == 0, err
    assert dict(tools.service.requests)["/status"]["Authorization"] == "Bearer very-secret-key"
    assert tools.verdict()["outcome"] == "pass"
    files = [path for path in (tools.folder.parent / "home").rglob("*") if path.is_file()]
    assert not [path for path in files if b"very-secret-key" in path.read_bytes()]
    assert "very-secret-key" not in out + err
    monkeypatch.setenv("SHOP_KEY", "very-secret-key\n")
    assert "the environment variable SHOP_KEY holds a control character" in tools.collect()[1]
    monkeypatch.delenv("SHOP_KEY")
    assert "needs the environment variable SHOP_KEY" in tools.collect()[1]


def _prometheus(**changes) -> PrometheusSource:
    members = {"query": "q", "samples": "s", "scraped": "u", "failures": "f", "timeout": "5s"}
    return PrometheusSource(**{**members, **changes})


def _vector(*values: str, at: int = AT_S, **labels: str) -> dict:
    series = [{"metric": {"n": str(number), **labels}, "value": [at, value]} for number, value in enumerate(values)]
    return {"status": "success", "data": {"resultType": "vector", "result": series}}


class Fake:
    """Answers each query with what a test gives it."""

    def __init__(self) -> None:
        self.answers: dict[str, object] = {
            "q": _vector("0.5"),
            "s": _vector("412.9"),
            "u": _vector("1", "1"),
            "f": _vector("2.1"),
        }

    def answer(self, _method, target, _headers, _body):
        """One answer; bytes as they are."""
        query = dict(part.split("=") for part in target.partition("?")[2].split("&"))["query"]
        found = self.answers[query]
        return 200, JSON, found if isinstance(found, bytes) else json.dumps(found).encode()


@pytest.fixture
def fake(tools) -> Fake:
    """In the place of the service."""
    found = Fake()
    tools.service.answer = found.answer
    return found


def _measure(tools, **changes):
    return answered(_prometheus(**changes), "ratio", url=tools.url).found.measure


def test_a_number_of_prometheus_and_its_counts(tools, fake):
    """Samples are rounded down and failures up: `increase` gives fractions."""
    measure = _measure(tools)
    assert (measure.value, measure.samples, measure.failures) == ("0.5", 412, 3)
    fake.answers["q"] = {"status": "success", "data": {"resultType": "scalar", "result": [AT_S, "0.25"]}}
    assert _measure(tools).value == "0.25"


def _matrix(*values: str) -> dict:
    points = [[AT_S - 60 * (len(values) - 1 - number), value] for number, value in enumerate(values)]
    return {"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}, "values": points}]}}


def test_a_range_has_a_value_at_every_step(tools, fake):
    """Its maximum, minimum or mean; a step without a value makes it unknown."""
    fake.answers["q"] = _matrix("0.1", "0.7", "0.4")
    for reduce, value in (("max", "0.7"), ("min", "0.1"), ("mean", "0.4")):
        assert _measure(tools, range=Range("2m", "1m", reduce)).value == value
    gap = _measure(tools, range=Range("3m", "1m", "max"))
    assert (gap.unknown, gap.detail) == (ERROR, "query: 3 of 4 steps have a value: the range is not whole")


WARNED = {**_vector("0.5"), "warnings": ["PromQL warning: a store did not answer"]}
FAILED = {"status": "error", "errorType": "bad_data", "error": "parse error"}
EMPTY = _vector()
HISTOGRAM = {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "histogram": [AT_S, {}]}]}}
ROWS = [
    ("a web page", "q", b"<html>", ERROR, "query: the answer is not JSON: it begins with '<html>'"),
    ("an empty body", "q", b"", ERROR, "query: the answer is not JSON"),
    ("another JSON", "q", [], ERROR, "query: not an answer of Prometheus"),
    ("an error", "q", FAILED, ERROR, "query: Prometheus answered parse error"),
    ("an empty vector", "q", EMPTY, MISSING, "query: the result is empty: no series"),
    ("NaN", "q", _vector("NaN"), MISSING, "'NaN' is not a finite decimal number"),
    ("infinity", "q", _vector("+Inf"), MISSING, "'+Inf' is not a finite decimal number"),
    ("two series", "q", _vector("1", "2"), ERROR, "query: 2 series, not one: aggregate them"),
    ("a histogram", "q", HISTOGRAM, ERROR, "the series has no number"),
    (
        "a text",
        "q",
        {"status": "success", "data": {"resultType": "string", "result": [AT_S, "1"]}},
        ERROR,
        "the result is a string",
    ),
    ("a warning", "q", WARNED, ERROR, "query: the answer has a warning: PromQL warning: a store did not answer"),
    ("a warning on the samples", "s", WARNED, ERROR, "samples: the answer has a warning"),
    ("an old value", "q", _vector("0.5", at=AT_S - 301), STALE, "more than 300 s from the query"),
    ("no samples", "s", EMPTY, MISSING, "samples: the result is empty"),
    ("samples below 0", "s", _vector("-1"), ERROR, "'-1' is not a possible count"),
    ("no failures", "f", EMPTY, MISSING, "failures: the result is empty"),
    ("nothing is scraped", "u", EMPTY, MISSING, "scraped: no series"),
    ("a partial scrape", "u", _vector("1", "0"), ERROR, "scraped: 1 of 2 are not 1: what they count is missing (n=1)"),
    ("too much", "q", b" " * (LIMIT_BYTES + 1), ERROR, f"more than {LIMIT_BYTES} bytes"),
]


@pytest.mark.parametrize(("query", "body", "reason", "text"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_an_answer_of_prometheus_that_is_no_value_is_unknown(tools, fake, query, body, reason, text):
    """The fail-closed table of the adapter `prometheus`."""
    fake.answers[query] = body
    measure = _measure(tools)
    assert (measure.value, measure.unknown) == (None, reason)
    assert text in measure.detail


@pytest.fixture
def real(tmp_path: Path, prometheus: str) -> Iterator[str]:
    """The address of a real Prometheus that scrapes itself."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = tmp_path / "prometheus.yml"
    jobs = [{"job_name": "payments", "scrape_interval": "1s", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}]
    config.write_text(json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}))
    argv = [
        prometheus,
        f"--config.file={config}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (tmp_path / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(argv, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        assert eventually(lambda: _scraped_twice(url))
        yield url
    finally:
        process.kill()
        process.wait()


def _scraped_twice(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/api/v1/query?query=count_over_time(up[1m])") as answer:  # noqa: S310  # loopback
            result = json.load(answer)["data"]["result"]
    except OSError:
        return False
    return bool(result) and int(result[0]["value"][1]) >= 2


def test_the_real_prometheus_answers_the_same_questions(tools, real):
    """A value and its samples pass; one that is not there, a wrong query, and a thing that is down are unknown."""
    answers = 'sum(prometheus_http_requests_total{handler="/api/v1/query"})'
    source = {
        "url": real,
        "query": f"{answers} * 0",
        "samples": answers,
        "scraped": 'up{job="payments"}',
    }
    verdict = tools.judged({"adapter": "prometheus", **source})
    assert (verdict["outcome"], verdict["value"]) == ("pass", "0")
    assert verdict["samples"] >= 1
    details = {
        "query: the result is empty": {"query": "no_such_metric"},
        "query: Prometheus answered": {"query": "sum("},
        "series, not one": {"query": "prometheus_http_requests_total"},
        "'NaN' is not a finite": {"query": "sum(up) * 0 / 0"},
        "scraped: no series": {"scraped": 'up{job="other"}'},
        "scraped: 1 of 1 are not 1": {"scraped": 'up{job="payments"} * 0'},
        "steps have a value: the range is not whole": {"range": {"window": "1h", "step": "1m", "reduce": "max"}},
    }
    for text, change in details.items():
        members = {**source, **change, **({"range": Range(**change["range"])} if "range" in change else {})}
        at = format_utc(system_clock())
        assert text in answered(PrometheusSource(**members), url=real, now=at).found.measure.detail
