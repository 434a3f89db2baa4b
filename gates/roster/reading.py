"""Which roster, and under which addresses are its people reached? Real ones, or those of a rehearsal."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from gates.schema.errors import UsageProblem
from gates.schema.roster import NEXT, Roster, load_roster
from gates.schema.roster_checks import address_fault
from gates.schema.template import UnsetProblem, resolve

USUAL = Path("roster.yaml")
_OTHER = Path("roster.yml")
_WATCHDOG = "spec.watchdog"


def given_roster(path: Path | None) -> Roster:
    """The roster at this path, or in the working folder; raises UsageProblem where there is none, or two, or a wrong one."""
    if path is None and not USUAL.exists():
        raise UsageProblem(f"no roster is given, and there is no {USUAL} here", next_step=NEXT)
    if path is None and _OTHER.exists():
        text = f"this folder holds {USUAL} and {_OTHER}, and only one can say who is called"
        raise UsageProblem(text, next_step="name one with --roster FILE, or in gonogo.yaml")
    return load_roster(path or USUAL)


def called_addresses(roster: Roster, environ: Mapping[str, str] | None = None) -> tuple[dict[str, str], str]:
    """The webhook of each person by id, and that of the watchdog.

    Raises UsageProblem naming every person whose variable is not set or whose value is no address; the value is not shown.
    """
    templates = {f"spec.people.{person}.page": entry.page for person, entry in roster.people.items()}
    templates[_WATCHDOG] = roster.watchdog
    found, faults = {}, []
    for path, template in templates.items():
        try:
            found[path] = _address(path, template, environ)
        except UsageProblem as problem:
            faults.append(problem)
    if faults:
        steps = dict.fromkeys(fault.next_step for fault in faults)
        raise UsageProblem("\n".join(fault.message for fault in faults), next_step="; ".join(steps))
    return {person: found[f"spec.people.{person}.page"] for person in roster.people}, found[_WATCHDOG]


def rehearsed_addresses(roster: Roster, url: str) -> tuple[dict[str, str], str]:
    """The same below one address, which must be on this machine; raises UsageProblem for another one."""
    if address_fault(url) or urlsplit(url).hostname not in ("127.0.0.1", "::1", "localhost"):
        raise UsageProblem(f"--rehearse {url}: is no http address of this machine", next_step="write http://127.0.0.1:PORT")
    base = url.rstrip("/")
    return {person: f"{base}/page/{person}" for person in roster.people}, f"{base}/watchdog"


def _address(path: str, template: str, environ: Mapping[str, str] | None) -> str:
    try:
        found = resolve(template, environ)
    except UnsetProblem as problem:
        raise UsageProblem(f"{path}: {template} is not set", next_step=problem.next_step) from None
    if fault := address_fault(found):
        raise UsageProblem(f"{path}: the value of {template} {fault}", next_step="set the variable to the webhook's address")
    return found
