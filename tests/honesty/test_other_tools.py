"""What other tools let through."""

import signal

import drill_stage
import httpx
import msgspec
import pytest
from freezes import ALWAYS, put_exception, put_people, write_calendar
from honest_stage import REPLAYS_ONLY
from honest_state import BUILD, CLEAN, KIND, criterion, gate
from real_prometheus import DAY_S, HOUR_S, STEP_S
from signing import document, first, put_signers
from waiting import eventually
from watched_slos import flow, this_week, up, watched_shop, write_document
from ways import way

from gates.evidence.statement import Measure
from gates.schema.target import Commands

LONG_AGO = "2020-01-01T00:00:00Z"


@way("K1")
def test_a_gate_set_that_could_not_fail_is_refused(gonogo, state) -> None:
    """Nothing there, nothing in it, or nothing that could fail."""
    folder = state.folder / "empty"
    folder.mkdir()
    run = ("gate", "run", "--build", BUILD, "--gates")
    gonogo.refused(gonogo(*run, state.folder / "gtaes"), 2, "no such file or folder")
    gonogo.refused(gonogo(*run, folder), 2, "holds no gate file")
    for text in ("", "\n", "# only a comment\n"):
        (folder / "blank.yaml").write_text(text)
        gonogo.refused(gonogo(*run, folder), 2, "expected a mapping with apiVersion, kind, metadata and spec")
    gonogo.refused(gonogo(*run, state.gate_file()), 2, "$.spec.gates: is empty, so nothing could fail")
    gonogo.refused(gonogo(*run, state.gate_file(gate(criteria=[]))), 2, "no criteria, so it could never fail")


@way("K2")
def test_a_criterion_without_operator_or_threshold_is_refused(gonogo, state) -> None:
    """Neither has a default."""
    state.clean()
    for name in ("operator", "threshold"):
        ending = state.judge(gate(criterion(**{name: None})))
        gonogo.refused(ending, 2, f"Object missing required field `{name}`")


@way("K3")
def test_measurements_that_all_ended_with_an_error_are_unknown(gonogo, state) -> None:
    """Each measure by itself, and the whole run."""
    broken = Measure(None, "count", unknown="adapter_error", detail="connection refused")
    state.record({"double_settles": broken, "lost_settles": broken})
    both = gate(criterion(), criterion("lost_settles"))
    gonogo.refused(state.judge(both), 3, "adapter_error: connection refused")
    state.record({"double_settles": CLEAN, "lost_settles": CLEAN}, status="adapter_error", detail="every request timed out")
    gonogo.refused(state.judge(both), 3, "adapter_error: every request timed out")


@way("K4")
def test_samples_that_could_not_fail_are_too_few(gonogo, state) -> None:
    """No samples; and 412 settles of which none was in flight with another one under the same key."""
    gonogo.refused(state.judge_one(Measure("0", "count", samples=0), min_samples=1), 3, "too_few_samples: 0 samples")
    tame = Measure("0", "count", samples=412, made_of={"in_flight_together": 0})
    ending = state.judge_one(tame, needs={"in_flight_together": 50})
    gonogo.refused(ending, 3, "too_few_samples: 0 in flight together, 50 are needed")
    fair = Measure("0", "count", samples=412, made_of={"in_flight_together": 50})
    assert state.judge_one(fair, needs={"in_flight_together": 50}).code == 0


@way("K5")
def test_every_output_has_one_sense(gonogo, state) -> None:
    """What fails is called fail in text, JSON and YAML and ends with 1; the only booleans are named by what is true."""
    ending = state.judge_one(Measure("1", "count", samples=412))
    gonogo.refused(ending, 1, "FAIL P0 C money")
    for shape, read in (("json", msgspec.json.decode), ("yaml", msgspec.yaml.decode)):
        ending = state.judge(more=("--format", shape))
        found = read(ending.out)
        assert (ending.code, found["decision"]["decision"], found["decision"]["exit_code"]) == (1, "NO GO", 1)
        assert [item["outcome"] for item in found["gates"]] == ["fail"]
        assert set(booleans(found)) <= {"yellow", "waived", "waivable", "explained", "automatic_no_go", "exhaustive"}
    state.clean()
    found = msgspec.json.decode(state.judge(more=("--format", "json")).out)
    assert (found["decision"]["decision"], [item["outcome"] for item in found["gates"]]) == ("GO", ["pass"])


