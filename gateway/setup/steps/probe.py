"""Step `probe`: is this the gateway that was dialled, does it sign people in, and do the two clocks agree?"""

import datetime as dt

import msgspec

from gateway.build import VERSION
from gateway.clock import Clock
from gateway.machines.onboarding import OnboardingEvent
from gateway.setup.failures import SetupCode, SetupProblem
from gateway.setup.happened import Happened, failed
from gateway.setup.lines import Found
from gateway.setup.walk import Walk
from gateway.setup.wire import Answer, RequestRefused, Wire

DOCUMENT = "/.well-known/gonogo-auth.json"
KEYS = "/.well-known/gonogo-keys.json"
MOST_SKEW_S = 60


class MailHealth(msgspec.Struct, frozen=True):
    """How codes are delivered, and whether that works now."""

    mode: str
    healthy: bool
    since: str | None = None


class AuthDocument(msgspec.Struct, frozen=True):
    """What a gateway publishes about its sign-in."""

    version: str
    mode: str
    base_url: str
    mail: MailHealth
    build: str
    time: str
    login: tuple[str, ...] = ()

    @property
    def trouble(self) -> str | None:
        """The code of what keeps people from signing in by a code now."""
        if "email_code" not in self.login or self.mail.mode == "none":
            return "login_unavailable"
        return None if self.mail.healthy else "mail_unavailable"

    @property
    def about_mail(self) -> str:
        """How it sends mail, and since when that does not work."""
        if self.mail.mode == "none":
            return "it is set up without mail"
        return f"it sends by {self.mail.mode}" + (f", which is down since {self.mail.since}" if self.mail.since else "")


def probe(walk: Walk) -> Happened:
    """Read the gateway's document, hold it against what was dialled, and pin its receipt keys."""
    try:
        document = document_of(walk.read(DOCUMENT, None), walk.wire, walk.around.clock)
        walk.local.pin_keys(walk.wire.base_url, walk.read(KEYS, None).content)
        _start_run(walk)
    except (SetupProblem, RequestRefused) as error:
        return failed(OnboardingEvent.PROBE_FAILED, answered(error))
    found = Found(version=VERSION)
    if (trouble := document.trouble) is not None:
        down = Happened(OnboardingEvent.PROBE_DEGRADED, trouble, document.about_mail, found=found, build=document.build)
        walk.memory.sign_in_down = down
        return down
    return Happened(OnboardingEvent.PROBE_OK, found=found, build=document.build)


def document_of(answer: Answer, wire: Wire, clock: Clock) -> AuthDocument:
    """The document, of the gateway that was dialled and with a clock near ours; raises SetupProblem saying what answered."""
    try:
        document = msgspec.json.decode(answer.content, type=AuthDocument)
        there = dt.datetime.fromisoformat(document.time)
        skew_s = abs((clock() - there).total_seconds())
    except (msgspec.DecodeError, ValueError, TypeError, RecursionError):
        raise SetupProblem(
            SetupCode.SERVICE_UNREACHABLE, f"{wire.base_url}{DOCUMENT}: what answered is no gateway: no document of a sign-in"
        ) from None
    if _plain(document.base_url) != _plain(wire.base_url):
        raise SetupProblem(SetupCode.BASE_URL_MISMATCH, f"{wire.base_url} was dialled; it says that it is {document.base_url}")
    if skew_s > MOST_SKEW_S:
        raise SetupProblem(SetupCode.CLOCK_SKEW, f"the gateway's clock shows {document.time}, {skew_s:.0f} s from ours")
    return document


def answered(error: SetupProblem | RequestRefused) -> SetupProblem:
    """A refusal of the document itself comes from a gateway without a sign-in, or from another service."""
    if isinstance(error, SetupProblem):
        return error
    detail = f"what answered has no {DOCUMENT}: {error.refusal.code} ({error.refusal.status})"
    return SetupProblem(SetupCode.SERVICE_UNREACHABLE, detail)


def _start_run(walk: Walk) -> None:
    """Have the gateway count the start; a refusal changes nothing for the user."""
    try:
        walk.send("/v1/access/runs", {"run": walk.run, "version": VERSION}, None)
    except RequestRefused as refused:
        walk.talk.say(
            f"the gateway did not record that this setup began ({refused.refusal.code}); the setup goes on all the same"
        )


def _plain(url: str) -> str:
    """An address as it is compared: scheme and host without case, no default port, no last slash."""
    scheme, _, rest = url.rstrip("/").partition("://")
    host, slash, path = rest.partition("/")
    port = {"http": ":80", "https": ":443"}.get(scheme.lower(), "")
    return f"{scheme.lower()}://{host.lower().removesuffix(port) if port else host.lower()}{slash}{path}"
