"""The probe fail-closed: a small table against a service that refuses well, and against one that does not."""

from pathlib import Path

import pytest

from gates.probes.fail_closed.probe import make_probe
from gates.probes.fail_closed.request import unlike
from gates.probes.fail_closed.table import SHIPPED, load_table, table_sha256
from gates.schema.errors import UsageProblem
from gates.schema.outcome import ExitCode
from gates.schema.target import Audit, Operation

process = pytest.mark.process

WAITED: list[float] = []
"""What the probe would have slept."""

TABLE = """
apiVersion: gonogo/v1
kind: FailClosedTable
metadata: {name: small}
spec:
  amount: "1000"
  replayed_header: Idempotent-Replayed
  problem_members: [code, category, money_moved, retry, next_step, request_id]
  codes: [idempotency_key_missing, amount_not_integer_string, idempotency_key_reused, over_settlement, not_found, already_settled,
    reservation_expired]
  rows:
    - {name: no key, operation: reserve, keys: [], status: 400, code: idempotency_key_missing}
    - {name: a number, operation: reserve, set: {amount: 5}, status: 400, code: amount_not_integer_string}
    - name: reused
      operation: reserve
      given: held
      keys: ["{reserve_key}"]
      set: {amount: "{other_amount}"}
      status: 422
      code: idempotency_key_reused
      names: [/amount]
    - {name: replay of a reserve, repeat: reserve, given: held}
    - {name: replay of a settle, repeat: settle, given: settled}
    - name: over the hold
      operation: settle
      given: held
      set: {amount: "{more}"}
      status: 409
      code: over_settlement
      sticky: true
    - {name: settled twice, operation: settle, given: settled, status: 409, code: already_settled}
    - name: run out
      operation: settle
      given: held
      given_set: {expires_in_s: 1}
      wait_ms: 1050
      status: 409
      code: reservation_expired
    - {name: unknown, operation: settle, given: held, fields: {payment_id: "{unknown_payment_id}"}, status: 404, code: not_found}
    - {name: a stranger, operation: settle, given: held, role: other_agent, status: 404, code: not_found}
"""


@pytest.fixture
def table(tmp_path):
    """The small table as a file."""
    path = tmp_path / "table.yaml"
    path.write_text(TABLE)
    return path


@process
def test_a_service_that_refuses_well_has_no_finding(workbench, table):
    """Every row is answered as written, and the codes are all documented."""
    done = workbench.run(make_probe(table, WAITED.append))
    assert [(item.where, item.expected, item.found) for item in done.result.findings] == []
    assert done.result.measures["unexpected_answers"].samples == 10
    assert done.result.measures["undocumented_codes"].samples == 8
    assert done.exit_code is ExitCode.GREEN


@process
@pytest.mark.parametrize(
    ("defect", "row", "found"),
    [
        ("no-key-needed", "no key", "status 201"),
        ("number-amount", "a number", "status 201"),
        ("silent-reuse", "reused", "status 201"),
        ("replay-again", "replay of a reserve", "other bytes"),
        ("replay-again", "replay of a settle", "status 409"),
        ("money-on-refusal", "over the hold", "new ledger lines: settle"),
        ("no-next-step", "no key", "nothing in next_step"),
        ("strange-code", "over the hold", "code oops"),
        ("idle-expiry", "run out", "status 200"),
    ],
)
def test_each_defect_is_found_in_its_row(workbench, table, defect, row, found):
    """The finding names the row and what came instead."""
    done = workbench.run(make_probe(table, WAITED.append), defect)
    assert done.exit_code is ExitCode.RED
    assert any(item.where == row and found in item.found for item in done.result.findings)


@process
def test_a_row_waits_until_its_hold_has_run_out(workbench, table):
    """So long, and only for that row."""
    WAITED.clear()
    workbench.run(make_probe(table, WAITED.append))
    assert WAITED == [1.05]


@process
def test_a_code_that_nobody_documented_is_counted_apart(workbench, table):
    """A strange code is one wrong answer and one undocumented code."""
    measures = workbench.run(make_probe(table, WAITED.append), "strange-code").result.measures
    assert (measures["unexpected_answers"].value, measures["undocumented_codes"].value) == ("1", "1")


@process
def test_a_row_that_cannot_be_tried_is_skipped_not_passed(workbench, table):
    """Without another tenant's credential its row is skipped, and the exit code is not green."""
    with workbench.client() as client:
        del client.credentials["other_agent"]
        done = workbench.conduct(make_probe(table, WAITED.append), client)
    assert [item.where for item in done.result.skipped] == ["a stranger"]
    assert done.result.measures["unexpected_answers"].skipped == 1
    assert done.exit_code is ExitCode.UNKNOWN


