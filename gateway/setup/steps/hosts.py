"""Steps `hosts`, `apply` and `see`: which hosts get our entry, the change of their files, and what they see afterwards."""

import shutil

import msgspec
from platformdirs import user_state_path

from gateway.canonical import canonical
from gateway.machines.onboarding import OnboardingEvent
from gateway.setup.choices import NO_HOST
from gateway.setup.failures import SetupCode, SetupProblem
from gateway.setup.happened import Happened, failed
from gateway.setup.hosts.ask import Seen
from gateway.setup.hosts.edits import digest
from gateway.setup.hosts.entry import Server
from gateway.setup.hosts.files import HostFiles, read_file
from gateway.setup.hosts.matrix import tier_of
from gateway.setup.hosts.plan import Plan, insert_plan, snippet
from gateway.setup.hosts.table import BY_ID, HOSTS, Host, host_file
from gateway.setup.journal import JournalUnwritable
from gateway.setup.keys import key_file
from gateway.setup.lines import FileNote, Found, HostFound
from gateway.setup.walk import Walk

NAME = "gonogo"
_NO_UNDO = (SetupCode.LOCAL_STATE_UNWRITABLE, SetupCode.LOCAL_STATE_SHARED)
"""What is needed to undo a change cannot be kept, so the change is left to the user."""

_TRIES = 3
"""How often the question about hosts is put, while an answer has an unknown one."""
_E = OnboardingEvent
_SEEN = {
    Seen.SEEN: "it sees the server",
    Seen.NOT_SEEN: "it does not see the server",
    Seen.NOT_CHECKABLE: "whether it sees the server was not checked",
}


def choose(walk: Walk) -> Happened:
    """The hosts of the flags, of an earlier walk, else of the user."""
    chosen = walk.choices.hosts or walk.found.chosen_hosts
    if chosen is None:
        chosen = _ask(walk)
    walk.memory.hosts = tuple(host for host in chosen if host != NO_HOST)
    return Happened(_E.HOSTS, found=Found(chosen_hosts=tuple(chosen) or (NO_HOST,)))


def apply(walk: Walk) -> Happened:
    """Show what would change, have it allowed once, and change each file; what cannot be changed is printed to be pasted."""
    if not walk.memory.hosts:
        walk.talk.say(
            "no file was changed; to add the server by hand, paste this where your host keeps its MCP servers:\n"
            + _snippet(walk, HOSTS[0])
        )
        return Happened(_E.DECLINED)
    refusals = [refused for host in walk.memory.hosts if (refused := _refusal(walk, host))]
    plans = [plan for host in walk.memory.hosts if host not in walk.memory.refused and (plan := _plan(walk, BY_ID[host]))]
    if any(plan.edits for plan in plans) and not _allowed(walk, plans):
        for plan in plans:
            walk.talk.say(f"paste this into {plan.file}:\n" + _snippet(walk, BY_ID[plan.host]))
        return Happened(_E.DECLINED)
    changed: list[HostFound] = []
    for plan in plans:
        try:
            changed.append(_change(walk, plan))
        except SetupProblem as problem:
            if problem.code is SetupCode.HOST_FILE_CHANGED:
                return failed(_E.STALE, problem)
            if isinstance(problem, JournalUnwritable) or not (problem.row.step == "host" or problem.code in _NO_UNDO):
                raise
            refusals.append(_by_hand(walk, plan.host, problem))
    walk.memory.written = tuple(item.host for item in changed)
    if refusals:
        return msgspec.structs.replace(failed(_E.HOST_REFUSED, refusals[0]), found=Found(hosts=tuple(changed)))
    return Happened(_E.APPLIED, found=Found(hosts=tuple(changed)))


def see(walk: Walk) -> Happened:
    """Ask each host what it sees; what it does not see is undone."""
    if not walk.memory.written or not walk.choices.ask:
        walk.report_event("host_ok")
        return Happened(_E.NOT_CHECKABLE)
    seen: set[Seen] = set()
    for host in walk.memory.written:
        walk.wait_for("host")
        with walk.talk.waiting(f"{BY_ID[host].title}"):
            what, why = walk.around.ask_host(BY_ID[host], NAME)
        walk.talk.say(f"{host}: {_SEEN[what]}: {why}")
        if what is Seen.NOT_SEEN:
            _undo(walk, host)
            return failed(_E.HOST_BLIND, SetupProblem(SetupCode.HOST_NOT_SEEN, why, f"gonogo host plan {host} --snippet"))
        seen.add(what)
    walk.report_event("host_ok", host=walk.memory.written[0])
    return Happened(_E.HOST_SEES_IT if Seen.SEEN in seen else _E.NOT_CHECKABLE)


