"""`drill_storm.py run PROFILE ...`: reserve and settle payments one by one, retrying each until it is answered.

`drill_storm.py check RUN` writes the check again from the plan of a run; `drill_storm.py probe ...` prints DRILL_PROBED.
"""

import argparse
import http.client
import itertools
import json
import os
import queue
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

RATE_PER_S, HELD_S = 150, 0.05
MEASURES = (
    "double_settles lost_settles stuck_credits receipt_mismatches replay_changes balance_mismatches "
    "unknown_outcome_violations unexplained_entries"
)


class Storm:
    """One client for reserves and one for settles, a new lane for each attempt."""

    def __init__(self, out):
        self.url = urlsplit(os.environ["GONOGO_BASE_URL"])
        self.history = (out / "history.jsonl").open("a")
        self.lanes, self.lock = itertools.count(1), threading.Lock()

    def insist(self, payment, operation):
        """Ask until it is acknowledged."""
        while not self.attempt(payment, operation):
            time.sleep(0.01)

    def attempt(self, payment, operation):
        """Ask once; True when it was acknowledged."""
        line = {"process": next(self.lanes), "operation": operation, "payment": payment, "start_ns": time.monotonic_ns()}
        line["payment_id"] = f"pay_{payment}"
        self.write({**line, "type": "invoke"})
        status, error = None, None
        try:
            connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=2)
            connection.request("GET", f"/pay/{payment}/{operation}")
            status = connection.getresponse().status
            connection.close()
        except OSError:
            error = "refused"
        kind = "ok" if status == 200 else "info"
        named = {"payment_id": f"pay_{payment}", "amount": "5"} if kind == "ok" and os.environ.get("DRILL_NAMED") else {}
        self.write({**line, **named, "type": kind, "end_ns": time.monotonic_ns(), "status": status, "error": error})
        return kind == "ok"

    def write(self, line):
        """Append one line and hand it over at once."""
        with self.lock:
            self.history.write(json.dumps(line) + "\n")
            self.history.flush()


def settle(storm, held):
    """Settle every payment that was reserved, after it was held for a while."""
    while (item := held.get()) is not None:
        payment, due_s = item
        time.sleep(max(0, due_s - time.monotonic()))
        storm.insist(payment, "settle")


def check(out):
    """Leave a check: clean, or for the profile `leaky` with a lost settle."""
    plan = json.loads((out / "plan.json").read_text())
    zero = {"value": "0", "unit": "count", "samples": plan["payments"]}
    found = {"measures": dict.fromkeys(MEASURES.split(), zero), "findings": []}
    if plan["profile"] == "leaky":
        found["measures"]["lost_settles"] = {**zero, "value": "1"}
        found["findings"] = [{"rule": "lost_settle", "payment_id": "pay_7", "detail": "acknowledged, not booked", "witness": []}]
    (out / "check.json").write_text(json.dumps(found))


def pay_out(argv):
    """Have payouts accepted until there are enough, then leave a check; with DRILL_EXTRA one of them was charged twice."""
    given = dict(itertools.pairwise(argv))
    out, until = Path(given["--out"]), Path(given["--until"])
    out.mkdir(parents=True)
    with (out / "asks.jsonl").open("a") as asks:
        for _ in range(int(given["--payouts"])):
            if until.exists():
                break
            asks.write('{"type": "ok"}\n')
            asks.flush()
            time.sleep(0.02)
    extra = os.environ.get("DRILL_EXTRA", "")
    zero = {"value": "0", "unit": "count", "samples": 9}
    names = ["extra_charges", "missing_charges", "wrong_outcomes", "unresolved", "rail_book_mismatches"]
    found = {"measures": dict.fromkeys(names, zero), "findings": [], "rows": []}
    if extra:
        found["measures"]["extra_charges"] = {**zero, "value": "1"}
        found["findings"] = [{"rule": "extra_charge", "detail": extra}]
    (out / "check.json").write_text(json.dumps(found))


def main():
    """Run, then check; or only check."""
    if sys.argv[1] == "hostile-rail":
        pay_out(sys.argv[2:])
        return
    if sys.argv[1] == "probe":
        sys.stdout.write(os.environ.get("DRILL_PROBED", '{"outcome": "understood"}'))
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("command")
    parser.add_argument("profile")
    for name in ("--target", "--out", "--seed", "--until"):
        parser.add_argument(name)
    parser.add_argument("--payments", type=int)
    parser.add_argument("--no-evidence", action="store_true")
    given = parser.parse_args()
    if given.command == "check":
        check(Path(given.profile))
        return
    out = Path(given.out)
    out.mkdir(parents=True)
    (out / "plan.json").write_text(json.dumps({"profile": given.profile, "payments": given.payments}))
    storm, held = Storm(out), queue.Queue()
    settling = threading.Thread(target=settle, args=(storm, held))
    settling.start()
    for payment in range(5 * given.payments):
        if payment >= given.payments and Path(given.until).exists():
            break
        storm.insist(payment, "reserve")
        held.put((payment, time.monotonic() + HELD_S))
        time.sleep(1 / RATE_PER_S)
    held.put(None)
    settling.join()
    check(out)


if __name__ == "__main__":
    main()
