"""One walk through the setup's machine: a step gives an event, the machine says what comes next, the journal keeps both."""

import contextlib
import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from pathlib import Path

import click
import msgspec

from gateway.clock import Clock
from gateway.machines.onboarding import ONBOARDING, OnboardingEffect, OnboardingEvent, OnboardingState
from gateway.setup.attempts import attempt_of, key_of
from gateway.setup.choices import Choices, Person, from_file
from gateway.setup.failures import SetupCode, SetupProblem
from gateway.setup.happened import Happened, failed
from gateway.setup.hosts.ask import Seen
from gateway.setup.hosts.table import Host
from gateway.setup.journal import Journal, JournalUnwritable
from gateway.setup.lines import Found, LevelFound, RequestNote, WaitingOn
from gateway.setup.local import LocalState
from gateway.setup.server_codes import row_of
from gateway.setup.short_file import is_stream
from gateway.setup.talk import Talk
from gateway.setup.wire import Answer, Call, RequestRefused, Wire, route_of

ENDS = (OnboardingState.COMPLETED, OnboardingState.TRUST_ONLY, OnboardingState.PAUSED, OnboardingState.BLOCKED)
_OPEN_ENDS = ENDS[1:]
CODES, TRIES = 5, 3
REUSED = "idempotency_key_reused"
_NO_ANSWER = (SetupCode.SERVICE_UNREACHABLE, SetupCode.TLS_UNTRUSTED, SetupCode.CALL_UNKNOWN)
"""Failures after which nothing more is sent: nobody would answer."""


class Verification(msgspec.Struct, frozen=True):
    """What `gonogo receipt verify` found: whether all levels pass, each level, and what it printed."""

    verified: bool
    levels: tuple[LevelFound, ...]
    detail: str


class Surroundings(msgspec.Struct, frozen=True):
    """What a walk needs of the machine that it runs on."""

    clock: Clock
    monotonic: Callable[[], float]
    environ: Mapping[str, str]
    home: Path
    platform: str
    program: str
    verify: Callable[[Path, Path, Sequence[Path]], Verification]
    ask_host: Callable[[Host, str], tuple[Seen, str]]
    version_of: Callable[[Host], str | None]


class Memory:
    """What a walk knows and writes nowhere: credentials, what was refused, what was planned."""

    def __init__(self) -> None:
        self.session: str | None = None
        self.agent_key: str | None = None
        self.admin_key: str | None = None
        self.address: str | None = None
        self.sign_in_id: str | None = None
        self.refused: set[str] = set()
        self.sign_in_down: Happened | None = None
        self.code_given = False
        self.code_refused: Happened | None = None
        self.currency = ""
        self.has_money = False
        self.hosts: tuple[str, ...] = ()
        self.blind: set[str] = set()
        self.written: tuple[str, ...] = ()
        self.denied: Happened | None = None
        self.receipt: Path | None = None