@process
def test_without_a_wallet_to_read_nobody_can_say_that_no_money_moved(workbench, table):
    """A target without audit.wallet leaves a skipped item that says what to add."""
    done = workbench.run(make_probe(table, WAITED.append), audit=Audit())
    assert [item.why for item in done.result.skipped] == ["add spec.audit.wallet to the target file"]


def test_the_shipped_table_is_complete():
    """It can be read, every row has its own name, and every code that a row expects is listed."""
    table = load_table(SHIPPED)
    names = [row.name for row in table.rows]
    assert len(names) == len(set(names)) > 60
    assert {row.code for row in table.rows if row.code} <= set(table.codes)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("{name: x, status: 400, code: c}", "exactly one of operation, request and repeat"),
        ("{name: x, operation: reserve, status: 200, code: c}", "a refusal needs a status from 400 to 499"),
        ("{name: x, repeat: settle}", "repeat needs a payment"),
        ("{name: x, operation: reserve, statsu: 400}", "unknown key 'statsu'"),
    ],
)
def test_a_table_that_could_not_fail_is_refused(tmp_path, row, says):
    """A row that is not complete is refused with its place, before anything is sent."""
    path = tmp_path / "table.yaml"
    head = "apiVersion: gonogo/v1\nkind: FailClosedTable\nmetadata: {name: x}\n"
    path.write_text(f'{head}spec: {{amount: "1", codes: [], problem_members: [], rows: [{row}]}}\n')
    with pytest.raises(UsageProblem, match=f"{Path(path).name}.*{says}"):
        load_table(path)


@process
def test_a_service_that_refuses_everything_is_never_green(workbench, tmp_path):
    """401 to everybody is what each row of this table wants; but nothing that is right was let in."""
    path = tmp_path / "table.yaml"
    rows = ", ".join(
        f"{{name: r{n}, operation: reserve, set: {{x: {n}}}, status: 401, code: unauthenticated}}" for n in range(12)
    )
    head = "apiVersion: gonogo/v1\nkind: FailClosedTable\nmetadata: {name: x}\n"
    path.write_text(f'{head}spec: {{amount: "1", codes: [unauthenticated], problem_members: [code], rows: [{rows}]}}\n')
    for audit in (Audit(), Audit(wallet=Operation("/v1/wallets/{wallet_id}", "GET", role="finance"))):
        done = workbench.run(make_probe(path, WAITED.append), "refuses-all", audit=audit, build=None)
        assert (done.status, done.exit_code) == ("adapter_error", ExitCode.UNKNOWN)
        assert {measure.value for measure in done.result.measures.values()} == {None}


@process
def test_a_rate_limit_is_no_answer_to_the_request(workbench, table):
    """Rows that were answered 429 are skipped, and are no samples."""
    done = workbench.run(make_probe(table, WAITED.append), "limits-settles")
    limited = ["over the hold", "run out", "unknown", "a stranger"]
    assert [item.where for item in done.result.skipped if "rate limited" in item.why] == limited
    assert done.result.measures["unexpected_answers"].samples == len(done.result.cells) < 10
    assert done.exit_code is ExitCode.UNKNOWN


@pytest.mark.parametrize(
    "second",
    [
        "{name: again, operation: reserve, keys: [], status: 400, code: c}",
        "{name: again, operation: reserve, keys: [], status: 422, code: other, names: [x]}",
        "{name: no key, operation: settle, given: held, status: 400, code: c}",
    ],
)
def test_a_request_that_stands_in_the_table_twice_is_refused(tmp_path, second):
    """Twelve times the same row are one sample: exit 2 names the row, under whatever name or expectation it comes again."""
    path = tmp_path / "table.yaml"
    head = "apiVersion: gonogo/v1\nkind: FailClosedTable\nmetadata: {name: x}\n"
    first = "{name: no key, operation: reserve, keys: [], status: 400, code: c}"
    path.write_text(f'{head}spec: {{amount: "1", codes: [], problem_members: [], rows: [{first}, {second}]}}\n')
    with pytest.raises(UsageProblem, match=r"rows\[1\] \((again|no key)\): .*rows\[0\]"):
        load_table(path)


@process
def test_the_evidence_says_which_table_was_tried(workbench, table):
    """By its digest; the shipped one is known as such."""
    facts = workbench.run(make_probe(table, WAITED.append)).result.facts
    assert (facts["table_sha256"], facts["table_is_shipped"]) == (table_sha256(table), False)
    assert table_sha256() == table_sha256(SHIPPED) != table_sha256(table)


def test_an_unknown_id_has_the_same_shape():
    """It is as long, of the same kinds of characters, and another one."""
    assert unlike("pay_01a20924f3f173ef") == "pay_01a20924a4a284fa"
