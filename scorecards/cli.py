"""The console script `gonogo`: a table of commands and their modules, each loaded only when it is chosen."""

import os
from collections.abc import Mapping
from typing import ClassVar

import click

from gates.lazy import Later, LazyGroup
from gates.schema.entry import run
from gates.schema.output import program, runnable

# `gonogo --help` reads this table alone and imports no command.
COMMANDS: dict[str, Later] = {
    "review": Later("scorecards.review_cli:review", "The weekly review in one command: load, rehearse, judge, report."),
    "init": Later("scorecards.starter.cli:init", "Write a starting folder of your own, in which `gonogo review` runs."),
    "scorecard": Later("scorecards.commands:scorecard", "Build, show, pack, verify, compare and list scorecards."),
    "gate": Later("scorecards.gate_cli:gate", "List, explain, validate and judge the launch gates; run their probes."),
    "evidence": Later("gates.cli:evidence", "List, show, verify and add signed evidence."),
    "signer": Later("gates.signers.cli:signer", "Who may sign what: people, machines, their keys and roles."),
    "waiver": Later("gates.acts.waiver_cli:waiver", "Accept by signature, for a time, that a gate does not pass."),
    "freeze": Later("gates.freeze.cli:freeze", "Change freeze: whether this may be deployed now, and signed exceptions."),
    "finding": Later("gates.registers.cli:finding", "Security findings and onboarding defects: open, close, review, list."),
    "incident": Later("gates.registers.cli:incident", "Incidents: open, acknowledge, close, review, list."),
    "slo": Later("gates.slo.cli:slo", "Alert rules from SLO documents, their tests, a linter, dashboards."),
    "state": Later("gates.state_cli:state", "Make a state folder, take one of an old release over, rebuild a lost log."),
    "load": Later("loadtests.cli:load", "Load a service with a retry storm; check and compare load runs."),
    "drill": Later("drills.cli:drill", "Rehearse faults and incidents; report, export and recover drills."),
    "roster": Later("gates.roster.cli:roster", "Who is called: people, duties and hours; the routes of alerts to them."),
    "runbook": Later("drills.runbook.cli:runbook", "Walk runbooks, check them, rehearse them against real faults."),
    "gateway": Later("gateway.cli:gateway", "Serve the reference payment gateway, and its demo data."),
    "setup": Later("gateway.setup.setup_cli:setup", "From nothing to the first verified receipt; resume, report, replay."),
    "host": Later("gateway.setup.host_cli:host", "Add the gateway to an agent's host: plan, apply, undo, matrix."),
    "mcp": Later("gateway.setup.mcp_cli:mcp", "Let an agent pay through its host: an MCP server."),
    "receipt": Later("gates.receipts.cli:receipt", "Verify receipts offline, with keys that you trust."),
    "explain": Later("gateway.command_line.explain:explain", "What an error code means, and what to do next."),
    "schema": Later("gates.cli:schema", "The JSON Schema of a kind of document."),
}


class _Gonogo(LazyGroup):
    later: ClassVar[Mapping[str, Later]] = COMMANDS

    def get_help(self, ctx: click.Context) -> str:
        """The help, with commands that can be run from here."""
        return runnable(super().get_help(ctx))


def _version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    from importlib.metadata import version

    click.echo(f"gonogo {version('gonogo')}")
    ctx.exit()


@click.group(cls=_Gonogo, name="gonogo", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--no-color", is_flag=True, help="Plain text, also from every program that a review starts.")
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version and exit.")
@click.pass_context
def gonogo(ctx: click.Context, no_color: bool) -> None:
    """May we launch? Launch gates judged from evidence that anyone can check.

    Start with `gonogo review --profile smoke`: it loads the reference gateway, rehearses a crash and a rollback, judges
    the gates and writes the week's scorecard. Every command ends with a documented exit code: 0 green, 1 red,
    3 unknown; `unknown` is never a pass.
    """
    if no_color:
        ctx.color = False
        os.environ["NO_COLOR"] = "1"


def main() -> int:
    """Run `gonogo` with the arguments of this process; returns the exit code."""
    return run(gonogo, name=program())