class Walk:
    """The state of one walk, and what its steps share."""

    def __init__(
        self,
        local: LocalState,
        journal: Journal,
        wire: Wire,
        choices: Choices,
        person: Person,
        talk: Talk,
        around: Surroundings,
    ) -> None:
        self.local, self.journal, self.wire, self.choices = local, journal, wire, choices
        self.person, self.talk, self.around = person, talk, around
        self.memory = Memory()
        self.state: OnboardingState | None = None
        self.step = "begin"
        self._tries: Counter[OnboardingState | None] = Counter()
        self._said = ""

    @property
    def run(self) -> str:
        """The run's id."""
        return self.journal.run

    @property
    def found(self) -> Found:
        """All that was learned, in earlier walks too."""
        return self.journal.found()

    def move(self, happened: Happened, *, is_last_word: bool = False) -> None:
        """Take the machine's edge for what happened and write it down; a spent budget takes the place of one try too many.

        `is_last_word` where no report is shown afterwards: then the next command is said here.
        """
        edge = ONBOARDING.edge(self.state, happened.event)
        assert edge is not None, f"no row for {happened.event} in {self.state}"
        if edge.effect in (OnboardingEffect.TRY, OnboardingEffect.FAILURE) and edge.next not in ENDS:
            self._tries[self.state] += 1
            most = CODES if self.state is OnboardingState.CODE_WAIT else TRIES
            if self._tries[self.state] >= most:
                edge = ONBOARDING.edge(self.state, OnboardingEvent.BUDGET_SPENT)
                assert edge is not None, "every open state has this row"
        good = edge.effect in (OnboardingEffect.STEP, OnboardingEffect.DECIDE)
        self.journal.add(
            step=self.step,
            phase="succeeded" if good else "failed",
            state=self.state,
            event=edge.event,
            next=edge.next,
            attempt=self._tries[self.state] or 1,
            code=None if good else happened.code or SetupCode.BUDGET_SPENT.value,
            next_command=self.command_of(happened) if edge.next in _OPEN_ENDS or not good else None,
            receipt_id=happened.receipt_id,
            build=happened.build,
            mode=("full" if self.choices.full else "quick") if self.state is None else None,
            found=happened.found,
        )
        self.state = edge.next
        if happened.code is not None and not good:
            whole = failure_text(happened.code, happened.detail, self.command_of(happened))
            self._say(whole if is_last_word else brief_text(happened.code, happened.detail))

    def _say(self, text: str) -> None:
        """Say it, unless it was the last failure that was said: the same one may end a step and then the setup."""
        if text != self._said:
            self.talk.say(text)
        self._said = text

    def command_of(self, happened: Happened) -> str:
        """The next command of a failure."""
        row = row_of(happened.code or SetupCode.BUDGET_SPENT.value)
        host = self.memory.hosts[0] if self.memory.hosts else "HOST"
        return (happened.command or row.next.command).format(host=host, file="FILE")

    def wait_for(self, whom: WaitingOn) -> None:
        """Write down who is waited for from now on."""
        self.journal.add(step=self.step, phase="waiting", state=self.state, waiting_on=whom)

    def line_of(self, path: Path, what: str, whom: WaitingOn, limit_s: float) -> str:
        """The line of a file that the user named; where it is a pipe, who is waited for is written down, and shown."""
        if not is_stream(path):
            return from_file(path, what, limit_s)
        self.wait_for(whom)
        with self.talk.waiting(f"a line with the {what} from {path}, at most {limit_s:g} s"):
            return from_file(path, what, limit_s)

    def read(self, path: str, bearer: str | None, body: Mapping[str, object] | None = None) -> Answer:
        """A request without an effect; raises RequestRefused or SetupProblem."""
        return self._send(Call(path, body, bearer), self.step, 1)

    def send(
        self,
        path: str,
        body: Mapping[str, object],
        bearer: str | None,
        *,
        after: Collection[OnboardingEvent] = (),
        rekey: bool = False,
        step: str | None = None,
        wanted: str | None = None,
    ) -> Answer:
        """A request with an effect, planned in the journal before it is sent; raises RequestRefused or SetupProblem.

        `after` and `wanted` are those of `attempt_of`. With `rekey`, a key that belongs to another body is given up for the next
        one: only where that pays nothing twice.
        """
        route, step = route_of(Call(path, body)), step or self.step
        attempt = attempt_of(self.journal.lines, step, route, after, wanted)
        try:
            return self._send(Call(path, body, bearer, key_of(self.run, step, route, attempt)), step, attempt)
        except RequestRefused as refused:
            if refused.refusal.code != REUSED or not rekey:
                raise
        return self._send(Call(path, body, bearer, key_of(self.run, step, route, attempt + 1)), step, attempt + 1)

    def _send(self, call: Call, step: str, attempt: int) -> Answer:
        key_sha256 = None if call.key is None else hashlib.sha256(call.key.encode()).hexdigest()
        note = RequestNote(route_of(call), None, None, key_sha256)
        base = {"step": step, "state": self.state, "attempt": attempt}
        self.journal.add(**base, phase="planned", waiting_on="gateway", request=note)
        try:
            with self.talk.waiting("the gateway"):
                answer = self.wire.send(call)
        except RequestRefused as refused:
            note = msgspec.structs.replace(note, status=refused.refusal.status, request_id=refused.request_id)
            self._refused(base, note, refused.refusal.code)
            raise
        except SetupProblem as problem:
            self._refused(base, note, problem.code.value)
            raise
        note = msgspec.structs.replace(note, status=answer.status, request_id=answer.request_id)
        self.journal.add(**base, phase="succeeded", request=note)
        return answer

    def _refused(self, base: Mapping[str, object], note: RequestNote, code: str) -> None:
        command = self.command_of(Happened(OnboardingEvent.BUDGET_SPENT, code))
        self.journal.add(**base, phase="failed", request=note, code=code, next_command=command)

    def report_event(self, event: str, *, host: str | None = None, code: str | None = None) -> None:
        """Have the gateway count an event of the client's side. What becomes of it changes nothing for the user.

        A receipt that verifies after an end without money is another one: the gateway says whether it was paid.
        """
        bearer = self.memory.agent_key or self.memory.session
        if bearer is None:
            return
        body = {"event": event} | ({"host": host} if host else {}) | ({"step": self.step, "code": code} if code else {})
        with contextlib.suppress(RequestRefused, SetupProblem):
            after = (OnboardingEvent.DENIAL_VERIFIED,) if event == "receipt_verified" else ()
            self.send(f"/v1/access/runs/{self.run}/events", body, bearer, after=after, rekey=True, step=f"funnel_{event}")


