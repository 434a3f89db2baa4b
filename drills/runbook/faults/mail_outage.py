"""For the runbook `mail`: the folder that the gateway writes its mails into is gone, and a file stands in its place."""

from drills.runbook.fault import Fault
from drills.runbook.page import Step
from drills.runbook.stage import Stage
from gates.schema.errors import UnknownProblem

_WITHIN_S = 60.0
_HEALTHY, _SENT = "gateway_mail_healthy", "gateway_mails_sent_total"


class MailOutage(Fault):
    """A code cannot leave; the gateway notices after its second try and refuses sign-ins until a probe succeeds."""

    runbook = "mail"
    title = "no mail leaves: its folder is gone"
    acts_on = ("repair",)

    def __init__(self) -> None:
        self._sent = 0.0

    def inject(self, stage: Stage) -> None:
        """Take the folder away, with a code on its way."""
        self._sent = stage.metric(_SENT)
        stage.mails.rename(stage.mails.with_name("mails.away"))
        stage.mails.touch()
        self._sign_in(stage, 202, "ann")

    def seen(self, stage: Stage) -> str:
        """The metric says that mail is down, and the next user is refused at once."""
        stage.wait("mail that is down", _WITHIN_S, lambda: "down" if stage.metric(_HEALTHY) == 0 else "")
        self._sign_in(stage, 503, "bob")
        return "mail is down, and a sign-in answers mail_unavailable"

    def after(self, stage: Stage, step: Step) -> None:
        """The operator repairs the disk."""
        if step.name == "repair":
            stage.mails.unlink()
            stage.mails.with_name("mails.away").rename(stage.mails)

    def gone(self, stage: Stage) -> str:
        """The code that waited has left, and a new user gets one."""
        stage.wait("the mail that waited", _WITHIN_S, lambda: "sent" if stage.metric(_SENT) > self._sent else "")
        self._sign_in(stage, 202, "bob")
        return "what waited was sent, and sign-ins are taken"

    def _sign_in(self, stage: Stage, status: int, name: str) -> None:
        answer = stage.call("operator", "POST", "/v1/access/sign-ins", {"address": f"{name}@example.com"})
        if answer.status_code != status:
            raise UnknownProblem(f"a sign-in answered {answer.status_code}, not {status}: {answer.text[:200]}")