def booleans(value: object, name: str = "") -> list[str]:
    """The names of all boolean members of a document."""
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in booleans(item, key)]
    if isinstance(value, list):
        return [found for item in value for found in booleans(item, name)]
    return [name] if isinstance(value, bool) else []


@way("K6")
@pytest.mark.process
def test_a_load_run_without_an_effect_is_unknown(gonogo, stage) -> None:
    """A service that refuses every request settles nothing twice."""
    ending = stage.storm("refuses_all")
    gonogo.refused(ending, 3, "every request was refused: ")
    assert "clean" not in ending.text


@way("K7")
def test_a_value_is_compared_as_it_is(gonogo, state) -> None:
    """800.4 is not at most 800, however it is shown."""
    timing = {"unit": "ms", "threshold": "800", "statistic": "p95 nearest-rank", "min_samples": 1}
    slow = Measure("800.4", "ms", samples=412, statistic="p95 nearest-rank")
    gonogo.refused(state.judge_one(slow, **timing), 1, "800.4 ms, threshold at most 800 ms")
    nearly = Measure("0.9899999", "ratio", samples=412)
    ending = state.judge_one(nearly, unit="ratio", operator="gte", threshold="0.99", min_samples=1)
    gonogo.refused(ending, 1, "0.9899999, threshold at least 0.99")


@way("K8")
@pytest.mark.process
def test_refused_answers_are_no_latency_of_good_ones(gonogo, stage) -> None:
    """A service that refuses each settle in a millisecond: no settle latency, and it was not available."""
    ending = stage.storm("refuses_settles")
    gonogo.refused(ending, 3, "settle_latency p95 nearest-rank: unknown: missing: nothing of this kind was acknowledged")
    reserves, available = stage.measure("reserve_latency"), stage.measure("availability")
    assert reserves.samples == reserves.made_of["acknowledged"]
    assert (available.made_of["refused"] > 0, available.value < "0.9") == (True, True)


@way("K9")
def test_a_percentile_by_another_method_is_missing(gonogo, state) -> None:
    """Interpolated 59.9 where the nearest rank is 5,000."""
    wanted = {"unit": "ms", "threshold": "800", "statistic": "p99 nearest-rank", "min_samples": 1}
    for has in ("p99 interpolated", None):
        ending = state.judge_one(Measure("59.9", "ms", samples=100, statistic=has), **wanted)
        gonogo.refused(
            ending, 3, f"missing: the measure is {has or 'no named statistic'}, the criterion requires p99 nearest-rank"
        )


@way("K10")
def test_a_dry_run_leaves_nothing_that_counts(gonogo, state) -> None:
    """Exit 3, no evidence, and a statement with that status is not judged."""
    ending = gonogo("drill", "run", "crash", "--dry-run", "--out", state.folder / "out")
    gonogo.refused(ending, 3, "dry_run")
    assert gonogo("evidence", "list").out == ""
    state.clean(status="dry_run", detail="nothing was sent")
    gonogo.refused(state.judge(), 3, "dry_run: nothing was sent")


@way("K11")
@pytest.mark.process
def test_a_rollback_that_failed_ends_with_its_own_code(gonogo, stage) -> None:
    """The service cannot come back; the drill is not called completed, and its measures do not pass."""
    method = [{"action": "sigkill"}, {"action": "restart", "within": "1s"}]
    ending = stage.drill(drill_stage.crash_spec(method=method), drill_stage.target_of("fragile"))
    gonogo.refused(ending, 7, "rollback failed")


@way("K12")
@pytest.mark.process
def test_the_journal_of_a_killed_drill_is_whole_and_brings_the_service_back(gonogo, stage) -> None:
    """SIGKILL in the middle; the journal is written before each step, and `drill recover` works from it."""
    with stage.running_drill() as drill:
        drill.kill()
        assert drill.wait(60) == -signal.SIGKILL
    gonogo.refused(gonogo("drill", "recover", stage.out), 0, "recovered: rollback verified")
    gonogo.refused(gonogo("drill", "report", stage.out), 0, "interrupted, rollback verified: interrupted: ")


