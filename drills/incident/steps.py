"""Steps of the rehearsal of an incident: watch the service, wait for the page, acknowledge it, wait until it is resolved."""

import msgspec

from drills.incident.exact import Burn, Condition, Pair
from drills.steps.base import StepBase


class StartMonitoring(StepBase, frozen=True, tag="start_monitoring"):
    """Start a Prometheus and an Alertmanager of the drill's own that watch the service; `name` names their folder.

    The rules are those that `gonogo slo generate` makes of `documents`, or the rule files of the folder `rules`. `without` leaves
    alerts out by name, which shows that the rehearsal can fail. `history` puts so many healthy hours of the counter `history_of`
    into the database first, at the rate of the load that runs: without them a window holds only what was just seen. `roster` is
    who is called.
    """

    documents: str = "reference"
    rules: str = ""
    without: tuple[str, ...] = ()
    history: str = ""
    history_of: str = "gateway_slo_events_total"
    roster: str = ""
    job: str = "gateway"
    metrics: str = "/metrics"


class ControlRun(StepBase, frozen=True, tag="control_run"):
    """Load without a fault for `lasting`; a page in it is a deviation."""

    lasting: str = "60s"


class AwaitPage(StepBase, frozen=True, tag="await_page"):
    """Wait until the page of the fault has arrived from every monitoring.

    `alert` are labels of its alert, `first` those that the alert which fires first has in addition. `exact` says when it has to
    fire, by numbers of this document and not of the rules; the page arrives at most `late` after that. `also` are other pairs of
    windows of the same budget: which of them has to fire first follows from the samples, since a monitoring without history has
    the same in every window. The alert of `first` is the one whose end is awaited.
    """

    alert: dict[str, str]
    exact: Condition
    first: dict[str, str] = msgspec.field(default_factory=dict)
    also: tuple[Pair, ...] = ()
    late: str = "15s"

    @property
    def rivals(self) -> tuple[tuple[dict[str, str], Condition], ...]:
        """The labels of each alert of the page that may fire first, and when it has to."""
        others = [(pair.first, pair.of(self.exact)) for pair in self.also if isinstance(self.exact, Burn)]
        return ((self.first, self.exact), *others)

    @property
    def window_s(self) -> float:
        """How far back samples are needed."""
        return max(condition.window_s for _, condition in self.rivals)


class AcknowledgePage(StepBase, frozen=True, tag="acknowledge_page"):
    """Acknowledge the page: a person does with `gonogo incident ack`, if the drill runs with --people, else the drill itself."""


class AwaitResolved(StepBase, frozen=True, tag="await_resolved"):
    """Wait until every monitoring has notified that the alert is resolved."""


class JudgePages(StepBase, frozen=True, tag="judge_pages"):
    """Read the raw samples, and judge everything that arrived: each wrong page is a deviation."""


class Freeze(StepBase, frozen=True, tag="freeze"):
    """Stop the first process of the service with SIGSTOP: it neither works nor ends. The gateway's is the one that writes."""


class Thaw(StepBase, frozen=True, tag="thaw"):
    """Let it run again."""


class ReplaceProcess(StepBase, frozen=True, tag="replace_process"):
    """What an operator does to a process that hangs: SIGKILL, and start it again on the same port and database."""
