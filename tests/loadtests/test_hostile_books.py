"""Three books joined: a sound run gives nothing, each way to be wrong is named, counted, and proven by the fewest lines."""

import importlib.util
import sys
from pathlib import Path

import msgspec
import pytest

from gates.schema.outcome import ExitCode, UnknownReason
from loadtests.books.entries import Gap
from loadtests.hostile.judge.findings import Rule
from loadtests.hostile.judge.verdict import PER_LOST_REPLY, exit_code, judge
from loadtests.hostile.play.faults import FAULTS, Setting
from loadtests.hostile.report import text_report


def _load():
    spec = importlib.util.spec_from_file_location("hostile_books", Path(__file__).with_name("hostile_books.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


synthetic = _load()


@pytest.fixture
def run():
    """A sound run."""
    return synthetic.sound_run()


def _only(verdict):
    (found,) = verdict.findings
    sources = [next(iter(msgspec.to_builtins(line))) for line in found.witness]
    return found.rule, found.count, sources


def _rules(verdict):
    return {item.rule for item in verdict.findings}


def test_a_sound_run_has_no_findings_and_every_measure_has_samples(run):
    """Decline, lost replies, a late success in suspense, a case for people: all as it should be."""
    verdict = judge(run.books())
    assert verdict.findings == ()
    assert exit_code(verdict) is ExitCode.GREEN
    assert all(measure.value in ("0", "0.000") and measure.samples for measure in verdict.measures.values())
    assert verdict.measures[PER_LOST_REPLY].samples == 4


def test_the_table_says_by_fault_what_was_charged_and_how_long_it_took(run):
    """A row for each fault that was played, in the kit's order; times are of payouts that became final."""
    rows = {row.fault: row for row in judge(run.books()).rows}
    assert list(rows) == ["ok", "decline", "lost_after", "late_success", "mixed"]
    lossy = rows["lost_after"]
    assert (lossy.payouts, lossy.lost_replies, lossy.charges, lossy.ratio) == (2, 4, 2, "0.000")
    assert (lossy.p50_ms, lossy.max_ms) == (900, 1500)
    assert (rows["decline"].payouts, rows["decline"].charges) == (2, 1)
    assert (rows["mixed"].people, rows["mixed"].max_ms) == (1, None)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_a_caller_that_retries_with_a_new_key_is_charged_k_plus_one_times(k):
    """One payout, k lost replies, k + 1 charges under as many keys: k of them are extra, one for each lost reply."""
    run = synthetic.Run(lost={"lost_after": k})
    payout = run.payout(0, "lost_after", "succeeded", charged=0)
    for attempt in range(k + 1):
        run.charge(payout, key=f"attempt-{attempt}")
    verdict = judge(run.books())
    assert verdict.measures["extra_charges"].value == str(k)
    assert verdict.measures[PER_LOST_REPLY].value == "1.000"
    found = next(item for item in verdict.findings if item.rule is Rule.EXTRA_CHARGE)
    assert (found.count, len(found.witness)) == (k, 3)
    assert [line.rail is None for line in found.witness] == [True, False, False]


@pytest.mark.parametrize("k", [1, 2])
def test_a_caller_that_takes_a_lost_reply_for_a_failure_is_charged_k_plus_one_times(k):
    """Each failed payout was charged and is asked for again: k wrong outcomes, and k extra charges."""
    run = synthetic.Run(lost={"lost_after": k})
    for _ in range(k):
        run.payout(0, "lost_after", "failed", charged=1)
    run.payout(0, "lost_after", "succeeded", charged=1)
    verdict = judge(run.books())
    assert verdict.measures["extra_charges"].value == verdict.measures["wrong_outcomes"].value == str(k)
    assert _rules(verdict) == {Rule.EXTRA_CHARGE, Rule.WRONG_OUTCOME, Rule.RAIL_BOOK}
    assert (verdict.rows[0].charges, verdict.rows[0].extra, verdict.rows[0].wrong) == (k + 1, k, k)


def test_a_charge_for_a_payout_that_was_refused_is_extra(run):
    """Refused means never paid: one charge is one too many."""
    run.ask(9, "ok", "fail")
    run.lines.append(synthetic.RailLine(99, "chg99", "?", "p1", "109", "USD", "succeeded"))
    verdict = judge(run.books(entries=Gap(UnknownReason.MISSING, "not told")))
    assert _only(verdict) == (Rule.EXTRA_CHARGE, 1, ["asked", "rail"])


def test_a_success_that_the_rail_never_charged_is_missing(run):
    """The payout says succeeded; the rail's book has nothing, or a decline."""
    payout = run.payout(7, "lost_before", "succeeded", charged=0)
    blind = run.books(entries=Gap(UnknownReason.MISSING, "not told"))
    assert _only(judge(blind)) == (Rule.MISSING_CHARGE, 1, ["payout"])
    run.charge(payout, "failed")
    blind = run.books(entries=Gap(UnknownReason.MISSING, "not told"))
    assert _only(judge(blind)) == (Rule.MISSING_CHARGE, 1, ["payout", "rail"])
    assert _rules(judge(run.books())) == {Rule.MISSING_CHARGE, Rule.RAIL_BOOK}


def test_a_failure_that_the_rail_has_charged_is_a_wrong_outcome(run):
    """Unless the service keeps the money in suspense, as it does for a late success."""
    run.payout(7, "lost_after", "failed", charged=1)
    verdict = judge(run.books(entries=Gap(UnknownReason.MISSING, "not told")))
    assert (Rule.WRONG_OUTCOME, 1) in {(item.rule, item.count) for item in verdict.findings if item.fault == "lost_after"}
    proof = next(item for item in verdict.findings if item.fault == "lost_after").witness
    assert [line.payout is not None for line in proof] == [True, False]
    run.entries = [entry for entry in run.entries if entry.kind != "payout_suspense"]
    late = [item for item in judge(run.books()).findings if item.fault == "late_success"]
    assert [item.rule for item in late] == [Rule.WRONG_OUTCOME]


def test_an_acknowledged_payout_that_is_gone_is_a_wrong_outcome(run):
    """The client holds a 202 for it, and the service does not list it."""
    run.ask(8, "ok", "ok", "pyo-gone")
    assert _only(judge(run.books())) == (Rule.WRONG_OUTCOME, 1, ["asked"])


def test_a_payout_of_another_amount_than_asked_is_a_wrong_outcome(run):
    """The client asked for 100; the service made 99 of it, and charged that."""
    changed = msgspec.structs.replace(run.payouts["pyo1"], amount="99")
    run.payouts["pyo1"] = changed
    assert Rule.WRONG_OUTCOME in _rules(judge(run.books()))


def test_a_second_payout_for_one_request_is_found_though_no_client_heard_of_it(run):
    """It is joined by its debt: two payouts, two charges, one of them extra."""
    second = run.payout(0, "ok", "succeeded", charged=1, answer="info")
    assert second.payout_id not in {ask.payout_id for ask in run.asks}
    assert _only(judge(run.books())) == (Rule.EXTRA_CHARGE, 1, ["asked", "rail", "rail"])


def test_what_has_no_outcome_at_the_end_is_unresolved(run):
    """An open payout, with what the rail has said; one that was decided only after its time; a request that nobody answered."""
    run.payout(7, "lost_after", "unknown", charged=1)
    blind = run.books(entries=Gap(UnknownReason.MISSING, "not told"))
    assert _only(judge(blind)) == (Rule.UNRESOLVED, 1, ["payout", "rail"])
    in_the_end = synthetic.sound_run()
    in_the_end.waits[0] = msgspec.structs.replace(in_the_end.waits[0], state="unknown")
    late = judge(in_the_end.books())
    assert _only(late) == (Rule.UNRESOLVED, 1, ["payout", "rail"])
    assert (late.rows[0].unresolved, late.rows[0].max_ms) == (1, None)
    fresh = synthetic.sound_run()
    fresh.ask(8, "ok", "info")
    assert _only(judge(fresh.books())) == (Rule.UNRESOLVED, 1, ["asked"])


def test_a_charge_that_the_ledger_lacks_is_a_mismatch_of_the_books(run):
    """Payee, amount and currency join the two sides; a charge without a partner stands alone."""
    stray = synthetic.RailLine(99, "chg99", "k", "p1", "777", "USD", "succeeded")
    run.lines.append(stray)
    assert _only(judge(run.books())) == (Rule.RAIL_BOOK, 1, ["rail"])
    elsewhere = msgspec.structs.replace(stray, payee="of-another-tenant")
    run.lines[-1] = elsewhere
    assert judge(run.books()).findings == ()


def test_an_entry_without_its_receipt_is_a_mismatch_of_the_books(run):
    """As is one with two receipts, and one whose receipt says another amount."""
    first = run.receipts[1]
    for changed, sources in (
        ([], ["ledger"]),
        ([first, msgspec.structs.replace(first, receipt_id="again")], ["ledger", "receipt", "receipt"]),
        ([msgspec.structs.replace(first, amount="1")], ["ledger", "receipt"]),
        ([msgspec.structs.replace(first, kind="settle")], ["ledger", "receipt"]),
        ([msgspec.structs.replace(first, postings_sha256="0" * 64)], ["ledger", "receipt"]),
    ):
        receipts = (*run.receipts[:1], *changed, *run.receipts[2:])
        assert _only(judge(run.books(receipts=receipts))) == (Rule.RAIL_BOOK, 1, sources)


def test_a_state_that_no_entry_bears_out_is_a_mismatch_of_the_books(run):
    """Succeeded without its entry, set aside twice, an entry of a payout that nobody lists."""
    booked = [entry for entry in run.entries if not (entry.kind == "payout_success" and entry.payment_id == "pyo1")]
    assert Rule.RAIL_BOOK in _rules(judge(run.books(entries=tuple(booked))))
    run.book("payout", run.payouts["pyo1"], {"payee/p1/payable": -1, "payee/p1/paying": 1})
    assert _only(judge(run.books())) == (Rule.RAIL_BOOK, 1, ["payout", "ledger", "ledger", "ledger"])


def test_what_was_there_before_the_run_counts_for_the_settlement_only(run):
    """An old payout with the same debt is no extra one, nor is its charge; the settlement still looks at both."""
    old = synthetic.Run()
    made = old.payout(0, "ok", "succeeded", charged=1)
    run.payouts = {**{f"old-{name}": item for name, item in old.payouts.items()}, **run.payouts}
    renamed = msgspec.structs.replace(made, payout_id="pyo-old", rail_key="rail-old")
    run.payouts = {"pyo-old": renamed, **{name: item for name, item in run.payouts.items() if not name.startswith("old-")}}
    run.book("payout", renamed, {"payee/p1/payable": -1, "payee/p1/paying": 1})
    run.book("payout_success", renamed, {"payee/p1/paying": -1, synthetic.CLEARING: 1})
    run.lines = [synthetic.RailLine(1, "chg-old", "rail-old", "p1", "100", "USD", "succeeded")] + [
        msgspec.structs.replace(line, seq=line.seq + 1) for line in run.lines
    ]
    books = msgspec.structs.replace(run.books(), earlier=frozenset({"pyo-old"}), first_line=1)
    assert judge(books).findings == ()
    assert Rule.EXTRA_CHARGE in _rules(judge(msgspec.structs.replace(books, first_line=0)))


def test_an_absent_book_makes_its_measures_unknown_and_never_zero(run):
    """Without the rail's book nothing can be said of charges; without the ledger the other measures still stand."""
    gap = Gap(UnknownReason.ADAPTER_ERROR, "the rail did not answer")
    blind = judge(run.books(lines=gap))
    assert {name for name, measure in blind.measures.items() if measure.value is None} == {
        "extra_charges",
        "missing_charges",
        "wrong_outcomes",
        "rail_book_mismatches",
        PER_LOST_REPLY,
    }
    assert exit_code(blind) is ExitCode.UNKNOWN
    partly = judge(run.books(entries=gap))
    assert partly.measures["rail_book_mismatches"].unknown is UnknownReason.ADAPTER_ERROR
    assert partly.measures["extra_charges"].value == "0"
    assert "unknown" in text_report("a run", partly)


def test_no_lost_reply_gives_no_ratio(run):
    """Nothing divided by nothing is unknown."""
    run.lost = {}
    assert judge(run.books()).measures[PER_LOST_REPLY].unknown is UnknownReason.TOO_FEW_SAMPLES


def test_a_ratio_of_bad_things_is_rounded_up(run):
    """One extra charge for many lost replies never reads as zero."""
    run.lost = {"lost_after": 4000}
    run.charge(run.payouts["pyo1"])
    assert judge(run.books()).measures[PER_LOST_REPLY].value == "0.001"


def test_the_report_shows_the_proof(run):
    """Verdict, table, measures, and each finding with its lines, named by their book."""
    run.charge(run.payouts["pyo1"], key="a-second-key")
    report = text_report("hostile rail, seed 1", judge(run.books()))
    assert "verdict: FINDINGS" in report
    assert "FOUND extra_charge (ok): pyo1" in report
    assert "rail 9: succeeded chg9: 100 USD to p1 under a-second-key" in report
    assert "extra charges per lost reply: 0.250 (1 extra charges, 4 lost replies)" in report


def test_every_fault_is_a_script_of_plain_data_with_a_name_of_its_own():
    """Names are unique, scripts can be sent as JSON, and a fault that loses replies does not let webhooks hide that."""
    setting = Setting(payouts=4, too_slow_ms=7000, seed=1)
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    for fault in FAULTS:
        script = msgspec.json.decode(msgspec.json.encode(fault.script(setting)))
        assert set(script) <= {"charges", "look_ups", "webhook", "mix", "forgets_keys"}
    assert FAULTS[0].script(setting) == FAULTS[-1].script(setting) == {}
