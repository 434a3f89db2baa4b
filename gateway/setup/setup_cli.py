"""`gonogo setup`: from nothing to the first verified receipt, and what can be done with a run afterwards."""

import contextlib
import os
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.process import HOST, PORT

if TYPE_CHECKING:
    from gateway.setup.choices import Choices
    from gateway.setup.local import LocalState

_DEFAULT_URL = f"http://{HOST}:{PORT}"
FORMAT = click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
RUN = click.option("--run", "run_id", default=None, metavar="RUN", help="A run's id.  [default: the last one]")
BASE_URL = click.option("--base-url", envvar="GONOGO_BASE_URL", default=None, help="The gateway.  [default: the last run's]")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def setup() -> None:
    """From nothing to the first verified receipt: sign in, key, wallet, hosts, one small payment, its receipt verified.

    Every question is also an option. What is done is in a journal; whatever interrupts it, `gonogo setup resume` goes on.
    """


def _sign_in_options(command: Callable[..., Any]) -> Callable[..., Any]:
    return _with(
        command,
        click.option("--address", default=None, help="Your email address: a code is sent there."),
        click.option("--code", default=None, help="The code from the mail; `-`: from standard input."),
        click.option(
            "--code-file", type=click.Path(path_type=Path), default=None, help="A file that holds the code in its first line."
        ),
        click.option("--tenant", default=None, metavar="TENANT_ID", help="Your tenant, where you belong to several."),
        click.option("--tenant-name", default=None, help="What a new tenant is called."),
        click.option(
            "--join", default=None, metavar="-|FILE", help="A bootstrap key with which you join a tenant, once signed in."
        ),
    )


def _setup_options(command: Callable[..., Any]) -> Callable[..., Any]:
    path = click.Path(path_type=Path)
    return _with(
        _sign_in_options(command),
        click.option(
            "--bootstrap-key", default=None, metavar="-|FILE", help="Instead of a code: an operator's key, `-`: standard input."
        ),
        click.option("--agent-id", default=None, help="What the agent is called.  [default: after the run]"),
        click.option("--currency", default=None, help="The wallet's currency.  [default: USD]"),
        click.option("--payee", default=None, metavar="PAYEE_ID", help="Whom to pay.  [default: a payee `setup-check`, made]"),
        click.option("--funding", type=click.Choice(["later"]), default="later", show_default=True, help="Money for the wallet."),
        click.option("--host", "hosts", multiple=True, help="A host to set up, or `none`. May be repeated."),
        click.option("--apply/--no-apply", default=None, help="Change the hosts' files without asking, or print what to paste."),
        click.option("--ask/--no-ask", default=True, show_default=True, help="Ask each host afterwards what it sees."),
        click.option("--pay/--no-pay", default=None, help="Make the payment without asking, or stop before it."),
        click.option("--trust", type=path, default=None, help="Receipt keys (JWKS) that you trust.  [default: of first contact]"),
        click.option(
            "--key-file", type=path, default=None, help="The agent key's file.  [default: GONOGO_KEY_FILE, or your own]"
        ),
        click.option("--full", is_flag=True, help="Also ask for names and the currency."),
        FORMAT,
    )


