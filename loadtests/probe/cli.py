"""`gonogo load probe`: does a target file describe its service?"""

import click

from gates.schema.options import TARGET_DEFAULT, format_option, preset
from gates.schema.output import show_product


@click.command()
@click.option(
    "--target",
    "target_name",
    default=preset("target"),
    show_default=TARGET_DEFAULT,
    help="A target's name, or the path of its file.",
)
@click.option("--run-id", help="Part of every idempotency key; default: the time, so that probes never share keys.")
@format_option("text", "json", "yaml")
def probe(target_name: str, run_id: str | None, output_format: str) -> None:
    """Make one payment, and print what the target file lets gonogo understand, and what cannot be judged with it.

    Reserve and settle once, each again under the same key, then read back; a second payment is reserved and reversed, if the
    file says how. Nothing is judged and no evidence is written. Exit 0: understood. 2: the file describes the service wrongly,
    and the member is named. 3: no answer, 5xx, another time on the service's clock, or the answers and the read-back disagree.
    """
    from gates.schema.catalogs import rules_path
    from gates.schema.errors import UnknownProblem, UsageProblem
    from gates.schema.gateset import load_gates
    from gates.schema.target import load_target
    from gates.schema.time import system_clock
    from loadtests.probe.render import shown
    from loadtests.probe.run import run_probe

    identity = run_id or f"probe-{system_clock():%Y%m%dT%H%M%S%f}"[:-3]
    report = run_probe(load_target(target_name), load_gates(rules_path(None, target_name)), identity, system_clock)
    show_product(shown(report, output_format), output_format)
    if report.problem:
        kind = UsageProblem if report.outcome == "misdescribed" else UnknownProblem
        raise kind(report.problem, next_step=report.next_step)
