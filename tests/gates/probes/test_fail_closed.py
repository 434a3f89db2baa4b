"""The probe fail-closed: a small table against a service that refuses well, and against one that does not."""

from pathlib import Path

import pytest

from gates.probes.fail_closed.probe import make_probe
from gates.probes.fail_closed.request import unlike
from gates.probes.fail_closed.table import SHIPPED, load_table
from gates.schema.errors import UsageProblem
from gates.schema.outcome import ExitCode

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
    from gates.schema.target import Audit

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


def test_an_unknown_id_has_the_same_shape():
    """It is as long, of the same kinds of characters, and another one."""
    assert unlike("pay_01a20924f3f173ef") == "pay_01a20924a4a284fa"
