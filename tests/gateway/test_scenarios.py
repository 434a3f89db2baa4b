"""Whole lives of payments, row by row, from tests/scenarios/*.txt."""

import datetime as dt
from pathlib import Path

import msgspec
import pytest
from gateway_desk import START

from gateway.commands import Principal
from gateway.routes import APPROVE, CREATE_PAYEE, PUT_POLICY, REJECT, RESERVE, REVERSE, SETTLE

VOTES = {"approve": APPROVE, "reject": REJECT}
TABLES = sorted((Path(__file__).parents[1] / "scenarios").glob("*.txt"))


def rows(path):
    """The cells of each row, with its line number."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if number > 1 and line.strip() and not line.startswith("#"):
            yield number, [cell.strip() for cell in line.split("|")]


NUMBERS = {"expires_in_s", "approval.quorum", "duplicate.within_s", "new_payee_s"}
LISTS = {"allowed_categories", "blocked_payees"}


def value(name, text):
    """A cell's argument in the type that the command has for it."""
    if name == "budgets":
        return [budget(item) for item in text.split(",")]
    if name in LISTS:
        return text.split(",")
    return int(text) if name in NUMBERS else {"true": True, "false": False}.get(text, text)


def budget(text):
    """`agent/hour/1000/3`: scope, window, amount and payments."""
    scope, window, amount, payments = text.split("/")
    limits = {"max_amount": amount, "max_payments": int(payments or 0)}
    return {"scope": scope, "window": window} | {name: limit for name, limit in limits.items() if limit}


def arguments(text):
    """`amount=300 final=false approval.quorum=2` as a mapping; a dot goes one level down."""
    found = {}
    for item in text.split():
        name, given = item.split("=", 1)
        outer, _, inner = name.rpartition(".")
        (found.setdefault(outer, {}) if outer else found)[inner] = value(name, given)
    return found


class Reader:
    """Runs the rows of one table against a desk."""

    def __init__(self, desk) -> None:
        self.desk = desk
        self.payments = {"none": "pay_none"}
        self.payees = {}
        self.last = "pay_none"

    def answer(self, at, operation, key, text):
        """The answer column and the totals that this row really gives."""
        self.desk.now = START + dt.timedelta(seconds=int(at))
        if operation == "sweep":
            return f"{self.desk.sweep()} swept", ""
        given = arguments(text)
        route, fields, ids = self.asked(operation, given)
        principal = self.caller(given.pop("by")) if "by" in given else None
        answer = self.desk.ask(route, msgspec.convert(fields, route.command), key, *ids, principal=principal)
        return self.told(answer, operation, key)

    def asked(self, operation, given):
        """The route, the command's fields and the ids in the path."""
        demo = self.desk.demo
        if operation == "reserve":
            payee = self.payees.get(given.pop("to", None), demo.payee_ids[0])
            return RESERVE, {"wallet_id": demo.wallet_id, "payee_id": payee, "currency": "USD", **given}, ()
        if operation == "policy":
            return PUT_POLICY, {"currency": "USD", **given}, ()
        if operation == "payee":
            return CREATE_PAYEE, {"name": "a payee", "currency": "USD", **given}, ()
        payment = self.payments[given.pop("payment")] if "payment" in given else self.last
        fields = {name: item for name, item in given.items() if name != "by"}
        if operation in VOTES:
            return VOTES[operation], {"reason": "seen", **fields}, (payment,)
        return (SETTLE if operation == "settle" else REVERSE), fields, (payment,)

    def caller(self, text):
        """`operator:ann`: one person with a key of that role."""
        role, name = text.split(":")
        return Principal(self.desk.demo.tenant_id, f"key-{role}-{name}", role, name, person_id=f"per_{name}")

    def told(self, answer, operation, key):
        """Put an answer into the table's words."""
        body = msgspec.json.decode(answer.body)
        replay = " replay" if answer.replayed else ""
        if answer.status >= 400:
            if operation == "reserve" and body["resource"]:
                self.payments[key] = body["resource"].removeprefix("/v1/payments/")
            reasons = " ".join(["", *body["reasons"]])
            return f"{answer.status} {body['code']}{reasons}{replay}", ""
        if operation in ("policy", "payee"):
            self.payees[key] = body.get("payee_id")
            return f"{answer.status} made{replay}", ""
        view = body["payment"]
        if operation == "reserve":
            self.last = self.payments[key] = view["payment_id"]
        totals = " ".join(view["amounts"][name] for name in ("authorized", "settled", "released", "open", "refunded"))
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
