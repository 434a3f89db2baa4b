"""`gonogo host`: our entry in the file of an agent's host, planned, applied, taken back; and what is known of each host."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.process import HOST as ADDRESS
from gateway.process import PORT
from gateway.setup.host_next import again, next_of, problem_text, problems

if TYPE_CHECKING:
    from gateway.setup.hosts.plan import Plan
    from gateway.setup.hosts.table import Host

_NAME = "gonogo"
_LARGEST_PLAN = 128 * 1024 * 1024
"""Bytes; a plan holds what it deletes as a length alone, and what it inserts as text."""
_URL = f"http://{ADDRESS}:{PORT}"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def host() -> None:
    """Add `gonogo mcp serve` to an agent's host, without another byte of its file changing."""


def _about_a_file(command: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        click.argument("host_id", metavar="HOST"),
        click.option(
            "--file", type=click.Path(path_type=Path), default=None, help="The host's file.  [default: where the host has it]"
        ),
        click.option(
            "--project", type=click.Path(path_type=Path), default=None, help="The file of this project's folder instead."
        ),
        click.option("--name", default=_NAME, show_default=True, help="The name of our entry."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _about_a_server(command: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        click.option(
            "--base-url", envvar="GONOGO_BASE_URL", default=None, help=f"The gateway.  [default: the last setup's, else {_URL}]"
        ),
        click.option("--command", "program", default=None, help="The program that the host starts.  [default: this gonogo]"),
    )
    for option in reversed(options):
        command = option(command)
    return command


STATE = click.option(
    "--state", type=click.Path(path_type=Path), default=None, help="What is needed to undo.  [default: the user's state folder]"
)


@host.command()
@_about_a_file
@_about_a_server
@click.option("--snippet", is_flag=True, help="Print the entry to paste by hand; no file is read.")
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--out", type=click.Path(path_type=Path), default=None, help="Write the plan as JSON, for `gonogo host apply --plan`."
)
def plan(
    host_id: str,
    file: Path | None,
    project: Path | None,
    name: str,
    base_url: str | None,
    program: str | None,
    snippet: bool,
    output_format: str,
    out: Path | None,
) -> None:
    """What would change in the file of HOST; nothing is changed. The same file gives the same bytes."""
    import msgspec

    with problems(host_id):
        chosen = _host(host_id)
        if snippet:
            from gateway.setup.hosts.plan import snippet as paste

            click.echo(paste(chosen, name, _server(base_url, program)), nl=False)
            return
        made = _plan(chosen, _file(chosen, file, project), name, base_url, program)
        document = msgspec.json.format(msgspec.json.encode(made, order="deterministic"), indent=2).decode()
        if out is not None:
            out.write_text(document + "\n", encoding="utf-8")
        click.echo(document if output_format == "json" else _shown(made))


@host.command()
@click.argument("host_id", metavar="HOST", required=False)
@click.option("--plan", "planned", type=click.Path(path_type=Path), default=None, help="A plan of `gonogo host plan --out`.")
@click.option("--file", type=click.Path(path_type=Path), default=None, help="The host's file.  [default: where the host has it]")
@click.option("--project", type=click.Path(path_type=Path), default=None, help="The file of this project's folder instead.")
@click.option("--name", default=_NAME, show_default=True, help="The name of our entry.")
@_about_a_server
@click.option("--yes", is_flag=True, help="Change the file without asking.")
@click.option("--ask/--no-ask", default=True, show_default=True, help="Ask the host afterwards what it sees.")
@STATE
@click.pass_context
def apply(
    ctx: click.Context,
    host_id: str | None,
    planned: Path | None,
    file: Path | None,
    project: Path | None,
    name: str,
    base_url: str | None,
    program: str | None,
    yes: bool,
    ask: bool,
    state: Path | None,
) -> None:
    """Change the file of HOST as planned, keep a backup, and ask the host what it sees; what it does not see is undone.

    Ends with 0, with 1 where the host does not see the server, and with 2 where the file was left as it was.
    """
    if (host_id is None) is (planned is None):
        raise click.UsageError("name a HOST, or a plan with --plan")
    with problems(host_id or "HOST"):
        made = _read_plan(planned) if planned else None
        if made is None:
            chosen = _host(host_id or "")
            made = _plan(chosen, _file(chosen, file, project), name, base_url, program)
        _change(ctx, made, yes=yes, ask=ask, state=state)


@host.command()
@_about_a_file
@click.option("--yes", is_flag=True, help="Change the file without asking.")
@STATE
def undo(host_id: str, file: Path | None, project: Path | None, name: str, yes: bool, state: Path | None) -> None:
    """Take our entry out of the file of HOST: the former bytes where nobody has changed it since, else our entry alone."""
    with problems(host_id):
        chosen = _host(host_id)
        path = _file(chosen, file, project)
        _require_yes(f"Take {name!r} out of {path}?", yes=yes)
        done = _files(state).undo(chosen.id, str(path), name)
        click.echo(f"{path}: {name!r} was taken out" if done else f"{path}: there is no {name!r} in it; nothing was changed")


@host.command()
@click.option("--format", "output_format", type=click.Choice(["text", "json", "md"]), default="text", show_default=True)
@click.option(
    "--run", "is_run", is_flag=True, help="Run the hosts that are installed here, and see whether they are as certified."
)
@click.pass_context
def matrix(ctx: click.Context, output_format: str, is_run: bool) -> None:
    """What is known of each host, for which version, and how: it connected, it listed the entry, or its format was followed.

    With --run it ends with 0, with 1 where a host is not as certified, and with 3 where one was not run at its version.
    """
    with problems("HOST"):
        from gateway.setup.hosts.matrix import as_json, as_markdown, as_text

        if not is_run:
            click.echo({"json": as_json, "md": as_markdown, "text": as_text}[output_format]())
            return
        if output_format == "md":
            raise click.UsageError("--run prints text or json")
        ctx.exit(_run_all(output_format))


def _run_all(output_format: str) -> int:
    """Run each host in a home of its own; print what was seen, and return the exit code."""
    import tempfile

    import msgspec

    from gateway.setup.hosts.certify import Result, as_text, look_at_all

    looked = []
    with tempfile.TemporaryDirectory(prefix="gonogo-hosts-") as work:
        for one in look_at_all(Path(work), _program(None)):
            looked.append(one)
            if output_format == "text":
                click.echo(as_text(one))
    if output_format == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(looked), indent=2).decode())
    results = {one.result for one in looked}
    return 1 if Result.STALE in results else 3 if results & {Result.NOT_RUN, Result.OTHER_VERSION} else 0


