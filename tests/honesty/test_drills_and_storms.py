"""Drills that rehearse nothing, and storms that could not find anything."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import drill_stage
import fake_payments
import loopback
import msgspec
import pytest
from artifacts import make_artifacts
from drill_stage import SLEEPER, write_document
from honest_stage import REPLAYS_ONLY, TAME
from honest_state import criterion, gate
from probe_bench import target_of
from waiting import eventually
from ways import way

from gates.evidence.statement import EvidenceKind
from gates.schema.gateset import load_gates
from gates.schema.target import Commands

AWAY = "http://127.0.0.1:9"
SERVED = "ab" * 32
START = [{"action": "start_service"}, {"action": "start_storm"}]
SHIPPED = next(item for one in load_gates() for item in one.criteria if item.id == "storm_double_settles")
TABLE = """
apiVersion: gonogo/v1
kind: FailClosedTable
metadata: {{name: twelve}}
spec:
  amount: "1000"
  codes: [idempotency_key_missing]
  problem_members: [code]
  rows: [{rows}]
"""


def kills(state) -> Path:
    """A gate that wants one kill of a crash drill."""
    source = {"adapter": "evidence", "predicate_type": EvidenceKind.CRASH_DRILL.value, "measure": "kills"}
    return state.gate_file(gate(criterion("kills", source=source, operator="gte", threshold="1", min_samples=1)))


@way("D1")
def test_a_dry_run_drill_is_unknown(gonogo, state, stage) -> None:
    """Also where its statement is stored on purpose."""
    dry = ("--dry-run", "--evidence", state.home / "evidence")
    ending = stage.drill(drill_stage.crash_spec(), drill_stage.target_of(), *dry)
    gonogo.refused(ending, 3, "dry_run: dry run: no step was run")
    target = stage.target_file(drill_stage.target_of())
    ending = gonogo("gate", "run", "--gates", kills(state), "--target", target, "--build", SERVED)
    gonogo.refused(ending, 3, "dry_run: dry run: no step was run")


@way("D2")
@pytest.mark.process
def test_an_interrupted_drill_measured_nothing(gonogo, state, stage) -> None:
    """The signal's exit code after a verified rollback; its statement is judged as not run."""
    with stage.running_drill() as drill:
        drill.send_signal(signal.SIGINT)
        assert drill.wait(60) == 130
    gonogo.refused(gonogo("drill", "report", stage.out), 0, "interrupted, rollback verified: interrupted: ")
    target = stage.target_file(drill_stage.target_of())
    ending = gonogo("gate", "run", "--gates", kills(state), "--target", target, "--build", SERVED)
    gonogo.refused(ending, 3, "not_run: interrupted: ")


@way("D3")
@pytest.mark.process
def test_a_killed_drill_measured_nothing(gonogo, state, stage) -> None:
    """Before it is recovered and after it."""
    with stage.running_drill() as drill:
        drill.kill()
        drill.wait(60)
    run = ("gate", "run", "--gates", kills(state), "--build", SERVED, "--target")
    target = stage.target_file(drill_stage.target_of())
    gonogo.refused(gonogo(*run, target), 3, "missing: no evidence of kind crash-drill about fake")
    assert gonogo("drill", "recover", stage.out).code == 0
    gonogo.refused(gonogo(*run, target), 3, "not_run: interrupted: ")