@pytest.fixture(scope="module")
def week(prometheus, promtool, tmp_path_factory):
    """A week of a shop in a real Prometheus with the generated rules: one flow fails at noon alone, one failed once, today."""
    (begin, end), folder = this_week(), tmp_path_factory.mktemp("week")

    def noon(at):
        return at % DAY_S < HOUR_S

    past = [
        up(begin, end),
        *flow("busy", lambda at: 950.0 if noon(at) else 1.0, lambda at: 50.0 if noon(at) else 0.0, begin, end),
        *flow("perfect", lambda _: 100.0, lambda at: float(at == end - 2 * STEP_S), begin, end),
    ]
    write_document(folder, "busy")
    write_document(folder, "perfect", objectives=[{"target": "1"}])
    with watched_shop(folder, past, (begin, end), rules=True) as shop:
        yield shop


@way("K13")
@pytest.mark.process
def test_a_breach_ends_with_1_and_an_objective_of_100_percent_alerts(gonogo, week) -> None:
    """One bad event of 200,000: the target of 100 % is missed, and the rules that its document makes have the alert firing."""
    gonogo.refused(gonogo(*week.measure("perfect")), 1, "NOT MET perfect_7d")
    alerts = f"{week.url}/api/v1/alerts"

    def firing() -> bool:
        found = httpx.get(alerts, trust_env=False, timeout=30).json()["data"]["alerts"]
        return any(one["labels"]["alertname"] == "ErrorBudgetBurn" and one["labels"]["slo"] == "perfect" for one in found)

    assert eventually(firing)
    never = week.rules_without_alerts()
    ending = gonogo("slo", "lint", week.folder / "perfect.yaml", week.folder / "busy.yaml", "--rules", never)
    gonogo.refused(ending, 1, "the documents make this rule, and it is gone")


@way("K14")
@pytest.mark.process
def test_a_month_is_weighted_by_traffic(gonogo, week) -> None:
    """The hour of most traffic fails by 5 %: the average of the hours meets the target, and the events of the week do not."""
    bad, total = (f'sum(increase(orders_total{{flow="busy"{more}}}[1h]))' for more in (',outcome="bad"', ""))
    query = f"1 - avg_over_time(({bad} / {total})[6d:1h])"
    answer = httpx.get(f"{week.url}/api/v1/query", params={"query": query}, trust_env=False, timeout=60).json()
    assert float(answer["data"]["result"][0]["value"][1]) > 0.99
    gonogo.refused(gonogo(*week.measure("busy")), 1, "NOT MET busy_7d: 95.")
    ending = gonogo("gate", "run", "--gates", week.gate("busy_7d"), "--target", week.target)
    gonogo.refused(ending, 1, "threshold at least 0.99")


@way("K15")
def test_what_is_unknown_doubled_or_misspelt_is_refused_or_missing(gonogo, state) -> None:
    """Kind, measure, namespace and key."""
    state.clean()
    source = {"adapter": "evidence", "measure": "double_settles"}
    for kind in ("urn:gonogo:evidence:load-runs:v2", "urn:other:evidence:load-run:v2"):
        gonogo.refused(state.judge(gate(criterion(source={**source, "predicate_type": kind}))), 3, "missing: no evidence of kind")
    gonogo.refused(state.judge(gate(criterion("double_settle"))), 3, "missing: the evidence holds no measure double_settle")
    gonogo.refused(state.judge(gate({**criterion(), "min_sample": 1})), 2, "unknown key 'min_sample'")
    strange = criterion(source={**source, "adapter": "spreadsheet", "predicate_type": KIND.value})
    gonogo.refused(state.judge(gate(strange)), 2, "source.adapter: Invalid value 'spreadsheet'; one of")
    path = state.gate_file(gate()) / "mine.yaml"
    path.write_text(path.read_text().replace("threshold: '0'", "threshold: '0'\n      threshold: '9'"))
    gonogo.refused(gonogo("gate", "run", "--gates", path, "--build", BUILD), 2, "the key 'threshold' is given twice")


