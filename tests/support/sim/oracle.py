"""What must hold in any database of the gateway, whatever happened to it: asked of the file alone, row by row."""

import hashlib
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

TERMINAL = ("denied", "rejected", "approval_expired", "released", "expired", "settled")
TYPE = b"application/vnd.gonogo.receipt.v2+json"
AMOUNTS = ("authorized", "settled", "released", "open", "refunded")


def check_books(connection: sqlite3.Connection, key: Ed25519PublicKey | None = None) -> None:
    """Ledger, payments, receipts, counters and stored answers agree, one by one; with `key` each signature holds too."""
    with _by_name(connection) as named:
        _check(named, key)


def _check(connection: sqlite3.Connection, key: Ed25519PublicKey | None) -> None:
    _balances_follow_from_the_movements(connection)
    derived = _amounts_from_the_ledger(connection)
    _payments_are_what_the_ledger_says(connection, derived)
    _receipts_are_what_the_ledger_says(connection, derived, key)
    _holds_and_credits_are_in_their_accounts(connection)
    _counters_are_what_is_held_or_settled(connection)
    _each_key_has_one_answer(connection)


class Snapshots:
    """Remembers payments between looks: what is over stays as it is, and amounts only grow."""

    def __init__(self) -> None:
        self._seen: dict[str, sqlite3.Row] = {}

    def look(self, connection: sqlite3.Connection) -> None:
        """Compare with the last look."""
        with _by_name(connection) as named:
            rows = named.execute("SELECT * FROM payments").fetchall()
        for row in rows:
            before = self._seen.get(row["payment_id"])
            if before is not None:
                where = row["payment_id"]
                grown = all(row[name] >= before[name] for name in ("settled", "released", "refunded", "operations"))
                assert grown, f"{where}: an amount has shrunk"
                if before["state"] in TERMINAL:
                    assert row["state"] == before["state"], f"{where}: {before['state']} became {row['state']}"
                    assert (row["settled"], row["released"]) == (before["settled"], before["released"]), where
            self._seen[row["payment_id"]] = row


@contextmanager
def _by_name(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """The same database with rows that know their columns' names."""
    (_, _, path) = connection.execute("PRAGMA database_list").fetchone()
    named = sqlite3.connect(path, isolation_level=None)
    named.row_factory = sqlite3.Row
    try:
        yield named
    finally:
        named.close()


def _balances_follow_from_the_movements(connection: sqlite3.Connection) -> None:
    derived: dict[int, int] = defaultdict(int)
    for debit, credit, amount in connection.execute("SELECT debit, credit, amount FROM movements"):
        derived[debit] -= amount
        derived[credit] += amount
    for account, name, balance in connection.execute("SELECT account, name, balance FROM accounts"):
        assert balance == derived.pop(account, 0), f"{name}: the balance {balance} does not follow from the movements"
    assert not derived, "every movement is between accounts that exist"


def _amounts_from_the_ledger(connection: sqlite3.Connection) -> dict[str, dict[str, int]]:
    """Authorized, settled, released, open and refunded of every payment, from its movements alone."""
    amounts: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(AMOUNTS, 0))
    for row in connection.execute("""
        SELECT p.payment_id, o.entry_kind, m.amount, m.debit, m.credit, p.available_account AS available, p.held_account AS held,
          p.payable_account AS payable
        FROM movements AS m JOIN operations AS o ON o.seq = m.seq JOIN payments AS p ON p.payment_id = o.resource_id
    """):
        found, way, where = amounts[row["payment_id"]], (row["debit"], row["credit"]), row["payment_id"]
        if way == (row["available"], row["held"]):
            found["authorized"] += row["amount"]
        elif way == (row["held"], row["payable"]):
            found["settled"] += row["amount"]
        elif way == (row["held"], row["available"]):
            found["released"] += row["amount"]
        elif way == (row["payable"], row["available"]):
            found["refunded"] += row["amount"]
        else:
            raise AssertionError(f"{where}: a {row['entry_kind']} moves money between accounts that are not the payment's")
    for found in amounts.values():
        found["open"] = found["authorized"] - found["settled"] - found["released"]
    return amounts


