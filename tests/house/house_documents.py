"""The generated parts of the pages: each function returns Markdown made from the code; cog puts it into the page."""

import copy
import importlib
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from gates.schema.gate import Criterion
from gates.schema.severity import Calling

ROOT = Path(__file__).parents[2]


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table between blank lines."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n" + "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines) + "\n"


def fenced(language: str, text: str) -> str:
    """A code block between blank lines."""
    return f"\n```{language}\n{text.rstrip()}\n```\n\n"


def host_matrix() -> str:
    """What is known of each host, and for which version."""
    from gateway.setup.hosts.matrix import as_markdown

    return f"\n{as_markdown()}\n\n"


# --- commands ---------------------------------------------------------------------------------------------------------


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command of `gonogo` with its full name, groups before their members, in the order of the help."""
    from scorecards.cli import COMMANDS

    for name, (place, _) in COMMANDS.items():
        module, attribute = place.split(":")
        yield from _walk(f"gonogo {name}", getattr(importlib.import_module(module), attribute))


def _walk(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=name)
        for member in command.list_commands(context):
            found = command.get_command(context, member)
            assert found is not None, f"{name} lists {member} and does not have it"
            yield from _walk(f"{name} {member}", found)


def command_table() -> str:
    """What each command does, groups left out."""
    rows = [
        (f"`{_usage(name, command)}`", command.get_short_help_str(limit=200))
        for name, command in commands()
        if not isinstance(command, click.Group) and not command.hidden
    ]
    return table(("command", "what it does"), rows)


def _usage(name: str, command: click.Command) -> str:
    words = [param.make_metavar(click.Context(command)) for param in command.params if isinstance(param, click.Argument)]
    return " ".join((name, *words))


def command_reference() -> str:
    """The help of every command, as the terminal shows it."""
    parts = []
    for name, known in commands():
        command = copy.copy(known)
        command._help_option = None  # click keeps the help option of an earlier test
        context = click.Context(command, info_name=name, terminal_width=100, max_content_width=100)
        parts.append(f"\n## {name}\n{fenced('text', command.get_help(context))}".rstrip("\n") + "\n")
    return "".join(parts) + "\n"


def workflow(name: str) -> str:
    """A workflow of this repository as another one would have it."""
    text = (ROOT / ".github/workflows" / name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if "continue-on-error" not in line]
    changed = "\n".join(lines).replace("./.github/actions/gonogo", "OWNER/gonogo/.github/actions/gonogo@main")
    return fenced("yaml", changed.replace("target: local", "target: ./my-service.yaml"))


def action_inputs() -> str:
    """The inputs of the action."""
    import yaml

    inputs = yaml.safe_load((ROOT / ".github/actions/gonogo/action.yml").read_text(encoding="utf-8"))["inputs"]
    rows = [
        (f"`{name}`", f"`{item['default']}`" if item["default"] else "", item["description"]) for name, item in inputs.items()
    ]
    return table(("input", "default", "what"), rows)


def exit_codes() -> str:
    """The one table of exit codes."""
    from gates.schema.outcome import EXIT_MEANING

    return table(("code", "meaning"), [(str(int(code)), meaning) for code, meaning in EXIT_MEANING.items()])


def shipped_drills() -> str:
    """Every drill of the catalog, the kind of its evidence, and what it does."""
    from drills.schema import drill_names, load_drill

    documents = [load_drill(name) for name in drill_names()]
    return table(
        ("drill", "evidence", "what it does"),
        [(item.metadata.name, item.spec.evidence, item.metadata.title) for item in documents],
    )


# --- the gateway ------------------------------------------------------------------------------------------------------


def error_table() -> str:
    """Every error code: the response in one line."""
    from gateway.errors import CATALOGUE

    rows = [
        (f"[`{row.code}`](#{row.code})", str(row.status), row.money_moved, f"`{row.retry}`", row.severity, row.title)
        for row in CATALOGUE.values()
    ]
    return table(("code", "status", "money moved", "retry", "severity", "title"), rows)


def support_table() -> str:
    """Every error code that is more than a question, by severity: what support does first."""
    from gateway.errors import CATALOGUE

    rows = sorted((row for row in CATALOGUE.values() if row.severity != "S4"), key=lambda row: row.severity)
    cells = [
        (f"[`{row.code}`](errors.md#{row.code})", row.severity, row.money_moved, f"[{row.runbook}]({row.runbook})")
        for row in rows
    ]
    return table(("code", "severity", "money moved", "runbook"), cells)


def error_details() -> str:
    """Every error code: what to do."""
    from gateway.errors import CATALOGUE

    parts = []
    for row in CATALOGUE.values():
        after = f", after {row.after_ms} ms" if row.after_ms else ""
        page = "" if row.runbook == "errors.md" else f" Runbook: [{row.runbook}]({row.runbook})."
        parts.append(
            f"\n### {row.code}\n\n{row.title}: status {row.status}, category {row.category}, money moved: {row.money_moved}, "
            f"retry: `{row.retry}`{after}, severity {row.severity}.\n\n{row.next_step}{page}\n"
        )
    return "".join(parts) + "\n"


def routes() -> str:
    """Every route under /v1, who may call it, and how it is reversed."""
    from gateway.routes import ROUTES, reversal

    rows = [
        (f"`{route.name}`", ", ".join(route.callers), route.summary, reversal(route) or "")
        for route in sorted(ROUTES, key=lambda route: route.template)
    ]
    return table(("route", "roles", "what it does", "reverse"), rows)


def machine_diagram(name: str) -> str:
    """The states of a machine, such as `payment`, as a mermaid diagram."""
    return fenced("mermaid", _machine(name).mermaid())


def machine_table(name: str, effect: str = "effect on the money") -> str:
    """The states of a machine, row by row; `effect` is the heading of what a row does."""
    rows = [
        (f"`{row.state}`" if row.state else "(none yet)", f"`{row.event}`", f"`{row.next}`", f"`{row.effect}`")
        for row in _machine(name).rows
    ]
    return table(("state", "event", "next", effect), rows)


def _machine(name: str):
    return getattr(importlib.import_module(f"gateway.machines.{name}"), name.upper())


def machine_refusals() -> str:
    """The refusal of a request for a payment whose state has no edge for it."""
    from gateway.machines.payment import REFUSALS

    rows = [(f"`{state}`", f"[`{code}`](errors.md#{code})") for state, code in REFUSALS.items()]
    return table(("state", "the response"), rows)


# --- the house --------------------------------------------------------------------------------------------------------


def gateway_layers() -> str:
    """The layers of the gateway from the top down; a module imports what is below its own layer, never its siblings."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    rows = [(str(number), ", ".join(f"`{name}`" for name in re.split(" [|:] ", layer))) for number, layer in enumerate(layers, 1)]
    return table(("layer", "what stands in it"), rows)


