"""Services that evade a load test, and correct ones that look as if they did: the fake service with one trick each.

Run as `python fake_evasions.py TRICK`, TRICK being a name in TRICKS. What each does is the docstring of its class.
"""

import gzip
import json
import os
import select
import socket
import sys
import threading
from itertools import count
from typing import ClassVar, NamedTuple

from fake_service import Books, Handler, Server


class Done(NamedTuple):
    """One mutation: its route and key, its body, whether it was a repeat, and whether it was acknowledged."""

    key: str
    data: bytes
    repeated: bool
    worked: bool


class Trick(Handler):
    """The fake service as it is."""

    media = "application/json"

    def once(self, key: str, data: bytes) -> tuple[int, bytes]:
        """The stored answer or the first one, and then the trick."""
        repeated = key in self.books.answers
        status, body = super().once(key, data)
        self.after(Done(key, data, repeated, status == 200))
        return status, body

    def after(self, done: "Done") -> None:
        """What happens after a mutation."""

    def answer(self, status: int, body: bytes) -> None:
        """Send with a media type."""
        try:
            self.send_response(status)
            self.send_header("Content-Type", self.media)
            for name, value in self.more_headers():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def more_headers(self) -> list[tuple[str, str]]:
        """Headers of the trick."""
        return []


class ForgetsKeys(Trick):
    """Forgets the key of a reserve whose client left before the answer: the retry holds the amount once more."""

    def once(self, key, data):
        """Answer, unless the client has gone in the meantime."""
        status, body = super().once(key, data)
        if key.startswith("/transfers ") and self._client_is_gone():
            self.books.answers.pop(key, None)
        return status, body

    def _client_is_gone(self):
        readable, _, _ = select.select([self.connection], [], [], 0.004)
        try:
            return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)
        except OSError:
            return True


class BooksElsewhere(Trick):
    """Books each replayed capture once more, under another payment: every planned payment looks right."""

    numbers = count(1)

    def after(self, done):
        """One more credit for a replay."""
        if done.repeated and done.worked and "/capture " in done.key:
            transfer, amount = self.books.transfers[done.key.split("/")[2]], int(json.loads(done.data)["minor"])
            moves = {"wallet/w-1/available": -amount, f"payee/{transfer['to']}/payable": amount}
            self.books.post("settle", f"x-{next(self.numbers)}", moves, amount)


class LedgerFromAnswers(BooksElsewhere):
    """The same, and its journal shows what its clients were answered instead of what it booked; balances are real."""

    def read(self):
        """The journal without what no client was answered."""
        if not self.path.startswith("/journal"):
            super().read()
            return
        after = int(self.path.partition("from=")[2])
        with self.books.lock:
            shown = [entry for entry in self.books.entries if not (entry["payment_id"] or "").startswith("x-")]
            page = [entry for entry in shown if entry["seq"] > after][:200]
        self.answer(200, b"".join(json.dumps(entry).encode() + b"\n" for entry in page))


class StaleReads(Trick):
    """Reads are answered by a cache in front of the service, which says so."""

    def more_headers(self):
        """How old the answer is."""
        return [("Age", "30")] if self.command == "GET" and self.path != "/up" else []


class MovesMoney(Trick):
    """Takes a part of every third captured amount from the payee, in entries without a payment."""

    numbers = count(1)

    def after(self, done):
        """A fee of one that nobody planned."""
        if done.worked and not done.repeated and "/capture " in done.key and next(self.numbers) % 3 == 0:
            payee = self.books.transfers[done.key.split("/")[2]]["to"]
            self.books.post("fund", None, {f"payee/{payee}/payable": -1, "system/fees": 1})


class RefusesAll(Trick):
    """Refuses every request, with a reason of its own."""

    def once(self, _key, _data):
        """No."""
        return 403, b'{"reason":"not_today"}'


class RefusesSettles(Trick):
    """Refuses every capture: no settle is ever made twice."""

    def once(self, key, data):
        """No to captures."""
        return (409, b'{"reason":"not_today"}') if "/capture " in key else super().once(key, data)


class TwoIds(Trick):
    """Makes a new payment for every repeat of a reserve, and says so."""

    def once(self, key, data):
        """Forget the keys of reserves."""
        if key.startswith("/transfers "):
            self.books.answers.pop(key, None)
        return super().once(key, data)