@way("D4")
@pytest.mark.process
def test_an_interrupted_or_killed_review_leaves_no_scorecard(gonogo, state) -> None:
    """Nothing that `scorecard show` or a later streak could take for a week."""
    for number, code in ((signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)):
        out = state.folder / f"review-{code}"
        argv = [sys.executable, "-m", "scorecards", "review", "--profile", "smoke", "--out", str(out)]
        with subprocess.Popen(
            argv, env=os.environ, cwd=state.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as review:
            assert any(b"service: pid" in line for line in review.stderr)
            review.send_signal(number)
            review.communicate(timeout=120)
        assert (review.returncode, (out / "scorecard.yaml").exists()) == (code, False)
    gonogo.refused(gonogo("scorecard", "show"), 2, "there is no review yet")
    gonogo.refused(gonogo("scorecard", "history"), 0, "no scorecard was built yet")


@way("D5")
@pytest.mark.process
def test_a_generator_that_was_stopped_measured_nothing(gonogo, stage) -> None:
    """Stopped for longer than its limit on lag: no latency has a value."""
    slow = {"rate_per_s: 80": "rate_per_s: 40", "generator_lag_p99_ms: 60000": "generator_lag_p99_ms: 500"}
    with stage.running_storm(slow) as (process, generator):
        os.kill(generator, signal.SIGSTOP)
        eventually(lambda: False, 2)
        os.kill(generator, signal.SIGCONT)
        out, _ = process.communicate(timeout=120)
    gonogo.refused(stage.ended(process, out), 3, "unknown: invalid_generator: the generator's lag p99 was ")


@way("D6")
@pytest.mark.process
def test_a_worker_that_goes_missing_is_noticed(gonogo, stage) -> None:
    """The generator dies in the middle; and a history in which a part of it is missing is not judged as whole."""
    with stage.running_storm({}) as (process, generator):
        os.kill(generator, signal.SIGKILL)
        out, _ = process.communicate(timeout=120)
    gonogo.refused(stage.ended(process, out), 3, "the storm is not complete: the storm's process ended with -9")


@way("D7")
@pytest.mark.process
def test_a_run_that_is_cut_short_is_not_judged_as_whole(gonogo, state, stage) -> None:
    """It does not end within its limit: its own statement is "not run". And one attempt is taken out of a whole history."""
    short = {"duration_s: 300": "duration_s: 1", "rate_per_s: 80": "rate_per_s: 20"}
    gonogo.refused(stage.storm("none", profile=short), 3, "cut short after 1 s")
    (run,) = [one for one in state.statements() if one.kind == "load-run"]
    assert run.measures["double_settles"].value == "0"
    state.record(dict(run.measures), status=run.status, detail=run.detail)
    gonogo.refused(state.judge(gate(criterion(min_samples=1))), 3, "not_run: the storm is not complete: ")
    stage.again()
    assert stage.storm("none").code == 0
    history = stage.folder / "run" / "history.jsonl"
    lines = [(msgspec.json.decode(line), line) for line in history.read_bytes().splitlines(keepends=True)]
    tired = next(event for event, _ in lines if event.get("status") == 503)  # what had no effect leaves no other trace
    left = [line for event, line in lines if any(event[name] != tired[name] for name in ("key", "attempt", "phase"))]
    history.write_bytes(b"".join(left))
    gonogo.refused(gonogo("load", "check", stage.folder / "run"), 3, "a part of it is missing")


@way("D8")
@pytest.mark.process
def test_duplicates_that_never_overlap_are_too_few(gonogo, state, stage) -> None:
    """Every settle is sent again after it was answered, and often enough: the shipped criterion wants them together."""
    stage.storm("none", "--payments", "400", profile=REPLAYS_ONLY)
    measure = stage.measure("double_settles")
    assert (measure.value, measure.samples >= SHIPPED.min_samples, measure.made_of["in_flight_together"]) == ("0", True, 0)
    state.record({"double_settles": measure})
    ending = state.judge(gate(msgspec.to_builtins(SHIPPED)))
    gonogo.refused(ending, 3, "too_few_samples: 0 in flight together, 50 are needed")


@way("D9")
@pytest.mark.process
def test_read_back_that_repeats_the_clients_answers_is_no_second_source(gonogo, stage) -> None:
    """A journal made of the answers is contradicted by balances, or unknown without them; a cache is named."""
    ending = stage.storm("ledger_from_answers", changes=dict.fromkeys([RECEIPTS], ""))
    gonogo.refused(ending, 1, "FOUND conservation")
    stage.again()
    ending = stage.storm("ledger_from_answers", changes=dict.fromkeys([RECEIPTS, *BALANCES], ""))
    gonogo.refused(ending, 3, "does not define where balances can be read")
    stage.again()
    gonogo.refused(stage.storm("stale_reads"), 3, "a cache answered, 30 s old")


RECEIPTS = '    receipts: {method: GET, path: "/slips?at={cursor}"}\n'
BALANCES = (
    '    wallet: {method: GET, path: "/purses/{wallet_id}"}\n',
    '    payee: {method: GET, path: "/shops/{payee_id}"}\n',
)


@pytest.mark.process
@way("D10")
def test_a_build_that_a_drill_was_given_decides_no_p0_gate(gonogo, state, stage) -> None:
    """The service was killed and came back, and nobody read from it which build it is."""
    with stage.elsewhere() as service:
        target = service.target(Commands(kill=service.kill, restore=service.restore), build=None)
        build = ("--build", SERVED)
        assert stage.drill(drill_stage.crash_spec(), target, *build, "--evidence", state.home / "evidence").code == 0
        run = ("gate", "run", "--gates", kills(state), *build, "--target", stage.target_file(target))
        text = "the build was given with --build and not read from the service: that counts for P1 gates only"
        gonogo.refused(gonogo(*run), 3, text)


@way("U1")
def test_a_drill_on_a_process_at_another_address_than_the_load_is_refused(gonogo, stage) -> None:
    """The process sleeps, the load goes to the real service: the field is named before anything starts."""
    ending = stage.drill(drill_stage.crash_spec(), drill_stage.target_of(base_url=AWAY, process=SLEEPER))
    gonogo.refused(ending, 2, "fake.yaml: spec.base_url: ")


@way("U2")
@pytest.mark.process
def test_commands_that_kill_nothing_are_not_run(gonogo, stage, monkeypatch) -> None:
    """The service was never away; or it was away and is the same process; or nothing shows which process it is."""
    monkeypatch.setattr("drills.commanded.GONE_S", 0.5)
    spec = drill_stage.crash_spec(setup=START)
    with stage.elsewhere() as service:
        ending = stage.drill(spec, service.target(Commands(kill=("true",), restore=("true",))))
        gonogo.refused(ending, 3, "the service was not seen to go")
        stage.again()
        paused = Commands(kill=service.set_mode("down"), restore=service.set_mode("good"))
        gonogo.refused(stage.drill(spec, service.target(paused)), 3, "it is the same process")
        stage.again()
        unseen = service.target(Commands(kill=service.kill, restore=service.restore), instance=None)
        gonogo.refused(stage.drill(spec, unseen), 3, "add spec.instance to the target file")


@way("U3")
@pytest.mark.process
def test_a_service_that_forgets_the_keys_of_lost_replies_is_found(gonogo, stage) -> None:
    """Holds that no client knows of are entries that no plan explains."""
    ending = stage.storm("forgets_keys", changes=dict.fromkeys([RECEIPTS], ""))
    gonogo.refused(ending, 1, "FOUND unexplained_entry")


@way("U4")
@pytest.mark.process
def test_a_capture_that_is_booked_again_elsewhere_is_found(gonogo, stage) -> None:
    """Every planned payment looks right; the payees got more than was acknowledged."""
    ending = stage.storm("books_elsewhere", changes=dict.fromkeys([RECEIPTS], ""))
    gonogo.refused(ending, 1, "FOUND conservation")
    gonogo.refused(ending, 1, "FOUND unexplained_entry")


@way("U5")
@pytest.mark.process
def test_settles_that_never_were_are_no_proof(gonogo, stage) -> None:
    """Refused by the service: unknown, in the first line; one letter wrong in the path: the field is named."""
    ending = stage.storm("refuses_settles")
    gonogo.refused(ending, 3, "no settle was acknowledged: ")
    assert "clean" not in ending.text
    stage.again()
    gonogo.refused(stage.storm("none", changes={"/capture": "/captrue"}), 2, "spec.operations.settle.path")


@way("U6")
@pytest.mark.process
def test_a_storm_without_duplicates_is_too_tame(gonogo, state, stage) -> None:
    """The service settles twice what is sent twice at once: the usual storm finds it, and no tame one makes a criterion pass."""
    gonogo.refused(stage.storm("races"), 1, "FOUND double_settle")
    stage.again()
    gonogo.refused(stage.storm("races", profile=TAME), 3, "too_few_samples: no key has two definite responses")
    stage.again()
    stage.storm("races", "--payments", "400", profile=REPLAYS_ONLY)
    measure = stage.measure("double_settles")
    assert (measure.value, measure.samples >= SHIPPED.min_samples) == ("0", True)
    state.record({"double_settles": measure})
    gonogo.refused(state.judge(gate(msgspec.to_builtins(SHIPPED))), 3, "too_few_samples: 0 in flight together, 50 are needed")


@way("U16")
@pytest.mark.process
def test_what_must_be_covered_is_part_of_the_bar(gonogo, state) -> None:
    """A scan of one file names the artifacts that it lacks; a table of one row twelve times is refused."""
    hello = state.folder / "hello.txt"
    hello.write_text("hello\n")
    out = ("--out", state.folder / "out")
    with loopback.serving(fake_payments.FakeService()) as url:
        target = write_document(state.folder, "Target", "fake", target_of(url).target)
        scan = ("gate", "probe", "secret-scan", "--target", target, *out)
        gonogo.refused(gonogo(*scan, hello), 3, "unknown (too_few_samples)")
        assert gonogo(*scan, make_artifacts(state.folder / "review")).code == 0
        rows = ", ".join(
            f"{{name: r{n}, operation: reserve, keys: [], status: 400, code: idempotency_key_missing}}" for n in range(12)
        )
        table = state.folder / "table.yaml"
        table.write_text(TABLE.format(rows=rows))
        ending = gonogo("gate", "probe", "fail-closed", "--target", target, "--table", table, *out)
        gonogo.refused(ending, 2, "rows[1] (r1): ")
