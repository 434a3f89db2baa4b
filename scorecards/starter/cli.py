"""`gonogo init`: a folder in which `gonogo review` runs."""

import sys
from pathlib import Path

import click

from gates.schema.output import show


@click.command()
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path, file_okay=False), default=Path(), required=False)
@click.option("--openapi", metavar="URL|FILE", help="The service's OpenAPI 3 document: operations are guessed from it.")
@click.option("--name", help="The service's name in evidence.  [default: the folder's]")
@click.option("--owner", help="Who owns the gates.  [default: backend]")
@click.option("--base-url", help="Where the service is.  [default: that of the OpenAPI document, or http://127.0.0.1:9000]")
@click.option("--start", metavar="COMMAND", help="Command that starts the service here; {port} and {db} are filled in.")
@click.option("--seed", metavar="COMMAND", help="Command that makes its accounts in {db} and prints them as one JSON object.")
@click.option(
    "--candidate", metavar="COMMAND", help="Command that starts another release, one that fails: for the rollback drill."
)
@click.option("--kill", metavar="COMMAND", help="Command that kills a service that runs elsewhere; needs --restore.")
@click.option("--restore", metavar="COMMAND", help="Command that starts it again.")
@click.option("--deploy", metavar="COMMAND", help="Command that deploys the release to launch; needs --rollback.")
@click.option("--rollback", metavar="COMMAND", help="Command that rolls back to the previous release.")
@click.option("--launch", metavar="TIME", help="When it is launched, such as YYYY-MM-DDTHH:MM: a change freeze around it.")
@click.option("--zone", metavar="ZONE", help="The IANA time zone of that time.  [default: UTC]")
@click.option("--junit", metavar="FILES", help="JUnit files of its tests, such as reports/*.xml: a gate for them.")
@click.option("--k6", metavar="FILE", help="The summary that its k6 script writes, with its time: a gate for it.")
@click.option("--prometheus", metavar="URL", help="The Prometheus that watches it: a gate for its service level.")
@click.option("--slo-requests", metavar="QUERY", help="How many requests there were, as one series.")
@click.option("--slo-failed", metavar="QUERY", help="How many of them failed, as one series.")
@click.option("--slo-up", metavar="QUERY", help="One series for each thing that is scraped, such as up{job=...}.")
@click.option("--force", is_flag=True, help="Replace files that are there, and name them.")
@click.option("--no-input", is_flag=True, help="Ask nothing, also on a terminal.")
def init(folder: Path, openapi: str | None, force: bool, no_input: bool, **given: str | None) -> None:
    """Write a starting folder of your own into DIR (default: this one): target, gates, load profile, freeze calendar, CI.

    On a terminal it asks for what no option gives. Whatever is guessed from the OpenAPI document is marked with a comment. Only
    gates are included for which evidence can be collected. Then `gonogo review` needs no options in DIR: `gonogo.yaml` names
    what it uses. Nothing that is there is overwritten without --force.
    """
    from gates.schema.printable import printable
    from gates.schema.time import system_clock
    from scorecards.starter.answers import USUAL_ZONE, ask, make_answers, usual_name
    from scorecards.starter.files import left_out, starting_files
    from scorecards.starter.guess import guesses
    from scorecards.starter.openapi import read_openapi
    from scorecards.starter.write import write_files

    usual = {"name": usual_name(folder.absolute().name), "owner": "backend", "zone": USUAL_ZONE}
    wanted = {"openapi": openapi, **given}
    if sys.stdin.isatty() and not no_input:
        wanted = ask(wanted, lambda text, default: str(click.prompt(text, default=default, err=True)), usual)
    found = guesses(read_openapi(wanted["openapi"])) if wanted["openapi"] else {}
    if "base_url" in found and not wanted["base_url"]:
        wanted["base_url"] = str(found["base_url"].value)
    answers = make_answers({name: value for name, value in wanted.items() if name != "openapi"}, usual["name"], system_clock())
    files = starting_files(answers, found)
    replaced = write_files(folder, files, force=force)
    for name in sorted(files):
        show(f"{'replaced' if name in replaced else 'wrote'}  {folder / name}")
    for name, guess in sorted(found.items()):
        show(f"guessed  {name}: {guess.source}")
        for doubt in guess.doubts:
            show(f"check    {name}: {printable(doubt)}")
    for line in left_out(answers, found):
        show(f"missing  {line}")
    where = "" if folder == Path() else f"cd {folder} && "
    show(f"next     read target.yaml, then: {where}gonogo review")
