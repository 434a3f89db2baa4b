"""`drill_storm.py run PROFILE ...`: reserve and settle payments one by one, retrying each until it is answered.

`drill_storm.py check RUN` writes the check again from the plan of a run; `drill_storm.py probe ...` prints DRILL_PROBED.
"""

import argparse
import http.client
import json
import os
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

RATE_PER_S = 150
MEASURES = (
    "double_settles lost_settles stuck_credits receipt_mismatches replay_changes balance_mismatches "
    "unknown_outcome_violations unexplained_entries"
)


class Storm:
    """One client, a new lane for each attempt."""

    def __init__(self, out):
        self.url = urlsplit(os.environ["GONOGO_BASE_URL"])
        self.history = (out / "history.jsonl").open("a")
        self.lane = 0

    def attempt(self, payment, operation):
        """Ask once; True when it was acknowledged."""
        self.lane += 1
        line = {"process": self.lane, "operation": operation, "payment": payment, "start_ns": time.monotonic_ns()}
        self.write({**line, "type": "invoke"})
        status, error = None, None
        try:
            connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=2)
            connection.request("GET", f"/pay/{payment}")
            status = connection.getresponse().status
            connection.close()
        except OSError:
            error = "refused"
        kind = "ok" if status == 200 else "info"
        self.write({**line, "type": kind, "end_ns": time.monotonic_ns(), "status": status, "error": error})
        return kind == "ok"

    def write(self, line):
        """Append one line and hand it over at once."""
        self.history.write(json.dumps(line) + "\n")
        self.history.flush()


def check(out):
    """Leave a check: clean, or for the profile `leaky` with a lost settle."""
    plan = json.loads((out / "plan.json").read_text())
    zero = {"value": "0", "unit": "count", "samples": plan["payments"]}
    found = {"measures": dict.fromkeys(MEASURES.split(), zero), "findings": []}
    if plan["profile"] == "leaky":
        found["measures"]["lost_settles"] = {**zero, "value": "1"}
        found["findings"] = [{"rule": "lost_settle", "payment_id": "pay_7", "detail": "acknowledged, not booked", "witness": []}]
    (out / "check.json").write_text(json.dumps(found))


def main():
    """Run, then check; or only check."""
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
    storm = Storm(out)
    for payment in range(5 * given.payments):
        if payment >= given.payments and Path(given.until).exists():
            break
        for operation in ("reserve", "settle"):
            while not storm.attempt(payment, operation):
                time.sleep(0.01)
        time.sleep(1 / RATE_PER_S)
    check(out)


if __name__ == "__main__":
    main()