def _change(ctx: click.Context, made: "Plan", *, yes: bool, ask: bool, state: Path | None) -> None:
    from gateway.setup.failures import SetupCode, SetupProblem
    from gateway.setup.hosts.ask import Seen
    from gateway.setup.hosts.ask import ask as ask_host
    from gateway.setup.hosts.table import BY_ID

    click.echo(_shown(made))
    files = _files(state)
    if made.edits:
        _require_yes(f"Change {made.file}?", yes=yes)
        files.apply(made)
        click.echo(f"{made.file}: changed; `{next_of(f'gonogo host undo {made.host}', made)}` takes it back")
    if not ask:
        return
    seen, why = ask_host(BY_ID[made.host], made.name)
    click.echo(f"{seen.value.replace('_', ' ')}: {why}")
    if seen is Seen.NOT_SEEN:
        if made.edits:
            files.undo(made.host, made.file, made.name)
            click.echo(f"{made.file}: changed back")
        pasted = SetupProblem(SetupCode.HOST_NOT_SEEN, why, f"gonogo host plan {made.host} --snippet")
        click.echo(problem_text(pasted, made.host), err=True)
        ctx.exit(1)


def _host(host_id: str) -> "Host":
    from gateway.setup.hosts.table import BY_ID

    if host_id not in BY_ID:
        raise click.UsageError(f"no host is called {host_id!r}; there are {', '.join(BY_ID)}")
    return BY_ID[host_id]


