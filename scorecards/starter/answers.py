"""What `gonogo init` has to know: an option each, and a question each on a terminal."""

import datetime as dt
import re
import shlex
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import msgspec

from gates.schema.errors import UsageProblem
from gates.schema.freeze_checks import AFTER_LAUNCH
from gates.schema.zone import load_zone, read_instant, zone_fault

_SLO = ("prometheus", "slo_requests", "slo_failed", "slo_up")
_COMMANDS = ("start", "seed", "candidate", "kill", "restore", "deploy", "rollback")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
USUAL_URL = "http://127.0.0.1:9000"
USUAL_ZONE = "UTC"


class Answers(msgspec.Struct, frozen=True):
    """Everything that people say about their service; "" and () for what there is not. Commands are argument lists."""

    name: str
    owner: str = "backend"
    base_url: str = USUAL_URL
    start: tuple[str, ...] = ()
    seed: tuple[str, ...] = ()
    candidate: tuple[str, ...] = ()
    kill: tuple[str, ...] = ()
    restore: tuple[str, ...] = ()
    deploy: tuple[str, ...] = ()
    rollback: tuple[str, ...] = ()
    junit: tuple[str, ...] = ()
    k6: str = ""
    slo: "Slo | None" = None
    zone: str = USUAL_ZONE
    launch: str = ""


class Slo(msgspec.Struct, frozen=True):
    """The service level in Prometheus: its address, and the queries of requests, of failed ones, and of what is scraped."""

    prometheus: str
    requests: str
    failed: str
    up: str


class Question(msgspec.Struct, frozen=True):
    """One question on a terminal; `unless` names answers that make it needless."""

    member: str
    text: str
    unless: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


QUESTIONS = (
    Question("openapi", "OpenAPI document of the service: a URL or a file (empty: none)"),
    Question("name", "Name of the service"),
    Question("owner", "Who owns its launch gates"),
    Question("start", "Command that starts it here, with {port} and {db} (empty: it runs elsewhere)"),
    Question("seed", "Command that makes its accounts in {db} and prints them as JSON (empty: none)", needs=("start",)),
    Question("candidate", "Command that starts another release, one that fails (empty: none)", needs=("start",)),
    Question("base_url", "Its address", unless=("start",)),
    Question("kill", "Command that kills it with SIGKILL (empty: none)", unless=("start",)),
    Question("restore", "Command that starts it again (empty: none)", needs=("kill",)),
    Question("deploy", "Command that deploys the release to launch (empty: none)", unless=("start",)),
    Question("rollback", "Command that rolls back to the previous release (empty: none)", needs=("deploy",)),
    Question("launch", "When it is launched, such as YYYY-MM-DDTHH:MM (empty: not known yet)"),
    Question("zone", "IANA time zone of that time", needs=("launch",)),
    Question("junit", "JUnit files of its tests, such as reports/*.xml (empty: none)"),
    Question("k6", "Summary of its k6 script, such as k6.json (empty: none)"),
    Question("prometheus", "Address of the Prometheus that watches it (empty: none)"),
    Question("slo_requests", "Query: its requests, such as sum(increase(http_requests_total[30d]))", needs=("prometheus",)),
    Question("slo_failed", "Query: those of them that failed", needs=("prometheus",)),
    Question("slo_up", 'Query: what is scraped, such as up{job="payments"}', needs=("prometheus",)),
)
"""In this order; the commands are split as a shell splits words, and no shell runs them."""


def ask(given: Mapping[str, str | None], ask_one: Callable[[str, str], str], usual: Mapping[str, str]) -> dict[str, str | None]:
    """The options, with an answer for each question whose option was not given; `ask_one` takes its text and its default."""
    found = dict(given)
    for question in QUESTIONS:
        needed = all(found.get(name) for name in question.needs) and not any(found.get(name) for name in question.unless)
        if found.get(question.member) is None and needed:
            found[question.member] = ask_one(question.text, usual.get(question.member, ""))
    return found


def make_answers(given: Mapping[str, str | None], usual_name: str, now: dt.datetime) -> Answers:
    """The answers, checked; no freeze that is over by now. Raises UsageProblem naming the option that is wrong."""
    name = given.get("name") or usual_name
    if not _NAME.fullmatch(name):
        raise UsageProblem(
            f"--name {name!r} is not lower-case words joined with -", next_step="give one, such as --name my-service"
        )
    _require_plain(given)
    zone, launch = given.get("zone") or USUAL_ZONE, given.get("launch") or ""
    _require_launch(zone, launch, now)
    commands = {member: _words(member, given.get(member) or "") for member in _COMMANDS}
    _require_commands(commands)
    slo = [given.get(member) or "" for member in _SLO]
    if any(slo) and not all(slo):
        raise UsageProblem(f"{', '.join(f'--{_option(member)}' for member in _SLO)} are needed together")
    return Answers(
        name=name,
        owner=given.get("owner") or "backend",
        base_url=given.get("base_url") or USUAL_URL,
        junit=_words("junit", given.get("junit") or ""),
        k6=given.get("k6") or "",
        slo=Slo(*slo) if all(slo) else None,
        zone=zone,
        launch=launch,
        **commands,
    )


def _require_launch(zone: str, launch: str, now: dt.datetime) -> None:
    fault = zone_fault(zone)
    if fault:
        raise UsageProblem(f"--zone {fault}")
    if not launch:
        return
    try:
        moment = read_instant(launch, load_zone(zone))
    except UsageProblem as problem:
        raise UsageProblem(f"--launch {problem.message}") from None
    if moment + AFTER_LAUNCH <= now:
        raise UsageProblem(f"--launch {launch} is over, and so is its freeze", next_step="give the next launch, or none")


def _option(member: str) -> str:
    return member.replace("_", "-")


def _require_commands(commands: Mapping[str, tuple[str, ...]]) -> None:
    for one, other in (("kill", "restore"), ("deploy", "rollback")):
        if bool(commands[one]) != bool(commands[other]):
            raise UsageProblem(f"--{one} and --{other} are needed together")
    if commands["start"] and "{port}" not in " ".join(commands["start"]):
        raise UsageProblem(
            "--start has no {port}", next_step="write {port} where the service takes its port, and {db} for its database"
        )
    if commands["start"] and (commands["kill"] or commands["deploy"]):
        raise UsageProblem("--start is for a service that gonogo runs here; the other commands are for one that runs elsewhere")
    for name in ("seed", "candidate"):
        if commands[name] and not commands["start"]:
            raise UsageProblem(f"--{name} needs --start")


def _require_plain(given: Mapping[str, str | None]) -> None:
    for member, value in given.items():
        if value and not value.isprintable():
            raise UsageProblem(f"--{_option(member)} is not one line of text")
    _require_url("base-url", given.get("base_url") or USUAL_URL)
    _require_url("prometheus", given.get("prometheus") or USUAL_URL)


def _require_url(option: str, url: str) -> None:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if "@" in parts.netloc:
        raise UsageProblem(f"--{option} holds a user name or a password", next_step="put them into a variable of the environment")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageProblem(f"--{option} {url!r} is not an address of http or https")


def usual_name(folder_name: str) -> str:
    """A name from that of a folder; `my-service` where nothing of it can be used."""
    return "-".join(re.findall("[a-z0-9]+", folder_name.lower())) or "my-service"


def _words(option: str, text: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise UsageProblem(f"--{option} {text!r}: {error}", next_step="close the quotes") from None
