"""The outcome of a gate, the decision of a review, and the exit code of a process."""

from enum import IntEnum, StrEnum


class Outcome(StrEnum):
    """The verdict on one criterion or one gate; a waiver is a separate flag, never a fifth value."""

    PASS = "pass"  # noqa: S105  # a verdict, not a password
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"


class UnknownReason(StrEnum):
    """Why something could not be judged; nothing in this list is ever read as a pass."""

    MISSING = "missing"
    STALE = "stale"
    TOO_FEW_SAMPLES = "too_few_samples"
    ADAPTER_ERROR = "adapter_error"
    NOT_RUN = "not_run"
    DRY_RUN = "dry_run"
    INVALID_GENERATOR = "invalid_generator"


class Priority(StrEnum):
    """P0 gates all have to pass; P1 gates are counted; P2 and P3 are reported but not counted."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


class Operator(StrEnum):
    """How a measured value is held against a threshold."""

    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    EQ = "eq"
    BETWEEN = "between"


class Decision(StrEnum):
    """The answer to "may we launch?"."""

    GO = "GO"
    CONDITIONAL_GO = "CONDITIONAL GO"
    NO_GO = "NO GO"


class ExitCode(IntEnum):
    """The one table of exit codes; every command ends with one of these."""

    GREEN = 0
    RED = 1
    USAGE = 2
    UNKNOWN = 3
    YELLOW = 4
    REFUSED = 5
    ABORTED = 6
    ROLLBACK_FAILED = 7
    UNVERIFIED = 8
    CONDITIONAL = 9
    INTERNAL = 70
    INTERRUPTED = 130
    TERMINATED = 143


EXIT_MEANING: dict[ExitCode, str] = {
    ExitCode.GREEN: "green: everything passed",
    ExitCode.RED: "red: a P0 or P1 gate, a check or a drill failed",
    ExitCode.USAGE: "usage, or a document that cannot be read as written",
    ExitCode.UNKNOWN: "unknown: nothing failed, but something could not be judged",
    ExitCode.YELLOW: "yellow: a GO with warnings, and `--fail-on yellow` was given",
    ExitCode.REFUSED: "refused by a freeze, without authority, or while another drill has the target",
    ExitCode.ABORTED: "a guard aborted the drill; the rollback was verified",
    ExitCode.ROLLBACK_FAILED: "the rollback failed or could not be verified",
    ExitCode.UNVERIFIED: "evidence, a signature or a chain did not verify",
    ExitCode.CONDITIONAL: "CONDITIONAL GO: every P0 gate passes, but too few P1 gates; 0 with `--accept conditional`",
    ExitCode.INTERNAL: "internal error: a defect in gonogo",
    ExitCode.INTERRUPTED: "interrupted from the keyboard (SIGINT)",
    ExitCode.TERMINATED: "terminated (SIGTERM, SIGHUP or SIGQUIT)",
}


def ending(code: ExitCode, *, yellow: bool, fail_on: str | None, accept: str | None) -> ExitCode:
    """The code that a command ends with: the decision's own, unless an option changes it for a warning or a condition.

    `fail_on` and `accept` are the values of `--fail-on` and `--accept`: "yellow" and "conditional", or None.
    """
    if code is ExitCode.GREEN and yellow and fail_on == "yellow":
        return ExitCode.YELLOW
    if code is ExitCode.CONDITIONAL and accept == "conditional":
        return ExitCode.GREEN
    return code