@way("K17")
@pytest.mark.process
def test_a_freeze_is_enforced_on_every_way_to_production(gonogo, state, stage, monkeypatch) -> None:
    """The check by build, by nothing and by a chosen moment; a drill that deploys, also without the calendar; another build."""
    monkeypatch.chdir(state.folder)
    put_people(gonogo.home)
    frozen = write_calendar(state.folder / "freeze.yaml", ALWAYS)
    candidate, check = "cd" * 32, ("freeze", "check", "--build", "cd" * 32)
    gonogo.refused(gonogo(*check), 5, "no change record or exception in force names the build")
    gonogo.refused(gonogo("freeze", "check"), 5, "nothing says what is deployed")
    gonogo.refused(gonogo(*check, "--now", "2019-01-01T00:00:00Z"), 3, "preview: it would be allowed")
    deployed = state.folder / "deployed"
    with stage.elsewhere() as service:
        commands = Commands(
            deploy=("sh", "-c", f"touch {deployed}; {service.set_mode('bad')[2]}"), rollback=service.set_mode("good")
        )
        drill = (drill_stage.rollback_spec(), service.target(commands))
        gonogo.refused(stage.drill(*drill), 5, "freeze: a freeze is in force: release-stop")
        frozen.rename(state.folder / "away.yaml")
        stage.again()
        gonogo.refused(stage.drill(*drill), 5, "freeze: no freeze calendar is given")
        gonogo.refused(gonogo(*check), 5, "without a readable calendar nothing may be deployed")
        assert not deployed.exists()
        (state.folder / "away.yaml").rename(frozen)
        put_exception(gonogo.home, BUILD)
        stage.again()
        gonogo.refused(stage.drill(*drill), 5, "was deployed, and signed acts name")
        assert deployed.exists()
        put_exception(gonogo.home, candidate)
        stage.again()
        assert (gonogo(*check).code, stage.drill(*drill).code) == (0, 0)
    monkeypatch.setenv("GONOGO_HOME", str(state.folder / "rehearsal"))
    assert gonogo("state", "init", "--rehearsal").code == 0
    (state.folder / "clock").write_text("2019-01-01T00:00:00Z")
    monkeypatch.setenv("GONOGO_REHEARSAL_CLOCK", str(state.folder / "clock"))
    gonogo.refused(gonogo(*check), 3, "preview: it would be allowed")


@way("K18")
@pytest.mark.process
def test_a_failure_after_the_storm_counts(gonogo, stage) -> None:
    """A service that settles every repeat again, where each repeat comes after the storm."""
    gonogo.refused(stage.storm("books_elsewhere", profile=REPLAYS_ONLY), 1, "FOUND conservation")


@way("K19")
def test_a_name_that_does_not_exist_is_refused_wherever_it_is_given(gonogo, state) -> None:
    """With the names that there are."""
    put_signers(state.home, first(document(at=LONG_AGO)), keys=state.folder / "keys")
    act = ("--reason", "known and small", "--as", "ada")
    waiver = ("--owner", "bob", "--ticket", "OPS-412", "--expires", "14d", "--mitigation", "a second host by Friday", *act)
    for words, reason in (
        (("gate", "explain", "Z"), "no gate is called 'Z'"),
        (("waiver", "add", "sre-relaibility", *waiver), "no gate has the id 'sre-relaibility'"),
        (
            ("evidence", "attest", "financial-integrity/none", *act, "--expires", "9d"),
            "no criterion is called 'financial-integrity/none'",
        ),
        (("load", "run", "hurricane"), "no load profile is called 'hurricane'"),
        (("drill", "run", "earthquake"), "no drill is called 'earthquake'"),
        (("gate", "probe", "everything", "--out", state.folder), "'everything' is not one of"),
        (("gate", "run", "--target", "nobody"), "no target is called 'nobody'"),
        (("gate", "run", "--build", BUILD, "--profile", "hurricane"), "no load profile is called 'hurricane'"),
    ):
        gonogo.refused(gonogo(*words), 2, reason)


@way("K21")
@pytest.mark.process
def test_a_verification_that_could_not_start_is_unknown(gonogo, state, stage) -> None:
    """A probe, a load run and a drill on a service that is not there; the next judgement names it."""
    away = "http://127.0.0.1:9"
    target = stage.target_file(drill_stage.target_of(process=None, base_url=away))
    gonogo.refused(
        gonogo("drill", "run", "crash", "--target", target, "--out", state.folder / "drill"),
        3,
        "has no process, nor commands.kill and commands.restore",
    )
    out = ("--out", state.folder / "probe")
    gonogo.refused(
        gonogo("gate", "probe", "policy-binding", "--target", target, *out),
        3,
        "policy-binding: adapter_error: GET /v1/status was not answered, so the build is not known",
    )
    crash = criterion(
        "kills", source={"adapter": "evidence", "predicate_type": "urn:gonogo:evidence:crash-drill:v2", "measure": "kills"}
    )
    ending = gonogo("gate", "run", "--gates", state.gate_file(gate(crash)), "--target", target, "--build", BUILD)
    gonogo.refused(ending, 3, "not_run: ")