Step = Callable[[Walk], Happened]


def go(walk: Walk, steps: Mapping[OnboardingState, tuple[str, Step]]) -> OnboardingState:
    """Walk from the start to an end. What interrupts it is written down and raised again."""
    walk.move(Happened(OnboardingEvent.BEGIN))
    while walk.state not in ENDS:
        assert walk.state is not None, "it has begun"
        walk.step, step = steps[walk.state]
        with _interruptions(walk):
            happened = _attempt(walk, step)
            if happened.code is not None and happened.code not in _NO_ANSWER:
                walk.report_event("failed", code=happened.code)
            walk.move(happened)
    assert walk.state is not None, "it has begun"
    return walk.state


def _attempt(walk: Walk, step: Step) -> Happened:
    try:
        return step(walk)
    except JournalUnwritable:
        raise
    except (SetupProblem, RequestRefused) as error:
        stopped = isinstance(error, SetupProblem) and error.code is SetupCode.NO_TERMINAL
        return failed(OnboardingEvent.QUIT if stopped else OnboardingEvent.BUDGET_SPENT, error)


@contextlib.contextmanager
def _interruptions(walk: Walk) -> Generator[None, None, None]:
    try:
        yield
    except JournalUnwritable:
        raise
    except (click.Abort, KeyboardInterrupt):
        if walk.person.terminal:
            walk.talk.say()  # the question's line has no end yet
        walk.move(Happened(OnboardingEvent.QUIT, SetupCode.SETUP_QUIT.value), is_last_word=True)
        raise
    except BaseException:  # a signal, a closed terminal, or a defect of ours: the journal says where it stood
        walk.move(Happened(OnboardingEvent.KILLED, SetupCode.SETUP_KILLED.value), is_last_word=True)
        raise


def brief_text(code: str, detail: str) -> str:
    """A failure in one line, for a setup that goes on or whose report follows."""
    return f"{row_of(code).title}{f': {detail}' if detail else ''} ({code})"


def failure_text(code: str, detail: str, command: str) -> str:
    """A failure for people: what it is, what was found, the next step, the page."""
    row = row_of(code)
    found = f": {detail}" if detail else ""
    return f"{code}: {row.title}{found}\n  next: {row.next.text}\n        {command}\n  runbook: runbooks/{row.next.runbook}"