def _file(chosen: "Host", file: Path | None, project: Path | None) -> Path:
    from gateway.setup.failures import SetupCode, SetupProblem
    from gateway.setup.hosts.table import host_file

    if file is not None and project is not None:
        raise click.UsageError("--file and --project both name a file; give one of them")
    if file is not None:
        return file.absolute()
    if project is not None:
        if chosen.project is None:
            raise SetupProblem(SetupCode.HOST_NOT_FOUND, f"{chosen.title} has no file in a project's folder")
        return (project / chosen.project).absolute()
    return host_file(chosen, sys.platform, Path.home(), os.environ).absolute()


def _plan(chosen: "Host", path: Path, name: str, base_url: str | None, program: str | None) -> "Plan":
    from gateway.setup.hosts.files import read_file
    from gateway.setup.hosts.plan import insert_plan

    return insert_plan(chosen, str(path), name, _server(base_url, program), read_file(path))


def _server(base_url: str | None, program: str | None) -> Any:  # noqa: ANN401  # the type is imported when the command runs
    from gateway.setup.hosts.entry import KEY_FILE_VARIABLE, Server
    from gateway.setup.local import local_state

    local = local_state(os.environ)
    pointer = local.pointer()
    url = (base_url or (pointer.base_url if pointer is not None else _URL)).rstrip("/")
    if not url.startswith(("http://", "https://")):
        raise click.UsageError(f"--base-url {base_url!r} is no http:// or https:// address")
    if "@" in url.split("/")[2]:
        raise click.UsageError("--base-url holds credentials; the key stands in GONOGO_API_KEY")
    named = os.environ.get(KEY_FILE_VARIABLE)
    return Server(_program(program), url, str(Path(named).absolute() if named else local.agent_key_file(url)))


def _program(named: str | None) -> str:
    """The gonogo that a host starts."""
    return named or shutil.which("gonogo") or str(Path(sys.argv[0]).absolute())


def _read_plan(path: Path) -> "Plan":
    import msgspec

    from gateway.setup.hosts.plan import Plan
    from gateway.setup.hosts.table import BY_ID
    from gateway.setup.short_file import whole

    try:
        made = msgspec.json.decode(whole(path, _LARGEST_PLAN), type=Plan)
    except (msgspec.DecodeError, ValueError) as error:
        raise click.UsageError(f"{path}: no plan of `gonogo host plan --out`: {error}") from None
    if made.host not in BY_ID:
        raise click.UsageError(f"{path}: no host is called {made.host!r}; there are {', '.join(BY_ID)}")
    return made


def _shown(made: "Plan") -> str:
    """The plan in words. What stands around our entry is not shown: hosts keep other servers' secrets there."""
    if not made.edits:
        return f"{made.file}: holds the entry already; nothing to change"
    begun = "is made" if made.before_sha256 is None else "is changed"
    lines = [f"{made.file} {begun}, for {made.host}:"]
    for edit in made.edits:
        gone = f", in place of {edit.delete} bytes" if edit.delete else ""
        lines += [f"  at byte {edit.offset}{gone}:", *(f"    {line}" for line in edit.insert.splitlines() if line)]
    return "\n".join(lines)


def _require_yes(question: str, *, yes: bool) -> None:
    from gateway.setup.failures import SetupCode, SetupProblem

    if yes:
        return
    if not sys.stdin.isatty():
        raise SetupProblem(SetupCode.NO_TERMINAL, f"{question} Nobody can answer here.", again("--yes"))
    click.confirm(question, abort=True)


def _files(state: Path | None) -> Any:  # noqa: ANN401  # the type is imported when the command runs
    from platformdirs import user_state_path

    from gateway.setup.hosts.files import HostFiles

    return HostFiles((state or user_state_path("gonogo") / "hosts").absolute())
