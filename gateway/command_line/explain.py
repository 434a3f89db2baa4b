"""`gonogo explain CODE`: what an error code means and what to do next, from the rows that the API answers with."""

import difflib

import click
import msgspec

from gateway.errors import CATALOGUE, Code, ErrorRow
from gateway.setup.failures import FAILURES, FailureRow, SetupCode

WANTED = "the request id and the Idempotency-Key; never an API key"
"""What support needs of a caller who reports a code."""


@click.command()
@click.argument("code", required=False)
@click.option("--format", "output_format", type=click.Choice(["text", "json", "md"]), default="text", show_default=True)
def explain(code: str | None, output_format: str) -> None:
    """What an error CODE means, whether money moved, and the next step; without CODE, all of them."""
    if code is not None and (name := _plain(code)) in list(SetupCode):
        failed = FAILURES[SetupCode(name)]
        click.echo(msgspec.json.format(msgspec.json.encode(failed), indent=2) if output_format == "json" else _setup_text(failed))
        return
    rows = list(CATALOGUE.values()) if code is None else [_row(code)]
    if output_format == "json":
        document = msgspec.json.encode(rows if code is None else rows[0])
        click.echo(msgspec.json.format(document, indent=2))
    elif output_format == "md":
        click.echo(_table(rows))
    elif code is None:
        for row in rows:
            click.echo(f"{row.status}  {row.code:28} {row.title}")
        for failure in FAILURES.values():
            click.echo(f"setup {failure.code:26} {failure.title}")
    else:
        click.echo(_text(rows[0]))


def _row(code: str) -> ErrorRow:
    try:
        return CATALOGUE[Code(_plain(code))]
    except ValueError:
        near = difflib.get_close_matches(code.lower(), [item.value for item in (*Code, *SetupCode)], n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(near)}?" if near else "`gonogo explain` lists them."
        raise click.UsageError(f"no error code is called {code!r}; {hint}") from None


def _plain(code: str) -> str:
    return code.strip().lower().removeprefix("urn:gonogo:error:")


def _setup_text(row: FailureRow) -> str:
    return "\n".join(
        (
            f"{row.code}: {row.title}",
            f"  step         {row.step}",
            f"  who          {row.who}",
            f"  next step    {row.next.text}",
            f"  command      {row.next.command.format(host='HOST', file='FILE')}",
            f"  runbook      runbooks/{row.next.runbook}: gonogo runbook run {row.next.runbook.removesuffix('.md')}",
        )
    )


def _text(row: ErrorRow) -> str:
    wait = f", after {row.after_ms} ms" if row.after_ms else ""
    return "\n".join(
        (
            f"{row.code}: {row.title}",
            f"  status       {row.status} ({row.category})",
            f"  money moved  {row.money_moved}",
            f"  retry        {row.retry}{wait}",
            f"  next step    {row.next_step}",
            f"  severity     {row.severity}; whom to call: gonogo roster who {row.severity}",
            f"  ask for      {WANTED}",
            f"  runbook      runbooks/{row.runbook}{_walked(row)}",
        )
    )


def _walked(row: ErrorRow) -> str:
    """How the runbook is walked; the page of errors is for reading alone."""
    return "" if row.runbook == "errors.md" else f": gonogo runbook run {row.runbook.removesuffix('.md')}"


def _table(rows: list[ErrorRow]) -> str:
    lines = ["| code | status | money moved | retry | meaning | next step |", "|---|---|---|---|---|---|"]
    lines += [
        f"| `{row.code}` | {row.status} | {row.money_moved} | {row.retry} | {row.title} | {row.next_step} |" for row in rows
    ]
    return "\n".join(lines)
