"""Is each host still as the matrix says? The hosts that are installed here are run, each in an empty home, and looked at."""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path

import msgspec

from gateway.setup.hosts.ask import Seen, ask, version_of
from gateway.setup.hosts.entry import Server
from gateway.setup.hosts.files import HostFiles, read_file
from gateway.setup.hosts.matrix import Certified, certified
from gateway.setup.hosts.plan import insert_plan
from gateway.setup.hosts.table import BY_ID, HOSTS, Host, Tier, host_file

NAME = "gonogo"
_SEEN_TRIES, _DEAD_TRIES = 20, 2
"""Hosts give a server five seconds to start; on a machine under load it needs several of them."""
_ASK_S = 180.0
_NOBODY = "http://127.0.0.1:9"


class Result(StrEnum):
    """What running a host showed: it is as certified, it is not, it is not here, or another version of it is."""

    CONFIRMED = "confirmed"
    STALE = "stale"
    NOT_RUN = "not_run"
    OTHER_VERSION = "other_version"
    WRITTEN = "written"


class Looked(msgspec.Struct, frozen=True):
    """One host: the certified version and tier, the version that is installed here, and what running it showed."""

    host: str
    certified: str | None
    tier: Tier
    found: str | None
    result: Result
    detail: str


def look_at_all(work: Path, program: str) -> Iterator[Looked]:
    """Every host of the table; `program` is the gonogo that the hosts start, `work` a folder for their homes."""
    known = certified()
    for host in HOSTS:
        if host.tier is Tier.WRITTEN:
            yield Looked(host.id, None, host.tier, None, Result.WRITTEN, "its format is followed; it has no command to run")
        elif host.id not in known:
            yield Looked(host.id, None, host.tier, None, Result.NOT_RUN, "no version of it was certified")
        else:
            yield look_at(known[host.id], work / host.id, program)


def look_at(known: Certified, work: Path, program: str, environ: Mapping[str, str] = os.environ) -> Looked:
    """Run a host at the certified version: it sees a server that lives, and one that connects sees none that is dead."""
    host = BY_ID[known.host]
    assert host.asking is not None, "a host that is certified has a command that lists its servers"

    def ended(result: Result, found: str | None, detail: str) -> Looked:
        return Looked(host.id, known.version, known.tier, found, result, detail)

    if shutil.which(host.asking.argv[0], path=environ.get("PATH")) is None:
        return ended(Result.NOT_RUN, None, f"{host.asking.argv[0]} is not on PATH")
    home = work / "home"
    home.mkdir(parents=True)
    own = {**environ, "HOME": str(home), "GONOGO_API_KEY": "none-needed-to-connect"}
    found = version_of(host, own, home, _ASK_S)
    if found != known.version:
        detail = f"{found or 'a host that prints no version'} is installed; {known.version} was certified"
        return ended(Result.OTHER_VERSION if found else Result.NOT_RUN, found, detail)
    wrong = _wrong(host, known.tier, own, work, program)
    return ended(Result.STALE if wrong else Result.CONFIRMED, found, wrong or f"{known.tier} as certified")


def _wrong(host: Host, tier: Tier, environ: Mapping[str, str], work: Path, program: str) -> str:
    """What is not as certified; "" where all is."""
    home = work / "home"
    for server, seen in ((program, Seen.SEEN), (str(work / "nowhere" / "gonogo"), Seen.NOT_SEEN)):
        path = host_file(host, sys.platform, home, {})
        entry = Server(server, _NOBODY, str(home / "api.key"))
        HostFiles(work / "state").apply(insert_plan(host, str(path), NAME, entry, read_file(path)))
        expected = Seen.SEEN if tier is Tier.READ else seen
        tries = _SEEN_TRIES if expected is Seen.SEEN else _DEAD_TRIES
        what, why = ask(host, NAME, _ASK_S, tries=tries, environ=environ, folder=home)
        if what is not expected:
            which = "that lives" if server == program else "that is dead"
            return f"a server {which} is {what.replace('_', ' ')}, not {expected.replace('_', ' ')}: {why}"
    return ""


def as_text(looked: Looked) -> str:
    """One host for a terminal."""
    return f"{looked.host:15} {looked.certified or '-':12} {looked.tier:8} {looked.result.replace('_', ' '):14} {looked.detail}"
