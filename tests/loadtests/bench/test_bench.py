"""`gonogo load bench` on the gateway: a short run gives the whole table, and leaves nothing behind."""

import json
import os

import pytest

pytestmark = pytest.mark.process


def bench(load, tmp_path, *argv, environ=os.environ):
    """A run as short as can be, its databases in a folder of the test's own."""
    work, empty = tmp_path / "work", tmp_path / "no-postgres"
    work.mkdir()
    empty.mkdir()
    return load("bench", "--quick", "--work", work, "--postgres", empty, *argv, environ=environ), work


def test_a_quick_run_measures_the_gateway_beside_the_bare_control(load, tmp_path):
    """Rates, ratios, percentiles, CPU and memory of both, the aims of what was asked for, and books that hold it all."""
    out = tmp_path / "out"
    only = [f"--only={row}" for row in ("settle-64", "random-keys-64", "litestar-sqlite-1", "postgres")]
    done, work = bench(load, tmp_path, *only, "--format", "json", "--out", out)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert json.loads((out / "bench.json").read_bytes()) == report
    settle, unordered, plain, postgres = report["rows"]
    assert float(unordered["ratio"]["median"]) > 0
    assert int(plain["figures"]["rate"]) > 0, "it has shown that it settles once, and repeats its answer"
    assert int(settle["figures"]["rate"]) > 0
    assert float(settle["ratio"]["least"]) <= float(settle["ratio"]["median"]) <= float(settle["ratio"]["most"])
    assert float(settle["figures"]["p50_ms"]) <= float(settle["figures"]["p99_ms"]) <= float(settle["figures"]["p999_ms"])
    assert [row["name"] for row in report["controls"]] == ["bare-1", "bare-64"]
    assert postgres["unknown"].startswith("not run: ")
    assert postgres["figures"] is None
    assert {goal["title"].partition(" /")[0] for goal in report["goals"]} >= {"settle, fresh keys, 64 connections"}
    assert [books["station"] for books in report["books"]] == ["gateway", "litestar-sqlite"]
    assert all(0 < books["acknowledged"] <= books["settled"] for books in report["books"])
    assert "## Aims" in (out / "bench.md").read_text()
    assert not list(work.iterdir())


def test_a_target_that_cannot_be_started_ends_the_run_as_unknown(load, tmp_path):
    """Exit 3 with the end of its log; what was started is ended."""
    target = tmp_path / "broken.yaml"
    target.write_text(
        "apiVersion: gonogo/v1\nkind: Target\nmetadata: {name: broken, title: Ends at once}\nspec:\n"
        "  base_url: ${GONOGO_BASE_URL:-http://127.0.0.1:1}\n  credentials: {agent: Bearer x}\n  variables: {}\n"
        "  operations: {}\n  process: {start: ['{python}', -c, 'raise SystemExit(\"no such luck\")']}\n"
    )
    done, work = bench(load, tmp_path, "--only", "settle-64", "--target", target)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "broken ended with 1 before it was ready" in done.stderr
    assert "no such luck" in done.stderr
    assert not list(work.iterdir())
