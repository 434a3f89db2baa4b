"""A hosted sign-in that is not ours, with defects that a canary has to see."""

import msgspec

from gates.schema.time import format_utc

BUILD = "b" * 64
PROBLEM = {"Content-Type": "application/problem+json"}
JSON = {"Content-Type": "application/json"}


class FakeSignIn:
    """Answers the sign-in routes; `changes` replace members of its document, `refuses` maps a path's end to (status, code).

    `address` is where it says that it is; None says what the Host header says. `slow_s` is called before each answer.
    """

    def __init__(self, clock, **changes):
        self.clock, self.address = clock, ""
        self.trusts_host = changes.pop("trusts_host", False)
        self.refuses = changes.pop("refuses", {})
        self.plain = changes.pop("plain", False)
        self.before = changes.pop("before", lambda _path: None)
        self.mail_later = changes.pop("mail_later", None)
        self.changes = changes
        self.received = []

    def answer(self, method, target, headers, body):
        """One answer."""
        self.before(target)
        self.received.append((method, target, body))
        if target == "/build":
            return 200, JSON, msgspec.json.encode({"build": BUILD})
        for end, refusal in self.refuses.items():
            if target.endswith(end):
                return self._problem(*refusal)
        if method == "GET":
            return 200, JSON, msgspec.json.encode(self._document(headers["Host"]))
        if target.endswith("/verify"):
            return self._problem(401, "otp_invalid")
        return 202, JSON, msgspec.json.encode({"sign_in_id": "sgn_1", "digits": 8})

    def _document(self, host):
        mail = {"mode": "smtp", "healthy": True, "since": "2026-11-23T09:00:00Z"}
        starts = sum(target.endswith("/sign-ins") for _, target, _ in self.received)
        if self.mail_later is not None and starts:
            mail = self.mail_later
        document = {
            "version": "1",
            "base_url": f"http://{host}" if self.trusts_host else self.address,
            "build": BUILD,
            "time": format_utc(self.clock()),
            "mail": mail,
        }
        return document | self.changes

    def _problem(self, status, code):
        return status, JSON if self.plain else PROBLEM, msgspec.json.encode({"code": code, "status": status})
