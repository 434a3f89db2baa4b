"""Journals of setups and funnels, made by hand in the documented formats: what the tests of the onboarding's evidence share."""

import datetime as dt
from hashlib import sha256
from pathlib import Path

import msgspec

from gates.probes.onboarding.life import Life
from gates.probes.onboarding.reading import life_of
from gates.schema.time import format_utc, parse_utc
from gateway.command_line.machine_export import exported
from gateway.setup.hosts.matrix import certified

BUILD = "5f" * 32
GENESIS = "0" * 64
COMPLETED = (
    "begin",
    "probe_ok",
    "address",
    "code_ok",
    "tenant_made",
    "key_made",
    "wallet_made",
    "has_money",
    "hosts",
    "applied",
    "host_sees_it",
    "pay",
    "settled",
    "payment_verified",
)
TRUST_ONLY = (*COMPLETED[:7], "later", "hosts", "applied", "not_checkable", "denial_signed", "denial_verified")
BLOCKED = ("begin", "probe_failed")
PAUSED = (*COMPLETED[:3], "budget_spent")
STUMBLED = (*COMPLETED[:3], "mail_down", "bootstrap_key", *COMPLETED[5:])
RESUME = "gonogo setup resume"
HOST = {"host": "claude-code", "version": certified()["claude-code"].version, "tier": "ran", "diff_sha256": None}
CODES = {"probe_failed": "service_unreachable", "mail_down": "key_missing", "probe_degraded": "tls_untrusted"}


def machine() -> Life:
    """The machine of a setup, as the gateway's command exports it."""
    return life_of(msgspec.json.encode(exported("onboarding")))


def run_id(number: int) -> str:
    """The id of a run."""
    return f"run_{number:032x}"


class Setup:
    """One journal; `walk` follows the machine, `line` adds any line, `data` is the file."""

    def __init__(self, run: str, *, mode: str = "quick", build: str = BUILD) -> None:
        self.run, self._mode, self._build = run, mode, build
        self.texts: list[bytes] = []
        self.state: str | None = None
        self._ms = 0

    @property
    def data(self) -> bytes:
        """The bytes of the journal."""
        return b"".join(text + b"\n" for text in self.texts)

    def line(self, **members: object) -> "Setup":
        """Add one line in its place, with these members."""
        self._ms += 250
        place = {
            "seq": len(self.texts) + 1,
            "prev": sha256(self.texts[-1]).hexdigest() if self.texts else GENESIS,
            "run": self.run,
            "at": format_utc(parse_utc("2026-11-23T09:00:00Z") + dt.timedelta(milliseconds=self._ms)),
            "mono_ms": self._ms,
            "step": "service",
            "phase": "succeeded",
        }
        self.texts.append(msgspec.json.encode({**place, **members}))
        return self

    def walk(self, *events: str, **last: object) -> "Setup":
        """Take these steps of the machine; `last` are members of the last line."""
        life = machine()
        for number, event in enumerate(events, 1):
            row = life.row(self.state, event)
            assert row is not None, f"{self.state} has no {event}"
            members: dict[str, object] = {"state": self.state, "event": event, "next": row.next}
            members |= {"mode": self._mode} if event == "begin" else {}
            found = {"build": self._build, "request": {"route": "GET /.well-known/gonogo-auth.json", "status": 200}}
            members |= found if event == "probe_ok" else {}
            members |= {"found": {"hosts": [HOST]}} if event == "applied" else {}
            members |= {"code": CODES[event], "phase": "failed"} if event in CODES else {}
            needs_way_on = row.next in life.stands - {life.wanted} or event in CODES
            members |= {"next_command": RESUME} if needs_way_on else {}
            self.line(**{**members, **(last if number == len(events) else {})})
            self.state = row.next
        return self


def completed(number: int, **options: str) -> Setup:
    """A quick setup that came to a paid and verified receipt."""
    return Setup(run_id(number), **options).walk(*COMPLETED)


def write_journals(folder: Path, *setups: Setup) -> Path:
    """The journals in folders of their own, as setups leave them."""
    for setup in setups:
        path = folder / "runs" / setup.run / "journal.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(setup.data)
    return folder


class Funnel:
    """What a gateway knows: `user` adds the events of one, `data` is the answer."""

    def __init__(self) -> None:
        self.lines: list[dict[str, object]] = []

    @property
    def data(self) -> bytes:
        """The events as NDJSON, in the order of their time."""
        ordered = sorted(self.lines, key=lambda line: str(line["at"]))
        return b"".join(msgspec.json.encode({**line, "seq": seq}) + b"\n" for seq, line in enumerate(ordered, 1))

    def event(self, run: str, event: str, at: dt.datetime, **members: object) -> "Funnel":
        """Add one event."""
        blank = {"tenant": None, "cohort": "none", "host": None, "step": None, "code": None}
        self.lines.append({"v": 1, "event": event, "at": format_utc(at), "run": run, **blank, **members})
        return self

    def user(
        self,
        number: int,
        began: str,
        *,
        cohort: str = "external",
        took_s: float | None = 240,
        step: str = "paid",
        returned: tuple[int, ...] = (1,),
        codes: tuple[str, ...] = (),
        tenant: str | None = "",
        labelled_at: str | None = None,
    ) -> "Funnel":
        """A user with one run; without `took_s` they never held a verified receipt, with `tenant` None they never signed in."""
        run, start = run_id(number), parse_utc(began)
        who = {"tenant": f"tnt_{number}" if tenant == "" else tenant, "cohort": cohort, "labelled_at": labelled_at}
        self.event(run, "started", start, **who)
        for code in codes:
            self.event(run, "failed", start + dt.timedelta(seconds=20), code=code, step="host", **who)
        if who["tenant"] is None:
            return self
        self.event(run, "signed_in", start + dt.timedelta(seconds=30), **who)
        self.event(run, "host_ok", start + dt.timedelta(seconds=60), host="claude-code", **who)
        if took_s is not None:
            verified = start + dt.timedelta(seconds=took_s)
            self.event(run, "call_tried", min(verified, start + dt.timedelta(seconds=90)), **who)
            self.event(run, "receipt_verified", verified, step=step, **who)
            for day in returned:
                self.event(run, "returned", verified + dt.timedelta(days=day, seconds=90), **{**who, "step": str(day)})
        return self
