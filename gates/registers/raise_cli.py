"""`gonogo finding raise` and `gonogo incident raise`."""

import click

from gates.registers.cli import as_option, register_option, severity_option, write
from gates.schema.output import show
from gates.schema.register import Register

reason_option = click.option("--reason", required=True, help="What shows that it is worse than it was reported.")


@click.command("raise")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@severity_option
@register_option
@reason_option
@as_option
def raise_finding(ids: tuple[str, ...], severity: str, register: str, reason: str, person: str) -> None:
    """Make open findings more severe; the entry is added, none is changed. No command makes one less severe."""
    _raise(Register(register), ids, severity, reason, person)


@click.command("raise")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@severity_option
@reason_option
@as_option
def raise_incident(ids: tuple[str, ...], severity: str, reason: str, person: str) -> None:
    """Make open incidents more severe; the entry is added, none is changed. No command makes one less severe."""
    _raise(Register.INCIDENTS, ids, severity, reason, person)


def _raise(register: Register, ids: tuple[str, ...], severity: str, reason: str, person: str) -> None:
    from gates.registers.document import ids_of
    from gates.registers.events import raised
    from gates.schema.outcome import Priority

    written = write(register, person, lambda view: raised(view.book, register, ids, Priority(severity), reason))
    assert written is not None, "items were raised"
    show(f"raised to {severity}: {', '.join(ids_of(written.event))}")