def _with(command: Callable[..., Any], *options: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(options):
        command = option(command)
    return command


@setup.command()
@click.option("--base-url", envvar="GONOGO_BASE_URL", default=_DEFAULT_URL, show_default=True, help="The gateway.")
@_setup_options
@click.pass_context
def run(ctx: click.Context, /, base_url: str, output_format: str, **given: Any) -> None:  # noqa: ANN401  # options by their names
    """Begin a setup and go as far as it goes.

    Ends with 0 where a payment was made and its receipt verifies; with 3 where it is paused, or where everything but money works;
    with 1 where it is blocked; with 2 where this machine's files are in the way. The report names the next command.
    """
    with problems():
        _walk(ctx, None, _url(base_url), _choices(given), output_format)


@setup.command()
@BASE_URL
@_setup_options
@click.pass_context
def resume(ctx: click.Context, /, base_url: str | None, output_format: str, **given: Any) -> None:  # noqa: ANN401  # the same
    """Go on with the last setup; nothing is done twice. Ends as `run` does."""
    with problems():
        from gateway.setup.failures import SetupCode, SetupProblem
        from gateway.setup.journal import read_journal
        from gateway.setup.report import report_of
        from gateway.setup.running import known_run

        local = _local()
        last, pointer = known_run(local, None), local.pointer()
        assert pointer is not None, "there is a last run"
        if base_url is not None and _url(base_url) != pointer.base_url:
            raise SetupProblem(SetupCode.OTHER_GATEWAY, f"it was {pointer.base_url}, and {_url(base_url)} is given")
        file = local.journal_file(last)
        lines = read_journal(file).lines if file.exists() else ()  # none: it was killed before its first line
        if lines and (made := report_of(lines)).outcome == "completed":
            _show(ctx, made, output_format)
        else:
            _walk(ctx, last, pointer.base_url, _choices(given), output_format)


@setup.command()
@BASE_URL
@_sign_in_options
@click.option("--resend", is_flag=True, help="Have the code sent again.")
@FORMAT
@click.pass_context
def login(ctx: click.Context, /, base_url: str | None, output_format: str, **given: Any) -> None:  # noqa: ANN401  # the same
    """Sign in by a code, for what needs a person or a fresh code; then `gonogo setup resume`. Ends with 0 once signed in."""
    with problems():
        from gateway.setup.failures import SetupCode
        from gateway.setup.running import Setup, walk_through
        from gateway.setup.steps.login import LOGIN_STEPS

        local = _local()
        pointer = local.pointer()
        url = _url(base_url or (pointer.base_url if pointer else _DEFAULT_URL))
        last = pointer.run if pointer is not None and pointer.base_url == url else None
        report = walk_through(Setup(last, url, _choices(given), LOGIN_STEPS), local)
        if report.failure is not None and report.failure.code == SetupCode.SIGNED_IN:
            click.echo("signed in\n  next: gonogo setup resume")
        else:
            _show(ctx, report, output_format)


@setup.command()
@RUN
@click.option("--format", "output_format", type=click.Choice(["text", "json", "html"]), default="text", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Write it into this file.")
def report(run_id: str | None, output_format: str, out: Path | None) -> None:
    """The report of a run, whether it ended well or not: as text, as JSON, or as a page of its own."""
    with problems():
        from gateway.setup.report import report_bytes, report_of
        from gateway.setup.report_page import as_page
        from gateway.setup.report_text import as_text
        from gateway.setup.running import known_run, lines_of

        local = _local()
        lines = lines_of(local, known_run(local, run_id))
        made = report_of(lines)
        text = {
            "text": lambda: as_text(made) + "\n",
            "json": lambda: report_bytes(made).decode(),
            "html": lambda: as_page(made, lines),
        }[output_format]()
        if out is None:
            click.echo(text, nl=False)
        else:
            out.write_text(text, encoding="utf-8")
            click.echo(f"{out}: written")


@setup.command()
@RUN
@click.pass_context
def replay(ctx: click.Context, run_id: str | None) -> None:
    """Walk a run's journal again: each move, and the same report, byte for byte. Ends with 8 where something differs."""
    with problems():
        from gateway.setup.replay import faults, states
        from gateway.setup.report import report_bytes, report_of
        from gateway.setup.running import REPORT, known_run, lines_of

        local = _local()
        chosen = known_run(local, run_id)
        lines = lines_of(local, chosen)
        for state in states(lines):
            click.echo(state)
        wrong = list(faults(lines))
        kept = local.run_folder(chosen) / REPORT
        if not kept.exists():
            click.echo("no report was kept: the setup was killed")
        elif kept.read_bytes() != report_bytes(report_of(lines)):
            wrong.append("the report that was kept has other bytes")
        else:
            click.echo("the report comes out the same, byte for byte")
        for fault in wrong:
            click.echo(fault, err=True)
        ctx.exit(8 if wrong else 0)


@setup.command()
@BASE_URL
@FORMAT
@click.pass_context
def probe(ctx: click.Context, base_url: str | None, output_format: str) -> None:
    """Is this the gateway that was dialled, does it sign people in, do the clocks agree? Nothing is changed.

    Ends with 0, with 3 where it answers but nobody can sign in by a code now, and with 1 where it is not to be used.
    """
    with problems():
        from gateway.setup.probing import as_json, as_text, probe_gateway

        pointer = _local().pointer()
        url = _url(base_url or (pointer.base_url if pointer else _DEFAULT_URL))
        probed = probe_gateway(url, is_begun=pointer is not None and pointer.base_url == url)
        click.echo(as_json(probed) if output_format == "json" else as_text(probed))
        ctx.exit(probed.exit_code)


def _walk(ctx: click.Context, run_id: str | None, base_url: str, choices: "Choices", output_format: str) -> None:
    from gateway.setup.running import Setup, walk_through
    from gateway.setup.steps.table import STEPS

    _show(ctx, walk_through(Setup(run_id, base_url, choices, STEPS)), output_format)


def _show(ctx: click.Context, made: Any, output_format: str) -> None:  # noqa: ANN401  # the type is imported when the command runs
    from gateway.setup.report import report_bytes
    from gateway.setup.report_text import as_text
    from gateway.setup.running import EXIT_CODES

    click.echo(report_bytes(made).decode() if output_format == "json" else as_text(made) + "\n", nl=False)
    ctx.exit(EXIT_CODES[made.outcome])


def _choices(given: dict[str, Any]) -> "Choices":
    from gateway.setup.choices import NO_HOST, Choices
    from gateway.setup.hosts.table import BY_ID

    given.pop("funding", None)
    for host in given.get("hosts", ()):
        if host != NO_HOST and host not in BY_ID:
            raise click.UsageError(f"no host is called {host!r}; there are {', '.join(BY_ID)}, and {NO_HOST}")
    return Choices(**given)


def _local() -> "LocalState":
    from gateway.setup.local import local_state

    return local_state(os.environ)


def _url(base_url: str) -> str:
    url = base_url.rstrip("/")
    if not url.startswith(("http://", "https://")) or not url.split("/")[2]:
        raise click.UsageError(f"--base-url {base_url!r} is no http:// or https:// address")
    if "@" in url.split("/")[2]:
        raise click.UsageError("--base-url holds credentials; a setup has none in its address")
    return url


@contextlib.contextmanager
def problems() -> Generator[None, None, None]:
    """A failure before or outside of the walk ends the command with its row's text and 2."""
    try:
        from gateway.setup.failures import SetupProblem
        from gateway.setup.walk import failure_text

        try:
            yield
        except SetupProblem as problem:
            command = (problem.command or problem.row.next.command).format(host="HOST", file="FILE")
            raise click.ClickException(failure_text(problem.code.value, problem.detail, command)) from None
    except ModuleNotFoundError as error:
        raise click.ClickException(f"{error.name} is not installed\n  next: pip install 'gonogo[setup]'") from None
