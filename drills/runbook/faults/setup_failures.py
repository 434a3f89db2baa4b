"""For the runbook `setup-failures`: several new users at once, each with another failure of the real setup client."""

from collections.abc import Mapping

from drills.onboarding.house import House
from drills.onboarding.mails import reader
from drills.onboarding.money import giver
from drills.onboarding.walks import Around, Ended, User
from drills.runbook.environment import FAILED
from drills.runbook.fault import Fault
from drills.runbook.faults.failed_setups import FAILED_SETUPS
from drills.runbook.page import Step
from drills.runbook.plan import WORK
from drills.runbook.stage import Stage
from gates.schema.errors import UnknownProblem

_THROUGH = ("completed", "trust_only")
_STARTED, _VERIFIED = '"event":"started"', '"event":"receipt_verified"'


class SetupFailures(Fault):
    """Each user stands still; after support's answer each does what the code's row says, and comes to a verified receipt."""

    runbook = "setup-failures"
    title = f"{len(FAILED_SETUPS)} new users, each of whom a setup failed with another code"
    acts_on = ("answer",)

    def __init__(self) -> None:
        self._users: dict[str, User] = {}
        self._failed: dict[str, Ended] = {}
        self._house: House | None = None

    def inject(self, stage: Stage) -> None:
        """Let every setup fail."""
        house = self._house = House(stage.named, "rehearsal", stage.service.environ)
        for code, failed in FAILED_SETUPS.items():
            around = Around(house, giver(stage.db), reader(stage.mails, stage.pause), code.replace("_", "-"))
            user = self._users[code] = User(stage.folder / "users" / code, around)
            self._failed[code] = failed.fail(user)

    def seen(self, stage: Stage) -> str:
        """Each setup ended with its code, or its journal has it, and the gateway saw the setup begin."""
        funnel = self._funnel(stage)
        for code, ended in self._failed.items():
            if code not in self._users[code].codes(ended):
                raise UnknownProblem(f"{code}: the setup ended {ended.outcome} without it")
            if not any(_STARTED in line for line in funnel.get(ended.run, ())):
                raise UnknownProblem(f"{code}: the gateway does not know the run {ended.run}")
        return f"setups failed with {', '.join(self._failed)}"

    def variables(self, stage: Stage) -> dict[str, str]:  # noqa: ARG002  # known since the injection
        """The tickets."""
        return {FAILED: " ".join(f"{ended.run}:{code}" for code, ended in self._failed.items())}

    def after(self, stage: Stage, step: Step) -> None:
        """The users do what support answers, each with the key that was made for them."""
        if step.name == "answer":
            for code, failed in FAILED_SETUPS.items():
                key = stage.folder.parent / WORK / f"{self._failed[code].run}.key"
                ended = failed.cure(self._users[code], self._failed[code], key)
                if ended.outcome not in _THROUGH:
                    raise UnknownProblem(f"{code}: the setup that goes on is {ended.outcome}: {ended.failure}")

    def gone(self, stage: Stage) -> str:
        """Each of these setups has a verified receipt by the gateway's own events, and what is to be seen at the user's is."""
        funnel = self._funnel(stage)
        for code, failed in FAILED_SETUPS.items():
            if not any(_VERIFIED in line for line in funnel[self._failed[code].run]):
                raise UnknownProblem(f"{code}: the setup has no verified receipt")
            if not failed.is_cured(self._users[code]):
                raise UnknownProblem(f"{code}: the setup is through, and its cause is still there")
        return f"{len(FAILED_SETUPS)} setups are through"

    def end(self) -> None:
        """Close the connection to the gateway."""
        if self._house is not None:
            self._house.close()

    def _funnel(self, stage: Stage) -> Mapping[str, list[str]]:
        """The gateway's events, by run."""
        answer = stage.call("house_operator", "GET", "/v1/house/funnel?after=0")
        if not answer.is_success:
            raise UnknownProblem(f"the gateway's funnel: status {answer.status_code}")
        found: dict[str, list[str]] = {}
        for line in answer.text.splitlines():
            run = line.partition('"run":"')[2].partition('"')[0]
            found.setdefault(run, []).append(line)
        return found
