"""FastAPI with SQLAlchemy's ORM on SQLite, as in both documentations.

`def` endpoints, a session and a transaction per request, WAL with synchronous=FULL like the gateway. Transactions begin
IMMEDIATE, as SQLAlchemy's pages on SQLite recommend: if begun deferred, two requests that read and then write would end with
"database is locked" whatever the timeout.
"""

from collections.abc import Iterator
from sqlite3 import Connection as SqliteConnection
from typing import Annotated

from fastapi import Depends, FastAPI, Header, Response
from pydantic import BaseModel
from sqlalchemy import Engine, ForeignKey, create_engine, event, func, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from loadtests.bench.peers import settling

_BUSY_S = 30
_SLICE = 20_000


class Base(DeclarativeBase):
    """The tables."""


class Account(Base):
    """An account with its balance."""

    __tablename__ = "accounts"
    name: Mapped[str] = mapped_column(primary_key=True)
    balance: Mapped[int]


class Payment(Base):
    """A payment."""

    __tablename__ = "payments"
    payment_id: Mapped[str] = mapped_column(primary_key=True)
    wallet: Mapped[int]
    payee: Mapped[int]
    state: Mapped[str]
    currency: Mapped[str]
    authorized: Mapped[int]
    settled: Mapped[int]
    released: Mapped[int]
    updated_at: Mapped[str]
    last_receipt_sha256: Mapped[str]


class Posting(Base):
    """One leg of an entry."""

    __tablename__ = "postings"
    posting_id: Mapped[int] = mapped_column(primary_key=True)
    payment_id: Mapped[str] = mapped_column(ForeignKey("payments.payment_id"))
    account: Mapped[str] = mapped_column(ForeignKey("accounts.name"))
    amount: Mapped[int]
    at: Mapped[str]


class Receipt(Base):
    """A receipt, unsigned."""

    __tablename__ = "receipts"
    receipt_id: Mapped[str] = mapped_column(primary_key=True)
    payment_id: Mapped[str] = mapped_column(ForeignKey("payments.payment_id"))
    payload: Mapped[bytes]
    sha256: Mapped[str]


class StoredAnswer(Base):
    """The stored response of an idempotency key."""

    __tablename__ = "answers"
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    status: Mapped[int]
    body: Mapped[bytes]


class SettleBody(BaseModel):
    """The body of a settle."""

    amount: str


def create_app(database: str, payments: int) -> FastAPI:
    """Create the database at that path with so many reserved payments, and the application on it."""
    return _application(_engine(database), payments)


def create_app_with_one_connection(database: str, payments: int) -> FastAPI:
    """The same with a pool of one connection: requests wait in the pool and not at SQLite's lock."""
    return _application(_engine(database, pool_size=1, max_overflow=0, pool_timeout=_BUSY_S), payments)


def _application(engine: Engine, payments: int) -> FastAPI:
    _prepare(engine, payments)
    sessions = sessionmaker(engine)
    app = FastAPI(openapi_url=None)

    def session() -> Iterator[Session]:
        with sessions() as opened:
            yield opened

    @app.get("/readyz")
    def readyz() -> dict[str, str]:
        return {"status": "ready"}

    @app.get("/settled")
    def settled(db: Annotated[Session, Depends(session)]) -> int:
        return db.scalar(select(func.count()).select_from(Payment).where(Payment.state == "settled")) or 0

    @app.post("/payments/{payment_id}/settle")
    def settle(
        payment_id: str,
        body: SettleBody,
        db: Annotated[Session, Depends(session)],
        idempotency_key: Annotated[str, Header(min_length=16, max_length=255)],
    ) -> Response:
        return _settle(db, payment_id, body.amount, idempotency_key)

    return app


def _settle(db: Session, payment_id: str, amount: str, key: str) -> Response:
    wanted = settling.fingerprint(payment_id, amount)
    stored = db.get(StoredAnswer, key)
    if stored is not None:
        if stored.fingerprint != wanted:
            return _answer(422, settling.Refused(422, "idempotency_key_reused").body)
        return _answer(stored.status, stored.body, replayed=True)
    payment = db.get(Payment, payment_id)
    done = settling.settle(_value(payment), amount, wanted)
    if isinstance(done, settling.Refused) or payment is None:
        assert isinstance(done, settling.Refused), "no payment, no settle"
        return _answer(done.status, done.body)
    payment.state, payment.settled, payment.released = "settled", done.settled, done.released
    payment.updated_at, payment.last_receipt_sha256 = done.at, done.receipt_sha256
    for leg in done.postings:
        db.add(Posting(payment_id=payment_id, account=leg.account, amount=leg.amount, at=done.at))
        account = db.get_one(Account, leg.account)
        account.balance += leg.amount
    db.add(Receipt(receipt_id=done.receipt_id, payment_id=payment_id, payload=done.receipt, sha256=done.receipt_sha256))
    db.add(StoredAnswer(key=key, fingerprint=wanted, status=200, body=done.body))
    db.commit()
    return _answer(200, done.body)


def _value(row: Payment | None) -> settling.Payment | None:
    if row is None:
        return None
    return settling.Payment(row.payment_id, row.wallet, row.payee, row.state, row.authorized, row.last_receipt_sha256)


def _answer(status: int, body: bytes, *, replayed: bool = False) -> Response:
    return Response(body, status, {"Idempotent-Replayed": str(replayed).lower()}, "application/json")


def _engine(database: str, **pool: int) -> Engine:
    connect_args = {"timeout": _BUSY_S, "check_same_thread": False}
    engine = create_engine(f"sqlite:///{database}", connect_args=connect_args, **pool)

    @event.listens_for(engine, "connect")
    def on_connect(connection: SqliteConnection, _record: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def on_begin(connection: object) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # type: ignore[attr-defined]  # the event hands over a Connection, untyped

    return engine


def _prepare(engine: Engine, payments: int) -> None:
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(insert(Account), [{"name": name, "balance": 0} for name in settling.account_names()])
        for first in range(1, payments + 1, _SLICE):
            rows = [settling.reserved(number) for number in range(first, min(first + _SLICE, payments + 1))]
            connection.execute(insert(Payment), rows)