def _ask(walk: Walk) -> tuple[str, ...]:
    """One question: the hosts that are here are offered."""
    here = [host.id for host in HOSTS if _is_here(walk, host)]
    walk.person.require("--host HOST (or --host none)")
    walk.talk.say("A host is the program in which your agent runs; it gets an entry for `gonogo mcp serve` in its file.")
    walk.talk.say(f"hosts: {', '.join(host.id for host in HOSTS)}; none: no file is changed")
    for _ in range(_TRIES):
        walk.wait_for("user")
        given = walk.person.text("Hosts to set up (separated by commas)", "--host HOST", ",".join(here) or NO_HOST)
        chosen = tuple(dict.fromkeys(part.strip() for part in given.split(",") if part.strip()))
        unknown = [host for host in chosen if host != NO_HOST and host not in BY_ID]
        if not unknown:
            return chosen
        walk.talk.say(f"no host is called {unknown[0]!r}; type names of the list above")
    raise SetupProblem(SetupCode.HOST_NOT_FOUND, f"no host is called {unknown[0]!r}", "gonogo host matrix")


def _is_here(walk: Walk, host: Host) -> bool:
    try:
        file = host_file(host, walk.around.platform, walk.around.home, walk.around.environ)
    except SetupProblem:
        return False
    return file.exists() or (host.asking is not None and shutil.which(host.asking.argv[0]) is not None)


def _refusal(walk: Walk, host: str) -> SetupProblem | None:
    """Why the host's file cannot be changed, if it cannot; then the entry is printed to be pasted."""
    problem: SetupProblem | None = None
    if host in walk.memory.refused:
        return SetupProblem(SetupCode.HOST_FILE_UNREADABLE, f"{BY_ID[host].title} is to be set up by hand")
    if host in walk.memory.blind:
        problem = SetupProblem(SetupCode.HOST_NOT_SEEN, f"{BY_ID[host].title} did not see it before")
    else:
        try:
            _plan(walk, BY_ID[host])
        except SetupProblem as found:
            problem = found
    return None if problem is None else _by_hand(walk, host, problem)


def _by_hand(walk: Walk, host: str, problem: SetupProblem) -> SetupProblem:
    """The host is set up by its user: the entry is printed, and the host is not tried again in this walk."""
    walk.memory.refused.add(host)
    walk.talk.say(
        f"{host}: its file was not changed ({problem.code}: {problem.detail}); paste this by hand:\n"
        + _snippet(walk, BY_ID[host])
    )
    return SetupProblem(problem.code, problem.detail, problem.row.next.command.format(host=host, file="FILE"))


def _plan(walk: Walk, host: Host) -> Plan:
    file = host_file(host, walk.around.platform, walk.around.home, walk.around.environ).absolute()
    return insert_plan(host, str(file), NAME, _server(walk), read_file(file))


def _server(walk: Walk) -> Server:
    return Server(walk.around.program, walk.wire.base_url, str(key_file(walk)))


def _snippet(walk: Walk, host: Host) -> str:
    return snippet(host, NAME, _server(walk))


def _allowed(walk: Walk, plans: list[Plan]) -> bool:
    for plan in plans:
        walk.talk.say(f"{plan.file}: our entry is written and nothing else changes; `gonogo host plan {plan.host}` shows it")
    if walk.choices.apply is not None:
        return walk.choices.apply
    walk.person.require("--apply")
    walk.wait_for("user")
    return walk.person.yes(f"Change {len(plans)} file{'s' if len(plans) > 1 else ''}?", "--apply")


def _change(walk: Walk, plan: Plan) -> HostFound:
    note = FileNote(plan.host, plan.before_sha256, plan.after_sha256)
    if plan.edits:
        walk.journal.add(step=walk.step, phase="planned", state=walk.state, waiting_on="host", file=note)
        try:
            _files().apply(plan)
        except SetupProblem as problem:
            command = problem.row.next.command.format(host=plan.host, file="FILE")
            base = {"step": walk.step, "state": walk.state, "file": note}
            walk.journal.add(**base, phase="failed", code=problem.code.value, next_command=command)
            raise
        walk.journal.add(step=walk.step, phase="succeeded", state=walk.state, file=note)
        walk.talk.say(f"{plan.file}: changed; `gonogo host undo {plan.host}` undoes it")
    version = walk.around.version_of(BY_ID[plan.host])
    former = {item.host: item for item in walk.found.hosts or ()}.get(plan.host)
    sha256 = digest(canonical(plan.edits)) if plan.edits else former.diff_sha256 if former else None
    return HostFound(plan.host, version, tier_of(BY_ID[plan.host], version), sha256)


def _undo(walk: Walk, host: str) -> None:
    file = host_file(BY_ID[host], walk.around.platform, walk.around.home, walk.around.environ).absolute()
    before = read_file(file)
    note = FileNote(host, None if before is None else digest(before), None)
    walk.journal.add(step=walk.step, phase="planned", state=walk.state, waiting_on="host", file=note)
    _files().undo(host, str(file), NAME)
    after = read_file(file)
    done = FileNote(host, note.before, None if after is None else digest(after))
    walk.journal.add(step=walk.step, phase="succeeded", state=walk.state, file=done)
    walk.memory.blind.add(host)
    walk.talk.say(f"{host}: its file is as it was")


def _files() -> HostFiles:
    """What `gonogo host undo` reads, too."""
    return HostFiles(user_state_path("gonogo") / "hosts")
