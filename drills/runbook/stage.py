"""The reference gateway of a rehearsal: its own database, rail and port; started, stopped, replaced and called."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import msgspec

from drills.child import Pause
from drills.control import runs_the_gateway
from drills.process import Service
from drills.releases import load_release, make_release, release_environ
from drills.runbook.environment import ROLLBACK, START
from drills.runbook.orders import Orders
from gates.schema.canonical import Json
from gates.schema.errors import UnknownProblem
from gates.schema.practice import RAIL_URL, seed_two_tenants
from gates.schema.state import make_state
from gates.schema.target import NamedTarget
from gates.schema.time import REHEARSAL_CLOCK, monotonic_s
from gates.schema.tls import tls_of

STOP, DATABASE = "GONOGO_STOP", "GONOGO_DB"
STABLE = "stable"
DATABASE_FOLDER = "db"
"""Where the database is, in the folder of a stage."""
_TIMEOUT_S, _READY_S, _POLL_S = 10.0, 60.0, 0.05


class Stage:
    """One gateway with a rail, on a fresh database with demo data. Everything of it is in `folder`."""

    def __init__(self, named: NamedTarget, folder: Path, environ: Mapping[str, str], pause: Pause) -> None:
        """Make the database and the releases; raises UnknownProblem for a target that does not run the reference gateway."""
        process = named.target.process
        if process is None or not runs_the_gateway(named.target):
            raise UnknownProblem(
                f"the target {named.name!r} does not run the reference gateway, on which these faults are made",
                next_step="rehearse on the target `local`; for a service of your own: gonogo runbook run PATH.md --target T",
            )
        self.named, self.folder, self.pause = named, folder, pause
        self.db = folder / DATABASE_FOLDER / "gateway.db"
        self.db.parent.mkdir(mode=0o700, exist_ok=True)
        own = {**environ, "GONOGO_HOME": str(folder / "home")}  # what the steps store is the rehearsal's, and not the user's
        own |= {"GONOGO_DEV": "1", "GONOGO_MAIL": "record", "GONOGO_MAIL_FOLDER": str(self.mails)}
        if REHEARSAL_CLOCK in environ:  # the gateway refuses a stepped clock where the state folder is no rehearsal's
            make_state(folder / "home", rehearsal=True)
        seeded = seed_two_tenants(process, self.db, own)
        self.service = Service(named.target, db=self.db, logs=folder / "logs", environ={**own, **seeded}, pause=pause)
        self.orders = Orders(folder / "control", {"stop": self.stop, "start": self.start, "rollback": self.roll_back})
        self._releases: dict[str, Path] = {}
        self._release = STABLE
        self._numbers = count(1)

    @property
    def environ(self) -> dict[str, str]:
        """What the steps get: the gateway's address, keys and database, and the commands that control it."""
        commands = {STOP: "stop", START: "start", ROLLBACK: "rollback"}
        of_the_release = release_environ(self.folder).keys()  # a step runs this gonogo, not the release's
        return {
            **{name: value for name, value in self.service.environ.items() if name not in of_the_release},
            DATABASE: str(self.db),
            **{name: self.orders.command(order) for name, order in commands.items()},
        }

    @property
    def mails(self) -> Path:
        """The folder that the gateway writes its mails into: where the target `local` has it, too."""
        return self.db.with_name(f"{self.db.name}.mails")

    @property
    def rail_pid(self) -> int:
        """The process of the rail."""
        identity = self.service.rail_identity
        assert identity is not None, "the reference gateway has a rail"
        return identity.pid

    @property
    def rail_url(self) -> str:
        """Where the rail is."""
        return self.service.environ[RAIL_URL]

    def start(self, release: str = "") -> None:
        """Start the gateway of this release, or of the last one; a release is made when it is first needed."""
        self._release = release or self._release
        if self._release not in self._releases:
            from gateway import package_dir  # the only import of the gateway: where its sources are

            folder = self.folder / "releases" / self._release
            self._releases[self._release] = make_release(package_dir(), load_release(self._release), folder)
        folder = self._releases[self._release]
        self.service.spawn(environ=release_environ(folder), cwd=folder)
        self.service.wait_ready(_READY_S)

    def stop(self) -> None:
        """Let it finish what it took, and end it; the rail is another machine, and continues."""
        self.service.stop(with_rail=False)

    def roll_back(self) -> None:
        """Start the previous release in its place."""
        self.stop()
        self.start(STABLE)

    def call(self, role: str, method: str, path: str, body: Json = None, key: str = "") -> httpx.Response:
        """One request with a role's credential, such as `agent` or `session`; raises UnknownProblem where nothing answers."""
        name, known = f"GONOGO_{role.upper()}", self.service.environ
        headers = {"authorization": f"Bearer {known.get(f'{name}_KEY') or known[f'{name}_TOKEN']}"}
        if method == "POST":
            headers |= {"idempotency-key": key or self.new_key(), "content-type": "application/json"}
        content = None if body is None else msgspec.json.encode(body)
        url = f"{self.service.url}{path}"
        try:
            return httpx.request(
                method, url, headers=headers, content=content, timeout=_TIMEOUT_S, trust_env=False, verify=tls_of(url)
            )
        except httpx.TransportError as error:
            raise UnknownProblem(f"{method} {path}: {error!r}") from None

    def new_key(self) -> str:
        """An idempotency key that was not used in this rehearsal."""
        return f"rehearsal-{next(self._numbers):08d}"

    def reserve(self, amount: int, key: str = "") -> str:
        """Reserve a payment; its id. Raises UnknownProblem for any other answer."""
        answer = self.call("agent", "POST", "/v1/payments", self.payment(amount), key)
        return str(accepted(answer, 201)["payment"]["payment_id"])

    def payment(self, amount: int) -> dict[str, Json]:
        """The body of a payment."""
        env = self.service.environ
        payee = env["GONOGO_PAYEE_IDS"].split(",")[0]
        reference = f"order-{next(self._numbers)}"
        return {
            "wallet_id": env["GONOGO_WALLET_ID"],
            "payee_id": payee,
            "amount": str(amount),
            "currency": "USD",
            "client_reference": reference,
        }

    def pay(self, amount: int = 500) -> str:
        """Reserve and settle a payment; its id. Raises UnknownProblem for any other answer: then the gateway is not steady."""
        payment = self.reserve(amount)
        accepted(self.call("agent", "POST", f"/v1/payments/{payment}/settle", {}), 200)
        return payment

    def pay_out(self, amount: int, key: str = "") -> str:
        """Pay the first payee out through the rail; the payout's id. Raises UnknownProblem for any other answer."""
        body = {"payee_id": self.service.environ["GONOGO_PAYEE_IDS"].split(",")[0], "amount": str(amount), "currency": "USD"}
        answer = self.call("finance", "POST", "/v1/payouts", {**body}, key)
        return str(accepted(answer, 202)["payout"]["payout_id"])

    def payout_state(self, payout: str) -> str:
        """The state of a payout, as the gateway has it."""
        return str(accepted(self.call("finance", "GET", f"/v1/payouts/{payout}"), 200)["state"])

    def script(self, spec: dict[str, Json]) -> None:
        """What the rail does to the requests that come; nothing is an honest rail."""
        url = f"{self.rail_url}/control/script"
        answer = httpx.post(url, content=msgspec.json.encode(spec), timeout=_TIMEOUT_S, trust_env=False, verify=tls_of(url))
        accepted(answer, 200)

    def charges(self) -> list[str]:
        """The keys of the charges in the rail's own book, one for each."""
        answer = httpx.get(
            f"{self.rail_url}/book?after=0&limit=1000", timeout=_TIMEOUT_S, trust_env=False, verify=tls_of(self.rail_url)
        )
        return [str(msgspec.json.decode(line)["key"]) for line in answer.content.splitlines()]

    def metric(self, name: str) -> float:
        """The value of a metric without labels; raises UnknownProblem where the gateway shows none of this name."""
        for line in self.call("operator", "GET", "/metrics").text.splitlines():
            if line.startswith(f"{name} "):
                return float(line.rpartition(" ")[2])
        raise UnknownProblem(f"the gateway shows no metric {name}")

    def status(self) -> dict[str, Json]:
        """What the gateway reports about itself."""
        found: dict[str, Json] = accepted(self.call("operator", "GET", "/v1/status"), 200)
        return found

    def wait(self, what: str, within_s: float, look: Callable[[], str]) -> str:
        """Wait until `look` finds something, and return it; raises UnknownProblem if it does not within the time."""
        deadline_s = monotonic_s() + within_s
        while not (found := look()):
            if monotonic_s() > deadline_s:
                raise UnknownProblem(f"{what}: not within {within_s:g} s")
            self.pause(_POLL_S)
        return found

    def end(self) -> None:
        """End the gateway and its rail."""
        self.orders.close()
        self.service.stop()


@contextlib.contextmanager
def staged(named: NamedTarget, folder: Path, environ: Mapping[str, str], pause: Pause) -> Iterator[Stage]:
    """A stage that is ended whatever happens."""
    stage = Stage(named, folder, environ, pause)
    try:
        yield stage
    finally:
        stage.end()


def accepted(answer: httpx.Response, status: int) -> Any:  # noqa: ANN401  # JSON of one route, read by pointer names
    """The JSON of an answer with this status; raises UnknownProblem naming the code of any other."""
    if answer.status_code != status:
        raise UnknownProblem(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:200]}")
    return answer.json()
