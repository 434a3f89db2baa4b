"""The payment service of `fake_payments` with people who sign in: sessions, fresh ones, the house, and routes for anybody."""

from fake_payments import ACCESS, FakeService, Refused

SESSIONS = ("session", "stepped_up", "house_operator")
SIGNED_IN = {
    "POST /v1/sign-ins": ["anonymous"],
    "GET /v1/me": ["agent", *SESSIONS],
    "POST /v1/keys": ["stepped_up"],
    "POST /v1/house/stop": ["house_operator"],
}


def session(role):
    """The session's token of a role."""
    return f"session-{role}-0123456789"


class SessionService(FakeService):
    """The service, honest unless told otherwise.

    Defects: `stale-session` lets an old session make keys, `closed-sign-in` asks for a credential before signing in,
    `ended-sessions` knows the sessions and says of each that it has ended, `garbage-has-ended` says so of every credential.
    """

    def routes(self):
        """Those of the payments, and those that people who sign in call."""
        return {**ACCESS, **SIGNED_IN}

    def _admit(self, route, headers):
        given = (headers.get("Authorization") or "").removeprefix("Bearer ")
        if self.access[route] == ["anonymous"]:
            if not given and "closed-sign-in" in self.defects:
                raise Refused(401, "unauthenticated")
            return "ours"
        role = next((role for role in SESSIONS if given == session(role)), None)
        if role is None:
            if given and "garbage-has-ended" in self.defects and not given.startswith("key-"):
                raise Refused(401, "session_expired")
            return super()._admit(route, headers)
        if "ended-sessions" in self.defects:
            raise Refused(401, "session_expired")
        as_fresh = role == "session" and "stale-session" in self.defects
        if role not in self.access[route] and not (as_fresh and "stepped_up" in self.access[route]):
            raise Refused(403, "forbidden")
        return "ours"

    def _read(self, route, last, tenant, query):
        return b"{}" if route == "GET /v1/me" else super()._read(route, last, tenant, query)
