"""How a run is shown on stderr: the page step by step, and what the commands print."""

from drills.runbook.blocks import Human, Shell
from drills.runbook.page import Step
from gates.schema.output import show
from gates.schema.time import monotonic_s

_MOST_LINES = 200


class Lines:
    """The prose before a step, its commands, their output; of an endless output its first lines."""

    def __init__(self) -> None:
        self._begun_s, self._shown = monotonic_s(), 0

    def begin(self, step: Step) -> None:
        """What the page says before the step, and the step."""
        self._shown = 0
        if step.before:
            self._show(f"\n{step.before}")
        info = step.info
        mark = "$" if isinstance(info, Shell) else "*"
        who = f"{info.who}, " if isinstance(info, Human) else ""
        self._show(f"\n{self._since()}  step {step.name} ({who}at most {info.timeout_s:g} s)")
        first, *more = step.text.splitlines()
        self._show("\n".join((f"    {mark} {first}", *(f"      {line}" for line in more))))

    def line(self, text: str) -> None:
        """A line that a command printed."""
        self._shown += 1
        if self._shown <= _MOST_LINES:
            self._show(f"      {text}")
        elif self._shown == _MOST_LINES + 1:
            self._show("      (more lines are in the log of the step)")

    def note(self, message: str) -> None:
        """One line with the time."""
        self._show(f"{self._since()}  {message}")

    def _since(self) -> str:
        return f"{monotonic_s() - self._begun_s:6.1f} s"

    def _show(self, text: str) -> None:
        show(text, err=True)


class Brief:
    """One line a step, for a rehearsal of many runbooks; what commands print is in their logs."""

    def __init__(self, label: str) -> None:
        self._label = label

    def begin(self, step: Step) -> None:
        """The step's name."""
        show(f"  {self._label}: {step.name}", err=True)

    def line(self, text: str) -> None:
        """Nothing: the log has it."""

    def note(self, message: str) -> None:
        """One line."""
        show(f"  {self._label}: {message}", err=True)