class Races(Trick):
    """Looks up the key of a capture, is slow, and books: two requests under one key at once settle it twice."""

    slow: ClassVar[dict[str, threading.Event]] = {}

    def once(self, key, data):
        """The second of two that are in flight together books as well; one that comes later gets the stored answer."""
        books = self.books
        if key in self.slow:
            self.slow[key].set()
        if "/capture " not in key or key in books.answers or key in self.slow:
            return super().once(key, data)
        twin = self.slow[key] = threading.Event()
        books.lock.release()
        twin.wait(0.05)
        books.lock.acquire()
        del self.slow[key]
        if key not in books.answers:
            return super().once(key, data)
        status, body = books.answers[key]
        if status == 200:
            identity, amount = key.split("/")[2], int(json.loads(data)["minor"])
            payee = f"payee/{books.transfers[identity]['to']}/payable"
            books.post("settle", identity, {"wallet/w-1/available": -amount, payee: amount}, amount)
        return status, body


class TimedAnswers(Trick):
    """Correct: every answer carries its own time."""

    numbers = count(1)

    def once(self, key, data):
        """The stored answer with the time of this one."""
        status, body = super().once(key, data)
        return status, json.dumps({**json.loads(body), "meta": {"at": next(self.numbers)}}).encode()


class OtherWriters(Trick):
    """Correct: others hold and release money of the same wallet meanwhile."""

    numbers = count(1)

    def after(self, _done):
        """One hold of somebody else for every tenth mutation; the amount is never released."""
        number = next(self.numbers)
        if number % 10 == 0:
            self.books.post("reserve", f"other-{number}", {"wallet/w-1/available": -7, "wallet/w-1/held": 7}, 7)


class IntegerIds(Trick):
    """Correct: payments have whole numbers as ids, in answers and in the journal."""

    def once(self, key, data):
        """The stored answer with a number."""
        path, _, rest = key.partition(" ")
        parts = path.split("/")
        if len(parts) > 2:
            parts[2] = f"t-{parts[2]}"
        status, body = super().once(f"{'/'.join(parts)} {rest}", data)
        return status, body.replace(b'"t-', b"").replace(b'", "state"', b', "state"')

    def read(self):
        """Numbers in the journal and in receipts too."""
        with self.books.lock:
            for entry in self.books.entries:
                if isinstance(entry["payment_id"], str):
                    entry["payment_id"] = int(entry["payment_id"].removeprefix("t-"))
            for receipt in self.books.receipts:
                receipt["subject"]["id"] = int(str(receipt["subject"]["id"]).removeprefix("t-"))
        super().read()


class Zipped(Trick):
    """Correct: answers are compressed, although nobody asked for that."""

    def answer(self, status, body):
        """Send compressed."""
        super().answer(status, gzip.compress(body, mtime=0))

    def more_headers(self):
        """Say so."""
        return [("Content-Encoding", "gzip")]


class Redirects(Trick):
    """Answers every mutation with a redirect to another path."""

    def once(self, _key, _data):
        """Elsewhere."""
        return 308, b""

    def more_headers(self):
        """Where."""
        return [("Location", "/v2" + self.path)] if self.command == "POST" else []


class WebPages(Trick):
    """Answers every mutation with 200 and a web page, as a portal in front of a service does."""

    media = "text/html"

    def once(self, _key, _data):
        """Please sign in."""
        return 200, b"<html>please sign in</html>"


class Accepts(Trick):
    """Answers with 202 what it has done."""

    def once(self, key, data):
        """Done, and called accepted."""
        status, body = super().once(key, data)
        return (202 if status == 200 else status), body


class Broken(Trick):
    """Has no answer but 500."""

    def once(self, _key, _data):
        """An error."""
        return 500, b"{}"


TRICKS = {
    "none": Trick,
    "forgets_keys": ForgetsKeys,
    "books_elsewhere": BooksElsewhere,
    "ledger_from_answers": LedgerFromAnswers,
    "stale_reads": StaleReads,
    "moves_money": MovesMoney,
    "refuses_all": RefusesAll,
    "refuses_settles": RefusesSettles,
    "two_ids": TwoIds,
    "races": Races,
    "timed_answers": TimedAnswers,
    "other_writers": OtherWriters,
    "integer_ids": IntegerIds,
    "zipped": Zipped,
    "redirects": Redirects,
    "web_pages": WebPages,
    "accepts": Accepts,
    "broken": Broken,
}


def main() -> None:
    """Serve until killed."""
    handler = TRICKS[sys.argv[1]]
    handler.books = Books("none")
    server = Server(("127.0.0.1", 0), handler)
    url = f"http://127.0.0.1:{server.server_address[1]}"
    sys.stdout.write(json.dumps({"event": "ready", "url": url, "pid": os.getpid()}) + "\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