def import_contracts() -> str:
    """The arrows between the rooms, as import-linter holds them."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    rows = [
        (contract["name"], ", ".join(contract["source_modules"]), ", ".join(contract["forbidden_modules"]))
        for contract in contracts
        if contract["type"] == "forbidden"
    ]
    return table(("contract", "these", "never import"), rows)


def make_targets() -> str:
    """The targets of the Makefile that have a line of help."""
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    found = [line for line in lines if " ## " in line and not line.startswith(("#", "\t", " "))]
    return table(("target", "what it does"), [(f"`make {line.split(':')[0]}`", line.split(" ## ")[1]) for line in found])


# --- gates and evidence -----------------------------------------------------------------------------------------------


def gate_table(name: str = "launch-plan") -> str:
    """The gates of a shipped catalog, one line each; with what they answer where they have no letter of their own."""
    from gates.schema.catalogs import catalog
    from gates.schema.gateset import load_gates

    rows = [
        (gate.letter or ", ".join(gate.answers), f"[{gate.id}](#{gate.id})", gate.priority, gate.owner, gate.question)
        for gate in load_gates(catalog(name))
    ]
    return table(("" if name == "launch-plan" else "answers", "gate", "priority", "owner", "question"), rows)


def gate_details(name: str = "launch-plan") -> str:
    """The gates of a shipped catalog, criterion by criterion."""
    from gates.schema.catalogs import catalog
    from gates.schema.gateset import load_gates

    parts = []
    for gate in load_gates(catalog(name)):
        page = Path(gate.runbook).name
        waivable = "a waiver may accompany its outcome" if gate.waivable else "cannot be waived"
        parts.append(
            f"\n### {gate.id}\n\n{gate.question} {gate.priority}, owner {gate.owner}, {waivable}. Runbook: [{page}]({page}).\n"
        )
        parts.append(
            table(
                ("criterion", "threshold", "samples", "maximum age", "produced by"), [_criterion(item) for item in gate.criteria]
            )
        )
    return "".join(parts).replace("\n\n\n", "\n\n")


def _criterion(item: Criterion) -> tuple[str, ...]:
    from gates.rule import OPERATOR_WORDS

    limit = " and ".join(value for value in (item.threshold, item.upper) if value)
    unit = "" if item.unit in ("count", "ratio") else f" {item.unit}"
    statistic = f" ({item.statistic})" if item.statistic else ""
    sure = f", with {item.confidence} confidence" if item.confidence else ""
    left_by = f"`{item.source.produced_by}`" if item.source.produced_by else "nothing yet: unknown"
    title = f"{item.title} **(automatic NO GO)**" if item.automatic_no_go else item.title
    asked = f"{OPERATOR_WORDS[item.operator]} {limit}{unit}{statistic}{sure}"
    return title, asked, str(item.min_samples), item.max_age, left_by


def outcome_reasons() -> str:
    """What each reason for an unknown is called, in a sentence."""
    from gates.schema.outcome import UnknownReason

    assert set(REASONS) == set(UnknownReason), "each reason needs a sentence here"
    return table(("reason", "what it means", "what to do"), [(f"`{name}`", *REASONS[name]) for name in UnknownReason])


REASONS = {
    "missing": ("no evidence of this kind about this build", "run the command that produces it"),
    "stale": ("the evidence is too old, or about another build", "run that command again, on the build under review"),
    "too_few_samples": ("the measure has fewer samples than the gate requires", "run it longer, or with a heavier profile"),
    "adapter_error": (
        "the tool could not measure: the service did not respond, or not in the expected format",
        "read its log and fix the cause first",
    ),
    "not_run": ("the tool reports that this was not measured", "read the measure's detail; some features are not built yet"),
    "dry_run": ("a dry run: no step was executed", "run it without --dry-run"),
    "invalid_generator": ("the load generator fell behind its own schedule", "run it on a less busy machine, or with less load"),
}


def severities() -> str:
    """What a severity means, whom it calls, and how soon somebody acknowledges."""
    from gates.schema.severity import CALLINGS

    def row(calling: Calling) -> tuple[str, ...]:
        later = "".join(f"; {duty} after {_span(after_s)}" for after_s, duty in calling.later)
        time = "1 working day" if calling.acknowledge_s == 24 * 3600 else _span(calling.acknowledge_s)
        return calling.severity, calling.means, time, ", ".join(calling.at_once) + later, calling.update

    return table(("severity", "means", "acknowledge within", "called", "others are informed"), [row(item) for item in CALLINGS])


def _span(seconds: int) -> str:
    return f"{seconds // 3600} h" if seconds % 3600 == 0 else f"{seconds // 60} min"


def alert_severities() -> str:
    """The severity of an alert, by its labels."""
    from gates.schema.severity import ALERT_SEVERITIES

    def words(labels: dict[str, str]) -> str:
        return " ".join(f'`{name}=~"{value}"`' for name, value in sorted(labels.items())) or "any other"

    return table(
        ("labels of the alert, first match first", "severity"), [(words(item), found) for item, found in ALERT_SEVERITIES]
    )


def lint_rules() -> str:
    """The rules of `gonogo slo lint`, each with its reason."""
    from gates.slo.lint.finding import REASONS

    return table(("rule", "because"), ((f"`{rule}`", reason) for rule, reason in REASONS.items()))


def evidence_kinds() -> str:
    """The kinds of statement that gonogo's own tools produce."""
    from gates.evidence.statement import EvidenceKind

    return table(("kind", "predicateType"), [(kind.name.lower().replace("_", " "), f"`{kind.value}`") for kind in EvidenceKind])


def unknown_reasons() -> str:
    """Why something could not be judged."""
    from gates.schema.outcome import UnknownReason

    return ", ".join(f"`{reason}`" for reason in UnknownReason) + "\n"
