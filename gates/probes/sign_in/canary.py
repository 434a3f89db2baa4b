"""The probe sign-in-canary: would a new user come in now? Six points of the hosted sign-in, in five seconds together.

It starts one sign-in to an address of the operator's and types a wrong code. Nothing is made by that, and no code is read.
"""

from collections.abc import Callable
from urllib.parse import quote

import msgspec

from gates.evidence.statement import EvidenceKind
from gates.probes.client import Answer, NotRun, ServiceProblem, TargetClient
from gates.probes.conduct import Probe, Result, reported_build
from gates.probes.sign_in.points import LIMIT_MS, MEASURES, judge
from gates.probes.sign_in.seen import Document, Earlier, Mail, Reply, Seen
from gates.schema.canonical import Json
from gates.schema.target import SignIn, resolve_base_url
from gates.schema.time import Clock, format_utc, monotonic_s

FORGED_HOST = "sign-in.invalid"
_PROBLEM = "application/problem+json"

EarlierRuns = Callable[[str, str], tuple[Earlier, ...]]
"""The attempts of earlier runs on a target, by its name, and a build."""


def make_probe(build: str | None, clock: Clock, earlier: EarlierRuns) -> Probe:
    """The probe; `build` is the one given where the service does not report it."""
    return Probe(
        "sign-in-canary", EvidenceKind.SIGN_IN_CANARY, MEASURES, lambda client: _run(client, build, clock, earlier), is_ruled=True
    )


def _run(client: TargetClient, build: str | None, clock: Clock, earlier: EarlierRuns) -> Result:
    declared = client.target.sign_in
    if declared is None:
        raise NotRun(
            f"the target {client.name} has no `sign_in`: where codes of the canary may be sent",
            next_step="add spec.sign_in with an address of yours, such as canary+{run}@example.com, to the target file",
        )
    known = reported_build(client, build) or build or ""
    canary = _Canary(client, declared, clock)
    document = canary.document()
    forged = canary.forged()
    start, wrong_code, after = canary.sign_in()
    seen = Seen(
        dialled=resolve_base_url(client.target, client.environ),
        build=known,
        document=document,
        forged=forged,
        start=start,
        wrong_code=wrong_code,
        after=after,
        at=document.read_at,
        total_ms=canary.passed_ms(),
    )
    return judge(msgspec.structs.replace(seen, earlier=earlier(client.name, known)))


class _Canary:
    """One run against the clock."""

    def __init__(self, client: TargetClient, declared: SignIn, clock: Clock) -> None:
        self._client, self._declared, self._clock = client, declared, clock
        self._begun_s = monotonic_s()

    def passed_ms(self) -> int:
        """Milliseconds since the first request."""
        return round((monotonic_s() - self._begun_s) * 1000)

    def document(self) -> Document:
        """The sign-in document. Raises NotRun for a service that has none, ServiceProblem for one that cannot be read."""
        path = self._declared.document
        answer = self._send("GET", path)
        if answer.status in (404, 410):
            raise NotRun(
                f"GET {path} answered {answer.status}: the service has no sign-in document",
                next_step="correct spec.sign_in.document in the target file, if it has one elsewhere",
            )
        found = _document(answer.json() if answer.status == 200 else None, format_utc(self._clock()))
        if found is None:
            raise ServiceProblem(
                f"GET {path} answered {answer.status}, and not a document with base_url, build, time and mail",
                next_step="see what answers there: a proxy, or another service",
            )
        return found

    def forged(self) -> str:
        """The address in a document that was requested for another host name; "" where such a request is refused."""
        try:
            answer = self._send("GET", self._declared.document, headers={"Host": FORGED_HOST})
        except ServiceProblem:
            return ""
        address = answer.member("base_url") if answer.status == 200 else None
        return address if isinstance(address, str) else ""

    def sign_in(self) -> tuple[Reply, Reply | None, Mail | None]:
        """Start a sign-in and type a wrong code; where the start was refused, read again what is said about mail."""
        address = self._declared.address.replace("{run}", self._client.fresh_key().replace("_", "-"))
        start, answer = self._reply(self._declared.start, {"address": address})
        if start.status != 202 or answer is None:
            return start, None, self._mail() if start.status == 503 else None
        sign_in_id = answer.member("sign_in_id")
        digits = answer.member("digits")
        code = "0" * (digits if isinstance(digits, int) and 0 < digits < 100 else 8)
        path = self._declared.verify.replace("{sign_in_id}", quote(str(sign_in_id), safe=""))
        return start, self._reply(path, {"code": code})[0], None

    def _mail(self) -> Mail | None:
        try:
            found = _document(self._send("GET", self._declared.document).json(), "")
        except ServiceProblem:
            return None
        return found.mail if found else None

    def _reply(self, path: str, body: Json) -> tuple[Reply, Answer | None]:
        begun_ms = self.passed_ms()
        try:
            answer = self._send("POST", path, body)
        except ServiceProblem as problem:
            return Reply(0, "", is_problem=False, ms=self.passed_ms() - begun_ms, fault=problem.message), None
        media = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        ms = self.passed_ms() - begun_ms
        return Reply(answer.status, answer.code or "", is_problem=media == _PROBLEM, ms=ms), answer

    def _send(self, method: str, path: str, body: Json = None, headers: dict[str, str] | None = None) -> Answer:
        left_s = (LIMIT_MS - self.passed_ms()) / 1000
        if left_s <= 0:
            raise ServiceProblem(f"{method} {path}: not tried, since the requests before took {self.passed_ms()} ms")
        content = None if body is None else msgspec.json.encode(body)
        keys = () if body is None else (self._client.fresh_key(),)
        return self._client.send(method, path, body=content, keys=keys, headers=headers, timeout_s=left_s)


def _document(content: Json, read_at: str) -> Document | None:
    if not isinstance(content, dict) or not isinstance(content.get("mail"), dict):
        return None
    texts = [content.get(name) for name in ("base_url", "build", "time")]
    mail = content["mail"]
    assert isinstance(mail, dict), "the caller of this line has looked"
    mode, healthy, since = mail.get("mode"), mail.get("healthy"), mail.get("since")
    base_url, build, time = texts
    if not (isinstance(base_url, str) and isinstance(build, str) and isinstance(time, str)):
        return None
    if not (isinstance(mode, str) and isinstance(healthy, bool) and (since is None or isinstance(since, str))):
        return None
    return Document(base_url, build, time, Mail(mode, healthy, since or ""), read_at)
