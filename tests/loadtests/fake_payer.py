"""A payment service that is not ours and pays out through a rail, in one of three ways; its books are in memory.

`careful` asks the rail by key what became of a lost reply, and sends the same key again only where the rail never saw it.
`new_key` tries again with a new key until an answer comes, as a client library without memory does. `gives_up` takes a lost
reply for a failure.
Run as `python fake_payer.py WAY PORT RAIL_URL`.
"""

import http.client
import json
import sys
import threading
from urllib.parse import urlsplit

from fake_outs import ask_rail, serve

TIMEOUT_S = 1.0
PATIENCE = 40


class Lost(Exception):
    """There was no answer, or none that says anything."""


class Payer:
    """Payouts under one lock, each decided by a thread of its own."""

    def __init__(self, way, rail_url):
        self.way, self.rail = way, urlsplit(rail_url)
        self.lock = threading.Lock()
        self.payouts, self.by_key = {}, {}
        self.wakeup = threading.Event()

    def ask(self, key, body):
        """A payout for a key: the same one for the same key."""
        with self.lock:
            if key not in self.by_key:
                identity = f"out-{len(self.payouts) + 1}"
                self.by_key[key] = identity
                self.payouts[identity] = {**body, "payout_id": identity, "state": "executing", "rail_key": f"rail-{identity}-key"}
                threading.Thread(target=self.decide, args=(identity,), daemon=True).start()
            return self.payouts[self.by_key[key]]

    def hold(self):
        """What a client's reserve or settle takes: nothing."""

    def known(self):
        """Every payout."""
        with self.lock:
            return list(self.payouts.values())

    def decide(self, identity):
        """Charge the rail, in this service's way, and write down what came of it."""
        payout = self.payouts[identity]
        for attempt in range(PATIENCE):
            key = payout["rail_key"] if self.way != "new_key" else f"{payout['rail_key']}-{attempt}"
            try:
                state = self.charge(key, payout)
            except Lost:
                state = {"careful": None, "new_key": None, "gives_up": "failed"}[self.way]
                state = self.look_up(key) if self.way == "careful" else state
            if state is not None:
                payout["state"] = state
                return
            self.wakeup.wait(0.05)

    def charge(self, key, payout):
        """One charge; its state, or Lost."""
        wanted = {"payee": payout["payee_id"], "amount": payout["amount"], "currency": payout["currency"]}
        return self.read(key, *self.send("POST", "/charges", wanted, key))

    def look_up(self, key):
        """What the rail says of a key, None where it never saw it or does not answer."""
        try:
            return self.read(key, *self.send("GET", f"/charges/{key}"))
        except Lost:
            return None

    def read(self, key, status, body):
        """A charge's state: waits for one that is pending; None for a key that the rail never saw."""
        if status == 404:
            return None
        try:
            found = json.loads(body)["status"] if status in (200, 201) else None
        except ValueError:
            found = None
        if found is None:
            raise Lost
        if found == "pending":
            self.wakeup.wait(0.05)
            return self.read(key, *self.send("GET", f"/charges/{key}"))
        return found

    def send(self, method, path, body=None, key=""):
        """One request to the rail; Lost where nothing comes back in time."""
        try:
            return ask_rail(self.rail, TIMEOUT_S, method, path, body, key)
        except (OSError, http.client.HTTPException):
            raise Lost from None


def main():
    """Serve until killed."""
    way, port, rail_url = sys.argv[1:]
    serve(port, Payer(way, rail_url))


if __name__ == "__main__":
    main()