def _payments_are_what_the_ledger_says(connection: sqlite3.Connection, derived: dict[str, dict[str, int]]) -> None:
    known = set()
    for row in connection.execute("SELECT * FROM payments"):
        known.add(row["payment_id"])
        mine = derived.get(row["payment_id"], dict.fromkeys(AMOUNTS, 0))
        booked = {name: row[name] for name in AMOUNTS}
        assert booked == mine, f"{row['payment_id']}: the row says {booked}, the ledger {mine}"
    assert derived.keys() <= known, "every movement of a payment has its payment"


def _receipts_are_what_the_ledger_says(
    connection: sqlite3.Connection, derived: dict[str, dict[str, int]], key: Ed25519PublicKey | None
) -> None:
    chains: dict[str, list[tuple[bytes, dict[str, object]]]] = defaultdict(list)
    for row in connection.execute("SELECT * FROM operations ORDER BY seq"):
        if row["receipt"] is None:
            moved = connection.execute("SELECT count(*) FROM movements WHERE seq = ?", (row["seq"],)).fetchone()[0]
            assert row["entry_kind"] == "fund" or not moved, f"operation {row['seq']} moved money without a receipt"
            continue
        receipt = msgspec.json.decode(row["receipt"])
        if key is not None:
            key.verify(row["signature"], b"DSSEv1 %d %b %d %b" % (len(TYPE), TYPE, len(row["receipt"]), row["receipt"]))
        assert receipt["journal"]["seq"] == row["seq"], f"receipt {receipt['receipt_id']} names another place in the journal"
        assert receipt["journal"]["postings_sha256"] == _postings_sha256(connection, row["seq"]), (
            f"{receipt['receipt_id']}: other postings"
        )
        chains[receipt["subject"]["id"]].append((row["receipt"], receipt))
    for payment_id, chain in chains.items():
        before = None
        for number, (payload, receipt) in enumerate(chain, 1):
            assert receipt["operation"]["seq"] == number, f"{payment_id}: receipt {receipt['seq']} stands at {number}"
            assert receipt["previous_receipt_sha256"] == before, f"{payment_id}: receipt {number} does not follow from the last"
            before = hashlib.sha256(payload).hexdigest()
        if payment_id.startswith("pay_"):
            _totals_are_the_sum_of_the_receipts(payment_id, [receipt for _, receipt in chain], derived)
    counts = "SELECT payment_id, operations FROM payments UNION ALL SELECT payout_id, operations FROM payouts"
    numbers = dict(connection.execute(counts).fetchall())
    found = {name: len(chain) for name, chain in chains.items()}
    assert found == numbers, "each payment and each payout has a receipt for each of its operations"


def _totals_are_the_sum_of_the_receipts(payment_id: str, chain: list[dict], derived: dict[str, dict[str, int]]) -> None:
    """The receipts' own amounts add up to their last totals, and those are the ledger's."""
    summed = dict.fromkeys(AMOUNTS, 0)
    for receipt in chain:
        amount = int(receipt["money"]["amount"])
        if receipt["money"]["moved"] == "no":
            continue
        if summed["authorized"] == 0:
            summed["authorized"] = amount
        elif receipt["kind"] == "settle":
            summed["settled"] += amount
        elif receipt["kind"] in ("reverse", "expire"):
            summed["refunded" if int(receipt["money"]["totals"]["refunded"]) > summed["refunded"] else "released"] += amount
        if receipt["kind"] == "settle" and int(receipt["money"]["totals"]["open"]) == 0:
            summed["released"] = summed["authorized"] - summed["settled"]
    summed["open"] = summed["authorized"] - summed["settled"] - summed["released"]
    ledger = derived.get(payment_id, dict.fromkeys(AMOUNTS, 0))
    last = {name: int(chain[-1]["money"]["totals"][name]) for name in AMOUNTS}
    assert summed == ledger == last, f"{payment_id}: receipts add up to {summed}, say {last}; the ledger has {ledger}"


