"""Does every alert reach somebody? `amtool` says which receiver a route ends in; one without a channel is nobody."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from gates.schema.documents import read_yaml
from gates.schema.errors import UsageProblem
from gates.schema.written import read_written
from gates.slo.lint.finding import Finding
from gates.slo.lint.rule_files import Placed
from gates.slo.promtool import run_tool

INSTALL = "install Alertmanager, which brings it (Debian and Ubuntu: apt-get install prometheus-alertmanager)"
_CHANNELS = "_configs"


def without_receiver(rules: Sequence[Placed], config: Path) -> Iterator[Finding]:
    """The alerts that end in a receiver without a channel.

    Raises UsageProblem for a configuration that Alertmanager refuses, UnknownProblem where amtool is not installed.
    """
    reached = _channels(config)
    done = run_tool("amtool", INSTALL, ("check-config", str(config)))
    if done.code:
        raise UsageProblem(f"{config}: Alertmanager refuses it: {done.text}")
    for placed in rules:
        if not placed.rule.alert:
            continue
        labels = {**placed.rule.labels, "alertname": placed.rule.alert}
        receivers = receivers_of(config, labels)
        if not any(reached.get(name, 0) for name in receivers):
            yield Finding(placed.where, "no-receiver", f"its route ends in {', '.join(receivers)}, which has no channel")


def receivers_of(config: Path, labels: dict[str, str]) -> list[str]:
    """The receivers of an alert with these labels."""
    pairs = [f"{name}={value}" for name, value in sorted(labels.items())]
    done = run_tool("amtool", INSTALL, ("config", "routes", "test", f"--config.file={config}", *pairs))
    if done.code:
        raise UsageProblem(f"{config}: amtool cannot find the route of {labels['alertname']}: {done.text}")
    return [name.strip() for name in done.out.replace("\n", ",").split(",") if name.strip()]


def _channels(config: Path) -> dict[str, int]:
    """How many channels each receiver has."""
    raw = read_yaml(read_written(config), str(config))
    found = raw.get("receivers") if isinstance(raw, dict) else None
    if not isinstance(found, list):
        raise UsageProblem(f"{config}: $.receivers: expected a list")
    return {
        str(one.get("name")): sum(len(value) for key, value in one.items() if key.endswith(_CHANNELS) and isinstance(value, list))
        for one in found
        if isinstance(one, dict)
    }
