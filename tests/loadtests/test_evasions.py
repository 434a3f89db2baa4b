"""Services that evade are found, or what they hide is unknown with its reason; correct ones that look like them are clean."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from evasive import HERE, PROFILE, evasive, load_run, target_file

pytestmark = pytest.mark.process

NO_RECEIPTS = {'    receipts: {method: GET, path: "/slips?at={cursor}"}\n': ""}
NO_LEDGER = {'    ledger: {method: GET, path: "/journal?from={after}"}\n': "", **NO_RECEIPTS}
NO_BALANCES = {
    '    wallet: {method: GET, path: "/purses/{wallet_id}"}\n': "",
    '    payee: {method: GET, path: "/shops/{payee_id}"}\n': "",
}


@pytest.fixture
def run(tmp_path):
    """A function that runs the quick storm against a service with a trick, and gives what it left."""

    def of(trick, changes=None, more="", *options, **how):
        with evasive(trick) as environ:
            return load_run(tmp_path, environ, target_file(tmp_path, changes, more), *options, **how)

    return of


def test_a_service_that_forgets_the_keys_of_lost_replies_is_found(run):
    """U3: holds under payments that no client received are entries that no plan explains, and the wallet does not add up."""
    done = run("forgets_keys", NO_RECEIPTS)
    assert done.code == 1, done.said
    assert {"unexplained_entry", "conservation"} <= done.rules
    assert "FOUND unexplained_entry" in done.stdout


def test_the_receipts_of_forgotten_keys_prove_a_double_reserve(run):
    """Where receipts carry the request's fingerprint, the second hold is traced to its key."""
    done = run("forgets_keys")
    assert done.code == 1
    assert "double_reserve" in done.rules


def test_a_capture_that_is_booked_once_more_elsewhere_is_found(run):
    """U4: each replay credits the payee again under another payment: every planned payment looks right, the accounts do not."""
    done = run("books_elsewhere", NO_RECEIPTS)
    assert (done.code, done.rules) == (1, {"unexplained_entry", "conservation"}), done.said
    assert "payee/s-1/payable changed by" in done.stdout


def test_the_same_without_a_ledger_is_found_by_the_balances(run):
    """Conservation needs no ledger: balances before and after, and what the clients were answered."""
    done = run("books_elsewhere", NO_LEDGER)
    assert (done.code, done.rules) == (1, {"conservation"}), done.said
    assert done.measure("unexplained_entries")["unknown"] == "missing"


def test_a_ledger_made_of_the_answers_is_contradicted_by_the_balances(run):
    """A journal that repeats what its clients were answered is no second source; the balances are."""
    done = run("ledger_from_answers", NO_RECEIPTS)
    assert (done.code, done.rules) == (1, {"balance_mismatch", "conservation"}), done.said


def test_a_ledger_alone_leaves_conservation_unknown(run):
    """With one source only nothing contradicts it: exit 3, with the reason."""
    done = run("ledger_from_answers", {**NO_RECEIPTS, **NO_BALANCES})
    assert (done.code, done.rules) == (3, set()), done.said
    assert "does not define where balances can be read" in done.measure("conservation_breaks")["detail"]


def test_a_read_that_a_cache_answered_shows_nothing(run):
    """An answer with an Age does not show what the service holds: the books are unknown, and named."""
    done = run("stale_reads")
    assert (done.code, done.rules) == (3, set()), done.said
    assert "a cache answered, 30 s old" in done.measure("double_settles")["detail"]


def test_money_that_moves_without_a_plan_is_found(run):
    """Entries without a payment on a payee's account."""
    done = run("moves_money", NO_RECEIPTS)
    assert (done.code, done.rules) == (1, {"unexplained_entry", "conservation"}), done.said


def test_a_service_that_refuses_everything_proves_nothing(run):
    """U5: the first line says it, nothing is clean, and it was not available."""
    done = run("refuses_all")
    assert done.code == 3, done.said
    assert done.stdout.startswith("every request was refused: ")
    assert done.measure("double_settles")["unknown"] == "too_few_samples"
    assert (done.measure("availability")["value"] < "0.1", done.measure("reserve_latency")["value"]) == (True, None)


def test_settles_that_are_all_refused_are_no_proof_about_settles(run):
    """U5: the other rules are judged; those about settles had no chance to fail, and say so."""
    done = run("refuses_settles")
    assert (done.code, done.rules) == (3, set()), done.said
    assert done.stdout.startswith("no settle was acknowledged: ")
    for name in ("double_settles", "lost_settles", "stuck_credits"):
        assert (done.measure(name)["value"], done.measure(name)["unknown"]) == (None, "too_few_samples")
    assert done.measure("double_settles")["made_of"]["refused"] > 30
    assert done.measure("double_reserves")["value"] == "0"


def test_two_payments_under_one_key_need_no_ledger(run):
    """The history alone proves it, and the witness shows both ids."""
    done = run("two_ids", NO_LEDGER)
    assert done.code == 1, done.said
    assert "double_reserve" in done.rules
    findings = json.loads((done.folder / "check.json").read_bytes())["findings"]
    finding = next(item for item in findings if item["rule"] == "double_reserve")
    assert all("a double reserve" in item["detail"] for item in findings if item["rule"] == "replay_change")
    shown = [line["history"]["payment_id"] for line in finding["witness"]]
    assert len(set(shown)) == 2
    assert all(identity in finding["detail"] for identity in shown)