def _postings_sha256(connection: sqlite3.Connection, seq: int) -> str | None:
    legs = connection.execute(
        """SELECT d.name AS debit, c.name AS credit, m.amount, m.currency FROM movements AS m
        JOIN accounts AS d ON d.account = m.debit JOIN accounts AS c ON c.account = m.credit WHERE m.seq = ? ORDER BY m.leg""",
        (seq,),
    ).fetchall()
    postings = [
        {"account": name, "amount": str(amount), "currency": leg["currency"]}
        for leg in legs
        for name, amount in ((leg["debit"], -leg["amount"]), (leg["credit"], leg["amount"]))
    ]
    return hashlib.sha256(rfc8785.dumps(postings)).hexdigest() if postings else None


def _holds_and_credits_are_in_their_accounts(connection: sqlite3.Connection) -> None:
    """What each wallet holds is the sum of its open payments: totals that agree while one credit is stuck would not pass."""
    held = connection.execute("""
        SELECT w.wallet_id, a.balance, (SELECT coalesce(sum(open), 0) FROM payments AS p WHERE p.wallet_id = w.wallet_id) AS open
        FROM wallets AS w JOIN accounts AS a ON a.account = w.held""")
    for wallet_id, balance, total in held:
        assert balance == total, f"{wallet_id} holds {balance}, its open payments {total}"
    owing = connection.execute("""
        SELECT e.payee_id, a.balance,
          (SELECT coalesce(sum(settled - refunded), 0) FROM payments AS p WHERE p.payee_id = e.payee_id)
          - (SELECT coalesce(sum(amount), 0) FROM payouts AS o WHERE o.payee_id = e.payee_id AND state <> 'failed')
        FROM payees AS e JOIN accounts AS a ON a.account = e.payable""")
    for payee_id, balance, owed in owing:
        assert balance == owed, f"{payee_id} is owed {owed}, its account says {balance}"
    (total,) = connection.execute("SELECT coalesce(sum(balance), 0) FROM accounts").fetchone()
    assert total == 0, f"all accounts together are {total}, not 0"


def _counters_are_what_is_held_or_settled(connection: sqlite3.Connection) -> None:
    """Each counter holds what its payments authorized and did not give back, and how many of them were paid or still may be."""
    expected: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for row in connection.execute("SELECT * FROM payments WHERE counters <> ''"):
        for name in row["counters"].split("\n"):
            expected[row["tenant_id"], name][0] += row["authorized"] - row["released"]
            expected[row["tenant_id"], name][1] += row["authorized"] > row["released"]
    for row in connection.execute("SELECT * FROM counters"):
        counted, wanted = [row["amount"], row["payments"]], expected.pop((row["tenant_id"], row["counter"]), [0, 0])
        assert counted == wanted, f"{row['counter']} of {row['tenant_id']} is {counted}, its payments come to {wanted}"
    assert not any(any(value) for value in expected.values()), "every payment that counts is counted"


def _each_key_has_one_answer(connection: sqlite3.Connection) -> None:
    for row in connection.execute("""
        SELECT o.seq, o.key, o.route, count(k.seq) AS bound FROM operations AS o LEFT JOIN idempotency_keys AS k ON k.seq = o.seq
        WHERE o.key IS NOT NULL GROUP BY o.seq HAVING bound <> 1"""):
        raise AssertionError(f"operation {row['seq']} of key {row['key']} is bound to {row['bound']} keys")
    (orphans,) = connection.execute(
        "SELECT count(*) FROM idempotency_keys AS k LEFT JOIN operations AS o ON o.seq = k.seq WHERE o.seq IS NULL"
    ).fetchone()
    assert orphans == 0, f"{orphans} keys lead to no operation"
