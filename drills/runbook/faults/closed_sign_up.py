"""For the runbook `sign-in`: sign-up is closed, and a new user stands outside."""

from drills.runbook.fault import Fault
from drills.runbook.stage import Stage, accepted
from gates.schema.canonical import Json
from gates.schema.errors import UnknownProblem

_DOCUMENT = "/.well-known/gonogo-auth.json"
_CODE = "signup_closed"


class ClosedSignUp(Fault):
    """An operator closed sign-up for an hour and forgot it; whoever signs in gets no tenant."""

    runbook = "sign-in"
    title = "sign-up was closed and forgotten, and a new user is refused"

    def inject(self, stage: Stage) -> None:
        """Close it, as the house does."""
        body: dict[str, Json] = {"mode": "closed", "domains": [], "reason": "for an hour"}
        accepted(stage.call("house_operator", "POST", "/v1/house/sign-up", body), 200)

    def seen(self, stage: Stage) -> str:
        """The new user, who has signed in, is refused with the code that they report."""
        answer = stage.call("session", "POST", "/v1/access/tenants", {"name": "new"})
        if answer.status_code != 403 or answer.json()["code"] != _CODE:
            raise UnknownProblem(f"a new user is answered {answer.status_code}, not 403 {_CODE}")
        return f"a new user gets 403 {_CODE}"

    def variables(self, stage: Stage) -> dict[str, str]:  # noqa: ARG002  # the same for every stage
        """What the user reports."""
        return {"GONOGO_CODE": _CODE}

    def gone(self, stage: Stage) -> str:
        """The document says that anybody may sign up, and the same user makes a tenant."""
        mode = stage.call("session", "GET", _DOCUMENT).json()["mode"]
        if mode != "public_signup":
            raise UnknownProblem(f"sign-up is {mode}")
        accepted(stage.call("session", "POST", "/v1/access/tenants", {"name": "new"}), 201)
        return "the new user has a tenant"