def test_an_answer_with_a_time_names_the_place_and_how_to_declare_it(run):
    """A correct service whose answers carry a time: the first place that differs is in the finding."""
    done = run("timed_answers")
    assert (done.code, done.rules) == (1, {"replay_change"}), done.said
    assert "the first difference is at /meta/at (if it may differ, list it in the target file: replay: {ignore: [/meta/at]})" in (
        done.stdout
    )


def test_a_declared_time_is_left_out(run):
    """With the pointer declared the same service is clean."""
    done = run("timed_answers", more="  replay: {ignore: [/meta/at]}\n")
    assert (done.code, done.rules) == (0, set()), done.said


def test_other_writers_are_findings_until_they_are_declared(run):
    """Holds of others on the same wallet: nobody can know that they are not ours."""
    done = run("other_writers", NO_RECEIPTS)
    assert (done.code, done.rules) == (1, {"unexplained_entry", "conservation"}), done.said


def test_declared_other_writers_leave_what_they_touch_unknown(run):
    """No finding, and no claim: exit 3 with the reason; every planned payment is judged all the same."""
    done = run("other_writers", NO_RECEIPTS, "  other_writers: true\n")
    assert (done.code, done.rules) == (3, set()), done.said
    for name in ("unexplained_entries", "conservation_breaks"):
        assert "declares other_writers" in done.measure(name)["detail"]
    assert done.measure("double_settles")["value"] == "0"


@pytest.mark.parametrize("trick", ["none", "integer_ids", "zipped"])
def test_correct_services_are_clean(run, trick):
    """T3: whole numbers as ids, compressed answers; declared other writers who write nothing."""
    done = run(trick, more="  other_writers: true\n")
    assert (done.code, done.rules) == (0, set()), done.said


@pytest.mark.parametrize(
    ("trick", "words"),
    [
        ("redirects", ("308 (application/json), a redirect to /v2/transfers", "spec.operations.reserve.path")),
        ("web_pages", ("200 (text/html), which is no JSON", "spec.operations.reserve.id_pointer")),
        ("accepts", ("202 (application/json), which spec.operations.reserve.success does not list", "add 202")),
    ],
)
def test_an_answer_that_does_not_fit_the_target_file_ends_the_run_before_the_storm(run, trick, words):
    """T20: exit 2 names status, type and the member; no run folder is left that looks like a run."""
    done = run(trick)
    assert (done.code, done.folder.exists()) == (2, False), done.said
    assert all(word in done.stderr for word in words), done.stderr


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"id_pointer: /transfer/id": "id_pointer: /transfer/idd"}, ("/transfer/idd leads to no text", "/transfer/id (t-1)")),
        ({"      id_pointer: /transfer/id\n": ""}, ("needs {payment_id}", "spec.operations.reserve.id_pointer is missing")),
        ({"id_pointer: /transfer/id": "id_pointer: /transfer/state"}, ("leads to open", "the ledger has the payment under t-")),
        (
            {"/capture": "/captrue"},
            ("404", "spec.operations.settle.path", "reserve.id_pointer, which led to t-1"),
        ),
        ({"success: [200]\n      id_pointer": "success: [201]\n      id_pointer"}, ("200", "success does not list")),
    ],
)
def test_a_target_file_that_is_wrong_is_named_by_its_member(run, changes, words):
    """T3, T4: exit 2 before the storm."""
    done = run("none", changes)
    assert done.code == 2, done.said
    assert all(word in done.stderr for word in words), done.stderr


def test_a_service_that_only_fails_is_unknown(run):
    """5xx says nothing about the target file: exit 3."""
    done = run("broken")
    assert (done.code, "was answered with 500" in done.stderr) == (3, True), done.said


def test_a_generator_that_dies_is_never_judged_as_a_whole_storm(tmp_path):
    """Killed in the middle: exit 3, the cause in run.json, and the same for a later check of the folder."""
    out = tmp_path / "run"
    argv = [sys.executable, "-m", "loadtests", "run", str(PROFILE), "--out", str(out), "--target", str(HERE / "fake-target.yaml")]
    with evasive("none") as found:
        environ = {**found, "GONOGO_HOME": str(tmp_path / "home")}
        with subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE, text=True) as process:
            os.kill(_generator(process.pid, out / "history.jsonl"), signal.SIGKILL)
            told, _ = process.communicate(timeout=60)
        assert process.returncode == 3, told
        assert "the storm is not complete: the storm's process ended with -9" in told
        assert json.loads((out / "run.json").read_bytes())["storm"]["cause"] == "invalid_generator"
        again = subprocess.run([*argv[:3], "check", str(out)], env=environ, capture_output=True, text=True, check=False)
    assert again.returncode == 3


def test_a_history_with_a_hole_is_not_judged_as_whole(run, tmp_path):
    """Lines of a part of the generator are missing, although the record of the end says complete: exit 3."""
    done = run("none")
    assert done.code == 0
    history = done.folder / "history.jsonl"
    lines = history.read_bytes().splitlines(keepends=True)
    history.write_bytes(b"".join(lines[:200] + lines[230:]))
    argv = [sys.executable, "-m", "loadtests", "check", str(done.folder)]
    again = subprocess.run(argv, env={**os.environ, "GONOGO_HOME": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert "a part of it is missing" in again.stdout
    assert again.returncode != 0
    assert "verdict: clean" not in again.stdout


def _generator(parent, history, pause=time.sleep):
    """The pid of the storm's process, once it has sent something."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        if children and history.exists() and history.read_bytes().count(b"\n") > 40:
            return int(children[0])
        pause(0.05)
    raise AssertionError("no storm within 60 s")
