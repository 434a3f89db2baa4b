"""Whole lives of payments, row by row, from tests/scenarios/*.txt."""

import datetime as dt
from pathlib import Path

import msgspec
import pytest
from gateway_desk import START

from gateway.commands import Reserve, Reverse, Settle
from gateway.routes import RESERVE, REVERSE, SETTLE

TABLES = sorted((Path(__file__).parents[1] / "scenarios").glob("*.txt"))


def rows(path):
    """The cells of each row, with its line number."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if number > 1 and line.strip() and not line.startswith("#"):
            yield number, [cell.strip() for cell in line.split("|")]


def arguments(text):
    """`amount=300 final=false` as a mapping."""
    found = dict(item.split("=", 1) for item in text.split())
    values = {"true": True, "false": False}
    return {name: int(value) if name == "expires_in_s" else values.get(value, value) for name, value in found.items()}


class Reader:
    """Runs the rows of one table against a desk."""

    def __init__(self, desk) -> None:
        self.desk = desk
        self.payments = {"none": "pay_none"}
        self.last = "pay_none"

    def answer(self, at, operation, key, text):
        """The answer column and the totals that this row really gives."""
        self.desk.now = START + dt.timedelta(seconds=int(at))
        if operation == "sweep":
            return f"{self.desk.sweep()} swept", ""
        given = arguments(text)
        payment = self.payments[given.pop("payment")] if "payment" in given else self.last
        if operation == "reserve":
            demo = self.desk.demo
            fields = {"wallet_id": demo.wallet_id, "payee_id": demo.payee_ids[0], "currency": "USD", **given}
            answer = self.desk.ask(RESERVE, msgspec.convert(fields, Reserve), key)
        elif operation == "settle":
            answer = self.desk.ask(SETTLE, msgspec.convert(given, Settle), key, payment)
        else:
            answer = self.desk.ask(REVERSE, msgspec.convert(given, Reverse), key, payment)
        return self.told(answer, operation, key)

    def told(self, answer, operation, key):
        """Put an answer into the table's words."""
        body = msgspec.json.decode(answer.body)
        replay = " replay" if answer.replayed else ""
        if answer.status >= 400:
            if operation == "reserve" and body["resource"]:
                self.payments[key] = body["resource"].removeprefix("/v1/payments/")
            return f"{answer.status} {body['code']}{replay}", ""
        view = body["payment"]
        if operation == "reserve":
            self.last = self.payments[key] = view["payment_id"]
        totals = " ".join(view[name] for name in ("authorized", "settled", "released", "open", "refunded"))
        return f"{answer.status} {view['state']}{replay}", totals


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_row_of_the_table_gets_its_answer_and_leaves_the_money_where_it_says(desk, path):
    """Answers, totals and balances are those of the table."""
    reader = Reader(desk)
    for number, (at, operation, key, text, expected, totals, held, payable) in rows(path):
        told, counted = reader.answer(at, operation, key, text)
        where = f"{path.name}:{number}"
        assert told == expected, where
        if totals:
            assert counted == totals, where
        balances = desk.balances()
        assert (str(balances["held"]), str(balances["payable"])) == (held, payable), where
        assert sum(balances.values()) == 100_000_000, where
